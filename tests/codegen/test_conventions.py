"""How functions take their parameters, and how conditions become jumps."""

from __future__ import annotations

import re

from tests.codegen.trees import const, func, name, returns, text_of, variable
from tricolor.codegen.state import Options
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n

SLICE = t.slice_of(t.BOOL)


def length_of(fun_symbol: str) -> n.Func:
    s = variable("s", SLICE)
    return func(fun_symbol, [s], [t.INT], [returns(n.Builtin(0, t.INT, n.BuiltinOp.LEN, [name(s)]))])


def test_a_local_function_takes_slices_word_by_word() -> None:
    text = text_of(length_of("m.local"), options=Options(debug_lines=False, local=frozenset({"m.local"})))
    assert re.search(r'define internal i64 @"m.local"\(ptr %\S+, i64 %\S+, i64 %\S+\)', text)


def test_a_function_that_others_call_takes_slices_as_aggregates() -> None:
    text = text_of(length_of("m.F"), options=Options(debug_lines=False))
    assert 'define i64 @"m.F"({ptr, i64, i64} %p0)' in text


def jumps_to_the_second_operand(left: n.Var, right: n.Expr, right_of: n.Var) -> bool:
    """Whether ``if left[0] || right { return 1 }`` decides one operand after the other."""
    cond = n.Binary(0, t.BOOL, n.BinaryOp.OR_OR, n.Index(0, t.BOOL, name(left), const(t.INT, 0)), right)
    body = [n.If(0, cond, n.Block(0, [returns(const(t.INT, 1))]), None), returns(const(t.INT, 0))]
    return "rhs" in text_of(func("m.f", [left, right_of], [t.INT], body))


def test_tests_of_elements_share_a_jump() -> None:
    a, b = variable("a", SLICE), variable("b", SLICE)
    assert not jumps_to_the_second_operand(a, n.Index(0, t.BOOL, name(b), const(t.INT, 0)), b)


def test_an_operand_that_is_not_cheap_has_a_jump_of_its_own() -> None:
    a, b = variable("a", SLICE), variable("b", t.slice_of(SLICE))
    inner = n.Index(0, SLICE, name(b), const(t.INT, 0))
    assert jumps_to_the_second_operand(a, n.Index(0, t.BOOL, inner, const(t.INT, 0)), b)


def fields_of(symbol: str, first: n.Var, second: n.Var) -> str:
    """Text of ``if first.f[0] || second.f[0] { return 1 }``."""
    tests: list[n.Expr] = [n.Index(0, t.BOOL, n.FieldPtr(0, SLICE, name(p), 0), const(t.INT, 0)) for p in (first, second)]
    body = [n.If(0, n.Binary(0, t.BOOL, n.BinaryOp.OR_OR, *tests), n.Block(0, [returns(const(t.INT, 1))]), None), returns(const(t.INT, 0))]
    return text_of(func(symbol, list(dict.fromkeys([first, second])), [t.INT], body))


def test_tests_of_slices_reached_through_one_pointer_share_a_jump_and_through_two_do_not() -> None:
    """The second pointer may be nil, which only matters if the first test does not decide."""
    struct = t.pointer(t.struct((t.Field("f", SLICE),)))
    p, q = variable("p", struct), variable("q", struct)
    assert "rhs" not in fields_of("m.f", p, p)
    assert "rhs" in fields_of("m.f", p, q)
