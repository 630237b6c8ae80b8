"""Removes assignments to unused local variables if evaluation of the value has no effect: names, constants, closures.

Go's compiler does so before escape analysis. It still analyses the body of a removed closure, but no longer the closure as a value.

Source: cmd/compile/internal/deadlocals/deadlocals.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.walk import children

_Assignment: TypeAlias = tuple[n.Declare | n.Assign | n.AssignPair, int]
"""A statement, and the index of one of its values."""


@final
@dataclass(slots=True, eq=False)
class _Visitor:
    """Collects the assignments to remove.

    ``captures``: maps captured variables to outer ones. ``unused``: assignments to remove unless another use of their variable is
    found. ``discarded``: assignments to the blank identifier to remove. ``used``: variables with any other use."""

    captures: dict[n.Var, n.Var] = field(default_factory=dict[n.Var, n.Var])
    unused: dict[n.Var, list[_Assignment]] = field(default_factory=dict[n.Var, list[_Assignment]])
    discarded: list[_Assignment] = field(default_factory=list[_Assignment])
    used: set[n.Var] = field(default_factory=set[n.Var])

    def canonical(self, var: n.Var) -> n.Var:
        while var in self.captures:
            var = self.captures[var]
        return var

    def use(self, var: n.Var) -> None:
        var = self.canonical(var)
        if var in self.used:
            return
        self.used.add(var)
        for statement, index in self.unused.pop(var, ()):
            self.visit(_value(statement, index))

    def visit(self, node: Any) -> None:
        match node:
            case n.Name():
                self.use(node.var)
            case n.FuncLit():
                for capture in node.func.captures:
                    self.captures[capture.inner] = capture.outer
                    self.use(capture.outer)
                self.visit(node.func.body)
            case n.Declare():
                if node.init is not None:
                    self.assign(node.var, (node, 0))
            case n.Assign():
                self._visit_assign(node.x, (node, 0), single=True)
            case n.AssignPair():
                single = all(x is None for x in node.xs)
                for index, x in enumerate(node.xs):
                    self._visit_assign(x, (node, index), single)
            case _:
                for child in children(node):
                    self.visit(child)

    def _visit_assign(self, x: n.Place | None, assignment: _Assignment, single: bool) -> None:
        value = _value(*assignment)
        if isinstance(x, n.Name):
            self.assign(x.var, assignment)
        elif x is None and not single and not _has_effect(value):
            self.discarded.append(assignment)
        else:
            if x is not None:
                self.visit(x)
            self.visit(value)

    def assign(self, var: n.Var, assignment: _Assignment) -> None:
        var = self.canonical(var)
        value = _value(*assignment)
        if var.kind in (n.VarKind.LOCAL, n.VarKind.PARAM) and not _has_effect(value) and var not in self.used:
            self.unused.setdefault(var, []).append(assignment)
        else:
            self.visit(value)


def _value(statement: n.Declare | n.Assign | n.AssignPair, index: int) -> n.Expr:
    match statement:
        case n.Declare():
            assert statement.init is not None
            return statement.init
        case n.Assign():
            return statement.value
        case n.AssignPair():
            return statement.values[index]


def _has_effect(x: n.Expr) -> bool:
    return not isinstance(x, (n.Name, n.Const, n.Nil, n.Zero, n.FuncName, n.FuncLit))


def remove_dead_locals(func: n.Func) -> None:
    """Remove assignments to unused variables of a function and its closures. ``func`` must not be a closure itself."""
    if func.body is None:
        return
    visitor = _Visitor()
    visitor.visit(func.body)
    dead = [assignment for assignments in visitor.unused.values() for assignment in assignments]
    for statement, index in (*dead, *visitor.discarded):
        value = _value(statement, index)
        zero = n.Const(value.pos, t.INT, 0)
        match statement:
            case n.Declare():
                statement.init = None
            case n.Assign():
                statement.x, statement.value = None, zero
            case n.AssignPair():
                statement.xs[index], statement.values[index] = None, zero
                statement.declares = [v for v in statement.declares if _is_assigned(statement, v)]


def _is_assigned(statement: n.AssignPair, var: n.Var) -> bool:
    return any(isinstance(x, n.Name) and x.var is var for x in statement.xs)
