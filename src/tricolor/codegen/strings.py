"""Strings: concatenation and conversions."""

from __future__ import annotations

from tricolor.codegen.memory import new_site
from tricolor.codegen.places import index_operand, slice_parts, string_parts
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.ir.nodes import Concat, Conversion, Convert, Expr, Pos
from tricolor.ir.types import STRING

_PAIR = "{ptr, i64}"


def lent_string(g: Gen, e: Expr) -> tuple[str, str]:
    """Address and length of a string that is only looked at now: ``string(bytes)`` is not copied."""
    if isinstance(e, Convert):
        if e.kind is Conversion.BYTES_TO_STRING:
            return slice_parts(g, e.x)
        if e.kind is Conversion.NOP:
            return lent_string(g, e.x)
    return string_parts(g, e)


def value_concat(g: Gen, e: Concat) -> str:
    return _concat(g, e.pos, e, [lent_string(g, part) for part in e.parts])


def concat_pair(g: Gen, pos: Pos, node: object, x: Expr, y: Expr) -> str:
    """``x + y``."""
    left = lent_string(g, x)
    return _concat(g, pos, node, [left, lent_string(g, y)])


def concat_values(g: Gen, pos: Pos, node: object, x: str, y: str) -> str:
    """Concatenation of two evaluated strings."""
    parts = [(g.extract(_PAIR, v, 0), g.extract(_PAIR, v, 1)) for v in (x, y)]
    return _concat(g, pos, node, parts)


def _concat(g: Gen, pos: Pos, node: object, parts: list[tuple[str, str]]) -> str:
    n = len(parts)
    array = Addr(g.alloca(f"[{16 * n} x i8]", 8, "strs"), Mode.PRIVATE)
    for i, (ptr, length) in enumerate(parts):
        at = g.op(f"getelementptr inbounds i8, ptr {array.ptr}, i64 {16 * i}") if i else array.ptr
        g.do(f"store {_PAIR} {g.string(ptr, length)}, ptr {at}, align 8")
    new_site(g, pos, "string concatenation", STRING, node, False)
    return g.rt(pos, "runtime.concatstrings", array.ptr, str(n))


def convert_string(g: Gen, e: Convert) -> str:
    """Conversions between strings, bytes, runes and integers."""
    if e.kind is Conversion.RUNE_TO_STRING:
        rune = index_operand(g, e.x)
        new_site(g, e.pos, "string", STRING, e, False)
        return g.rt(e.pos, "runtime.intstring", rune)
    if e.kind is Conversion.BYTES_TO_STRING:
        ptr, length = slice_parts(g, e.x)
        new_site(g, e.pos, "string", STRING, e, False)
        return g.rt(e.pos, "runtime.slicebytetostring", ptr, length)
    if e.kind is Conversion.STRING_TO_BYTES:
        v = g.string(*lent_string(g, e.x))
        new_site(g, e.pos, "bytes of string", e.type, e, False)
        return g.rt(e.pos, "runtime.stringtoslicebyte", v)
    if e.kind is Conversion.STRING_TO_RUNES:
        v = g.string(*lent_string(g, e.x))
        new_site(g, e.pos, "runes of string", e.type, e, False)
        return g.rt(e.pos, "runtime.stringtoslicerune", v)
    v = g.value(e.x)
    new_site(g, e.pos, "string", STRING, e, False)
    return g.rt(e.pos, "runtime.slicerunetostring", v)
