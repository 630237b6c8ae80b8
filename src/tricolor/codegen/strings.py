"""Strings: concatenation and conversions."""

from __future__ import annotations

from tricolor.codegen.allocation import new_site
from tricolor.codegen.buffers import BUFFER_BYTES, BUFFER_RUNES, MAX_ENCODED_BYTES, RUNE_BYTES, buffer_bytes, small_or_large
from tricolor.codegen.memory import clear_bytes, copy_bytes
from tricolor.codegen.places import index_operand, slice_parts, string_parts
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.gotypes.types import STRING
from tricolor.ir.nodes import Binary, Concat, Conversion, Convert, Expr, Pos, Stmt

_PAIR = "{ptr, i64}"


def lent_string(g: Gen, e: Expr) -> tuple[str, str]:
    """Address and length of a string that is read at once, so that ``string(bytes)`` needs no copy."""
    if isinstance(e, Convert):
        if e.kind is Conversion.BYTES_TO_STRING:
            return slice_parts(g, e.x)
        if e.kind is Conversion.NOP:
            return lent_string(g, e.x)
    return string_parts(g, e)


def value_concat(g: Gen, e: Concat) -> str:
    return _concat(g, e.pos, e, [lent_string(g, part) for part in e.parts])


def concat_pair(g: Gen, pos: Pos, node: Expr, x: Expr, y: Expr) -> str:
    """``x + y``."""
    left = lent_string(g, x)
    return _concat(g, pos, node, [left, lent_string(g, y)])


def concat_values(g: Gen, pos: Pos, node: Stmt, x: str, y: str) -> str:
    """Concatenation of two evaluated strings."""
    parts = [(g.extract(_PAIR, v, 0), g.extract(_PAIR, v, 1)) for v in (x, y)]
    return _concat(g, pos, node, parts)


def _concat(g: Gen, pos: Pos, node: Expr | Stmt, parts: list[tuple[str, str]]) -> str:
    if isinstance(node, Concat | Binary) and buffer_bytes(g, node) and _constant_length(parts) <= BUFFER_BYTES:
        return _concat_small(g, pos, node, parts)
    return _concat_large(g, pos, node, parts, 0)


def _constant_length(parts: list[tuple[str, str]]) -> int:
    return sum(int(length) for _, length in parts if length[0] != "%")


def _concat_small(g: Gen, pos: Pos, node: Expr, parts: list[tuple[str, str]]) -> str:
    total = parts[0][1]
    for _, length in parts[1:]:
        total = g.op(f"add i64 {total}, {length}")

    def small(buffer: str) -> str:
        at = buffer
        for i, (ptr, length) in enumerate(parts):
            copy_bytes(g, Addr(at, Mode.PRIVATE), Addr(ptr, Mode.SHARED), length)
            if i + 1 < len(parts):
                at = g.op(f"getelementptr inbounds i8, ptr {at}, i64 {length}")
        return g.string(buffer, total)

    fits = g.op(f"icmp ule i64 {total}, {BUFFER_BYTES}")
    return small_or_large(g, fits, _PAIR, small, lambda: _concat_large(g, pos, node, parts, BUFFER_BYTES))


def _concat_large(g: Gen, pos: Pos, node: Expr | Stmt, parts: list[tuple[str, str]], buffer: int) -> str:
    n = len(parts)
    array = Addr(g.alloca(f"[{16 * n} x i8]", 8, "strs"), Mode.PRIVATE)
    for i, (ptr, length) in enumerate(parts):
        at = g.op(f"getelementptr inbounds i8, ptr {array.ptr}, i64 {16 * i}") if i else array.ptr
        g.do(f"store {_PAIR} {g.string(ptr, length)}, ptr {at}, align 8")
    new_site(g, pos, "string concatenation", STRING, node, False, buffer)
    return g.rt(pos, "runtime.concatstrings", array.ptr, str(n))


