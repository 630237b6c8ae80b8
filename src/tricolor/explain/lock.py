"""Lock files record which sites may allocate on the heap, and what functions do with their parameters.

Sites are recorded by function and expression, so that moved lines change nothing. Comparing packages with their lock file finds new allocations
and parameters that newly leak.

A lock file is text. The first line is ``tricolor escape lock 2 go1.27.3``. The other lines are sorted and of two kinds. Only the last field of a
line may contain spaces:

* ``COST COUNT PACKAGE FUNCTION KIND EXPRESSION`` for sites. COST is ``heap``, or ``heap>32`` for "heap when larger than 32 bytes"
  (``heap>8entries`` for maps).
* ``param FLOWS PACKAGE FUNCTION NAME`` for parameters of declared functions. FLOWS is ``stays``, ``leaks``, or a list
  of ``content`` (what it points to leaks) and ``rI:D`` (it reaches result I, counted from 0, after D dereferences), joined by plus signs.

A parameter that the lock file does not have is not reported: it costs nothing itself, and a value that it makes escape is a new site.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from tricolor.base.errors import UsageError
from tricolor.explain.model import Cost, CostClass, Effect, Explained, Parameter, Site

_HEAD: Final = "tricolor escape lock"
_VERSION: Final = "2"
_FIELDS: Final = 6
_PARAMETER: Final = "param"
_PARAMETER_FIELDS: Final = 5
_FLOWS: Final = re.compile(r"stays|leaks|(content|r[0-9]+:[0-9]+)(\+r[0-9]+:[0-9]+)*")
_HEAP: Final = -1
"""Stands for the heap among the indexes of results."""


class Entry(NamedTuple):
    """One kind of allocation in a function. ``kind`` has hyphens instead of spaces."""

    package: str
    function: str
    kind: str
    expression: str
    cost: str


class ParameterKey(NamedTuple):
    """A parameter of a declared function."""

    package: str
    function: str
    name: str


@final
@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file's content. ``counts``: the number of sites of each entry; ``parameters``: the FLOWS of each parameter."""

    go_version: str
    counts: Counter[Entry]
    parameters: Mapping[ParameterKey, str]

    def text(self) -> str:
        """The text of the lock file."""
        lines = [f"{_HEAD} {_VERSION} {self.go_version}\n"]
        for entry, count in sorted(self.counts.items()):
            lines.append(f"{entry.cost} {count} {entry.package} {entry.function} {entry.kind} {entry.expression}\n")
        for key, flows in sorted(self.parameters.items()):
            lines.append(f"{_PARAMETER} {flows} {key.package} {key.function} {key.name}\n")
        return "".join(lines)


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """How packages differ from their lock file.

    ``new``: sites that the lock does not allow, each with the cheaper cost that the lock has for it, or with nothing; ``gone``: entries of the
    lock that the packages no longer have, with their counts; ``worse``, ``better``: parameters that leak more, or less, than the lock says,
    with the FLOWS in the lock."""

    new: Sequence[tuple[Site, str]]
    gone: Sequence[tuple[Entry, int]]
    worse: Sequence[tuple[Parameter, str]]
    better: Sequence[tuple[Parameter, str]]


def lock_of(explained: Explained) -> Lock:
    """The lock of the packages as they are."""
    parameters = {_key(parameter): flows_of(parameter) for parameter in _held(explained)}
    return Lock(explained.go_version, Counter(_entry(site) for site in _allocating(explained)), parameters)


def read_lock(text: str, name: str) -> Lock:
    """Parse a lock file; ``name`` is for messages. Raises UsageError if the text is not a lock file, has another format, or is damaged."""
    lines = text.splitlines()
    form, _, go_version = lines[0].removeprefix(f"{_HEAD} ").partition(" ") if lines and lines[0].startswith(f"{_HEAD} ") else ("", "", "")
    if not go_version:
        raise UsageError(f"{name} is not a lock file of tricolor escape: its first line should be '{_HEAD} {_VERSION}' and a Go version")
    if form != _VERSION:
        raise UsageError(
            f"{name} has lock format {form}, but this version of Tricolor uses format {_VERSION}: review the allocations, then "
            f"regenerate the file with --lock {name}"
        )
    counts: Counter[Entry] = Counter()
    parameters: dict[ParameterKey, str] = {}
    for number, line in enumerate(lines[1:], 2):
        held = line.split(" ")
        fields = line.split(" ", _FIELDS - 1)
        if held[0] == _PARAMETER and len(held) == _PARAMETER_FIELDS and _FLOWS.fullmatch(held[1]):
            parameters[ParameterKey(*held[2:])] = held[1]
        elif held[0] != _PARAMETER and len(fields) == _FIELDS and fields[1].isdigit():
            cost, count, package, function, kind, expression = fields
            counts[Entry(package, function, kind, expression, cost)] += int(count)
        else:
            raise UsageError(f"{name}:{number}: not a line of a lock file: {line[:60]!r}")
    return Lock(go_version, counts, parameters)


