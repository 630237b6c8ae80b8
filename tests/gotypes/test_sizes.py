"""Layouts against those of the real compiler."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.gotypes.random_types import random_struct
from tests.gotypes.realgo import run_go
from tricolor.gotypes import sizes
from tricolor.gotypes import types as ir
from tricolor.gotypes.types import Field, Struct, Type
from tricolor.llvm.compile import Unit, parse, target_machine
from tricolor.staticdata.llvmtypes import function_type, memory_type

HEAD = """package main

import "unsafe"

type header struct {
	size, ptr uintptr
	hash      uint32
	tflag, align, falign, kind uint8
	equal     unsafe.Pointer
	gcdata    unsafe.Pointer
}

func show(v any) {
	t := *(**header)(unsafe.Pointer(&v))
	gc := t.gcdata
	if t.tflag&16 != 0 {
		gc = *(*unsafe.Pointer)(gc)
	}
	print(t.size, " ", t.ptr, " ", t.align, " ", t.equal != nil, " ", t.tflag&8 != 0, " ", t.kind)
	for i := uintptr(0); i < t.ptr/8 && gc != nil; i++ {
		print(" ", *(*byte)(unsafe.Add(gc, i/8))>>(i%8)&1)
	}
	println()
}

"""


def facts_of(t: Type) -> str:
    """What the Go program prints for a type."""
    from tricolor.staticdata.typedata import kind_of

    flags = [
        sizes.is_comparable(t),
        sizes.is_comparable(t) and sizes.is_memory_comparable(t),
    ]
    ptr = sizes.pointer_bytes(t)
    bits = sizes.pointer_bitmap(t)
    parts: list[object] = [sizes.size_of(t), ptr, sizes.align_of(t), *(str(f).lower() for f in flags)]
    parts.append(kind_of(t))
    parts += [bits >> i & 1 for i in range(ptr // 8)]
    return " ".join(map(str, parts))


@pytest.mark.slow
def test_layouts_are_those_of_the_real_compiler(tmp_path: Path) -> None:
    rng = random.Random(7)
    chosen: list[Type] = [random_struct(rng, 3) for _ in range(80)]
    lines = [HEAD]
    for i, t in enumerate(chosen):
        lines.append(f"type T{i} = {t}")
        lines.append(f"var v{i} T{i}")
    lines.append("func main() {")
    for i, t in enumerate(chosen):
        assert isinstance(t, Struct)
        named = [f"unsafe.Offsetof(v{i}.{f.name})" for f in t.fields if f.name != "_"]
        lines.append(f"\tshow(v{i})")
        joined = ', " ", '.join(named)
        lines.append(f"\tprintln({joined})")
    lines.append("}")
    printed = run_go("\n".join(lines), tmp_path)
    for i, t in enumerate(chosen):
        assert isinstance(t, Struct)
        offsets = [sizes.field_offset(t, j) for j, f in enumerate(t.fields) if f.name != "_"]
        assert printed[2 * i].split() == facts_of(t).split(), f"{t}"
        assert [int(p) for p in printed[2 * i + 1].split()] == offsets, f"{t}"


def test_llvm_agrees_on_size_and_offsets() -> None:
    rng = random.Random(11)
    chosen: list[Type] = [random_struct(rng, 3) for _ in range(60)]
    text = "\n".join(f"@g{i} = global {memory_type(t)} zeroinitializer" for i, t in enumerate(chosen))
    module: Any = parse(Unit("layouts", text))
    machine: Any = target_machine()
    target = machine.target_data
    for i, t in enumerate(chosen):
        g = module.get_global_variable(f"g{i}")
        assert target.get_abi_size(g.global_value_type) == sizes.size_of(t), f"{t}"
        assert isinstance(t, Struct)
        for j in range(len(t.fields)):
            assert target.get_element_offset(g.global_value_type, j) == sizes.field_offset(t, j), f"{t} {j}"


def test_a_final_field_without_size_is_padded() -> None:
    t = ir.struct((Field("A", ir.INT32), Field("B", ir.EMPTY_STRUCT)))
    assert sizes.size_of(t) == 8


@pytest.mark.parametrize("length", [1 << 20, 1 << 36, 1 << 45])
def test_a_huge_array_takes_no_memory_for_its_length(length: int) -> None:
    t = ir.array(ir.STRING, length)
    assert sizes.pointer_bytes(t) == length * 16 - 8
    assert not sizes.has_bitmap(t)


def test_the_last_pointer_is_where_the_bitmap_ends() -> None:
    rng = random.Random(13)
    for t in (random_struct(rng, 3) for _ in range(200)):
        assert sizes.pointer_words(t) == sizes.pointer_bitmap(t).bit_length(), f"{t}"


def test_more_than_four_words_return_in_memory() -> None:
    assert function_type(ir.signature((), (ir.BYTES, ir.STRING))).sret
    assert not function_type(ir.signature((), (ir.STRING, ir.EMPTY_INTERFACE))).sret


def test_bool_is_one_bit_in_a_register_and_a_byte_in_memory() -> None:
    ft = function_type(ir.signature((ir.BOOL,), (ir.BOOL,)))
    assert (ft.result, ft.params) == ("zeroext i1", ("i1 zeroext",))
    assert memory_type(ir.struct((Field("A", ir.BOOL),))) == "{i8}"
