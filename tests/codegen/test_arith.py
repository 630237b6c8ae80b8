"""Integer and float arithmetic as native code, against Python's exact integers."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codegen.trees import const, func, name, returns, running, text_of, variable
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n

EDGES = (0, 1, 2, 3, 7, 63, 64, 127, 128, 255, -1, -2, -128, 1 << 31, (1 << 63) - 1, -(1 << 63))


def wrap(value: int, bits: int, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def binary(op: n.BinaryOp, type_: t.Type, count: t.Type | None = None) -> n.Func:
    x, y = variable("x", type_), variable("y", count or type_)
    return func("main.f", [x, y], [type_], [returns(n.Binary(0, type_, op, name(x), name(y)))])


@pytest.mark.parametrize("op", [n.BinaryOp.DIV, n.BinaryOp.REM])
def test_division_truncates_and_the_least_integer_by_minus_one_wraps(op: n.BinaryOp) -> None:
    with running(binary(op, t.INT), ctypes.c_int64, ctypes.c_int64) as f:
        for x in EDGES:
            for y in EDGES:
                if y:
                    quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
                    expected = quotient if op is n.BinaryOp.DIV else x - quotient * y
                    assert f(x, y) == wrap(expected, 64, True), (x, y)


@pytest.mark.parametrize(("type_", "bits", "c"), [(t.INT8, 8, ctypes.c_int8), (t.UINT32, 32, ctypes.c_uint32), (t.INT, 64, ctypes.c_int64)])
def test_a_shift_by_the_width_or_more_leaves_zero_or_the_sign(type_: t.Type, bits: int, c: Any) -> None:
    signed = t.is_signed(type_)
    for op in (n.BinaryOp.SHL, n.BinaryOp.SHR):
        with running(binary(op, type_, t.UINT64), c, ctypes.c_uint64, result=c) as f:
            for x in (wrap(e, bits, signed) for e in EDGES):
                for count in (0, 1, bits - 1, bits, 64, 65, 1 << 40, (1 << 64) - 1):
                    small = min(count, 200)
                    expected = wrap(x << small if op is n.BinaryOp.SHL else x >> small, bits, signed)
                    assert f(x, count) == expected, (op, x, count)


def test_sums_and_products_wrap() -> None:
    add, multiply = binary(n.BinaryOp.ADD, t.UINT8), binary(n.BinaryOp.MUL, t.INT)
    with (
        running(add, ctypes.c_uint8, ctypes.c_uint8, result=ctypes.c_uint8) as native_add,
        running(multiply, ctypes.c_int64, ctypes.c_int64) as native_multiply,
    ):

        @settings(max_examples=200, deadline=None)
        @given(st.integers(), st.integers())
        def check(x: int, y: int) -> None:
            a, b = wrap(x, 8, False), wrap(y, 8, False)
            assert native_add(a, b) == wrap(a + b, 8, False)
            a, b = wrap(x, 64, True), wrap(y, 64, True)
            assert native_multiply(a, b) == wrap(a * b, 64, True)

        check()


def test_no_operation_promises_that_it_does_not_overflow() -> None:
    text = "".join(text_of(binary(op, t.INT)) for op in (n.BinaryOp.ADD, n.BinaryOp.SUB, n.BinaryOp.MUL, n.BinaryOp.SHL))
    assert "nsw" not in text
    assert "nuw" not in text


def conversion(from_type: t.Type, to_type: t.Type) -> n.Func:
    x = variable("x", from_type)
    return func("main.f", [x], [to_type], [returns(n.Convert(0, to_type, name(x), n.Conversion.NUMERIC))])


@pytest.mark.parametrize(
    ("to_type", "c", "results"),
    [
        (t.INT, ctypes.c_int64, (-1, 10**10, -(1 << 63), -(1 << 63))),
        (t.INT32, ctypes.c_int32, (-1, -(1 << 31), -(1 << 31), -(1 << 31))),
        (t.UINT32, ctypes.c_uint32, (0xFFFFFFFF, 10**10 & 0xFFFFFFFF, 0, 0)),
        (t.UINT64, ctypes.c_uint64, ((1 << 64) - 1, 10**10, 10**19, 1 << 63)),
        (t.UINT8, ctypes.c_uint8, (255, 0, 0, 0)),
    ],
)
def test_a_float_out_of_range_converts_as_amd64_does(to_type: t.Type, c: Any, results: tuple[int, ...]) -> None:
    with running(conversion(t.FLOAT64, to_type), ctypes.c_double, result=c) as f:
        assert tuple(f(x) for x in (-1.5, 1e10, 1e19, math.nan)) == results


def test_a_constant_divisor_needs_no_check() -> None:
    x = variable("x", t.INT)
    quotient = n.Binary(0, t.INT, n.BinaryOp.DIV, name(x), const(t.INT, 10))
    assert "panicdivide" not in text_of(func("main.f", [x], [t.INT], [returns(quotient)]))
