"""A linked program as bytes, and its loader, which works without LLVM.

Layout: contents are code, constants and data, each on pages of its own; zeros follow up to ``size``.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

PAGE_BYTES: Final = 4096
_HEAD_BYTES: Final = struct.Struct("<I")
_CODE_PROTECTION: Final = mmap.PROT_READ | mmap.PROT_EXEC


@final
@dataclass(frozen=True, slots=True)
class Image:
    """See ``llvm.link`` for terms. ``code_bytes``, ``fixed_bytes``: whole pages of code, and of code and constants. ``relatives``: u32
    offsets, packed. ``imports``: name and offset. ``symbols``: offsets of the exported symbols."""

    contents: bytes
    code_bytes: int
    fixed_bytes: int
    size: int
    relatives: bytes
    imports: tuple[tuple[str, int], ...]
    symbols: Mapping[str, int]

    def to_bytes(self) -> bytes:
        """The image as a cache entry."""
        numbers = [self.code_bytes, self.fixed_bytes, self.size, len(self.relatives)]
        head = json.dumps([numbers, self.imports, dict(self.symbols)]).encode()
        return b"".join([_HEAD_BYTES.pack(len(head)), head, self.relatives, self.contents])

    @classmethod
    def from_bytes(cls, data: bytes) -> Image:
        (head_bytes,) = _HEAD_BYTES.unpack_from(data)
        at = _HEAD_BYTES.size + head_bytes
        (code, fixed, size, relative_bytes), imports, symbols = json.loads(data[_HEAD_BYTES.size : at])
        relatives, contents = data[at : at + relative_bytes], data[at + relative_bytes :]
        return cls(contents, code, fixed, size, relatives, tuple((name, offset) for name, offset in imports), symbols)


@final
@dataclass(frozen=True, slots=True)
class Loaded:
    """Code in this process, at address ``base``. It lives as long as this object. ``addresses``: of exported symbols, by name."""

    memory: mmap.mmap
    base: int
    addresses: Mapping[str, int]


def load_image(image: Image) -> Loaded:
    """Bring an image into this process. Raises OSError (no memory)."""
    memory = mmap.mmap(-1, image.size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    memory[: len(image.contents)] = image.contents
    process = ctypes.CDLL(None, use_errno=True)
    with memoryview(memory) as whole, whole[: image.size & -8].cast("Q") as words, memoryview(image.relatives).cast("I") as relatives:
        for offset in relatives:
            words[offset >> 3] += base
        for name, offset in image.imports:
            words[offset >> 3] = ctypes.cast(process[name], ctypes.c_void_p).value or 0
    _protect(process, base, image.code_bytes, _CODE_PROTECTION)
    _protect(process, base + image.code_bytes, image.fixed_bytes - image.code_bytes, mmap.PROT_READ)
    return Loaded(memory, base, {name: base + offset for name, offset in image.symbols.items()})


def _protect(process: ctypes.CDLL, start: int, size: int, protection: int) -> None:
    if size and process.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), protection):
        raise OSError(ctypes.get_errno(), "mprotect of the program's code")
