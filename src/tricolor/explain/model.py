"""The results of ``tricolor escape`` as plain data: they hold no compiler structures, so they can be stored, compared and printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final, final

from tricolor.frontend.records import Position

_ARGUMENTS: Final = re.compile(r"\[.*\]")


def generic_name(function: str) -> str:
    """A linker symbol with ``[...]`` in place of its type arguments: the same for all instances."""
    return _ARGUMENTS.sub("[...]", function)


def is_generic(function: str) -> bool:
    """Whether a linker symbol names an instance of a generic function."""
    return "[" in function


class Verdict(StrEnum):
    """The decision of Go's escape analysis."""

    STACK = "stack"
    HEAP = "heap"


class CostClass(StrEnum):
    """What one execution of the site costs."""

    NONE = "none"
    STACK = "stack"
    HEAP = "heap"
    HEAP_ABOVE = "heap when larger"


@final
@dataclass(frozen=True, slots=True)
class Cost:
    """``above``: for HEAP_ABOVE, the most that fits the buffer in the frame, in ``unit``. ``note``: a remark that refines the class."""

    kind: CostClass
    note: str = ""
    above: int = 0
    unit: str = "bytes"

    def __str__(self) -> str:
        return f"heap when larger than {self.above} {self.unit}" if self.kind is CostClass.HEAP_ABOVE else self.kind.value

    @property
    def may_allocate(self) -> bool:
        """Whether the site may allocate on the heap."""
        return self.kind in (CostClass.HEAP, CostClass.HEAP_ABOVE)


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One step of a value on its way to the heap: ``text`` is a participle ("passed to fmt.Println"), ``flow`` is Go's notation for the step
    (``{heap} = &x``)."""

    text: str
    flow: str
    position: Position


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place in source that makes a value.

    ``kind``: variable, boxing, closure, literal, make, new, append, conversion, concatenation, map, channel, method value,
    variadic arguments, map assignment, goroutine, defer, runtime call, expression. ``size_bytes``: the size of the value, 0 if it is known only
    at run time. ``why``: one sentence; empty if the site needs no explanation. ``shapes``: the number of instances of a generic function that
    this site stands for, 0 outside generic code. ``listed``: Go's -m has a line about the site. ``foreign``: the site is in a generic function
    of another package, and this package uses an instance of that function. ``number``: counts the sites of the function with the same kind and
    expression, from 1; together with function, kind and expression it identifies the site independently of its line.
    """

    package: str
    function: str
    expression: str
    number: int
    kind: str
    type: str
    size_bytes: int
    position: Position
    verdict: Verdict
    cost: Cost
    why: str
    chain: tuple[Step, ...]
    hint: str
    shapes: int
    listed: bool
    foreign: bool

    @property
    def key(self) -> str:
        """A name that does not change when lines move."""
        name = f"{self.function} {self.kind} {self.expression}"
        return name if self.number == 1 else f"{name} #{self.number}"


class Effect(StrEnum):
    """What a function does with an argument, from harmless to worst."""

    STAYS = "does not escape"
    RESULT = "is returned"
    CONTENT = "leaks what it points to"
    LEAKS = "leaks"


@final
@dataclass(frozen=True, slots=True)
class Returned:
    """A parameter reaches a result: ``result`` counts from 0, ``name`` is the name in Go's -m, ``derefs`` is how often the parameter is
    dereferenced on the way."""

    result: int
    name: str
    derefs: int


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """What a function does with one parameter that may hold pointers. This decides whether a caller's argument must be on the heap.

    ``returned``: the results that the parameter reaches without passing through the heap. ``why``: one sentence if it leaks, else empty.
    ``shapes``, ``foreign``: as for sites. ``literal``: the function is a func literal."""

    package: str
    function: str
    name: str
    type: str
    position: Position
    effect: Effect
    returned: tuple[Returned, ...]
    why: str
    chain: tuple[Step, ...]
    shapes: int
    foreign: bool
    literal: bool


def _no_parameters() -> Mapping[str, Sequence[Parameter]]:
    return {}


@final
@dataclass(frozen=True, slots=True)
class Explained:
    """The sites and parameters of the named packages, by package path, in order of position."""

    go_version: str
    packages: Mapping[str, Sequence[Site]]
    parameters: Mapping[str, Sequence[Parameter]] = field(default_factory=_no_parameters)

    @property
    def sites(self) -> list[Site]:
        return [site for sites in self.packages.values() for site in sites]


def to_json(explained: Explained) -> dict[str, Any]:
    """Convert to objects that JSON can hold."""
    packages = {path: [asdict(site) for site in sites] for path, sites in explained.packages.items()}
    parameters = {path: [asdict(parameter) for parameter in found] for path, found in explained.parameters.items()}
    return {"go_version": explained.go_version, "packages": packages, "parameters": parameters}


def from_json(data: Mapping[str, Any]) -> Explained:
    """Convert back the result of ``to_json``."""
    packages = {path: [_site(site) for site in sites] for path, sites in data["packages"].items()}
    parameters = {path: [_parameter(parameter) for parameter in found] for path, found in data["parameters"].items()}
    return Explained(data["go_version"], packages, parameters)


def _site(fields: Mapping[str, Any]) -> Site:
    cost = fields["cost"]
    values: dict[str, Any] = {
        **fields,
        "position": Position(**fields["position"]),
        "verdict": Verdict(fields["verdict"]),
        "cost": Cost(CostClass(cost["kind"]), cost["note"], cost["above"], cost["unit"]),
        "chain": _chain(fields["chain"]),
    }
    return Site(**values)


def _parameter(fields: Mapping[str, Any]) -> Parameter:
    values: dict[str, Any] = {
        **fields,
        "position": Position(**fields["position"]),
        "effect": Effect(fields["effect"]),
        "returned": tuple(Returned(**one) for one in fields["returned"]),
        "chain": _chain(fields["chain"]),
    }
    return Parameter(**values)


def _chain(steps: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(step["text"], step["flow"], Position(**step["position"])) for step in steps)
