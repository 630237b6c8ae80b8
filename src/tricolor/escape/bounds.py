"""Index expressions that need no bounds check, since the type or the form of the index keeps it below the array's length.

Go's compiler reports them together with escape decisions (``index bounds check elided``).

Source: cmd/compile/internal/walk/expr.go (walkIndex, bounded).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

_WIDEST_BITS: Final = 62


def unchecked_indices(func: n.Func) -> Iterator[n.Index]:
    """Index expressions of arrays and constant strings whose index is not constant but always in bounds."""
    appended: set[n.Expr] = set()
    for node in walk(func):
        if isinstance(node, n.Append) and not node.spread:
            appended.update(node.elems)
        if isinstance(node, n.Index) and not isinstance(node.index, n.Const):
            length = _length(node.x)
            # An appended element goes through a temporary in Go's compiler, so only the type of its index counts.
            if length is not None and _is_bounded(node.index, length, form=node not in appended):
                yield node


def _length(x: n.Expr) -> int | None:
    array = t.underlying(x.type)
    if isinstance(array, t.Array):
        return array.length
    if isinstance(x, n.Const) and isinstance(x.value, bytes):
        return len(x.value)
    return None


def _constant(x: n.Expr) -> int | None:
    return x.value if isinstance(x, n.Const) and isinstance(x.value, int) else None


def _is_bounded(index: n.Expr, length: int, form: bool) -> bool:
    """Whether ``0 <= index < length`` follows from the type of the index or, if ``form`` is set, from its outermost operator."""
    kind = t.underlying(index.type)
    if not isinstance(kind, t.Basic) or not t.is_integer(index.type):
        return False
    signed = kind.kind in t.SIGNED
    bits = 8 * size_of(index.type)
    if form and isinstance(index, n.Binary):
        x, y = _constant(index.x), _constant(index.y)
        match index.op:
            case n.BinaryOp.AND | n.BinaryOp.AND_NOT:
                mask = x if x is not None else y
                if mask is not None:
                    if x is None and index.op is n.BinaryOp.AND_NOT:
                        mask = ~mask if signed else ~mask & ((1 << bits) - 1)
                    if 0 <= mask < length:
                        return True
            case n.BinaryOp.REM if not signed and y is not None and 0 <= y <= length:
                return True
            case n.BinaryOp.DIV if not signed and y is not None:
                bits -= max(y.bit_length() - 1, 0)
            case n.BinaryOp.SHR if not signed and y is not None:
                if y > bits:
                    return True
                bits -= y
            case _:
                pass
    return not signed and bits <= _WIDEST_BITS and 1 << bits <= length
