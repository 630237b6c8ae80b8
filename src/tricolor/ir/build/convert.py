"""Constants and conversions, implicit and explicit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from tricolor.gotypes.types import (
    BOOL,
    COMPLEX128,
    COMPLEXES,
    FLOAT64,
    FLOATS,
    INT,
    STRING,
    UNTYPED_NIL,
    Array,
    Basic,
    Interface,
    Kind,
    Named,
    Pointer,
    Slice,
    Type,
    is_integer,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.function import FuncState
from tricolor.ir.nodes import Conversion
from tricolor.ir.shapes import has_shape, is_shape

_DEFAULTS: dict[str, Basic] = {"i": INT, "f": FLOAT64, "c": COMPLEX128, "s": STRING, "b": BOOL}

_INVALID_RUNE: Final = 0xFFFD


def constant(pos: int, t: Type, value: list[Any]) -> n.Expr:
    """A constant of the typed program as a value of ``t``; if ``t`` is not basic, as a value of the constant's default type."""
    u = underlying(t)
    if not isinstance(u, Basic) or u.kind is Kind.UNTYPED_NIL:
        t = u = _DEFAULTS[value[0]]
    match value[0]:
        case "i":
            exact: Fraction | int = value[1]
        case "f":
            exact = _rational(value[1])
        case "c":
            real, imag = _rational(value[1]), _rational(value[2])
            if u.kind in COMPLEXES:
                return n.Const(pos, t, (real, imag))
            exact = real
        case "s":
            return n.Const(pos, t, value[1].encode("latin-1"))
        case _:
            return n.Const(pos, t, value[1])
    return n.Const(pos, t, _represent(u, exact))


def _rational(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator or "1"))


def _represent(u: Basic, exact: Fraction | int) -> int | Fraction | tuple[Fraction, Fraction] | bytes:
    """A number in the representation of ``Const.value`` for the basic type."""
    if u.kind in FLOATS:
        return exact if isinstance(exact, Fraction) else Fraction(exact)
    if u.kind in COMPLEXES:
        return Fraction(exact), Fraction(0)
    if u.kind is Kind.STRING:
        return rune_bytes(int(exact))
    return int(exact)


def rune_bytes(rune: int) -> bytes:
    """A code point in UTF-8; U+FFFD if the number is not a code point."""
    if rune < 0 or rune > 0x10FFFF or 0xD800 <= rune <= 0xDFFF:
        rune = _INVALID_RUNE
    return chr(rune).encode()


def convert_to(fs: FuncState, x: n.Expr, target: Type) -> n.Expr:
    """Convert ``x`` implicitly to ``target``, to which it must be assignable."""
    source = x.type
    if source is target:
        return x
    if source is UNTYPED_NIL:
        return n.Nil(x.pos, target)
    u = underlying(target)
    if isinstance(u, Interface):
        return to_interface(fs, x, target)
    if isinstance(x, n.Const) and underlying(source) is u and not is_shape(target):
        return n.Const(x.pos, target, x.value)
    if isinstance(x, n.Nil):
        return n.Nil(x.pos, target)
    return n.Convert(x.pos, target, x, Conversion.NOP, implicit=True)


def to_interface(fs: FuncState, x: n.Expr, target: Type, explicit: int = 0) -> n.Expr:
    """Convert ``x`` to an interface type. ``explicit``: position of the conversion if the source writes it, else 0."""
    source = underlying(x.type)
    pos, implicit = explicit or x.pos, not explicit
    if isinstance(source, Interface):
        if source is underlying(target) or _same_but_for_shapes(x.type, target):
            return n.Convert(pos, target, x, Conversion.NOP, implicit)
        fs.b.call_all_through(target)
        return n.Convert(pos, target, x, Conversion.INTERFACE, implicit)
    fs.b.use_conversion(x.type, target)
    return n.Convert(pos, target, x, Conversion.TO_INTERFACE, implicit)


def _same_but_for_shapes(t: Type, other: Type) -> bool:
    """Whether both are instances of one generic type and the second is for shapes: then they are the same type when the program runs."""
    if not isinstance(t, Named) or not isinstance(other, Named) or not has_shape(other):
        return False
    return (t.pkg, t.name, t.scope) == (other.pkg, other.name, other.scope)


