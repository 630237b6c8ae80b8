"""What functions do with their parameters: a parameter that leaks makes the callers' values escape.

As in Go's -m, only parameters that have a name and may hold pointers are described. Every parameter of a function without a body in Go leaks,
unless ``//go:noescape`` promises otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tricolor.decide.decisions import Alone
from tricolor.escape.graph import Location
from tricolor.escape.leaks import HEAP, RESULTS, Leaks
from tricolor.escape.messages import is_hidden
from tricolor.escape.naming import Names
from tricolor.escape.pointers import holds_pointers
from tricolor.explain.chain import Narrator
from tricolor.explain.generic import GenericNames
from tricolor.explain.model import Effect, Parameter, Returned, generic_name
from tricolor.frontend.records import Package, Position
from tricolor.ir import nodes as n

_ORDER: Final = tuple(Effect)


def parameters_of(alone: Alone, generic: GenericNames, functions: Sequence[tuple[Package, n.Func]]) -> dict[str, list[Parameter]]:
    """The parameters by package path. ``functions``: each with the package under which it is shown; all instances of a generic function are
    merged into one."""
    found: dict[str, list[Parameter]] = {package.path: [] for package in alone.typed.roots}
    instances: defaultdict[tuple[str, Position, str], list[Parameter]] = defaultdict(list)
    for package, func in functions:
        for _, parameter in parameters_in(alone, package, func):
            if func.is_instance:
                instances[package.path, parameter.position, parameter.name].append(generic.parameter_as_declared(parameter, func))
            else:
                found[package.path].append(parameter)
    for (path, *_), parameters in instances.items():
        found[path].append(_merged(parameters))
    return {path: sorted(parameters, key=_place) for path, parameters in found.items()}


def _place(parameter: Parameter) -> tuple[object, ...]:
    position = parameter.position
    return parameter.foreign, position.file, position.line, position.column


def _merged(instances: Sequence[Parameter]) -> Parameter:
    """The parameter of the instance that leaks most, standing for all instances."""
    worst = max(instances, key=lambda one: _ORDER.index(one.effect))
    return replace(worst, shapes=len({one.function for one in instances}), function=generic_name(worst.function))


def parameters_in(alone: Alone, package: Package, func: n.Func) -> Iterator[tuple[n.Var, Parameter]]:
    """The parameters of one function, each with its variable."""
    if func.wrapper:
        return
    names = Names(func.pkg, alone.wording, alone.escape.temporaries, func.pkg, for_readers=True)
    narrator = Narrator(alone.escape, names, alone.typed.position)
    tags = alone.escape.tags.get(func, ())
    for index, param in enumerate(func.params):
        if is_hidden(param) or param.name.startswith("~") or not holds_pointers(param.type):
            continue
        if func.body is None:
            effect, returned, why, chain = _unknown(func), (), "", ()
            if effect is Effect.LEAKS:
                why = "the function has no body in Go, so its arguments go to the heap"
        else:
            leaks = tags[index]
            effect, returned = effect_of(leaks), _returned(func, leaks)
            why, chain = narrator.leak(param, _location(alone, param)) if leaks.derefs[HEAP] >= 0 else ("", ())
        yield param, Parameter(
            package.path, func.symbol, param.name, names.type(param.type), alone.typed.position(param.pos), effect, returned, why, chain, 0,
            func.pkg != package.symbol_path, func.outer is not None,
        )  # fmt: skip


def _location(alone: Alone, param: n.Var) -> Location:
    return alone.escape.variables[alone.escape.canonical.get(param, param)]


def _unknown(func: n.Func) -> Effect:
    return Effect.STAYS if "noescape" in func.pragmas else Effect.LEAKS


def effect_of(leaks: Leaks) -> Effect:
    """The worst effect that a parameter tag says."""
    if leaks.derefs[HEAP] >= 0:
        return Effect.CONTENT if leaks.derefs[HEAP] else Effect.LEAKS
    return Effect.RESULT if any(leaks.result(index) >= 0 for index in range(RESULTS)) else Effect.STAYS


def is_worse(one: Parameter, other: Parameter | Effect) -> bool:
    """Whether ``one`` leaks more than ``other``."""
    effect = other.effect if isinstance(other, Parameter) else other
    return _ORDER.index(one.effect) > _ORDER.index(effect)


def _returned(func: n.Func, leaks: Leaks) -> tuple[Returned, ...]:
    results = enumerate(func.results[:RESULTS])
    return tuple(
        Returned(index, f"~r{index}" if var.name == "_" else var.name, leaks.result(index))
        for index, var in results
        if leaks.result(index) >= 0
    )
