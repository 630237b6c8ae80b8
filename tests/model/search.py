"""Runs the model's search natively, and shows how a state was reached."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from tests.kernel.kernel_native import NativeModule, link
from tests.model.tricolor_kernel import ALLOCATE_BLACK, EXCHANGE, FLUSH, SCAN_STACKS, SCAN_WINDOWS, SHADE_NEW, SHADE_OLD
from tricolor.kernel.check import checked_program
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.kernel.types import ArrayOf, StructType, size_bytes

MODULE = "tests.model.tricolor_kernel"
ALL_RULES = SHADE_OLD | SHADE_NEW | SCAN_STACKS | ALLOCATE_BLACK | FLUSH | SCAN_WINDOWS | EXCHANGE
WORD_BYTES = 8
STEPS = 1 << 20
WIDE = {"tests.model.sizes": "tests.model.wide_sizes"}


@final
@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: states, whether memory was enough for all, and the way to a violation, empty if there is none."""

    states: int
    complete: bool
    way: tuple[str, ...]


@final
class Model:
    """The model as machine code."""

    def __init__(self, substitutes: Mapping[str, str] | None = None) -> None:
        text = compile_modules([MODULE], CompileOptions(0), substitutes=substitutes)
        symbols = ["model.start", "model.put_heaps", "model.run", "model.show", "model.search"]
        self.module: NativeModule = link([text], symbols, 3)
        self.structs = {each.name: each for each in checked_program([MODULE], None, substitutes).structs}
        self.start = self.module.function("model.start", "None", "addr", "u64", "addr", "addr", "addr", "u64")
        self.put_heaps = self.module.function("model.put_heaps", "None", "u64")
        self.run = self.module.function("model.run", "u64", "u64")
        self.show = self.module.function("model.show", "None", "u64", "addr")

    def search(self, operations: int, rules: int = ALL_RULES, places: int = 1 << 22, *, keeps_ways: bool = True) -> Found:
        """Visits all states from all heaps; the mutators may begin so many operations together. Memory: 8 to 24 bytes per place."""
        table, waiting, later = Table(places), Table(places), Table(places)
        parents = Table(places if keeps_ways else 1)
        self.start(table.address, places - 1, waiting.address, later.address, parents.address if keeps_ways else 0, rules)
        self.put_heaps(operations)
        while self.run(STEPS):
            pass
        lost = self.counter("lost")
        way = [self.text(lost - 1)] if lost else []
        key = self.counter("violation")
        while key != 0:
            way.append(self.text(key - 1))
            key = parents.words[table.place(key)] if keeps_ways else 0
        return Found(self.counter("seen"), self.counter("is_full") == 0, tuple(reversed(way)))

    def counter(self, name: str) -> int:
        """A field of the search."""
        found = self.structs["Search"].field_named(name)
        assert found is not None
        return ctypes.c_uint64.from_address(self.module.address("model.search") + found.offset_bytes).value

    def text(self, key: int) -> str:
        """A state in one line."""
        struct = self.structs["State"]
        memory = ctypes.create_string_buffer(struct.size_bytes)
        self.show(key, ctypes.addressof(memory))
        return state_text(struct, memory.raw)


@final
class Table:
    """Words of zeroed memory, which take room only when they are touched."""

    def __init__(self, places: int) -> None:
        self.memory = mmap.mmap(-1, places * WORD_BYTES)
        self.words: Any = (ctypes.c_uint64 * places).from_buffer(self.memory)
        self.address = ctypes.addressof(self.words)
        self.mask = places - 1

    def place(self, key: int) -> int:
        """Where a key lies, by the hash of the model."""
        place = ((key - 1) * 0x9E37_79B9_7F4A_7C15 & (1 << 64) - 1) >> 20 & self.mask
        while self.words[place] != key:
            place = (place + 1) & self.mask
        return place


def state_text(struct: StructType, memory: bytes) -> str:
    """The fields of a state that differ from a resting one."""
    fields: dict[str, list[int]] = {}
    for each in struct.fields:
        count = size_bytes(each.type) if isinstance(each.type, ArrayOf) else 1
        fields[each.name] = list(memory[each.offset_bytes : each.offset_bytes + count])
    objects = len(fields["color"])
    slots = len(fields["slot"]) // objects

    def name(object: int) -> str:
        return "-" if object == objects else "abcd"[object]

    heap = " ".join(
        f"{name(each)}{'?wgb'[color]}[{''.join(map(name, fields['slot'][each * slots : (each + 1) * slots]))}]"
        for each, color in enumerate(fields["color"])
        if color
    )
    parts = [f"{heap} global={name(fields['shared'][0])}".strip()]
    for each in range(2):
        window = "" if fields["place"][each] == 0 else f" {('', 'loaded', 'stored')[fields['place'][each]]} old={name(fields['old'][each])}"
        if fields["place"][each] == 1:
            window += f" base={fields['base'][each]} value={fields['value'][each]}"
        buffer = "".join(name(object) for object in range(objects) if fields["buffer"][each] >> object & 1)
        scanned = " scanned" if fields["scanned"][0] >> each & 1 else ""
        registers = "".join(map(name, fields["register"][each * 2 : each * 2 + 2]))
        parts.append(f"M{each} {registers}{window}{f' buffer={buffer}' if buffer else ''}{scanned}")
    parts.append("marking" if fields["marking"][0] else "idle")
    return " | ".join(parts)
