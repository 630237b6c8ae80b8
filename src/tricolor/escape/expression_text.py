"""Expressions as Go's compiler prints them in its messages: after type checking, with folded constants, without implicit steps.

Source: cmd/compile/internal/ir/fmt.go (exprFmt), go/constant/value.go (String).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final, assert_never

from tricolor.escape.naming import Names, local_name, method_split
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.shapes import has_shape

_LONGEST_STRING: Final = 72
_LAST_RUNE: Final = 0x10FFFF
_PRECEDENCE: Final = {
    n.BinaryOp.MUL: 6, n.BinaryOp.DIV: 6, n.BinaryOp.REM: 6, n.BinaryOp.SHL: 6, n.BinaryOp.SHR: 6, n.BinaryOp.AND: 6,
    n.BinaryOp.AND_NOT: 6, n.BinaryOp.ADD: 5, n.BinaryOp.SUB: 5, n.BinaryOp.OR: 5, n.BinaryOp.XOR: 5,
    n.BinaryOp.EQ: 4, n.BinaryOp.NE: 4, n.BinaryOp.LT: 4, n.BinaryOp.LE: 4, n.BinaryOp.GT: 4, n.BinaryOp.GE: 4,
    n.BinaryOp.AND_AND: 2, n.BinaryOp.OR_OR: 1,
}  # fmt: skip
_UNARY: Final = 7
_PRIMARY: Final = 8
_UNKNOWN: Final = 0
"""Precedence of addresses of literals and of closures, for which the compiler's table has no entry."""
_CALLS: Final = (n.Call, n.CallMethod, n.Append)
_LITERALS: Final = (n.StructLit, n.ArrayLit, n.SliceLit, n.MapLit)


def expression_text(x: n.Expr, names: Names) -> str:
    """The expression in Go's syntax."""
    return _text(x, 0, names)


def unknown_call_text(x: n.CallMethod, names: Names) -> str:
    """A call as the compiler prints it during devirtualization: calls inside it are in parentheses."""
    return _render_primary(x, replace(names, calls_apart=True))


def method_text(x: n.CallMethod, names: Names) -> str:
    """The called method with its receiver, in Go's syntax."""
    return f"{_text(x.x, _PRIMARY, names)}.{_method(x).name}"


def _text(x: n.Expr, outer: int, names: Names) -> str:
    if x in names.literals:
        x = with_literal(x, names.literals[x])
    x = _without_implicit(x, names)
    text, precedence = _render(x, names)
    apart = names.calls_apart and isinstance(x, _CALLS)
    return f"({text})" if apart or precedence < outer else text


def with_literal(x: n.Expr, literal: n.Const) -> n.Expr:
    """The expression with its size or operand replaced by the constant that it always equals."""
    match x:
        case n.MakeSlice(cap=None):
            return n.MakeSlice(x.pos, x.type, literal, None)
        case n.MakeSlice():
            return n.MakeSlice(x.pos, x.type, x.length, literal)
        case n.Convert():
            return n.Convert(x.pos, x.type, literal, x.kind, x.implicit)
        case _:
            return x


def _without_implicit(x: n.Expr, names: Names) -> n.Expr:
    while True:
        match x:
            case n.AddrOf(implicit=True) if not isinstance(x.x, _LITERALS):
                x = x.x
            case n.Deref(implicit=True) | n.Convert(implicit=True):
                x = x.x
            case n.Name() if x.var in names.temporaries:
                x = names.temporaries[x.var]
            case _:
                return x


