"""Links objects into one image: lays out code and data, resolves references, records what loading must still do.

Programs are linked once, when they are compiled; every run loads the image (``llvm.image``) without LLVM.

Terms: an *offset* counts bytes from the start of the image; a *relative* is the offset of a word that holds another offset, to which loading
adds the image's address; an *import* is a function of this process, with the offset of a word that loading sets to its address; a *slot* is
a word among the constants that holds a symbol's address.

Layout, each part on pages of its own: code (machine code, then jumps to imported functions); constants (with the words that hold
addresses); data (variables that start as zero come last).

Invariants:
    1. An image MUST be smaller than 2 GiB. Otherwise 32-bit references overflow. Checked by _Linker._write_distance().
    2. Relatives MUST be divisible by 8. Otherwise loading would shift the wrong word. Checked by _Linker._write_address().

Source:
    System V Application Binary Interface, AMD64 supplement 1.0, sections 4.1 to 4.4 (objects, relocation) and B.2 (code models,
    references to the global offset table made direct).

Limits: x86-64; no thread-local storage, no initialisers, no common symbols: code that we make has none.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from tricolor.llvm.image import PAGE_BYTES, Image, Loaded, load_image

_SHT_PROGBITS, _SHT_SYMTAB, _SHT_RELA, _SHT_NOBITS = 1, 2, 4, 8
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_STB_LOCAL, _STB_WEAK = 0, 2
_STT_OBJECT, _STT_FUNC = 1, 2
_SHN_UNDEF = 0
_NOTHING_GIVEN: Final[Mapping[str, int]] = {}
_R_64, _R_PC32, _R_PLT32, _R_GOTPCREL, _R_PC64, _R_GOTPCRELX, _R_REX_GOTPCRELX = 1, 2, 4, 9, 24, 41, 42

_FILE_HEADER: Final = struct.Struct("<40xQ10xHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_AT: Final = 4
"""Index of a section's place in the file among the fields of its header."""
_RELA: Final = struct.Struct("<QIIq")
_I32: Final = struct.Struct("<i")
_U64: Final = struct.Struct("<Q")

_CODE, _CONSTANTS, _DATA, _ZEROS = range(4)
_WORD_BYTES = 8
_JUMP_BYTES = 8
_MOV, _LEA = 0x8B, 0x8D
_THROUGH_TABLE = frozenset({_R_GOTPCREL, _R_GOTPCRELX, _R_REX_GOTPCRELX})


class LinkFailure(Exception):
    """A symbol is missing or defined twice, or an object has a form that we do not know. This is our bug."""


@final
@dataclass(slots=True)
class _Section:
    """``part`` of the image it belongs to, or -1; ``offset`` is where it is in the image, once laid out."""

    name: str
    part: int
    data: bytes
    size: int
    align: int
    relocations: bytes = b""
    offset: int = -1


class _Symbol(NamedTuple):
    name: str
    binding: int
    section: int
    value: int
    kind: int
    size: int


@final
@dataclass(frozen=True, slots=True)
class _Object:
    sections: list[_Section]
    symbols: list[_Symbol]


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A function or variable of the image, for debuggers. ``is_local``: other objects may have one of the same name."""

    name: str
    offset: int
    size: int
    is_function: bool
    is_local: bool


@final
@dataclass(frozen=True, slots=True)
class Linked:
    """``text_offsets``: where each object's ``.text`` is in the image, -1 for one without."""

    image: Image
    text_offsets: tuple[int, ...]
    places: tuple[Place, ...]


def link(objects: Sequence[bytes], exported: Sequence[str], given: Mapping[str, int] = _NOTHING_GIVEN, reserved_bytes: int = 0) -> Linked:
    """Link objects with each other and with libc of this process.

    ``exported``: symbols whose addresses the loaded image provides. ``given``: offsets of symbols that lie outside the image.
    ``reserved_bytes``: room that the caller needs at the end of the constants. Raises LinkFailure.
    """
    read = [_read_object(data) for data in objects]
    image = _Linker(read, given, reserved_bytes).image(exported)
    return Linked(image, tuple(map(_text_offset, read)), tuple(_places(read)))


def load_objects(objects: Sequence[bytes], exported: Sequence[str]) -> Loaded:
    """Link objects right into this process. Raises LinkFailure."""
    return load_image(link(objects, exported).image)


def _text_offset(unit: _Object) -> int:
    return next((section.offset for section in unit.sections if section.name == ".text"), -1)


