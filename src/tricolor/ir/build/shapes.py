"""Shapes: Go compiles a generic function once for all type arguments of one underlying type.

Only ``build_packages(separate=True)`` uses them, where the IR must be what Go's compiler analyses. Programs that run have an
instance per type argument list.

A *shape* is a named type ``go.shape.U`` with underlying type U and no methods: calls of methods of a type parameter are calls of
unknown functions.

Source: cmd/compile/internal/noder/reader.go (Shapify).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from tricolor.ir.types import (
    UINT8,
    Array,
    Chan,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    link_name,
    named,
    pointer,
    underlying,
)

SHAPE_PACKAGE: Final = "go.shape"
_LONGEST_NAME: Final = 500


def is_shape(t: Type) -> bool:
    return isinstance(t, Named) and t.pkg == SHAPE_PACKAGE


def shape_of(t: Type, basic: bool) -> Type:
    """The shape of a type argument. ``basic``: its constraint has only methods, so that all pointers are alike."""
    under = underlying(t)
    if basic and isinstance(under, Pointer):
        under = pointer(UINT8)
    name = link_name(under)
    if len(name) > _LONGEST_NAME:
        name = f"{zlib.crc32(name.encode()):08x}"
    made, new = named(name, SHAPE_PACKAGE, SHAPE_PACKAGE)
    if new:
        made.complete_underlying = lambda: under
        made.complete_methods = tuple
    return made


def has_shape(t: Type) -> bool:
    """Whether a type mentions a shape."""
    return any(is_shape(part) for part in parts(t))


def parts(t: Type) -> Iterator[Type]:
    """The type and the types that it is written with; underlying types of named ones are not entered."""
    yield t
    match t:
        case Named():
            for arg in (*t.args, *t.origin_args):
                yield from parts(arg)
        case Pointer() | Slice() | Array() | Chan():
            yield from parts(t.elem)
        case Map():
            yield from parts(t.key)
            yield from parts(t.elem)
        case Struct():
            for f in t.fields:
                yield from parts(f.type)
        case Signature():
            for p in (*t.params, *t.results):
                yield from parts(p)
        case Tuple():
            for e in t.types:
                yield from parts(e)
        case _:
            pass
