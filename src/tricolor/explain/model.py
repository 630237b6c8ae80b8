"""What ``tricolor escape`` says about packages, free of the compiler's own structures: it can be stored, compared and printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final, final

from tricolor.frontend.records import Position

_ARGUMENTS: Final = re.compile(r"\[.*\]")


def generic_name(function: str) -> str:
    """A linker's symbol with ``[...]`` for type arguments: the same for all instances."""
    return _ARGUMENTS.sub("[...]", function)


class Verdict(StrEnum):
    """Go's decision."""

    STACK = "stack"
    HEAP = "heap"


class CostClass(StrEnum):
    """What the site costs when it is executed."""

    NONE = "none"
    STACK = "stack"
    HEAP = "heap"
    HEAP_ABOVE = "heap when larger"


@final
@dataclass(frozen=True, slots=True)
class Cost:
    """``above``: for HEAP_ABOVE, the most that fits a buffer in the frame, in ``unit``. ``note``: what the class does not say."""

    kind: CostClass
    note: str = ""
    above: int = 0
    unit: str = "bytes"

    def __str__(self) -> str:
        return f"heap when larger than {self.above} {self.unit}" if self.kind is CostClass.HEAP_ABOVE else self.kind.value

    @property
    def may_allocate(self) -> bool:
        """Whether memory of the heap may be taken."""
        return self.kind in (CostClass.HEAP, CostClass.HEAP_ABOVE)


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One step of a value on its way: ``text`` is a participle ("passed to fmt.Println"), ``flow`` Go's words for the step
    (``{heap} = &x``)."""

    text: str
    flow: str
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Site:
    """One place in source that makes something.

    ``kind``: variable, boxing, closure, literal, make, new, append, conversion, concatenation, map, channel, method value,
    variadic arguments, map assignment. ``size_bytes``: of what is made, 0 if it is known only at run time.
    ``why``: one sentence, empty where nothing needs explaining. ``shapes``: instances of a generic function that the line stands for,
    0 outside generic code. ``listed``: Go's -m has a line about it. ``foreign``: in a generic function of another package, of
    which this one uses an instance. ``number``: among the sites of the function with this
    expression, from 1; with function and expression it names the site whatever its line.
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
        """A name that stays when lines move."""
        name = f"{self.function} {self.kind} {self.expression}"
        return name if self.number == 1 else f"{name} #{self.number}"


class Effect(StrEnum):
    """What a function does with what it is given, the harmless first."""

    STAYS = "does not escape"
    RESULT = "is returned"
    CONTENT = "leaks what it points to"
    LEAKS = "leaks"


@final
@dataclass(frozen=True, slots=True)
class Returned:
    """A parameter reaches a result: ``result`` counts from 0, ``name`` is as Go's -m has it, ``derefs`` how often the parameter is dereferenced
    on its way."""

    result: int
    name: str
    derefs: int


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """What a function does with one parameter that may hold pointers: whether what its callers pass must be on the heap.

    ``returned``: the results that it reaches otherwise than by the heap. ``why``: of what leaks, one sentence. ``shapes``, ``foreign``: as for
    sites. ``literal``: of a func literal."""

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
    """Sites and parameters of the packages that were named, by path of the package, in order of position."""

    go_version: str
    packages: Mapping[str, Sequence[Site]]
    parameters: Mapping[str, Sequence[Parameter]] = field(default_factory=_no_parameters)

    @property
    def sites(self) -> list[Site]:
        return [site for sites in self.packages.values() for site in sites]


def to_json(explained: Explained) -> dict[str, Any]:
    """In a form that JSON can hold."""
    packages = {path: [asdict(site) for site in sites] for path, sites in explained.packages.items()}
    parameters = {path: [asdict(parameter) for parameter in found] for path, found in explained.parameters.items()}
    return {"go_version": explained.go_version, "packages": packages, "parameters": parameters}


def from_json(data: Mapping[str, Any]) -> Explained:
    """What ``to_json`` made."""
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