def _places(objects: Sequence[_Object]) -> Iterator[Place]:
    for unit in objects:
        for symbol in unit.symbols:
            if symbol.kind in (_STT_OBJECT, _STT_FUNC) and symbol.section != _SHN_UNDEF and unit.sections[symbol.section].part >= 0:
                offset = unit.sections[symbol.section].offset + symbol.value
                yield Place(symbol.name, offset, symbol.size, symbol.kind == _STT_FUNC, symbol.binding == _STB_LOCAL)


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_object(data: bytes) -> _Object:
    header: tuple[int, int, int, int] = _FILE_HEADER.unpack_from(data)
    table, entry_bytes, count, names_index = header
    heads: list[tuple[int, ...]] = [_SECTION.unpack_from(data, table + i * entry_bytes) for i in range(count)]
    names = heads[names_index][_AT]
    sections: list[_Section] = []
    symbols: list[_Symbol] = []
    for name, kind, flags, _, at, size, other, _, align, _ in heads:
        content = b"" if kind == _SHT_NOBITS else data[at : at + size]
        text = _text(data, names + name)
        sections.append(_Section(text, _part(text, kind, flags), content, size, max(align, 1)))
        if kind == _SHT_SYMTAB:
            strings = heads[other][_AT]
            entries: list[tuple[int, ...]] = list(_SYMBOL.iter_unpack(content))
            symbols = [_Symbol(_text(data, strings + e[0]), e[1] >> 4, e[3], e[4], e[1] & 15, e[5]) for e in entries]
    for head, section in zip(heads, sections, strict=True):
        if head[1] == _SHT_RELA:
            sections[head[7]].relocations = section.data
    return _Object(sections, symbols)


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode("utf-8", "surrogateescape")


def _part(name: str, kind: int, flags: int) -> int:
    if not flags & _SHF_ALLOC or kind not in (_SHT_PROGBITS, _SHT_NOBITS):
        return -1
    if kind == _SHT_NOBITS:
        return _ZEROS
    if flags & _SHF_EXECINSTR:
        return _CODE
    return _DATA if flags & _SHF_WRITE and not name.startswith(".data.rel.ro") else _CONSTANTS


# --- linking ---------------------------------------------------------------------------------------------------------


