"""Expressions as Go's compiler prints them in its messages: after type checking, constants folded, implicit steps left out.

Source: cmd/compile/internal/ir/fmt.go (exprFmt).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, assert_never

from tricolor.ir import nodes as n
from tricolor.ir import types as t

_LONGEST_STRING: Final = 72
_PRECEDENCE: Final = {
    n.BinaryOp.MUL: 6, n.BinaryOp.DIV: 6, n.BinaryOp.REM: 6, n.BinaryOp.SHL: 6, n.BinaryOp.SHR: 6, n.BinaryOp.AND: 6,
    n.BinaryOp.AND_NOT: 6, n.BinaryOp.ADD: 5, n.BinaryOp.SUB: 5, n.BinaryOp.OR: 5, n.BinaryOp.XOR: 5,
    n.BinaryOp.EQ: 4, n.BinaryOp.NE: 4, n.BinaryOp.LT: 4, n.BinaryOp.LE: 4, n.BinaryOp.GT: 4, n.BinaryOp.GE: 4,
    n.BinaryOp.AND_AND: 3, n.BinaryOp.OR_OR: 2,
}  # fmt: skip
_UNARY_PRECEDENCE: Final = 7
_PRIMARY: Final = 8


def expression_text(x: n.Expr) -> str:
    """The expression in Go's syntax."""
    return _text(x, 0)


def _text(x: n.Expr, outer: int) -> str:
    text, precedence = _render(x)
    return f"({text})" if precedence < outer else text


def _render(x: n.Expr) -> tuple[str, int]:  # noqa: PLR0911, PLR0912 - one case per node
    match x:
        case n.Const():
            return constant_text(x), _PRIMARY
        case n.Nil():
            return "nil", _PRIMARY
        case n.Zero():
            return f"{x.type}{{}}", _PRIMARY
        case n.Name():
            return x.var.name, _PRIMARY
        case n.FuncName():
            return x.func.name, _PRIMARY
        case n.Unary():
            return x.op.value + _text(x.x, _UNARY_PRECEDENCE + 1), _UNARY_PRECEDENCE
        case n.Binary():
            own = _PRECEDENCE[x.op]
            return f"{_text(x.x, own)} {x.op.value} {_text(x.y, own + 1)}", own
        case n.Concat():
            return " + ".join(_text(part, _PRECEDENCE[n.BinaryOp.ADD]) for part in x.parts), _PRECEDENCE[n.BinaryOp.ADD]
        case n.Deref():
            return "*" + _text(x.x, _UNARY_PRECEDENCE), _UNARY_PRECEDENCE
        case n.AddrOf():
            if isinstance(x.x, (n.StructLit, n.ArrayLit, n.SliceLit, n.MapLit)):
                return "&" + _text(x.x, _PRIMARY), _UNARY_PRECEDENCE
            if x.implicit:
                return _render(x.x)
            return "&" + _text(x.x, _UNARY_PRECEDENCE), _UNARY_PRECEDENCE
        case n.FieldOf() | n.FieldPtr():
            return f"{_text(x.x, _PRIMARY)}.{_field_name(x)}", _PRIMARY
        case n.Index():
            return f"{_text(x.x, _PRIMARY)}[{_text(x.index, 0)}]", _PRIMARY
        case n.MapIndex():
            return f"{_text(x.x, _PRIMARY)}[{_text(x.key, 0)}]", _PRIMARY
        case n.SliceExpr():
            return _slice_text(x), _PRIMARY
        case n.TypeAssert():
            return f"{_text(x.x, _PRIMARY)}.({x.target})", _PRIMARY
        case n.Convert():
            if x.implicit:
                return _render(x.x)
            simple = isinstance(x.type, (t.Named, t.Basic))
            return f"{x.type if simple else f'({x.type})'}({_text(x.x, 0)})", _PRIMARY
        case n.Call():
            return f"{_text(x.fun, _PRIMARY)}({_list(x.args)})", _PRIMARY
        case n.CallMethod():
            return f"{_text(x.x, _PRIMARY)}.{_method_name(x)}({_list(x.args)})", _PRIMARY
        case n.FuncLit():
            return "func literal", _PRIMARY
        case n.MethodValue():
            return f"{_text(x.x, _PRIMARY)}.{x.func.name.rpartition('.')[2].removesuffix('-fm')}", _PRIMARY
        case n.StructLit():
            return f"{x.type}{{{'...' if x.fields else ''}}}", _PRIMARY
        case n.ArrayLit() | n.SliceLit():
            if isinstance(x, n.SliceLit) and x.variadic:
                return "... argument", _PRIMARY
            return f"{x.type}{{{'...' if x.elems else ''}}}", _PRIMARY
        case n.MapLit():
            return f"{x.type}{{{'...' if x.entries else ''}}}", _PRIMARY
        case n.New():
            return f"new({x.elem})", _PRIMARY
        case n.MakeSlice():
            rest = f", {_text(x.cap, 0)}" if x.cap is not None else ""
            return f"make({x.type}, {_text(x.length, 0)}{rest})", _PRIMARY
        case n.MakeMap():
            return f"make({x.type}{_optional(x.hint)})", _PRIMARY
        case n.MakeChan():
            return f"make({x.type}{_optional(x.size)})", _PRIMARY
        case n.Append():
            return f"append({_list([x.x, *x.elems])}{'...' if x.spread else ''})", _PRIMARY
        case n.Builtin():
            return f"{x.op.value}({_list(x.args)})", _PRIMARY
        case n.Recv():
            return "<-" + _text(x.x, _UNARY_PRECEDENCE), _UNARY_PRECEDENCE
        case _:
            assert_never(x)


def _list(xs: list[n.Expr]) -> str:
    return ", ".join(_text(x, 0) for x in xs)


def _optional(x: n.Expr | None) -> str:
    return f", {_text(x, 0)}" if x is not None else ""


def _field_name(x: n.FieldOf | n.FieldPtr) -> str:
    struct = t.underlying(x.x.type)
    if isinstance(struct, t.Pointer):
        struct = t.underlying(struct.elem)
    assert isinstance(struct, t.Struct)
    return struct.fields[x.index].name


def _method_name(x: n.CallMethod) -> str:
    interface = t.underlying(x.x.type)
    assert isinstance(interface, t.Interface)
    return interface.methods[x.method].name


def _slice_text(x: n.SliceExpr) -> str:
    bounds = [_text(bound, 0) if bound is not None else "" for bound in (x.low, x.high)]
    if x.max is not None:
        bounds.append(_text(x.max, 0))
    return f"{_text(x.x, _PRIMARY)}[{':'.join(bounds)}]"


def constant_text(x: n.Const) -> str:
    """A constant; a named type other than the default ones is written as a conversion."""
    text = _value_text(x)
    return f"{x.type}({text})" if isinstance(x.type, t.Named) else text


def _value_text(x: n.Const) -> str:
    match x.value:
        case bool():
            return "true" if x.value else "false"
        case int():
            return str(x.value)
        case bytes():
            text = x.value.decode("utf-8", "replace")
            quoted = t.go_quote(text)
            if len(quoted) > _LONGEST_STRING:
                quoted = quoted[: _LONGEST_STRING - 3] + "..."
            return quoted
        case Fraction():
            return _float_text(x.value)
        case (real, imaginary):
            return f"({_float_text(real)} + {_float_text(imaginary)}i)"


def _float_text(value: Fraction) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**21:
        return str(value.numerator)
    return f"{float(value):.6g}"