def convert_string(g: Gen, e: Convert) -> str:
    """Conversions between strings, bytes, runes and integers."""
    match e.kind:
        case Conversion.BYTES_TO_STRING:
            return _copied(g, e, slice_parts(g, e.x), "string", "runtime.slicebytetostring")
        case Conversion.STRING_TO_BYTES:
            return _copied(g, e, lent_string(g, e.x), "bytes of string", "runtime.stringtoslicebyte")
        case Conversion.RUNE_TO_STRING:
            rune = index_operand(g, e.x)
            if buffer_bytes(g, e):
                buffer = g.alloca(f"[{RUNE_BYTES} x i8]", 4, "rune")
                return g.string(buffer, g.rt(e.pos, "runtime.putrune", buffer, rune))
            new_site(g, e.pos, "string", STRING, e, False)
            return g.rt(e.pos, "runtime.intstring", rune)
        case Conversion.STRING_TO_RUNES:
            return _runes(g, e)
        case _:
            return _string_of_runes(g, e)


def _runes(g: Gen, e: Convert) -> str:
    """``[]rune(string)``."""
    v = g.string(*lent_string(g, e.x))
    buffer_size = RUNE_BYTES * BUFFER_RUNES if buffer_bytes(g, e) else 0

    def large() -> str:
        new_site(g, e.pos, "runes of string", e.type, e, False, buffer_size)
        return g.rt(e.pos, "runtime.stringtoslicerune", v)

    if not buffer_size:
        return large()
    count = g.rt(e.pos, "runtime.runecount", v)

    def small(buffer: str) -> str:
        clear_bytes(g, Addr(buffer, Mode.PRIVATE), buffer_size, 8)
        g.rt(e.pos, "runtime.putrunes", buffer, v)
        return g.slice(buffer, count, str(BUFFER_RUNES))

    fits = g.op(f"icmp ule i64 {count}, {BUFFER_RUNES}")
    return small_or_large(g, fits, "{ptr, i64, i64}", small, large, buffer_size)


def _string_of_runes(g: Gen, e: Convert) -> str:
    """``string(runes)``."""
    v = g.value(e.x)
    limit = MAX_ENCODED_BYTES if buffer_bytes(g, e) else 0

    def large() -> str:
        new_site(g, e.pos, "string", STRING, e, False, limit)
        return g.rt(e.pos, "runtime.slicerunetostring", v)

    if not limit:
        return large()
    length = g.rt(e.pos, "runtime.runebytes", v)

    def small(buffer: str) -> str:
        g.rt(e.pos, "runtime.putrunebytes", buffer, v)
        return g.string(buffer, length)

    fits = g.op(f"icmp ule i64 {length}, {limit}")
    return small_or_large(g, fits, _PAIR, small, large)


def _copied(g: Gen, e: Convert, source: tuple[str, str], kind: str, symbol: str) -> str:
    """``string(bytes)`` or ``[]byte(string)``: a copy of the bytes."""
    ptr, length = source
    to_bytes = e.kind is Conversion.STRING_TO_BYTES
    limit = buffer_bytes(g, e)

    def small(buffer: str) -> str:
        if to_bytes:
            clear_bytes(g, Addr(buffer, Mode.PRIVATE), BUFFER_BYTES, 8)
        copy_bytes(g, Addr(buffer, Mode.PRIVATE), Addr(ptr, Mode.SHARED), length)
        return g.slice(buffer, length, str(BUFFER_BYTES)) if to_bytes else g.string(buffer, length)

    def large() -> str:
        new_site(g, e.pos, kind, e.type if to_bytes else STRING, e, False, limit)
        if to_bytes:
            return g.rt(e.pos, symbol, g.string(ptr, length))
        return g.rt(e.pos, symbol, ptr, length)

    if not limit:
        return large()
    fits = g.op(f"icmp ule i64 {length}, {limit}")
    return small_or_large(g, fits, "{ptr, i64, i64}" if to_bytes else _PAIR, small, large)
