"""Size rules: variables and allocations that must be on the heap whatever their flows, since they are too large for a stack.

Units: bytes. Source: cmd/compile/internal/escape/utils.go (HeapAllocReason), internal/ir/cfg.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n

MAX_VARIABLE_BYTES: Final = 128 * 1024
"""Largest explicitly declared variable on a stack."""
MAX_IMPLICIT_BYTES: Final = 64 * 1024
"""Largest value of new, &T{}, make or a slice literal on a stack."""
_WORD_BYTES: Final = 8
"""Size of the address of the code in a closure."""
MAX_BY_VALUE_BYTES: Final = 128
"""Largest variable that a closure captures by value."""


def heap_reason(node: n.Var | n.Expr, literal: n.Const | None = None) -> str:
    """Why a size rule puts the variable or allocation on the heap, in Go's words; empty if no rule does.

    ``literal``: the constant that the size of a MakeSlice always equals, if the size is not itself a constant."""
    match node:
        case n.Var():
            if node.kind in (n.VarKind.PARAM, n.VarKind.RESULT):
                return ""  # passed in the caller's frame
            return "too large for stack" if size_of(node.type) > MAX_VARIABLE_BYTES else ""
        case n.New():
            return _implicit(size_of(node.elem))
        case n.AddrOf():
            return _implicit(size_of(node.x.type))
        case n.MakeSlice():
            return _make_slice(node, literal)
        case n.MethodValue():
            return _implicit(_WORD_BYTES + size_of(node.x.type))
        case _:
            return ""


def _implicit(size_bytes: int) -> str:
    return "too large for stack" if size_bytes > MAX_IMPLICIT_BYTES else ""


def fits_frame(node: n.Expr) -> bool:
    """Whether an allocation that does not escape has a known size that a frame can hold."""
    match node:
        case n.Append():
            return False
        case n.MakeSlice():
            return constant_cap(node) is not None
        case n.MethodValue():
            return size_of(node.x.type) <= MAX_IMPLICIT_BYTES
        case _:
            return True


def constant_cap(node: n.MakeSlice) -> int | None:
    """Capacity of the made slice in elements if its length and capacity are constants; else None."""
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


def _make_slice(node: n.MakeSlice, literal: n.Const | None) -> str:
    slice_type = t.underlying(node.type)
    assert isinstance(slice_type, t.Slice)
    elem_bytes = size_of(slice_type.elem)
    if elem_bytes == 0:
        return "zero-sized element"
    count = literal.value if literal is not None else _constant(node.length if node.cap is None else node.cap)
    if isinstance(count, int) and not 0 <= count <= MAX_IMPLICIT_BYTES // elem_bytes:
        return "too large for stack"
    return ""
