"""What a site costs in a program that Go's compiler built. The verdict alone does not say it: a boxed constant "escapes" and costs nothing,
and a string that "does not escape" is allocated on the heap when it is longer than the buffer in the frame.

Units: bytes. Source: cmd/compile/internal/walk (dataWord in convert.go, walkMakeSlice and walkMakeMap in builtin.go, order.go for strings that
are never copied, extendSlice in assign.go), internal/runtime/maps (the first group of a small map).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tricolor.escape.graph import MUTATES, Location
from tricolor.escape.result import EscapeResult
from tricolor.escape.sizes import constant_cap
from tricolor.explain.model import Cost, CostClass
from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n

_BUFFER_BYTES: Final = 32
"""Size of the buffer in the frame for a string, or for the array of a slice whose size is known only at run time."""
_RUNE_BUFFER_BYTES: Final = 32 * 4
_ENCODED_BYTES: Final = 29
"""Longest string of runes in a buffer: the runtime asks for three bytes more than it needs."""
_MAX_STACK_BOX_BYTES: Final = 1024
_MAX_TABLE_BYTES: Final = 8
_GROUP_ENTRIES: Final = 8
"""Entries of a map that its first group holds."""

_NONE: Final = Cost(CostClass.NONE)
_STACK: Final = Cost(CostClass.STACK)
_HEAP: Final = Cost(CostClass.HEAP)
_COMPARISONS: Final = frozenset({n.BinaryOp.EQ, n.BinaryOp.NE, n.BinaryOp.LT, n.BinaryOp.LE, n.BinaryOp.GT, n.BinaryOp.GE})
_SHARING: Final = frozenset({n.Conversion.BYTES_TO_STRING, n.Conversion.STRING_TO_BYTES})
_MAX_DIRECT_BYTES: Final = 128
"""The map allocates larger keys and elements one by one."""


def cost_of(node: n.Var | n.Expr, location: Location, escape: EscapeResult, never_made: Mapping[n.Expr, str]) -> Cost:
    """The cost of a variable, or of the value that an expression makes. ``never_made``: the result of the function of this name."""
    if not isinstance(node, n.Var) and node in never_made:
        return Cost(CostClass.NONE, never_made[node])
    if size_bytes(node, escape) == 0 and _has_static_size(node, escape):
        return Cost(CostClass.NONE, "it has size zero")
    match node:
        case n.Convert(kind=n.Conversion.TO_INTERFACE):
            return _boxing(node, location, escape)
        case n.Convert() | n.Concat():
            return _text(node, location)
        case n.MakeSlice():
            return _make_slice(node, location, escape)
        case n.Append():
            return _append(node, location)
        case n.MakeMap() | n.MapLit():
            return _map(node, location)
        case n.MakeChan():
            return _HEAP
        case n.FuncLit() if not node.func.captures:
            return Cost(CostClass.NONE, "it captures nothing, so the whole program shares one func value")
        case _:
            return _HEAP if location.escapes else _STACK


def size_bytes(node: n.Var | n.Expr, escape: EscapeResult) -> int:
    """The bytes that one execution of the site makes; 0 if the size is known only at run time, or if the site makes nothing."""
    match node:
        case n.Var():
            return size_of(node.type)
        case n.New():
            return size_of(node.elem)
        case n.AddrOf():
            return size_of(node.x.type)
        case n.SliceLit():
            return size_of(_elem(node.type)) * node.length
        case n.MakeSlice():
            count = _capacity(node, escape)
            return 0 if count is None else count * size_of(_elem(node.type))
        case n.Convert(kind=n.Conversion.TO_INTERFACE):
            return size_of(node.x.type)
        case n.FuncLit():
            return 8 + sum(size_of(capture.outer.type) if escape.by_value(capture) else 8 for capture in node.func.captures)
        case n.MethodValue():
            return 8 + size_of(node.x.type)
        case _:
            return 0


def _has_static_size(node: n.Var | n.Expr, escape: EscapeResult) -> bool:
    match node:
        case n.Var() | n.New() | n.AddrOf() | n.SliceLit():
            return True
        case n.MakeSlice():
            return size_of(_elem(node.type)) == 0 or _capacity(node, escape) == 0
        case n.Convert():
            return node.kind is n.Conversion.TO_INTERFACE
        case _:
            return False


def _elem(of: t.Type) -> t.Type:
    slice_type = t.underlying(of)
    assert isinstance(slice_type, t.Slice)
    return slice_type.elem


def _capacity(node: n.MakeSlice, escape: EscapeResult) -> int | None:
    literal = escape.literals.get(node)
    if literal is not None and isinstance(literal.value, int):
        return literal.value
    return constant_cap(node)


def _boxing(node: n.Convert, location: Location, escape: EscapeResult) -> Cost:
    of = node.x.type
    if isinstance(node.x, (n.Const, n.Zero)) or node in escape.literals or node in escape.boxed_data:
        return Cost(CostClass.NONE, "a constant in an interface is read-only data")
    if size_of(of) == 1 and isinstance(t.underlying(of), t.Basic):
        return Cost(CostClass.NONE, "one-byte values come from a static table")
    if not location.escapes:
        return _STACK if size_of(of) <= _MAX_STACK_BOX_BYTES else _HEAP
    if size_of(of) <= _MAX_TABLE_BYTES and t.is_integer(t.underlying(of)):
        return Cost(CostClass.HEAP, "values below 256 come from a static table")
    return _HEAP


def _text(node: n.Convert | n.Concat, location: Location) -> Cost:
    """The cost of a copied string, byte slice or rune slice."""
    if location.escapes:
        return _HEAP
    if isinstance(node, n.Concat):
        constant = sum(len(part.value) for part in node.parts if isinstance(part, n.Const) and isinstance(part.value, bytes))
        return _above(_BUFFER_BYTES) if constant < _BUFFER_BYTES else _HEAP
    match node.kind:
        case n.Conversion.STRING_TO_BYTES if not location.attrs & MUTATES:
            return Cost(CostClass.NONE, "the slice is only read: it shares the string's bytes")
        case n.Conversion.RUNE_TO_STRING:
            return _STACK
        case n.Conversion.STRING_TO_RUNES:
            return _above(_RUNE_BUFFER_BYTES)
        case n.Conversion.RUNES_TO_STRING:
            return _above(_ENCODED_BYTES)
        case _:
            return _above(_BUFFER_BYTES)


def _above(limit_bytes: int, note: str = "") -> Cost:
    return Cost(CostClass.HEAP_ABOVE, note, limit_bytes)


def _make_slice(node: n.MakeSlice, location: Location, escape: EscapeResult) -> Cost:
    if location.escapes:
        return _HEAP
    if _capacity(node, escape) is not None:
        return _STACK
    elem_bytes = size_of(_elem(node.type))
    room = _BUFFER_BYTES // elem_bytes * elem_bytes
    return _above(room) if room else _HEAP


def _append(node: n.Append, location: Location) -> Cost:
    elem_bytes = size_of(_elem(node.type))
    if elem_bytes == 0:
        return Cost(CostClass.NONE, "it has size zero")
    if location.escapes or elem_bytes > _BUFFER_BYTES:
        return Cost(CostClass.HEAP, "when it grows")
    return _above(_BUFFER_BYTES // elem_bytes * elem_bytes, "when it grows")


def _map(node: n.MakeMap | n.MapLit, location: Location) -> Cost:
    of = t.underlying(node.type)
    assert isinstance(of, t.Map)
    if location.escapes or max(size_of(of.key), size_of(of.elem)) > _MAX_DIRECT_BYTES:
        return _HEAP
    if isinstance(node, n.MapLit):
        entries = len(node.entries)
    elif node.hint is None:
        entries = 0
    elif isinstance(node.hint, n.Const) and isinstance(node.hint.value, int):
        entries = node.hint.value
    else:
        entries = 0
    return _HEAP if entries > _GROUP_ENTRIES else Cost(CostClass.HEAP_ABOVE, "", _GROUP_ENTRIES, "entries")


def never_made(nodes: Sequence[object]) -> dict[n.Expr, str]:
    """Expressions of a function that make nothing because of how the function uses them, each with the reason."""
    found = dict.fromkeys(_uncopied_strings(nodes), "the bytes are used in place")
    for node in nodes:
        match node:
            case n.Append(spread=True, elems=[n.MakeSlice(cap=None) as made]):
                found[made] = "append extends its slice without making this one"
            case _:
                continue
    return found


def _uncopied_strings(nodes: Iterable[object]) -> Iterator[n.Expr]:
    """Conversions between strings and bytes whose result is used only in place, so that Go makes no copy: compared, looked up in a map,
    concatenated, switched on, or iterated over."""
    found: list[n.Expr] = []
    kept: set[n.Expr] = set()
    for node in nodes:
        match node:
            case n.Assign(x=n.MapIndex(key=key)) | n.AssignOp(x=n.MapIndex(key=key)):
                kept.add(key)
            case n.AssignPair() | n.AssignTuple():
                kept.update(x.key for x in node.xs if isinstance(x, n.MapIndex))
            case n.Range():
                kept.update(x.key for x in (node.key, node.value) if isinstance(x, n.MapIndex))
                found.append(node.x)
            case n.Binary() if node.op in _COMPARISONS:
                found += (node.x, node.y)
            case n.MapIndex():
                found.append(node.key)
            case n.Concat():
                found += node.parts
            case n.Switch() if node.tag is not None:
                found.append(node.tag)
            case _:
                continue
    return (x for x in found if x not in kept and isinstance(x, n.Convert) and x.kind in _SHARING and not x.implicit)