def conversion(fs: FuncState, x: n.Expr, target: Type, pos: int) -> n.Expr:
    """The explicit conversion ``target(x)``. ``pos``: position of its parenthesis."""
    source = x.type
    if source is UNTYPED_NIL:
        return n.Convert(pos, target, n.Nil(x.pos, target), Conversion.NOP)
    if source is target:
        return x if isinstance(x, n.Const) else n.Convert(pos, target, x, Conversion.NOP)
    u = underlying(target)
    if isinstance(u, Interface):
        return to_interface(fs, x, target, pos)
    if isinstance(x, n.Const) and isinstance(u, Basic):
        folded = _convert_constant(x, target, u)
        if folded is not None:
            return folded
    kind = conversion_kind(source, target)
    if kind is Conversion.STRING_TO_RUNES and isinstance(x, n.Const):
        return _runes_literal(x, target)
    return n.Convert(pos, target, x, kind)


def _runes_literal(x: n.Const, target: Type) -> n.SliceLit:
    """A constant string as runes: a slice literal at the string's position, as in Go's compiler."""
    u = underlying(target)
    assert isinstance(u, Slice) and isinstance(x.value, bytes)
    # "surrogateescape" turns each byte that is not UTF-8 into a lone surrogate; in Go each is one invalid rune.
    runes = [_INVALID_RUNE if 0xDC80 <= ord(char) <= 0xDCFF else ord(char) for char in x.value.decode("utf-8", "surrogateescape")]
    elems: list[tuple[int, n.Expr]] = [(i, n.Const(x.pos, u.elem, rune)) for i, rune in enumerate(runes)]
    return n.SliceLit(x.pos, target, elems, len(elems))


def _convert_constant(x: n.Const, target: Type, u: Basic) -> n.Const | None:
    """A constant as another basic type if the conversion is exact, else None. Only generic code needs it; go/types folds the others."""
    if underlying(x.type) is u:
        return n.Const(x.pos, target, x.value)
    value = x.value
    if isinstance(value, (bool, bytes)) or u.kind in (Kind.BOOL, Kind.UNSAFE_POINTER):
        return None
    if u.kind is Kind.STRING:
        return n.Const(x.pos, target, rune_bytes(value)) if isinstance(value, int) else None
    if isinstance(value, tuple):
        return n.Const(x.pos, target, value) if u.kind in COMPLEXES else None
    if isinstance(value, Fraction) and value.denominator != 1 and u.kind not in FLOATS and u.kind not in COMPLEXES:
        return None
    return n.Const(x.pos, target, _represent(u, value))


def conversion_kind(source: Type, target: Type) -> Conversion:
    """The kind of an explicit conversion between types that are not interfaces."""
    s, t = underlying(source), underlying(target)
    if s is t:
        return Conversion.NOP
    if isinstance(t, Basic):
        return _to_basic(s, t)
    if isinstance(s, Basic) and s.kind is Kind.STRING and isinstance(t, Slice):
        return Conversion.STRING_TO_BYTES if _is_byte(t.elem) else Conversion.STRING_TO_RUNES
    if isinstance(s, Slice):
        if isinstance(t, Array):
            return Conversion.SLICE_TO_ARRAY
        if isinstance(t, Pointer):
            return Conversion.SLICE_TO_ARRAY_POINTER
    if isinstance(s, Basic) and s.kind is Kind.UINTPTR:
        return Conversion.UINTPTR_TO_POINTER
    return Conversion.NOP


def _to_basic(s: Type, t: Basic) -> Conversion:
    if t.kind is Kind.STRING:
        if isinstance(s, Slice):
            return Conversion.BYTES_TO_STRING if _is_byte(s.elem) else Conversion.RUNES_TO_STRING
        return Conversion.RUNE_TO_STRING if is_integer(s) else Conversion.NOP
    if t.kind is Kind.UNSAFE_POINTER:
        return Conversion.UINTPTR_TO_POINTER if is_integer(s) else Conversion.NOP
    if isinstance(s, Basic) and s.kind is Kind.UNSAFE_POINTER:
        return Conversion.POINTER_TO_UINTPTR
    return Conversion.NUMERIC


def _is_byte(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and u.kind is Kind.UINT8
