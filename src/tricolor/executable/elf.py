"""A linked image as an ELF executable at a fixed address.

In memory, and in the file, in this order; each part has pages of its own::

    head           what the loader reads (headers, names of libc's functions, where their addresses go), then the caller's data
    code           |
    constants      | the image
    fixed words    |   the last pages of its constants, which the loader writes: addresses of libc's functions, dynamic section
    data, zeros    |   (zeros are not in the file)

After them the file has the functions and variables by name, for debuggers, and the list of all sections.

Invariants:
    1. Every address of a function of libc MUST be there before the program starts. Otherwise libc would look it up at the first call, on a
       goroutine's stack, which has no room for that. The addresses are data (R_X86_64_GLOB_DAT), which the loader never postpones.
       Kept by _lay_out() and _dynamic().
    2. A function of libc MUST mean the same in all versions of glibc. Otherwise the program would behave differently from system to
       system: the file asks for no versions, so that it runs with an old glibc, and the loader takes the oldest version of each function
       that it has. Checked by _libraries().

Source:
    System V Application Binary Interface, edition 4.1, chapters 4 and 5; AMD64 supplement 1.0, chapters 4 and 5; glibc elf/dl-lookup.c
    (check_match, for references without a version).

Limits: x86-64, Linux with glibc; addresses do not change from run to run, as with Go's executables.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, final

from tricolor.llvm.image import PAGE_BYTES, Image
from tricolor.llvm.link import Linked, LinkFailure, Place

IMAGE_ADDRESS: Final = 0x0400_0000
"""Address of the image; the head lies below. A higher one leaves more room for the head, a lower one for big variables."""
DYNAMIC_BYTES: Final = 16 * 16
"""Room that the image needs at the end of its constants."""

_LOADER: Final = b"/lib64/ld-linux-x86-64.so.2\0"
_LIBRARIES: Final = ("libc.so.6", "libpthread.so.0")
"""Before glibc 2.34 threads are in a library of their own; later ones have an empty one of that name."""
_CHANGED: Final = ("pthread_cond_", "posix_spawn", "regexec")
"""Beginnings of the names of functions whose oldest version behaves differently."""

_ET_EXEC, _EM_X86_64 = 2, 62
_LOAD, _DYNAMIC, _INTERP, _NOTE, _PHDR = 1, 2, 3, 4, 6
_GNU_STACK, _GNU_RELRO, _GNU_PROPERTY = 0x6474_E551, 0x6474_E552, 0x6474_E553
_X, _W, _R = 1, 2, 4
_NEEDED, _HASH, _STRTAB, _SYMTAB, _RELA, _RELASZ, _RELAENT, _STRSZ, _SYMENT, _DEBUG, _FLAGS = 1, 4, 5, 6, 7, 8, 9, 10, 11, 21, 30
_FLAGS_1, _BIND_NOW, _NOW = 0x6FFF_FFFB, 8, 1
_GLOB_DAT = 6
_PROGBITS, _SHT_SYMTAB, _SHT_STRTAB, _SHT_RELA, _SHT_HASH, _SHT_DYNAMIC, _SHT_NOTE, _NOBITS, _DYNSYM = 1, 2, 3, 4, 5, 6, 7, 8, 11
_ALLOC, _WRITE, _EXECINSTR = 2, 1, 4
_LOCAL, _GLOBAL, _OBJECT, _FUNC = 0, 1, 1, 2

_FILE_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_RELA_ENTRY: Final = struct.Struct("<QQq")
_DYNAMIC_ENTRY: Final = struct.Struct("<QQ")
_IDENTITY: Final = b"\x7fELF\x02\x01\x01"
_SEGMENTS: Final = 11
# The loader (glibc 2.33 and later) refuses the program where the processor lacks what the levels 1 to 3 of x86-64 have.
_PROPERTY: Final = struct.pack("<III4sIIII", 4, 16, 5, b"GNU\0", 0xC000_8002, 4, 0b111, 0)


class _Section(NamedTuple):
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int = 0
    info: int = 0
    align: int = 8
    entry_bytes: int = 0


@final
@dataclass(slots=True)
class _Strings:
    """A string table while it is filled."""

    data: bytearray = field(default_factory=lambda: bytearray(1))
    places: dict[str, int] = field(default_factory=dict[str, int])

    def place(self, text: str) -> int:
        if text not in self.places:
            self.places[text] = len(self.data)
            self.data += text.encode("utf-8", "surrogateescape") + b"\0"
        return self.places[text]


@final
@dataclass(frozen=True, slots=True)
class _Layout:
    """Addresses; file offset = address - ``start``. ``parts``: those of the head, by section name."""

    start: int
    parts: dict[str, tuple[int, bytes]]
    code: int
    constants: int
    fixed: int
    dynamic: int
    data: int
    zeros: int
    end: int


def elf_executable(linked: Linked, entry: str, before: bytes) -> bytes:
    """The file. ``entry``: exported symbol of the first instruction; ``before``: read-only data that ends where the image begins.

    The image must have DYNAMIC_BYTES reserved. Raises LinkFailure: a function that libc lacks, data too long.
    """
    image = linked.image
    libraries = _libraries([name for name, _ in image.imports])
    layout, dynamic = _lay_out(image, libraries, before)
    contents = bytearray(_at_address(image))
    at = layout.dynamic - IMAGE_ADDRESS
    contents[at : at + len(dynamic)] = dynamic
    head = bytearray(IMAGE_ADDRESS - layout.start)
    for address, data in layout.parts.values():
        head[address - layout.start : address - layout.start + len(data)] = data
    segments = _segments(layout)
    head[_FILE_HEADER.size : _FILE_HEADER.size + len(segments)] = segments
    sections, tail = _sections(layout, linked.places, len(head) + len(contents))
    header = _FILE_HEADER.pack(
        *(_IDENTITY, _ET_EXEC, _EM_X86_64, 1, IMAGE_ADDRESS + image.symbols[entry], _FILE_HEADER.size),
        *(len(head) + len(contents) + len(tail), 0, _FILE_HEADER.size, _SEGMENT.size, _SEGMENTS),
        *(_SECTION.size, len(sections) // _SECTION.size, len(sections) // _SECTION.size - 1),
    )
    head[: len(header)] = header
    return b"".join([head, contents, tail, sections])


def _libraries(imports: Iterable[str]) -> list[str]:
    """The libraries that the program needs. Raises LinkFailure."""
    defined = {library: ctypes.CDLL(library) for library in _LIBRARIES}
    for name in imports:
        if not any(hasattr(library, name) for library in defined.values()):
            raise LinkFailure(f"libc has no function {name}")
        if name.startswith(_CHANGED):
            raise LinkFailure(f"the oldest version of {name} in libc is another function")
    return list(defined)


def _at_address(image: Image) -> bytes:
    """The image's contents, at IMAGE_ADDRESS."""
    words = array("Q", image.contents[: len(image.contents) & -8])
    for offset in array("I", image.relatives):
        words[offset >> 3] += IMAGE_ADDRESS
    return words.tobytes() + image.contents[len(image.contents) & -8 :]


