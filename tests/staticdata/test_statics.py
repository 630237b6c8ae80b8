"""Static values, names, size classes and algorithm signatures, each against its rule."""

from __future__ import annotations

import struct as bits
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricolor.abi.sizeclasses import CLASS_BYTES, CLASS_PAGES, rounded_bytes, size_class
from tricolor.base.errors import CompilerBug
from tricolor.gotypes import types as ir
from tricolor.gotypes.types import Field, Kind
from tricolor.ir.nodes import (
    AddrOf,
    ArrayLit,
    Const,
    Conversion,
    Convert,
    Name,
    SliceExpr,
    SliceLit,
    StructLit,
    Var,
    VarKind,
)
from tricolor.staticdata.algorithms import signature_text, steps_of
from tricolor.staticdata.emitter import DataEmitter
from tricolor.staticdata.statics import StaticValues, const_text, float_text, round_fraction
from tricolor.staticdata.tables import encode_name, tag_bytes, varint


def _number(n: int, t: ir.Type = ir.INT) -> Const:
    return Const(0, t, n)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_keeps_its_value(x: float) -> None:
    assert round_fraction(Fraction(x), 53, -1074) == Fraction(x)


@given(st.fractions(min_value=-1000, max_value=1000))
def test_float32_is_rounded_once(x: Fraction) -> None:
    rounded = round_fraction(x, 24, -149)
    assert bits.unpack("f", bits.pack("f", float(rounded)))[0] == rounded
    unit = Fraction(2) ** -149
    step = max(abs(rounded) / 2**23, unit)
    assert abs(x - rounded) <= step / 2


def test_rounding_to_float32_through_a_double_would_be_wrong() -> None:
    x = 1 + Fraction(1, 2**24) + Fraction(1, 2**60)  # just over half way: up, but a double loses the last bit
    assert float_text(x, Kind.FLOAT32) == "0x3FF0000020000000"


def test_a_bool_is_a_byte_in_memory() -> None:
    assert const_text(DataEmitter(), Const(0, ir.BOOL, True)) == "1"


def test_missing_elements_are_zero_and_bytes_are_one_text() -> None:
    values = StaticValues(DataEmitter())
    lit = ArrayLit(0, ir.array(ir.UINT8, 4), [(1, _number(65, ir.UINT8)), (3, _number(255, ir.UINT8))])
    assert values.value(lit) == 'c"\\00A\\00\\FF"'
    lit = ArrayLit(0, ir.array(ir.INT, 2), [(1, _number(7))])
    assert values.value(lit) == "[i64 0, i64 7]"


def test_explicit_padding_has_a_value() -> None:
    t = ir.struct((Field("A", ir.INT32), Field("B", ir.EMPTY_STRUCT)))
    text = StaticValues(DataEmitter()).value(StructLit(0, t, [(0, _number(1, ir.INT32))]))
    assert text == "{i32 1, {} zeroinitializer, [4 x i8] zeroinitializer}"


def test_a_blank_field_stays_zero() -> None:
    t = ir.struct((Field("A", ir.INT), Field("_", ir.INT, pkg="p")))
    assert StaticValues(DataEmitter()).value(StructLit(0, t, [(0, _number(1)), (1, _number(2))])) == "{i64 1, i64 0}"


def test_a_pointer_shaped_struct_is_the_data_word_itself() -> None:
    emitter = DataEmitter()
    target = Var("x", ir.INT, 0, VarKind.GLOBAL, symbol="main.x")
    wrapper = ir.struct((Field("P", ir.pointer(ir.INT)),))
    address = AddrOf(0, ir.pointer(ir.INT), Name(0, ir.INT, target))
    boxed = Convert(0, ir.EMPTY_INTERFACE, StructLit(0, wrapper, [(0, address)]), Conversion.TO_INTERFACE)
    text = StaticValues(emitter).value(boxed)
    assert text == '{ptr @"type:struct { P *int }", ptr @"main.x"}'
    assert wrapper in emitter.needed.types


def test_part_of_a_global_array_as_a_slice() -> None:
    arr = ir.array(ir.INT, 10)
    var = Var("a", arr, 0, VarKind.GLOBAL, symbol="main.a")
    e = SliceExpr(0, ir.slice_of(ir.INT), AddrOf(0, ir.pointer(arr), Name(0, arr, var)), _number(2), _number(5), None)
    values = StaticValues(DataEmitter())
    assert values.is_static(e)
    assert values.value(e) == '{ptr getelementptr (i8, ptr @"main.a", i64 16), i64 3, i64 8}'


def test_a_function_module_makes_no_variables() -> None:
    lit = SliceLit(0, ir.slice_of(ir.INT), [(0, _number(1))], 1)
    values = StaticValues(DataEmitter())
    assert not values.is_static(lit)
    with pytest.raises(CompilerBug):
        values.value(lit)


def test_variables_with_pointers_are_roots() -> None:
    values = StaticValues(DataEmitter(), writable=True)
    values.value(SliceLit(0, ir.slice_of(ir.STRING), [(0, Const(0, ir.STRING, b"a"))], 1))
    values.value(SliceLit(0, ir.slice_of(ir.INT), [(0, _number(1))], 1))
    assert [t for _, t in values.roots] == [ir.array(ir.STRING, 1)]


def test_equal_strings_are_stored_once() -> None:
    emitter = DataEmitter()
    assert emitter.string_ref(b"x") == emitter.string_ref(b"x") != emitter.string_ref(b"y")


def test_a_symbol_that_the_module_defines_is_not_declared() -> None:
    emitter = DataEmitter()
    emitter.declare("f", 'declare void @"f"()')
    emitter.define("f")
    assert "declare" not in emitter.finish()


@given(st.integers(0, 1 << 29))
def test_varints_hold_seven_bits_each(n: int) -> None:
    data = varint(n)
    assert sum((b & 0x7F) << (7 * i) for i, b in enumerate(data)) == n
    assert [b >> 7 for b in data] == [1] * (len(data) - 1) + [0]


def test_a_name_holds_tag_and_package() -> None:
    assert encode_name(b"ab", b"t", exported=True, package=258) == b"\x07\x02ab\x01t\x02\x01\x00\x00"
    assert tag_bytes("\xc3\xa4") == "ä".encode()


def test_size_classes_are_those_of_go() -> None:
    assert len(CLASS_BYTES) == len(CLASS_PAGES) == 68
    assert [size_class(n) for n in (1, 8, 9, 32768)] == [1, 1, 2, 67]
    assert rounded_bytes(33) == 48
    assert rounded_bytes(32769) == 40960


@given(st.integers(1, 32768))
def test_the_class_is_the_smallest_that_fits(n: int) -> None:
    c = size_class(n)
    assert CLASS_BYTES[c - 1] < n <= CLASS_BYTES[c]


def test_signatures_join_memory_and_skip_blanks() -> None:
    t = ir.struct((Field("A", ir.INT32), Field("B", ir.INT32), Field("_", ir.STRING, pkg="p"), Field("C", ir.FLOAT32)))
    assert signature_text(steps_of(t)) == "M8_16F_4"
    assert signature_text(steps_of(ir.array(ir.STRING, 3))) == "[3*S]"
    assert signature_text(steps_of(ir.COMPLEX128)) == "DD"
    assert signature_text(steps_of(ir.EMPTY_STRUCT)) == ""
