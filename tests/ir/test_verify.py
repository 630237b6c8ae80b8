"""The verifier finds ill-formed IR."""

from __future__ import annotations

import pytest

from tricolor.base.errors import CompilerBug
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.nodes import Func, Label, Var, VarKind
from tricolor.ir.shapes import shape_of
from tricolor.ir.verify import verify_func


def function(*stmts: n.Stmt, results: tuple[t.Type, ...] = ()) -> tuple[Func, Var]:
    """A function with one int parameter and a body."""
    x = Var("x", t.INT, 1, VarKind.PARAM)
    func = Func("p.f", "p.f", "p", t.signature((t.INT,), results), 1, params=[x], body=n.Block(1, list(stmts)))
    func.results = [Var(f"~r{i}", r, 1, VarKind.RESULT) for i, r in enumerate(results)]
    return func, x


def refused(func: Func, message: str) -> None:
    with pytest.raises(CompilerBug, match=message) as caught:
        verify_func(func)
    assert caught.value.symbol == "p.f"


ONE = n.Const(7, t.INT, 1)
TEXT = n.Const(7, t.STRING, b"x")


def test_a_value_has_the_type_of_its_place() -> None:
    func, x = function()
    func.body = n.Block(1, [n.Assign(2, n.Name(2, t.INT, x), TEXT)])
    refused(func, "assigned value has type string, not int")


def test_a_constant_has_the_form_of_its_type() -> None:
    refused(function(n.Assign(2, None, n.Const(2, t.FLOAT64, 1)))[0], "Const")


def test_operands_have_one_type() -> None:
    refused(function(n.Assign(2, None, n.Binary(2, t.BOOL, n.BinaryOp.EQ, ONE, TEXT)))[0], "int == string")


def test_a_variable_belongs_to_its_function() -> None:
    stranger = Var("y", t.INT, 1, VarKind.LOCAL)
    refused(function(n.Assign(2, None, n.Name(2, t.INT, stranger)))[0], "does not belong")


def test_break_names_a_statement_around_it() -> None:
    refused(function(n.Break(2, Label("l")))[0], "not around")


def test_goto_has_a_target() -> None:
    refused(function(n.Goto(2, Label("l")))[0], "no target")


def test_a_function_returns_what_it_declares() -> None:
    refused(function(n.Return(2, [TEXT]), results=(t.INT,))[0], "result has type string")
    refused(function(n.Return(2, []), results=(t.INT,))[0], "no values")


def test_a_tuple_is_no_operand() -> None:
    parts: tuple[t.Type, ...] = (t.INT, t.BOOL)
    callee = Func("p.g", "p.g", "p", t.signature((), parts), 1)
    call = n.Call(2, t.tuple_of(parts), n.FuncName(2, callee.signature, callee), [])
    refused(function(n.Assign(2, None, call))[0], "used as a value")


def test_a_shape_stands_for_types_of_its_form_only() -> None:
    celsius, _ = t.named("celsius", "p", "p")
    celsius.complete_underlying = lambda: t.FLOAT64
    func, _ = function(results=(shape_of(celsius, basic=False),))
    func.body = n.Block(1, [n.Return(2, [n.Zero(2, celsius)])])
    verify_func(func)
    func.body = n.Block(1, [n.Return(2, [ONE])])
    refused(func, "result has type int, not go.shape.float64")


def test_well_formed_functions_pass() -> None:
    func, x = function(results=(t.INT,))
    add = n.Binary(2, t.INT, n.BinaryOp.ADD, n.Name(2, t.INT, x), ONE)
    func.body = n.Block(1, [n.Return(2, [add])])
    verify_func(func)
