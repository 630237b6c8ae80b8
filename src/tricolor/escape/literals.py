"""Operands that always equal a constant: the size of a ``make``, and a value that is converted to an interface.

Thus ``n := 10; make([]T, n)`` can be on the stack, and ``v := 5; any(v)`` needs no allocation.

Source: cmd/compile/internal/escape/escape.go (rewriteWithLiterals).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tricolor.escape.batch import Batch
from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import align_of, size_of
from tricolor.ir import nodes as n

_WHOLE_BYTES: Final = frozenset({2, 4, 8})


def use_literals(literals: Mapping[n.Expr, n.Const], boxed_data: Mapping[n.Expr, n.Expr]) -> None:
    """Put the constants and composite literals in place of the operands that always equal them, as Go's compiler does.

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
    for boxing, data in boxed_data.items():
        assert isinstance(boxing, n.Convert)
        boxing.x = data


def find_literal(b: Batch, x: n.MakeSlice | n.Convert) -> None:
    """Record in ``b.literals`` or ``b.boxed_data`` what the size or operand of ``x`` always equals, if that is constant."""
    if isinstance(x, n.MakeSlice):
        size = x.length if x.cap is None else x.cap
        found = _size(b, size)
        if found is not None:
            b.literals[x] = n.Const(x.pos, size.type, found)
    elif x.kind is n.Conversion.TO_INTERFACE and not isinstance(x.x, n.Const):
        value = b.static_value(x.x)
        if isinstance(value, n.Const) and _is_valid(x.x.type, value):
            b.literals[x] = n.Const(value.pos, x.x.type, value.value)
        elif isinstance(value, n.StructLit | n.ArrayLit) and (value is x.x or _is_boxed_by_address(x.x.type)) and _is_constant(value):
            # Conversions may have changed the name of the type.
            b.boxed_data[x] = replace(value, pos=x.x.pos, type=x.x.type)


def _is_constant(x: n.Expr) -> bool:
    """Whether a value is made of constants, so that it can be read-only data. As in Go, boxed constants inside of it do not count."""
    match x:
        case n.Const() | n.Nil():
            return True
        case n.StructLit():
            return all(_is_constant(value) for _, value in x.fields)
        case n.ArrayLit():
            return all(_is_constant(value) for _, value in x.elems)
        case _:
            return False


def _is_boxed_by_address(of: t.Type) -> bool:
    """Whether the runtime's function that boxes a value takes the value's address: only then a variable is replaced by its literal."""
    size = size_of(of)
    if not t.has_pointers(of) and size in _WHOLE_BYTES and align_of(of) == size:
        return False
    sole = _sole_component(of)
    return not isinstance(sole, t.Slice) and not (isinstance(sole, t.Basic) and sole.kind is t.Kind.STRING)


def _sole_component(of: t.Type) -> t.Type:
    """The underlying type of the only part of a struct of one field or an array of length one, at any depth."""
    while True:
        of = t.underlying(of)
        match of:
            case t.Struct(fields=[only]):
                of = only.type
            case t.Array(length=1):
                of = of.elem
            case _:
                return of


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
