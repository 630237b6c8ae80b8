"""Types that hold pointers which escape analysis must follow.

Source: cmd/compile/internal/types/size.go (PtrDataSize), type.go (NotInHeap).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from tricolor.gotypes import types as t

_MARK: Final = ("internal/runtime/sys", "nih")
"""Objects of a type with a field of this type lie outside Go's heap; the garbage collector does not follow pointers to them."""


@cache
def holds_pointers(of: t.Type) -> bool:
    """Whether a value of the type may keep an object alive."""
    u = t.underlying(of)
    match u:
        case t.Pointer():
            return not _is_outside_heap(u.elem)
        case t.Array():
            return u.length > 0 and holds_pointers(u.elem)
        case t.Struct():
            return any(holds_pointers(f.type) for f in u.fields)
        case t.Tuple():
            return any(holds_pointers(e) for e in u.types)
        case _:
            return t.has_pointers(u)


@cache
def _is_outside_heap(of: t.Type) -> bool:
    if isinstance(of, t.Named) and (of.pkg, of.name) == _MARK:
        return True
    u = t.underlying(of)
    match u:
        case t.Struct():
            return any(_is_outside_heap(f.type) for f in u.fields)
        case t.Array():
            return _is_outside_heap(u.elem)
        case _:
            return False
