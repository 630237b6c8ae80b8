"""Finds fields and methods of concrete types by name, through embedded fields (Go specification, "Selectors").

In generic code the builder does not use the selections of go/types: to instantiate the code, it looks the names up again in the concrete
types.

Terms: *path*, the indices of the embedded fields that lead to the selected field or method; for a field, its own index comes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

from tricolor.gotypes.types import (
    Interface,
    InterfaceMethod,
    MethodDecl,
    Named,
    Pointer,
    Struct,
    Type,
    underlying,
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class FieldSelection:
    """A field. ``path``: leads to the field, and ends with its own index."""

    path: tuple[int, ...]
    type: Type


@final
@dataclass(frozen=True, slots=True, eq=False)
class MethodSelection:
    """A method declared on ``recv``. ``path``: leads to the embedded field that has the method. ``indirect``: the operand or an embedded
    field on the path is a pointer."""

    path: tuple[int, ...]
    recv: Named
    decl: MethodDecl
    indirect: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class InterfaceSelection:
    """Method ``index`` of the interface type ``iface``. ``path``: leads to the embedded field that is the interface."""

    path: tuple[int, ...]
    iface: Type
    method: InterfaceMethod
    index: int


Selection: TypeAlias = FieldSelection | MethodSelection | InterfaceSelection

REFLECT_METHODS = frozenset(
    (
        "reflect.Value.Method",
        "reflect.Value.MethodByName",
        "reflect.(*rtype).Method",
        "reflect.(*rtype).MethodByName",
    )
)
"""Functions of package reflect that find methods by name or number."""

_found: dict[tuple[Type, str, str], Selection | None] = {}


def is_exported(name: str) -> bool:
    """Whether Go exports the name."""
    return name[:1].isupper()


def lookup(t: Type, name: str, pkg: str) -> Selection | None:
    """The field or method ``name`` of ``t`` (of ``*t`` if t is a pointer); ``pkg`` qualifies unexported names.

    None if there is none or it is ambiguous. Cached.
    """
    key = (t, name, pkg)
    if key not in _found:
        _found[key] = _lookup(t, name, "" if is_exported(name) else pkg)
    return _found[key]


def forget() -> None:
    """Clear the caches; the next program has other types."""
    _found.clear()
    _method_sets.clear()


@final
@dataclass(slots=True)
class _Candidate:
    type: Type
    path: tuple[int, ...]
    indirect: bool
    multiples: bool = False


def _lookup(t: Type, name: str, pkg: str) -> Selection | None:
    indirect = False
    only_fields = False
    if isinstance(t, Named) and isinstance(t.underlying, Pointer):
        t, indirect, only_fields = t.underlying.elem, True, True
    elif isinstance(t, Pointer):
        t, indirect = t.elem, True
        only_fields = isinstance(underlying(t), Interface)
    level = [_Candidate(t, (), indirect)]
    seen: set[Named] = set()
    while level:
        hits: list[Selection] = []
        following: dict[Type, _Candidate] = {}
        for candidate in level:
            if isinstance(candidate.type, Named):
                if candidate.type in seen:
                    continue
                seen.add(candidate.type)
            for hit in _direct(candidate, name, pkg, following):
                hits += [hit, hit] if candidate.multiples else [hit]
        if hits:
            hit = hits[0]
            if len(hits) > 1 or (only_fields and not isinstance(hit, FieldSelection)):
                return None
            return hit
        level = list(following.values())
    return None


def _direct(at: _Candidate, name: str, pkg: str, following: dict[Type, _Candidate]) -> Iterator[Selection]:
    """Selections in the type itself. Adds the types of embedded fields to ``following``."""
    if isinstance(at.type, Named):
        for decl in at.type.methods:
            if decl.name == name and decl.pkg == pkg:
                yield MethodSelection(at.path, at.type, decl, at.indirect)
                return
    u = underlying(at.type)
    if isinstance(u, Struct):
        for index, f in enumerate(u.fields):
            if f.name == name and f.pkg == pkg:
                yield FieldSelection((*at.path, index), f.type)
                continue
            if not f.embedded:
                continue
            inner, pointer = f.type, False
            if isinstance(inner, Pointer):
                inner, pointer = inner.elem, True
            if isinstance(inner, Named) or isinstance(underlying(inner), (Struct, Interface)):
                if inner in following:
                    following[inner].multiples = True
                else:
                    following[inner] = _Candidate(inner, (*at.path, index), at.indirect or pointer, at.multiples)
    elif isinstance(u, Interface):
        for index, method in enumerate(u.methods):
            if method.name == name and method.pkg == pkg:
                yield InterfaceSelection(at.path, at.type, method, index)
                return


def method_names(t: Type) -> list[tuple[str, str]]:
    """(name, package) of all possible methods of ``t`` or ``*t``, in abi order; some may be ambiguous or hidden."""
    names: dict[tuple[str, str], None] = {}
    seen: set[Type] = set()
    todo: list[Type] = [t]
    while todo:
        at = todo.pop()
        if isinstance(at, Pointer):
            at = at.elem
        if at in seen:
            continue
        seen.add(at)
        if isinstance(at, Named):
            for decl in at.methods:
                if not decl.type_params:
                    names[decl.name, decl.pkg] = None
        u = underlying(at)
        if isinstance(u, Struct):
            todo += [f.type for f in u.fields if f.embedded]
        elif isinstance(u, Interface):
            for method in u.methods:
                names[method.name, method.pkg] = None
    return sorted(names, key=lambda m: (m[1] != "", m[0], m[1]))


_method_sets: dict[Type, list[MethodSelection | InterfaceSelection]] = {}


def method_set(t: Type) -> list[MethodSelection | InterfaceSelection]:
    """The method set of a concrete type, in abi order. Cached."""
    found = _method_sets.get(t)
    if found is None:
        found = _method_sets[t] = list(_compute_method_set(t))
    return found


def _compute_method_set(t: Type) -> Iterator[MethodSelection | InterfaceSelection]:
    if isinstance(underlying(t), Interface):
        return
    if isinstance(t, Named) and isinstance(t.underlying, Pointer):
        return
    for name, pkg in method_names(t):
        match lookup(t, name, pkg):
            case MethodSelection() as hit:
                if hit.decl.type_params or (hit.decl.pointer_receiver and not hit.indirect):
                    continue
                yield hit
            case InterfaceSelection() as hit:
                yield hit
            case _:
                pass


def has_promoted_methods(t: Type) -> bool:
    """Whether an unnamed struct type, or a pointer to it, may have methods of embedded fields."""
    return isinstance(t, Struct) and any(f.embedded for f in t.fields)


def selection_name(hit: MethodSelection | InterfaceSelection) -> tuple[str, str]:
    """(name, package) of a method; the package is empty for an exported name."""
    of = hit.decl if isinstance(hit, MethodSelection) else hit.method
    return of.name, of.pkg


def implements(t: Type, iface: Interface) -> bool:
    """Whether a concrete or interface type has all methods of ``iface`` with the same signatures."""
    for method in iface.methods:
        match lookup(t, method.name, method.pkg):
            case MethodSelection() as hit:
                if hit.decl.signature is not method.signature or (hit.decl.pointer_receiver and not hit.indirect):
                    return False
            case InterfaceSelection() as hit:
                if hit.method.signature is not method.signature:
                    return False
            case _:
                return False
    return True
