"""Decides which methods a program needs, by rapid type analysis.

A type is *alive* if an interface may hold a value of it. A method is needed if its type is alive and the program calls a method with its
name and signature through some interface. A conversion to an interface makes a type alive, with all types that reflection reaches from
its descriptor. If reflection may call methods by name or number, all exported methods of living types are needed.

Source: Go 1.27.3 cmd/link/internal/ld/deadcode.go, which keeps methods by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, final

from tricolor.gotypes.lookup import (
    REFLECT_METHODS,
    InterfaceSelection,
    MethodSelection,
    has_promoted_methods,
    is_exported,
    method_set,
    selection_name,
)
from tricolor.gotypes.types import (
    Interface,
    Named,
    Signature,
    Tuple,
    Type,
    TypeParam,
    components,
    pointer,
)
from tricolor.ir.build.methods import entry_func, method_func, signature_of
from tricolor.ir.build.state import Builder
from tricolor.ir.nodes import MethodRef

_Hit: TypeAlias = MethodSelection | InterfaceSelection
_Key: TypeAlias = tuple[str, str, Signature]


@final
@dataclass(slots=True, eq=False)
class Reach:
    """Living types and needed methods so far.

    ``types``: living types. ``waiting``: methods of living types that no interface call has named yet. ``exported``: exported methods of
    living types. ``called``: (name, package, signature) of methods called through interfaces. ``needed``: needed methods of each type.
    ``conversions_seen``, ``called_seen``, ``functions_seen``: how much of the builder's lists ``step`` has read. ``reflected``: reflection
    may call methods.
    """

    b: Builder
    types: dict[Type, None] = field(default_factory=dict[Type, None])
    waiting: dict[_Key, list[tuple[Type, _Hit]]] = field(default_factory=dict[_Key, list[tuple[Type, _Hit]]])
    exported: list[tuple[Type, _Hit]] = field(default_factory=list[tuple[Type, _Hit]])
    called: set[_Key] = field(default_factory=set[_Key])
    needed: dict[Type, dict[tuple[str, str], MethodRef]] = field(default_factory=dict[Type, dict[tuple[str, str], MethodRef]])
    conversions_seen: int = 0
    called_seen: int = 0
    functions_seen: int = 0
    reflected: bool = False


def step(reach: Reach) -> None:
    """Process conversions, interface calls and functions that were built since the last step. Newly needed methods become pending."""
    b = reach.b
    conversions = list(b.conversions)
    for t in conversions[reach.conversions_seen :]:
        _enliven(reach, t)
    reach.conversions_seen = len(conversions)
    called = list(b.called)
    for key in called[reach.called_seen :]:
        reach.called.add(key)
        for t, hit in reach.waiting.pop(key, ()):
            _need(reach, t, hit)
    reach.called_seen = len(called)
    if not reach.reflected:
        functions = list(b.used)
        if any(f.symbol in REFLECT_METHODS for f in functions[reach.functions_seen :]):
            reach.reflected = True
            for t, hit in reach.exported:
                _need(reach, t, hit)
        reach.functions_seen = len(functions)


def _enliven(reach: Reach, t: Type) -> None:
    """Make the type alive, with all types that reflection reaches from it."""
    todo = [t]
    while todo:
        at = todo.pop()
        if at in reach.types or isinstance(at, (TypeParam, Tuple)):
            continue
        reach.types[at] = None
        for hit in method_set(at):
            _consider(reach, at, hit)
        todo += _reachable(at)


def _reachable(t: Type) -> Iterator[Type]:
    """Types that reflection reaches directly from the descriptor of the type."""
    if (isinstance(t, Named) and not isinstance(t.underlying, Interface)) or has_promoted_methods(t):
        yield pointer(t)
    yield from components(t)


def _consider(reach: Reach, t: Type, hit: _Hit) -> None:
    name, pkg = selection_name(hit)
    key = (name, pkg, signature_of(hit))
    if is_exported(name):
        reach.exported.append((t, hit))
    if key in reach.called or (reach.reflected and is_exported(name)):
        _need(reach, t, hit)
    else:
        reach.waiting.setdefault(key, []).append((t, hit))


def _need(reach: Reach, t: Type, hit: _Hit) -> None:
    name, pkg = selection_name(hit)
    refs = reach.needed.setdefault(t, {})
    if (name, pkg) in refs:
        return
    b = reach.b
    func = b.use(method_func(b, t, hit))
    entry = b.use(entry_func(b, t, hit))
    sig = signature_of(hit)
    refs[name, pkg] = MethodRef(name, pkg, sig, func, entry)
    if reach.reflected:
        _enliven(reach, sig)


def methods_in_order(reach: Reach) -> dict[Type, list[MethodRef]]:
    """Needed methods of each living type, in abi order."""
    return {t: [refs[key] for key in sorted(refs, key=lambda m: (m[1] != "", m[0], m[1]))] for t, refs in reach.needed.items()}
