"""Self-assignments: they store into an object only pointers that the object could reach before.

The graph leaves out ``b.buf = b.buf[1:]`` and ``v.x = v.y``. As stores through a pointer they would make ``b`` leak.

Source: cmd/compile/internal/escape/utils.go (isSelfAssign), internal/ir/expr.go (SameSafeExpr).
"""

from __future__ import annotations

from collections.abc import Mapping

from tricolor.ir import nodes as n

_O = n.BinaryOp
ARITHMETIC = frozenset((_O.ADD, _O.SUB, _O.MUL, _O.DIV, _O.REM, _O.AND, _O.OR, _O.XOR, _O.AND_NOT, _O.SHL, _O.SHR))


def is_self_assignment(place: n.Place | None, value: n.Expr, temporaries: Mapping[n.Var, n.Expr]) -> bool:
    """Whether the graph can leave out the assignment. ``temporaries``: variables that the IR's builder added, with their values."""
    if place is None:
        return False
    if _is_slice_of_itself(place, value):
        return True
    match place:
        case n.FieldOf():
            return isinstance(value, n.FieldOf) and _is_same(place.x, value.x)
        case n.FieldPtr():
            return isinstance(value, n.FieldPtr) and _is_same(place.x, value.x)
        case n.Index():
            if not isinstance(value, n.Index) or any(_has_effect(x.index, temporaries) for x in (place, value)):
                return False
            return _is_same(place.x, value.x)
        case _:
            return False


def _is_slice_of_itself(place: n.Place, value: n.Expr) -> bool:
    """Whether it is ``b.buf = b.buf[n:m]`` or ``*b = (*b)[n:m]``, where the sliced operand is not an array inside b."""
    if not isinstance(place, (n.Deref, n.FieldPtr)) or not isinstance(value, n.SliceExpr):
        return False
    base = value.x
    return (
        isinstance(base, (n.Deref, n.FieldPtr)) and isinstance(place.x, n.Name) and isinstance(base.x, n.Name) and place.x.var is base.x.var
    )


def _is_same(x: n.Expr, y: n.Expr) -> bool:
    """Whether both expressions have the same value, and their evaluation has no effect."""
    x, y = _without_conversion(x), _without_conversion(y)
    if x.type is not y.type:
        return False
    match x:
        case n.Name():
            return isinstance(y, n.Name) and x.var is y.var
        case n.FieldOf():
            return isinstance(y, n.FieldOf) and x.index == y.index and _is_same(x.x, y.x)
        case n.FieldPtr():
            return isinstance(y, n.FieldPtr) and x.index == y.index and _is_same(x.x, y.x)
        case n.Deref():
            return isinstance(y, n.Deref) and _is_same(x.x, y.x)
        case n.Unary():
            return isinstance(y, n.Unary) and x.op is y.op and _is_same(x.x, y.x)
        case n.Convert(kind=n.Conversion.NUMERIC):
            return isinstance(y, n.Convert) and x.kind is y.kind and _is_same(x.x, y.x)
        case n.Index():
            return isinstance(y, n.Index) and _is_same(x.x, y.x) and _is_same(x.index, y.index)
        case n.MapIndex():
            return isinstance(y, n.MapIndex) and _is_same(x.x, y.x) and _is_same(x.key, y.key)
        case n.Binary() if x.op in ARITHMETIC:
            return isinstance(y, n.Binary) and x.op is y.op and _is_same(x.x, y.x) and _is_same(x.y, y.y)
        case n.Const():
            return isinstance(y, n.Const) and x.value == y.value
        case n.Nil():
            return isinstance(y, n.Nil)
        case _:
            return False


def _without_conversion(x: n.Expr) -> n.Expr:
    while isinstance(x, n.Convert) and x.kind is n.Conversion.NOP:
        x = x.x
    return x


def _has_effect(x: n.Expr, temporaries: Mapping[n.Var, n.Expr]) -> bool:
    match x:
        case n.Name() if x.var in temporaries:
            return _has_effect(temporaries[x.var], temporaries)
        case n.Name() | n.Const() | n.Nil() | n.Zero():
            return False
        case n.Binary():
            return x.op not in ARITHMETIC or _has_effect(x.x, temporaries) or _has_effect(x.y, temporaries)
        case n.Index():
            return _has_effect(x.x, temporaries) or _has_effect(x.index, temporaries)
        case n.MapIndex():
            return True
        case n.Convert():
            plain = (n.Conversion.NOP, n.Conversion.NUMERIC, n.Conversion.POINTER_TO_UINTPTR)
            return x.kind not in plain or _has_effect(x.x, temporaries)
        case n.Unary() | n.FieldOf() | n.FieldPtr() | n.Deref():
            return _has_effect(x.x, temporaries)
        case n.Builtin():
            return x.op not in (n.BuiltinOp.LEN, n.BuiltinOp.CAP) or _has_effect(x.args[0], temporaries)
        case _:
            return True