# --- Head ------------------------------------------------------------------------------------------------------------


def _lay_out(image: Image, libraries: Sequence[str], before: bytes) -> tuple[_Layout, bytes]:
    """Choose all addresses; gives them with the dynamic section."""
    names = _Strings()
    needed = [names.place(library) for library in libraries]
    symbols = [_SYMBOL.pack(0, 0, 0, 0, 0, 0)]
    symbols += [_SYMBOL.pack(names.place(name), _GLOBAL << 4 | _FUNC, 0, 0, 0, 0) for name, _ in image.imports]
    relocations = [
        _RELA_ENTRY.pack(IMAGE_ADDRESS + offset, number << 32 | _GLOB_DAT, 0) for number, (_, offset) in enumerate(image.imports, 1)
    ]
    # One bucket, and nothing in it: the program defines nothing that others look up.
    hashes = struct.pack(f"<{3 + len(symbols)}I", 1, len(symbols), *[0] * (1 + len(symbols)))
    texts = {
        ".interp": _LOADER,
        ".note.gnu.property": _PROPERTY,
        ".hash": hashes,
        ".dynsym": b"".join(symbols),
        ".dynstr": bytes(names.data),
        ".rela.dyn": b"".join(relocations),
    }
    parts: dict[str, tuple[int, bytes]] = {}
    at = _FILE_HEADER.size + _SEGMENTS * _SEGMENT.size
    for name, data in texts.items():
        parts[name] = at, data
        at = _up(at + len(data), 8)
    head_bytes = _up(at + len(before), PAGE_BYTES)
    start = IMAGE_ADDRESS - head_bytes
    if start < PAGE_BYTES * 16:
        raise LinkFailure(f"{len(before)} bytes of data before the program")
    parts = {name: (start + place, data) for name, (place, data) in parts.items()}
    parts[".tricolor.symbols"] = IMAGE_ADDRESS - len(before), before
    first_word = min(offset for _, offset in image.imports)
    layout = _Layout(
        start,
        parts,
        IMAGE_ADDRESS,
        IMAGE_ADDRESS + image.code_bytes,
        IMAGE_ADDRESS + first_word // PAGE_BYTES * PAGE_BYTES,
        IMAGE_ADDRESS + image.fixed_bytes - DYNAMIC_BYTES,
        IMAGE_ADDRESS + image.fixed_bytes,
        IMAGE_ADDRESS + len(image.contents),
        IMAGE_ADDRESS + image.size,
    )
    return layout, _dynamic(parts, needed)


