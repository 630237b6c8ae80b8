"""Descriptors read back from linked memory, as the runtime and reflect see them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import final


def u64(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def u32(address: int) -> int:
    return ctypes.c_uint32.from_address(address).value


def u16(address: int) -> int:
    return ctypes.c_uint16.from_address(address).value


def u8(address: int) -> int:
    return ctypes.c_uint8.from_address(address).value


def _varint(address: int) -> tuple[int, int]:
    n = shift = 0
    while True:
        byte = u8(address)
        address += 1
        n |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return n, address


@final
@dataclass(frozen=True, slots=True)
class Name:
    text: str
    tag: str
    flags: int
    package: int


def read_name(address: int) -> Name:
    """An abi.Name; ``package`` is a NameOff."""
    if not address:
        return Name("", "", 0, 0)
    flags = u8(address)
    n, at = _varint(address + 1)
    text = ctypes.string_at(at, n).decode()
    at += n
    tag = ""
    if flags & 2:
        n, at = _varint(at)
        tag = ctypes.string_at(at, n).decode()
        at += n
    package = int.from_bytes(ctypes.string_at(at, 4), "little") if flags & 4 else 0
    return Name(text, tag, flags, package)


@final
class Reader:
    """``addresses`` of the program's tables by symbol."""

    def __init__(self, addresses: dict[str, int]) -> None:
        self.offsets = addresses["tricolor.offsets"]

    def name_off(self, off: int) -> Name:
        return read_name(u64(self.offsets + 8 * off))

    def string(self, t: int) -> str:
        text = self.name_off(u32(t + 40)).text
        return text[1:] if u8(t + 20) & 2 else text

    def uncommon(self, t: int) -> int:
        sizes = {17: 72, 18: 64, 19: 56, 20: 80, 21: 136, 22: 56, 23: 56, 25: 80}
        return t + sizes.get(u8(t + 23), 48) if u8(t + 20) & 1 else 0

    def methods(self, t: int) -> list[tuple[str, int, int, int]]:
        u = self.uncommon(t)
        if not u:
            return []
        first = u + u32(u + 8)
        return [(self.name_off(u32(m)).text, u32(m + 4), u32(m + 8), u32(m + 12)) for m in range(first, first + 16 * u16(u + 4), 16)]

    def describe(self, t: int) -> str:
        """One line per type, as the Go side of the test prints it."""
        parts: list[object] = [self.string(t), u64(t), u64(t + 8), u8(t + 20) & ~16, u8(t + 21), u8(t + 22), u8(t + 23)]
        parts.append("eq" if u64(t + 24) else "noeq")
        u = self.uncommon(t)
        if u:
            parts += ["pkg=" + self.name_off(u32(u)).text, u16(u + 4), u16(u + 6)]
            parts += [name for name, *_ in self.methods(t)]
        kind = u8(t + 23)
        if kind == 25:
            parts.append("spkg=" + read_name(u64(t + 48)).text)
            first, n = u64(t + 56), u64(t + 64)
            for f in range(first, first + 24 * n, 24):
                name = read_name(u64(f))
                parts += [f"{name.text}/{name.flags & 9}/{name.tag}/{self.string(u64(f + 8))}/{u64(f + 16)}"]
        elif kind == 21:
            parts += [self.string(u64(t + 48)), self.string(u64(t + 56)), u64(u64(t + 64)), u64(u64(t + 64) + 8)]
            parts += [u64(a) for a in range(t + 80, t + 128, 8)] + [u32(t + 128)]
        elif kind == 20:
            parts.append("ipkg=" + read_name(u64(t + 48)).text)
            first, n = u64(t + 56), u64(t + 64)
            for m in range(first, first + 8 * n, 8):
                parts.append(f"{self.name_off(u32(m)).text}:{self.string(u64(self.offsets + 8 * u32(m + 4)))}")
        elif kind == 19:
            out = u16(t + 50)
            parts += [u16(t + 48), out & 0x7FFF, "..." if out >> 15 else ""]
            first = t + 56 + (16 if u else 0)
            parts += [self.string(u64(first + 8 * i)) for i in range(u16(t + 48) + (out & 0x7FFF))]
        elif kind == 17:
            parts += [self.string(u64(t + 48)), self.string(u64(t + 56)), u64(t + 64)]
        elif kind == 18:
            parts += [self.string(u64(t + 48)), u64(t + 56)]
        elif kind in (22, 23):
            parts += [self.string(u64(t + 48))]
        return " ".join(map(str, parts))