@final
class _Linker:
    """Builds one image."""

    def __init__(self, objects: Sequence[_Object], given: Mapping[str, int], reserved_bytes: int) -> None:
        self._objects = objects
        self._reserved_bytes = reserved_bytes
        self._globals: dict[str, tuple[_Section, int]] = {
            name: (_Section("given", -1, b"", 0, 1, offset=0), offset) for name, offset in given.items()
        }
        self._jumps: dict[str, int] = {}
        self._slots: dict[str, int] = {}
        self._relatives = array("I")
        self._define()
        imported = self._imported()
        through_slots = dict.fromkeys([*imported, *self._need_slots()])
        self._code_bytes, self._fixed_bytes, contents_bytes, self._size = self._lay_out(imported, list(through_slots))
        self._contents = bytearray(contents_bytes)

    def image(self, exported: Sequence[str]) -> Image:
        """Put all sections in their places and resolve all references."""
        for unit in self._objects:
            for section in unit.sections:
                if section.part in (_CODE, _CONSTANTS, _DATA):
                    self._contents[section.offset : section.offset + section.size] = section.data
        for unit in self._objects:
            for section in unit.sections:
                if section.part >= 0:
                    self._relocate(unit, section)
        self._fill_slots()
        missing = [name for name in exported if name not in self._globals]
        if missing:
            raise LinkFailure(f"not defined: {', '.join(missing)}")
        return Image(
            bytes(self._contents),
            self._code_bytes,
            self._fixed_bytes,
            self._size,
            self._relatives.tobytes(),
            tuple((name, self._slots[name]) for name in self._jumps),
            {name: self._address(name) for name in exported},
        )

    # --- symbols ---------------------------------------------------------------------------------------------------

    def _define(self) -> None:
        """Find the definition of each global name: the first strong one, else the first weak one."""
        strong: set[str] = set()
        for unit in self._objects:
            for symbol in unit.symbols:
                if symbol.binding == _STB_LOCAL or symbol.section == _SHN_UNDEF:
                    continue
                if symbol.section >= len(unit.sections):
                    raise LinkFailure(f"{symbol.name}: section {symbol.section:#x} is of an unknown kind")
                weak = symbol.binding == _STB_WEAK
                if not weak and symbol.name in strong:
                    raise LinkFailure(f"defined twice: {symbol.name}")
                if weak and symbol.name in self._globals:
                    continue
                if not weak:
                    strong.add(symbol.name)
                self._globals[symbol.name] = unit.sections[symbol.section], symbol.value

    def _imported(self) -> list[str]:
        """Names that this process must define. Raises LinkFailure if it does not."""
        wanted = {s.name: None for u in self._objects for s in u.symbols if s.section == _SHN_UNDEF and s.name}
        names = [name for name in wanted if name not in self._globals]
        process = ctypes.CDLL(None)
        missing = [name for name in names if not hasattr(process, name)]
        if missing:
            raise LinkFailure(f"undefined: {', '.join(sorted(missing))}")
        return names

    def _need_slots(self) -> list[str]:
        """Names that need a slot: some reference to them cannot become an address computation."""
        names: dict[str, None] = {}
        for unit in self._objects:
            for section in unit.sections:
                if section.part < 0:
                    continue
                for at, kind, symbol, _ in _relocations(unit, section):
                    if kind in _THROUGH_TABLE and not _is_plain_load(kind, section, at):
                        names[symbol.name] = None
        return list(names)

    def _address(self, name: str) -> int:
        section, value = self._globals[name]
        return section.offset + value

    # --- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self, imported: Sequence[str], slots: Sequence[str]) -> tuple[int, int, int, int]:
        """Give every section its offset; gives the ends of code, constants, data and zeros."""
        jumps = self._place(_CODE, 0)
        self._jumps = {name: jumps + i * _JUMP_BYTES for i, name in enumerate(imported)}
        code = _up(jumps + len(imported) * _JUMP_BYTES, PAGE_BYTES)
        words = _up(self._place(_CONSTANTS, code), _WORD_BYTES)
        self._slots = {name: words + i * _WORD_BYTES for i, name in enumerate(slots)}
        fixed = _up(words + len(slots) * _WORD_BYTES + self._reserved_bytes, PAGE_BYTES)
        data = self._place(_DATA, fixed)
        return code, fixed, data, _up(max(self._place(_ZEROS, data), 1), PAGE_BYTES)

    def _place(self, part: int, at: int) -> int:
        """Place the part's sections one after another from ``at`` on; gives their end."""
        for unit in self._objects:
            for section in unit.sections:
                if section.part == part:
                    section.offset = _up(at, section.align)
                    at = section.offset + section.size
        return _up(at, _WORD_BYTES)

    # --- references ------------------------------------------------------------------------------------------------

    def _relocate(self, unit: _Object, section: _Section) -> None:
        for at, kind, symbol, addend in _relocations(unit, section):
            place = section.offset + at
            if kind == _R_64:
                self._write_address(place, self._target(unit, symbol) + addend)
            elif kind in (_R_PC32, _R_PLT32):
                self._write_distance(place, self._target(unit, symbol) + addend)
            elif kind == _R_PC64:
                _U64.pack_into(self._contents, place, (self._target(unit, symbol) + addend - place) % 2**64)
            elif kind in _THROUGH_TABLE:
                if symbol.name in self._jumps or not _is_plain_load(kind, section, at):
                    self._write_distance(place, self._slots[symbol.name] + addend)
                else:
                    self._contents[place - 2] = _LEA
                    self._write_distance(place, self._target(unit, symbol) + addend)
            else:
                raise LinkFailure(f"{section.name}: relocation {kind} of {symbol.name or 'a section'} is unknown")

    def _target(self, unit: _Object, symbol: _Symbol) -> int:
        """Offset of a symbol; for an imported function, the offset of the jump to it."""
        if symbol.binding != _STB_LOCAL:
            jump = self._jumps.get(symbol.name)
            return jump if jump is not None else self._address(symbol.name)
        section = unit.sections[symbol.section]
        if section.part < 0:
            raise LinkFailure(f"reference to section {section.name}, which is not loaded")
        return section.offset + symbol.value

    def _write_address(self, place: int, value: int) -> None:
        if place % _WORD_BYTES:
            raise LinkFailure(f"an address at offset {place:#x}, which is not divisible by {_WORD_BYTES}")
        if value < 0:
            raise LinkFailure(f"the address of what lies {-value} bytes below the image is to be stored")
        _U64.pack_into(self._contents, place, value)
        self._relatives.append(place)

    def _write_distance(self, place: int, value: int) -> None:
        try:
            _I32.pack_into(self._contents, place, value - place)
        except struct.error:
            raise LinkFailure(f"a reference over {value - place} bytes") from None

    def _fill_slots(self) -> None:
        """Write the addresses of our own symbols into their slots, and the jumps, which go through the imports' slots."""
        for name, slot in self._slots.items():
            if name not in self._jumps:
                self._write_address(slot, self._address(name))
        for name, jump in self._jumps.items():
            self._contents[jump : jump + _JUMP_BYTES] = b"\xff\x25\0\0\0\0\xcc\xcc"
            self._write_distance(jump + 2, self._slots[name] - _I32.size)


def _relocations(unit: _Object, section: _Section) -> Iterator[tuple[int, int, _Symbol, int]]:
    """(place in the section, kind, symbol, addend)."""
    for at, kind, number, addend in _RELA.iter_unpack(section.relocations):
        yield at, kind, unit.symbols[number], addend


def _is_plain_load(kind: int, section: _Section, at: int) -> bool:
    """Whether the instruction loads an address from a slot, so that computing the address can take its place."""
    return kind == _R_REX_GOTPCRELX and section.data[at - 2] == _MOV


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