def compare(lock: Lock, explained: Explained, name: str) -> Difference:
    """Compare packages with a lock; ignores entries of other packages. Raises UsageError for a lock of another Go version."""
    if lock.go_version != explained.go_version:
        raise UsageError(
            f"{name} was written for {lock.go_version}, but this is {explained.go_version}, whose decisions may differ: "
            f"review the allocations, then regenerate the file with --lock {name}"
        )
    allowed = Counter({entry: count for entry, count in lock.counts.items() if entry.package in explained.packages})
    unmatched: list[Site] = []
    for site in _allocating(explained):
        entry = _entry(site)
        if allowed[entry]:
            allowed[entry] -= 1
        else:
            unmatched.append(site)
    new: list[tuple[Site, str]] = []
    for site in unmatched:
        before = _other_cost(allowed, _entry(site))
        if before is None:
            new.append((site, ""))
            continue
        allowed[before] -= 1
        if before.cost.startswith("heap>"):
            new.append((site, before.cost))
    worse, better = _changed(lock.parameters, explained)
    return Difference(new, [(entry, count) for entry, count in sorted(allowed.items()) if count], worse, better)


def _changed(known: Mapping[ParameterKey, str], explained: Explained) -> tuple[list[tuple[Parameter, str]], list[tuple[Parameter, str]]]:
    """The parameters that leak more than the lock says, and the parameters that leak less."""
    worse: list[tuple[Parameter, str]] = []
    better: list[tuple[Parameter, str]] = []
    for parameter in _held(explained):
        before, now = known.get(_key(parameter)), flows_of(parameter)
        if before is None or before == now:
            continue
        if not _covers(before, now):
            worse.append((parameter, before))
        elif not _covers(now, before):
            better.append((parameter, before))
    return worse, better


def _covers(allowed: str, flows: str) -> bool:
    """Whether ``allowed`` has each of the flows, with at most as many dereferences."""
    limits = _derefs(allowed)
    return all(any(limits.get(sink, derefs + 1) <= derefs for sink in (_HEAP, to)) for to, derefs in _derefs(flows).items())


def _derefs(flows: str) -> dict[int, int]:
    """The dereferences of each flow, by the index of the result, or under ``_HEAP``."""
    found: dict[int, int] = {}
    for flow in flows.split("+"):
        match flow:
            case "stays":
                continue
            case "leaks" | "content":
                found[_HEAP] = int(flow == "content")
            case _:
                result, _, derefs = flow[1:].partition(":")
                found[int(result)] = int(derefs)
    return found


def flows_of(parameter: Parameter) -> str:
    """The FLOWS of a parameter."""
    if parameter.effect is Effect.LEAKS:
        return "leaks"
    flows = ["content"] if parameter.effect is Effect.CONTENT else []
    return "+".join([*flows, *(f"r{one.result}:{one.derefs}" for one in parameter.returned)]) or "stays"


def flows_text(flows: str) -> str:
    """The FLOWS in words."""
    words = {"stays": Effect.STAYS.value, "leaks": Effect.LEAKS.value, "content": Effect.CONTENT.value}
    return ", ".join(words.get(flow) or f"reaches result {int(flow[1:].partition(':')[0]) + 1}" for flow in flows.split("+"))


def _held(explained: Explained) -> list[Parameter]:
    """The parameters that a lock records. Func literals are left out: the name of one depends on the other literals of its function."""
    return [one for found in explained.parameters.values() for one in found if not one.foreign and not one.literal]


def _key(parameter: Parameter) -> ParameterKey:
    return ParameterKey(parameter.package, parameter.function.replace(" ", ""), parameter.name)


def _other_cost(allowed: Counter[Entry], entry: Entry) -> Entry | None:
    """The entry of the same expression with another cost."""
    return next((other for other, count in allowed.items() if count and other[:-1] == entry[:-1]), None)


def _allocating(explained: Explained) -> list[Site]:
    return [site for site in explained.sites if site.cost.may_allocate and not site.foreign]


def _entry(site: Site) -> Entry:
    return Entry(site.package, site.function.replace(" ", ""), site.kind.replace(" ", "-"), site.expression, _cost_word(site.cost))


def _cost_word(cost: Cost) -> str:
    if cost.kind is not CostClass.HEAP_ABOVE:
        return "heap"
    return f"heap>{cost.above}{'' if cost.unit == 'bytes' else cost.unit}"