def _render(x: n.Expr, names: Names) -> tuple[str, int]:
    match x:
        case n.Const():
            return constant_text(x, names), _PRIMARY
        case n.Nil():
            return "nil", _PRIMARY
        case n.Zero():
            return f"{names.type(x.type)}{{}}", _PRIMARY
        case n.Name():
            return names.variable(x.var), _PRIMARY
        case n.FuncName() if x.args:
            return names.instance(x), _PRIMARY
        case n.FuncName():
            return names.callee(x.func), _PRIMARY
        case n.Unary():
            return x.op.value + _operand(x.x, isinstance(x.x, n.Unary) and x.x.op is x.op, names), _UNARY
        case n.Binary():
            own = _PRECEDENCE[x.op]
            return f"{_text(x.x, own, names)} {x.op.value} {_text(x.y, own + 1, names)}", own
        case n.Concat():
            own = _PRECEDENCE[n.BinaryOp.ADD]
            return " + ".join(_text(part, own, names) for part in x.parts), own
        case n.Deref():
            return "*" + _text(x.x, _PRIMARY, names), _UNARY
        case n.AddrOf():
            if isinstance(x.x, _LITERALS):
                return "&" + _text(x.x, 0, names), _UNKNOWN
            return "&" + _operand(x.x, isinstance(x.x, n.AddrOf), names), _UNARY
        case n.Recv():
            return "<-" + _operand(x.x, isinstance(x.x, n.Recv), names), _UNARY
        case n.Convert():
            text = names.type_at(x.pos, x.type)
            simple = isinstance(x.type, (t.Named, t.Basic)) or text == "any"
            return f"{text if simple else f'({text})'}({_text(x.x, 0, names)})", _PRIMARY
        case n.StructLit() | n.ArrayLit() | n.SliceLit() | n.MapLit():
            return _literal(x, names), _PRIMARY
        case n.FuncLit():
            return "func literal", _UNKNOWN
        case n.New():
            elem = "<node DYNAMICTYPE>" if has_shape(x.elem) and not names.for_readers else names.type_at(x.pos, x.elem)
            return f"new({elem})", _PRIMARY
        case n.MakeSlice():
            return f"make({names.type_at(x.pos, x.type)}, {_list(_present(x.length, x.cap), names)})", _PRIMARY
        case n.MakeMap():
            return f"make({', '.join([names.type_at(x.pos, x.type), *_texts(_present(x.hint), names)])})", _PRIMARY
        case n.MakeChan():
            return f"make({', '.join([names.type_at(x.pos, x.type), *_texts(_present(x.size), names)])})", _PRIMARY
        case _:
            return _render_primary(x, names), _PRIMARY


_UNPRINTED: Final = (n.BuiltinOp.UNSAFE_SLICE_DATA, n.BuiltinOp.UNSAFE_STRING, n.BuiltinOp.UNSAFE_STRING_DATA)
"""Operations that the compiler prints as nodes, since its printer does not know their syntax."""
_Primary = (
    n.FieldOf | n.FieldPtr | n.Index | n.MapIndex | n.SliceExpr | n.TypeAssert | n.Call | n.CallMethod
    | n.MethodValue | n.Append | n.Builtin
)  # fmt: skip


def _render_primary(x: _Primary, names: Names) -> str:
    match x:
        case n.FieldOf() | n.FieldPtr():
            return f"{_text(x.x, _PRIMARY, names)}.{_field_name(x)}"
        case n.Index():
            return f"{_text(x.x, _PRIMARY, names)}[{_text(x.index, 0, names)}]"
        case n.MapIndex():
            return f"{_text(x.x, _PRIMARY, names)}[{_text(x.key, 0, names)}]"
        case n.SliceExpr():
            return _slice_text(x, names)
        case n.TypeAssert() if has_shape(x.target):
            return f"<node DYNAMICDOTTYPE{'2' if x.comma_ok else ''}>"
        case n.TypeAssert():
            return f"{_text(x.x, _PRIMARY, names)}.({names.type_at(x.pos, x.target)})"
        case n.Call():
            signature = x.fun.func.signature if isinstance(x.fun, n.FuncName) else t.underlying(x.fun.type)
            variadic = isinstance(signature, t.Signature) and signature.variadic
            args = _texts(x.args, names)
            if isinstance(x.fun, n.FuncName) and x.fun.args:
                is_method = method_split(local_name(x.fun.func)) >= 0
                args.insert(1 if is_method else 0, names.dictionary(x.fun))
            callee = names.callee(x.fun.func) if isinstance(x.fun, n.FuncName) else _text(x.fun, _PRIMARY, names)
            return f"{callee}({', '.join(args)}{'...' if variadic else ''})"
        case n.CallMethod():
            dots = "..." if _method(x).signature.variadic else ""
            return f"{method_text(x, names)}({_list(x.args, names)}{dots})"
        case n.MethodValue():
            return f"{_text(x.x, _PRIMARY, names)}.{x.func.name.rpartition('.')[2].removesuffix('-fm')}"
        case n.Append():
            return f"append({_list([x.x, *x.elems], names)}{'...' if x.spread else ''})"
        case n.Builtin() if x.op in _UNPRINTED:
            return f"<node {x.op.value}>"
        case n.Builtin():
            return f"{x.op.value}({_list(x.args, names)})"
        case _:
            assert_never(x)


def _operand(x: n.Expr, same: bool, names: Names) -> str:
    """The operand of a prefix operator. ``same``: it begins with the same operator, so a space separates the two."""
    return (" " if same else "") + _text(x, _PRIMARY, names)


