"""Reads the line tables of compiled objects from their debug sections.

Source: DWARF 5 standard, sections 3.3 (subprograms, inlined calls) and 6.2 (line numbers).
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, final

from elftools.elf.elffile import ELFFile

from tricolor.abi.frames import split_mark
from tricolor.llvm.line_tables import FRAME, NO_FRAME, ROW, LineTable

READER_VERSION: Final = 3
"""Increase this number when the same object gives another table: tables are cached with their objects."""


@final
@dataclass(frozen=True, slots=True)
class _Scope:
    """A function, or a call that was inlined. ``ranges``: its code, without the end offsets."""

    ranges: tuple[tuple[int, int], ...]
    name: str
    call_file: str
    call_line: int
    flag: int
    """Why call stacks leave the function out (``abi.frames``); 0: they do not."""
    inner: tuple[_Scope, ...]


@final
@dataclass(slots=True)
class _Builder:
    strings: dict[str, int] = field(default_factory=dict[str, int])
    frames: dict[tuple[int, ...], int] = field(default_factory=dict[tuple[int, ...], int])

    def text(self, value: str) -> int:
        return self.strings.setdefault(value, len(self.strings))

    def frame(self, entry: int, name: str, file: str, line: int, parent: int, flags: int) -> int:
        key = (entry, self.text(name), self.text(file), line, parent, flags, 0)
        return self.frames.setdefault(key, len(self.frames))


def read_line_table(data: bytes) -> LineTable:
    """The table of an object; empty rows if it has no debug sections."""
    elf: Any = ELFFile(io.BytesIO(data))
    text_index = next((i for i, s in enumerate(elf.iter_sections()) if s.name == ".text"), 0)
    functions = _functions(elf, text_index)
    if not functions or not elf.has_dwarf_info():
        return LineTable(b"", b"", ())
    dwarf = elf.get_dwarf_info()
    lines: list[tuple[int, str, int]] = []
    scopes: dict[int, _Scope] = {}
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        files = _file_names(program)
        lines += _line_rows(program, files)
        for die in unit.get_top_DIE().iter_children():
            if die.tag == "DW_TAG_subprogram":
                scope = _scope(die, dwarf, files)
                if scope.ranges:
                    scopes[scope.ranges[0][0]] = scope
    lines.sort(key=lambda row: row[0])
    b = _Builder()
    rows = list(_rows(b, functions, lines, scopes))
    return LineTable(
        b"".join(ROW.pack(offset, frame, 0) for offset, frame in rows),
        b"".join(FRAME.pack(*key) for key in b.frames),
        tuple(b.strings),
    )


def _functions(elf: Any, text_index: int) -> list[tuple[int, int, str]]:
    """(offset, end, symbol) of every function in .text by offset."""
    found: list[tuple[int, int, str]] = []
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] == text_index:
            start = int(symbol["st_value"])
            found.append((start, start + int(symbol["st_size"]), str(symbol.name)))
    return sorted(found)


def _file_names(program: Any) -> list[str]:
    directories = [_decode(d) for d in program["include_directory"]]
    names: list[str] = []
    for entry in program["file_entry"]:
        index = int(entry.dir_index)
        directory = directories[index] if index < len(directories) else ""
        name = _decode(entry.name)
        names.append(f"{directory}/{name}" if directory and not name.startswith("/") else name)
    return names


def _decode(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _line_rows(program: Any, files: list[str]) -> Iterator[tuple[int, str, int]]:
    """(offset, file, line); line 0 marks instructions without a place."""
    for entry in program.get_entries():
        state = entry.state
        if state is not None and not state.end_sequence:
            yield state.address, files[state.file] if state.file < len(files) else "", state.line


def _scope(die: Any, dwarf: Any, files: list[str]) -> _Scope:
    attributes = die.attributes
    origin = die.get_DIE_from_attribute("DW_AT_abstract_origin") if "DW_AT_abstract_origin" in attributes else die
    name, flag = split_mark(_decode(origin.attributes["DW_AT_name"].value) if "DW_AT_name" in origin.attributes else "")
    call_file = int(attributes["DW_AT_call_file"].value) if "DW_AT_call_file" in attributes else 0
    call_line = int(attributes["DW_AT_call_line"].value) if "DW_AT_call_line" in attributes else 0
    inner = tuple(_scope(child, dwarf, files) for child in die.iter_children() if child.tag == "DW_TAG_inlined_subroutine")
    return _Scope(
        tuple(_ranges(die, dwarf)),
        name,
        files[call_file] if call_file < len(files) else "",
        call_line,
        flag,
        inner,
    )


def _ranges(die: Any, dwarf: Any) -> Iterator[tuple[int, int]]:
    attributes = die.attributes
    if "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low = int(attributes["DW_AT_low_pc"].value)
        yield low, low + int(attributes["DW_AT_high_pc"].value)
    elif "DW_AT_ranges" in attributes:
        # Offsets in the list are relative to the unit's first function until an entry sets another base.
        unit = die.cu.get_top_DIE().attributes
        base = int(unit["DW_AT_low_pc"].value) if "DW_AT_low_pc" in unit else 0
        lists = dwarf.range_lists()
        for entry in lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, die.cu):
            if type(entry).__name__ == "BaseAddressEntry":
                base = entry.base_address
            else:
                shift = 0 if entry.is_absolute else base
                yield entry.begin_offset + shift, entry.end_offset + shift


def _rows(
    b: _Builder,
    functions: list[tuple[int, int, str]],
    lines: list[tuple[int, str, int]],
    scopes: dict[int, _Scope],
) -> Iterator[tuple[int, int]]:
    offsets = [row[0] for row in lines]
    for start, end, symbol in functions:
        first = bisect_right(offsets, start - 1)
        inside = lines[first : bisect_right(offsets, end - 1)]
        if inside:
            scope = scopes.get(start) or _Scope(((start, end),), symbol, "", 0, flag=0, inner=())
            yield from _function_rows(b, start, end, symbol, scope, inside)
        yield end, NO_FRAME


def _function_rows(
    b: _Builder, start: int, end: int, symbol: str, scope: _Scope, lines: list[tuple[int, str, int]]
) -> Iterator[tuple[int, int]]:
    cuts = {row[0] for row in lines} | {start}
    _collect_cuts(scope, cuts)
    offsets = [row[0] for row in lines]
    last = None
    file, line = "", 0
    for cut in sorted(cut for cut in cuts if start <= cut < end):
        index = bisect_right(offsets, cut) - 1
        if index >= 0 and (lines[index][2] or not line):
            file, line = lines[index][1], lines[index][2]
        frame = _frame_at(b, cut, start, scope, scope.name or symbol, file, line)
        if frame != last:
            yield cut, frame
            last = frame


def _collect_cuts(scope: _Scope, cuts: set[int]) -> None:
    for inner in scope.inner:
        for low, high in inner.ranges:
            cuts.add(low)
            cuts.add(high)
        _collect_cuts(inner, cuts)


def _frame_at(b: _Builder, at: int, entry: int, scope: _Scope, name: str, file: str, line: int) -> int:
    """Number of the innermost frame at an offset. Creates its parents first."""
    chain: list[tuple[_Scope, str]] = [(scope, name)]
    current = scope
    while True:
        inner = next((s for s in current.inner if any(low <= at < high for low, high in s.ranges)), None)
        if inner is None:
            break
        chain.append((inner, inner.name))
        current = inner
    parent = NO_FRAME
    for index, (level, level_name) in enumerate(chain):
        is_last = index == len(chain) - 1
        place = (file, line) if is_last else (chain[index + 1][0].call_file, chain[index + 1][0].call_line)
        parent = b.frame(entry, level_name, place[0], place[1], parent, level.flag)
    return parent