def _dynamic(parts: dict[str, tuple[int, bytes]], needed: Sequence[int]) -> bytes:
    names, relocations = parts[".dynstr"][1], parts[".rela.dyn"][1]
    entries = [
        *[(_NEEDED, name) for name in needed],
        (_HASH, parts[".hash"][0]),
        (_STRTAB, parts[".dynstr"][0]),
        (_SYMTAB, parts[".dynsym"][0]),
        (_STRSZ, len(names)),
        (_SYMENT, _SYMBOL.size),
        (_RELA, parts[".rela.dyn"][0]),
        (_RELASZ, len(relocations)),
        (_RELAENT, _RELA_ENTRY.size),
        (_DEBUG, 0),
        (_FLAGS, _BIND_NOW),
        (_FLAGS_1, _NOW),
        (0, 0),
    ]
    data = b"".join(_DYNAMIC_ENTRY.pack(*entry) for entry in entries)
    assert len(data) <= DYNAMIC_BYTES
    return data


def _segments(layout: _Layout) -> bytes:
    """The program headers."""

    def segment(kind: int, flags: int, start: int, end: int, align: int, file_end: int = -1) -> bytes:
        file_bytes = (end if file_end < 0 else file_end) - start
        return _SEGMENT.pack(kind, flags, start - layout.start, start, start, file_bytes, end - start, align)

    def part(kind: int, name: str, align: int) -> bytes:
        address, data = layout.parts[name]
        return segment(kind, _R, address, address + len(data), align)

    table = layout.start + _FILE_HEADER.size
    rows = [
        segment(_PHDR, _R, table, table + _SEGMENTS * _SEGMENT.size, 8),
        part(_INTERP, ".interp", 1),
        segment(_LOAD, _R, layout.start, layout.code, PAGE_BYTES),
        segment(_LOAD, _R | _X, layout.code, layout.constants, PAGE_BYTES),
        segment(_LOAD, _R, layout.constants, layout.fixed, PAGE_BYTES),
        segment(_LOAD, _R | _W, layout.fixed, layout.end, PAGE_BYTES, layout.zeros),
        segment(_DYNAMIC, _R | _W, layout.dynamic, layout.dynamic + DYNAMIC_BYTES, 8),
        segment(_GNU_RELRO, _R, layout.fixed, layout.data, 1),
        part(_NOTE, ".note.gnu.property", 8),
        part(_GNU_PROPERTY, ".note.gnu.property", 8),
        _SEGMENT.pack(_GNU_STACK, _R | _W, 0, 0, 0, 0, 0, 16),
    ]
    assert len(rows) == _SEGMENTS
    return b"".join(rows)


# --- Sections, for debuggers ------------------------------------------------------------------------------------------


