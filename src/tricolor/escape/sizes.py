"""Allocations that must be on the heap whatever their flows: too large, of unknown size.

Units: bytes. Source: cmd/compile/internal/escape/utils.go (HeapAllocReason), internal/ir/cfg.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.layout import size_of
from tricolor.ir import nodes as n
from tricolor.ir import types as t

MAX_VARIABLE_BYTES: Final = 128 * 1024
"""Largest explicitly declared variable on a stack."""
MAX_IMPLICIT_BYTES: Final = 64 * 1024
"""Largest value of new, &T{}, make or a slice literal on a stack."""
MAX_BY_VALUE_BYTES: Final = 128
"""Largest variable that a closure captures by value."""


def heap_reason(node: n.Var | n.Expr) -> str:
    """Go's words for why the location is on the heap anyway; empty if it need not be."""
    match node:
        case n.Var():
            return "too large for stack" if size_of(node.type) > MAX_VARIABLE_BYTES else ""
        case n.New():
            return _implicit(size_of(node.elem))
        case n.AddrOf():
            return _implicit(size_of(node.x.type))
        case n.SliceLit():
            elem = t.underlying(node.type)
            assert isinstance(elem, t.Slice)
            return _implicit(size_of(elem.elem) * node.length)
        case n.MakeSlice():
            return _make_slice(node)
        case _:
            return ""


def _implicit(size_bytes: int) -> str:
    return "too large for stack" if size_bytes > MAX_IMPLICIT_BYTES else ""


def constant_cap(node: n.MakeSlice) -> int | None:
    """Number of elements of the backing array if length and capacity are constants."""
    length = _constant(node.length)
    if node.cap is None or length is None:
        return length
    return _constant(node.cap)


def _constant(x: n.Expr) -> int | None:
    while isinstance(x, n.Convert):
        x = x.x
    if isinstance(x, n.Const) and isinstance(x.value, int):
        return x.value
    return None


def _make_slice(node: n.MakeSlice) -> str:
    slice_type = t.underlying(node.type)
    assert isinstance(slice_type, t.Slice)
    elem_bytes = size_of(slice_type.elem)
    if elem_bytes == 0:
        return "zero-sized element"
    count = constant_cap(node)
    if count is not None and not 0 <= count <= MAX_IMPLICIT_BYTES // elem_bytes:
        return "too large for stack"
    return ""