def _texts(xs: list[n.Expr], names: Names) -> list[str]:
    return [_text(x, 0, names) for x in xs]


def _list(xs: list[n.Expr], names: Names) -> str:
    return ", ".join(_texts(xs, names))


def _present(*xs: n.Expr | None) -> list[n.Expr]:
    return [x for x in xs if x is not None]


def _literal(x: n.StructLit | n.ArrayLit | n.SliceLit | n.MapLit, names: Names) -> str:
    if isinstance(x, n.SliceLit) and x.variadic:
        return "... argument"
    parts = x.fields if isinstance(x, n.StructLit) else x.entries if isinstance(x, n.MapLit) else x.elems
    return f"{names.type_at(x.pos, x.type)}{{{'...' if parts else ''}}}"


def _field_name(x: n.FieldOf | n.FieldPtr) -> str:
    struct = t.underlying(x.x.type)
    if isinstance(struct, t.Pointer):
        struct = t.underlying(struct.elem)
    assert isinstance(struct, t.Struct)
    return struct.fields[x.index].name


def _method(x: n.CallMethod) -> t.InterfaceMethod:
    interface = t.underlying(x.x.type)
    assert isinstance(interface, t.Interface)
    return interface.methods[x.method]


def _slice_text(x: n.SliceExpr, names: Names) -> str:
    bounds = [_text(bound, 0, names) if bound is not None else "" for bound in (x.low, x.high)]
    if x.max is not None:
        bounds.append(_text(x.max, 0, names))
    return f"{_text(x.x, _PRIMARY, names)}[{':'.join(bounds)}]"


# --- constants -----------------------------------------------------------------------------------------------------

_DEFAULTS: Final = {bool: t.BOOL, int: t.INT, bytes: t.STRING, Fraction: t.FLOAT64, tuple: t.COMPLEX128}


def constant_text(x: n.Const, names: Names) -> str:
    """A constant, with its type unless that is the default type of such a constant."""
    if x.type is _DEFAULTS[type(x.value)]:
        return value_text(x.value)
    written = names.type_at(x.pos, x.type)
    if written == "rune" and isinstance(x.value, int) and 0 <= x.value <= _LAST_RUNE:
        return quote_rune(x.value)
    return f"{written}({value_text(x.value)})"


def value_text(value: int | bool | bytes | Fraction | tuple[Fraction, Fraction]) -> str:
    """A constant without its type."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case bytes():
            return _string_text(value)
        case Fraction():
            return _float_text(value)
        case (real, imaginary):
            return f"({_float_text(real)} + {_float_text(imaginary)}i)"


def _string_text(value: bytes) -> str:
    quoted = quote(value)
    return quoted if len(quoted) <= _LONGEST_STRING else quoted[: _LONGEST_STRING - 3] + "..."


_ESCAPES: Final = {7: "a", 8: "b", 12: "f", 10: "n", 13: "r", 9: "t", 11: "v", 92: "\\"}


def quote(value: bytes) -> str:
    """A Go string literal, as strconv.Quote writes it."""
    # "surrogateescape" turns bytes that are not UTF-8 into lone surrogates.
    return '"' + "".join(_quoted(char, '"') for char in value.decode("utf-8", "surrogateescape")) + '"'


def quote_rune(rune: int) -> str:
    """A Go rune literal, as strconv.QuoteRune writes it."""
    if 0xD800 <= rune <= 0xDFFF:
        rune = 0xFFFD
    return "'" + _quoted(chr(rune), "'") + "'"


def _quoted(char: str, mark: str) -> str:
    code = ord(char)
    if code in _ESCAPES or char == mark:
        return "\\" + _ESCAPES.get(code, mark)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char.isprintable():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _float_text(value: Fraction) -> str:
    """At most six digits, except where six digits would make a fraction look like an integer."""
    number = float(value)
    text = f"{number:.6g}"
    if value.denominator != 1 and "." not in text:
        return _shortest(number)
    return text


def _shortest(number: float) -> str:
    """The number as Go's %g prints it: the fewest digits that read back as the number, an exponent of at least two digits."""
    mantissa, _, exponent = repr(number).partition("e")
    if exponent:
        sign, digits = exponent[0] if exponent[0] in "+-" else "+", exponent.lstrip("+-")
        return f"{mantissa.removesuffix('.0')}e{sign}{digits:0>2}"
    return mantissa.removesuffix(".0")
