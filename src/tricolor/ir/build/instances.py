"""Shape instances and methods of instantiated types, for separately built packages.

Go's compiler builds all methods of an instantiated type as soon as a package mentions the type, even inside other types.

Source: cmd/compile/internal/noder/reader.go (needWrapper).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tricolor.gotypes.types import Interface, Named, Type, TypeParam
from tricolor.ir import nodes as n
from tricolor.ir.build.state import Builder
from tricolor.ir.shapes import parts
from tricolor.ir.walk import walk, with_closures


def types_of(func: n.Func) -> Iterator[Type]:
    """Types that a function mentions."""
    for var in (*func.params, *func.results, *func.locals):
        yield var.type
    for node in walk(func):
        match node:
            case n.New():
                yield node.elem
            case n.TypeAssert():
                yield node.target
            case n.TypeCase():
                yield from (t for t in node.types or () if t is not None)
            case _:
                t = getattr(node, "type", None)
                if t is not None:
                    yield t


def reachable_types(start: Iterable[Type]) -> set[Type]:
    """The types, and all types that occur in their declarations: of fields, elements, and parameters and results of methods."""
    seen: set[Type] = set()
    todo = list(start)
    while todo:
        t = todo.pop()
        if t in seen:
            continue
        seen.add(t)
        if isinstance(t, Named):
            todo.append(t.underlying)
            todo += [method.signature for method in t.methods if not method.type_params]
            todo += [*t.args, *t.origin_args]
        elif isinstance(t, Interface):
            todo += [method.signature for method in t.methods]
        else:
            todo += [part for part in parts(t) if part is not t]
    return seen


def instantiate_methods(b: Builder, types: Iterable[Type], known: dict[Type, list[n.Func]]) -> None:
    """Add the methods of instantiated types to ``known``, and mark them as used."""
    for t in types:
        if not isinstance(t, Named) or not t.args or t in known:
            continue
        if any(isinstance(part, TypeParam) for part in parts(t)):
            continue
        known[t] = [b.use(b.func_of(method.func, t.args)) for method in t.methods if not method.type_params]


def instances(funcs: Sequence[n.Func], types: Iterable[Type], methods: Mapping[Type, Sequence[n.Func]]) -> list[n.Func]:
    """Shape instances that these functions use, directly or through other instances, with their closures.

    ``types``: further types that the package mentions. ``methods``: methods of instantiated types; a mentioned type needs all of its
    methods."""
    found: dict[n.Func, None] = {}
    seen_types = reachable_types(types)
    given = set(funcs)
    todo = [func for func in funcs if func.outer not in given]
    seen = set(todo)

    def take(targets: Iterable[n.Func]) -> None:
        for target in targets:
            if target not in seen and (target.is_instance or target.wrapper):
                seen.add(target)
                todo.append(target)
                if target.is_instance and not (target.wrapper and target.outer is None):
                    found.update(dict.fromkeys(with_closures(target)))

    take(method for of in seen_types for method in methods.get(of, ()))
    while todo:
        for member in with_closures(todo.pop()):
            new = reachable_types(of for of in types_of(member) if of not in seen_types) - seen_types
            seen_types |= new
            take(method for of in new for method in methods.get(of, ()))
            take(_mentioned(member))
    return list(found)


def _mentioned(func: n.Func) -> Iterator[n.Func]:
    for node in walk(func):
        if isinstance(node, (n.FuncName, n.MethodValue)):
            yield node.func
