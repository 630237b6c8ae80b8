"""Operands that always equal a constant: the size of a ``make``, and a value that is converted to an interface.

Thus ``n := 10; make([]T, n)`` can be on the stack, and ``v := 5; any(v)`` needs no allocation.

Source: cmd/compile/internal/escape/escape.go (rewriteWithLiterals).
"""

from __future__ import annotations

from collections.abc import Mapping

from tricolor.escape.batch import Batch
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n


def use_literals(literals: Mapping[n.Expr, n.Const]) -> None:
    """Put the constants in place of the operands that always equal them, as Go's compiler does.

    A make whose length is a constant above the capacity keeps its operand: it panics, which code for constants does not."""
    for x, value in literals.items():
        match x:
            case n.MakeSlice(cap=None):
                x.length = value
            case n.MakeSlice(length=n.Const(value=int(length))) if isinstance(value.value, int) and length > value.value:
                pass
            case n.MakeSlice():
                x.cap = value
            case n.Convert():
                x.x = value
            case _:
                pass


def find_literal(b: Batch, x: n.MakeSlice | n.Convert) -> None:
    """Record in ``b.literals`` the constant that the size or operand of ``x`` always equals, if there is one."""
    if isinstance(x, n.MakeSlice):
        size = x.length if x.cap is None else x.cap
        found = _size(b, size)
        if found is not None:
            b.literals[x] = n.Const(x.pos, size.type, found)
    elif x.kind is n.Conversion.TO_INTERFACE and not isinstance(x.x, n.Const):
        value = b.static_value(x.x)
        if isinstance(value, n.Const) and _is_valid(x.x.type, value):
            b.literals[x] = n.Const(value.pos, x.x.type, value.value)


def _size(b: Batch, size: n.Expr) -> int | None:
    if isinstance(size, n.Const):
        return None
    value = b.static_value(size)
    match value:
        case n.Const(value=int(number)) if number >= 0:
            return number
        case n.Builtin(op=n.BuiltinOp.LEN, args=[operand]):
            literal = b.static_value(operand)
            return literal.length if isinstance(literal, n.SliceLit) else None
        case _:
            return None


def _is_valid(of: t.Type, value: n.Const) -> bool:
    """Whether the constant has a value of the type: ``static_value`` skips conversions, so their basic kinds must be equal."""
    there, here = t.underlying(of), t.underlying(value.type)
    return isinstance(there, t.Basic) and isinstance(here, t.Basic) and there.kind is here.kind