def _sections(layout: _Layout, places: Sequence[Place], at: int) -> tuple[bytes, bytes]:
    """Headers of all sections, and the contents of those that are not loaded, which begin at ``at`` in the file."""
    numbers = {name: number for number, name in enumerate(_SECTION_NAMES)}
    symbols, names, locals_count = _symbol_table(layout, places, numbers)

    def loaded(name: str, kind: int, flags: int, start: int, end: int, link: str = "", entry_bytes: int = 0, info: int = 0) -> _Section:
        # A symbol table's info is the number of its first global symbol.
        align = 16 if name in (".text", ".rodata", ".data") else 8
        return _Section(
            name, kind, flags | _ALLOC, start, start - layout.start, end - start, numbers.get(link, 0), info, align, entry_bytes
        )

    def part(name: str, kind: int, link: str = "", entry_bytes: int = 0, info: int = 0) -> _Section:
        address, data = layout.parts[name]
        return loaded(name, kind, 0, address, address + len(data), link, entry_bytes, info)

    dynamic_end = layout.dynamic + DYNAMIC_BYTES
    section_names = _Strings()
    for name in _SECTION_NAMES[1:]:
        section_names.place(name)
    tail = [symbols, names, bytes(section_names.data)]
    offsets = [at, at + len(symbols), at + len(symbols) + len(names)]
    sections = [
        _Section("", 0, 0, 0, 0, 0, align=0),
        part(".interp", _PROGBITS),
        part(".note.gnu.property", _SHT_NOTE),
        part(".hash", _SHT_HASH, ".dynsym", 4),
        part(".dynsym", _DYNSYM, ".dynstr", _SYMBOL.size, 1),
        part(".dynstr", _SHT_STRTAB),
        part(".rela.dyn", _SHT_RELA, ".dynsym", _RELA_ENTRY.size),
        part(".tricolor.symbols", _PROGBITS),
        loaded(".text", _PROGBITS, _EXECINSTR, layout.code, layout.constants),
        loaded(".rodata", _PROGBITS, 0, layout.constants, layout.fixed),
        loaded(".data.rel.ro", _PROGBITS, _WRITE, layout.fixed, layout.dynamic),
        loaded(".dynamic", _SHT_DYNAMIC, _WRITE, layout.dynamic, dynamic_end, ".dynstr", _DYNAMIC_ENTRY.size),
        loaded(".data", _PROGBITS, _WRITE, layout.data, layout.zeros),
        loaded(".bss", _NOBITS, _WRITE, layout.zeros, layout.end),
        _Section(".symtab", _SHT_SYMTAB, 0, 0, offsets[0], len(symbols), numbers[".strtab"], locals_count, 8, _SYMBOL.size),
        _Section(".strtab", _SHT_STRTAB, 0, 0, offsets[1], len(names), align=1),
        _Section(".shstrtab", _SHT_STRTAB, 0, 0, offsets[2], len(tail[2]), align=1),
    ]
    assert tuple(section.name for section in sections) == _SECTION_NAMES
    padding = bytes(-(at + sum(map(len, tail))) % 8)
    headers = [_SECTION.pack(section_names.place(s.name) if s.name else 0, s.kind, s.flags, *s[3:]) for s in sections]
    return b"".join(headers), b"".join([*tail, padding])


_SECTION_NAMES: Final = (
    *("", ".interp", ".note.gnu.property", ".hash", ".dynsym", ".dynstr", ".rela.dyn", ".tricolor.symbols", ".text", ".rodata"),
    *(".data.rel.ro", ".dynamic", ".data", ".bss", ".symtab", ".strtab", ".shstrtab"),
)


def _symbol_table(layout: _Layout, places: Sequence[Place], numbers: dict[str, int]) -> tuple[bytes, bytes, int]:
    """Symbols, their names, and the number of those that are local, which come first."""
    starts = [
        (layout.zeros, numbers[".bss"]),
        (layout.data, numbers[".data"]),
        (layout.fixed, numbers[".data.rel.ro"]),
        (layout.constants, numbers[".rodata"]),
        (layout.code, numbers[".text"]),
    ]
    names = _Strings()
    rows = [_SYMBOL.pack(0, 0, 0, 0, 0, 0)]
    for place in sorted(places, key=lambda place: (not place.is_local, place.offset)):
        address = IMAGE_ADDRESS + place.offset
        section = next(number for start, number in starts if address >= start)
        info = (_LOCAL if place.is_local else _GLOBAL) << 4 | (_FUNC if place.is_function else _OBJECT)
        rows.append(_SYMBOL.pack(names.place(place.name), info, 0, section, address, place.size))
    return b"".join(rows), bytes(names.data), 1 + sum(place.is_local for place in places)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
