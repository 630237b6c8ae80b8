"""Shapes: Go compiles a generic function once for all type arguments of one underlying type.

A *shape* is a named type ``go.shape.U`` with underlying type U and no methods. The instance of a generic function for shapes (a *shape
instance*) takes a *dictionary* with its real type arguments. It calls methods of type parameters through the dictionary, as unknown
functions.

Only ``build_packages(separate=True)`` uses shapes, since its IR must be what Go's compiler analyses. In programs that run, every list of
type arguments has an instance of its own.

Source: cmd/compile/internal/noder/reader.go (Shapify), cmd/internal/hash (Sum32).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from tricolor.gotypes.types import (
    UINT8,
    Array,
    Basic,
    Chan,
    ChanDir,
    Field,
    Interface,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    components,
    go_quote,
    link_name,
    named,
    pointer,
    underlying,
)

SHAPE_PACKAGE: Final = "go.shape"
DICTIONARY: Final = ".dict"
"""Name of the parameter through which a shape instance gets its dictionary."""
_LONGEST_NAME: Final = 500
_HASH_MARK: Final = 0xFF
"""Go's compiler flips these bits of the first byte of a SHA-256 sum, so that its sums differ from all others."""


def is_shape(t: Type) -> bool:
    return isinstance(t, Named) and t.pkg == SHAPE_PACKAGE


def shape_of(t: Type, basic: bool) -> Type:
    """The shape of a type argument. ``basic``: the constraint has only methods, so all pointer types have one shape."""
    under = underlying(t)
    if basic and isinstance(under, Pointer):
        under = pointer(UINT8)
    name = shape_name(under)
    if len(name) > _LONGEST_NAME:
        digest = bytearray(hashlib.sha256(name.encode()).digest())
        digest[0] ^= _HASH_MARK
        name = digest.hex()
    made, new = named(name, SHAPE_PACKAGE, SHAPE_PACKAGE)
    if new:
        made.complete_underlying = lambda: under
        made.complete_methods = tuple
    return made


def shape_name(t: Type) -> str:
    """The type in the form of Go's symbols (``types.Type.LinkString``)."""
    match t:
        case Pointer():
            return "*" + shape_name(t.elem)
        case Slice():
            return "[]" + shape_name(t.elem)
        case Array():
            return f"[{t.length}]{shape_name(t.elem)}"
        case Map():
            return f"map[{shape_name(t.key)}]{shape_name(t.elem)}"
        case Chan():
            elem = shape_name(t.elem)
            if t.dir is ChanDir.BOTH and isinstance(t.elem, Chan) and t.elem.dir is ChanDir.RECV:
                elem = f"({elem})"
            return {ChanDir.RECV: "<-chan ", ChanDir.SEND: "chan<- ", ChanDir.BOTH: "chan "}[t.dir] + elem
        case Struct():
            return "struct { " + "; ".join(map(_field_name, t.fields)) + " }" if t.fields else "struct {}"
        case Signature():
            return "func" + _signature_name(t)
        case Interface():
            if not t.methods:
                return "interface {}"
            names = [(f"{m.pkg}." if m.pkg else "") + m.name + _signature_name(m.signature) for m in t.methods]
            return "interface { " + "; ".join(names) + " }"
        case Named():
            args = t.args or t.origin_args
            base = f"{t.pkg}.{t.name}" if t.pkg else t.name
            if t.scope:
                base += f"·{t.scope}"
            return base + ("[" + ",".join(map(shape_name, args)) + "]" if args else "")
        case _:
            return link_name(t)


def _field_name(f: Field) -> str:
    text = shape_name(f.type)
    if not (f.embedded and f.name == _base_name(f.type)):
        text = (f"{f.pkg}." if f.pkg else "") + f.name + (" = " if f.embedded else " ") + text
    return f"{text} {go_quote(f.tag)}" if f.tag else text


def _base_name(t: Type) -> str:
    """The name that an embedded field of the type has; empty for an instance of a generic type and for unnamed types."""
    base = t.elem if isinstance(t, Pointer) else t
    if isinstance(base, Named):
        return "" if base.args else base.name
    return base.name if isinstance(base, Basic) else ""


def _signature_name(s: Signature) -> str:
    params = [shape_name(p) for p in s.params]
    if s.variadic:
        params[-1] = "..." + params[-1].removeprefix("[]")
    text = "(" + ", ".join(params) + ")"
    if len(s.results) == 1:
        return f"{text} {shape_name(s.results[0])}"
    return f"{text} ({', '.join(map(shape_name, s.results))})" if s.results else text


def has_shape(t: Type) -> bool:
    """Whether a type mentions a shape."""
    return any(is_shape(part) for part in parts(t))


def agree(a: Type, b: Type) -> bool:
    """Whether a value of one type may stand where the other is wanted: the types are identical, or at least one mentions a shape and
    both have the same form. A shape stands for every type argument of one underlying type, and sometimes for every pointer."""
    return a is b or ((has_shape(a) or has_shape(b)) and _form(a) == _form(b))


def _form(t: Type) -> tuple[object, ...]:
    """What a value of the type is made of: kinds of basic types, and pointers, interfaces and so on of any type."""
    u = underlying(t)
    match u:
        case Basic():
            return (u.kind,)
        case Struct():
            return tuple(_form(f.type) for f in u.fields)
        case Array():
            return u.length, _form(u.elem)
        case Tuple():
            return tuple(map(_form, u.types))
        case _:
            return (type(u),)


def parts(t: Type) -> Iterator[Type]:
    """The type and all types in its spelling. For a named type these are its type arguments, not its underlying type."""
    yield t
    for part in (*t.args, *t.origin_args) if isinstance(t, Named) else components(t):
        yield from parts(part)
