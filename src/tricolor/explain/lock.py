"""Lock files: what may take memory of the heap, by function and expression, and what functions do with their parameters, so that moved lines
change nothing, and new allocations and newly leaking parameters are noticed.

A lock file is text. The first line is ``tricolor escape lock 2 go1.27.3``. The others, in order, are of two kinds, with no spaces in the fields
before the last:

* ``COST COUNT PACKAGE FUNCTION KIND EXPRESSION`` for sites. COST is ``heap``, or ``heap>32`` for "heap when larger than 32 bytes"
  (``heap>8entries`` for maps).
* ``param FLOWS PACKAGE FUNCTION NAME`` for parameters of declared functions. FLOWS is ``stays``, ``leaks``, or the list of ``content`` (what
  it points to leaks) and ``rI:D`` (it reaches result I, counted from 0, after D dereferences), joined by plus signs.

A parameter that the lock does not know is not new: of itself it costs nothing, and where it makes a value escape, there is a new site.
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
"""Where flows to the heap stand among those to results."""


class Entry(NamedTuple):
    """One kind of allocation of a function. ``kind`` has hyphens for spaces."""

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
    """``counts``: how many sites there are of each entry; ``parameters``: FLOWS of each."""

    go_version: str
    counts: Counter[Entry]
    parameters: Mapping[ParameterKey, str]

    def text(self) -> str:
        """The file."""
        lines = [f"{_HEAD} {_VERSION} {self.go_version}\n"]
        for entry, count in sorted(self.counts.items()):
            lines.append(f"{entry.cost} {count} {entry.package} {entry.function} {entry.kind} {entry.expression}\n")
        for key, flows in sorted(self.parameters.items()):
            lines.append(f"{_PARAMETER} {flows} {key.package} {key.function} {key.name}\n")
        return "".join(lines)


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """``new``: sites that the lock does not allow, with what was there before (a cheaper cost, or nothing); ``gone``: entries of the lock that
    are no longer there, with their counts; ``worse``, ``better``: parameters of which more, or less, leaves the function, with FLOWS of the
    lock."""

    new: Sequence[tuple[Site, str]]
    gone: Sequence[tuple[Entry, int]]
    worse: Sequence[tuple[Parameter, str]]
    better: Sequence[tuple[Parameter, str]]


def lock_of(explained: Explained) -> Lock:
    """What the packages allocate now, and what their functions do with parameters."""
    parameters = {_key(parameter): flows_of(parameter) for parameter in _held(explained)}
    return Lock(explained.go_version, Counter(_entry(site) for site in _allocating(explained)), parameters)


def read_lock(text: str, name: str) -> Lock:
    """A lock file's text; ``name`` is for messages. Raises UsageError if it is none, of an earlier form, or damaged."""
    lines = text.splitlines()
    form, _, go_version = lines[0].removeprefix(f"{_HEAD} ").partition(" ") if lines and lines[0].startswith(f"{_HEAD} ") else ("", "", "")
    if not go_version:
        raise UsageError(f"{name} is no lock file of tricolor escape (its first line should be '{_HEAD} {_VERSION}' and a version of Go)")
    if form != _VERSION:
        raise UsageError(
            f"{name} has form {form} of lock files, and this version of tricolor reads and writes form {_VERSION}: look at the allocations, then "
            f"write it anew with --lock {name}"
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
    """What has changed since the lock was written, in the packages at hand. Raises UsageError for a lock of another version of Go."""
    if lock.go_version != explained.go_version:
        raise UsageError(
            f"{name} was written for {lock.go_version}, and this is {explained.go_version}, whose decisions may differ: "
            f"look at the allocations, then write it anew with --lock {name}"
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
    """Parameters that do more than the lock says, and those that do less."""
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
    """Whether each of the flows is among those allowed, with as many dereferences or more."""
    limits = _derefs(allowed)
    return all(any(limits.get(sink, derefs + 1) <= derefs for sink in (_HEAP, to)) for to, derefs in _derefs(flows).items())


def _derefs(flows: str) -> dict[int, int]:
    """Dereferences by result, or under ``_HEAP``."""
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
    """FLOWS of a parameter."""
    if parameter.effect is Effect.LEAKS:
        return "leaks"
    flows = ["content"] if parameter.effect is Effect.CONTENT else []
    return "+".join([*flows, *(f"r{one.result}:{one.derefs}" for one in parameter.returned)]) or "stays"


def flows_text(flows: str) -> str:
    """FLOWS in words."""
    words = {"stays": Effect.STAYS.value, "leaks": Effect.LEAKS.value, "content": Effect.CONTENT.value}
    return ", ".join(words.get(flow) or f"reaches result {int(flow[1:].partition(':')[0]) + 1}" for flow in flows.split("+"))


def _held(explained: Explained) -> list[Parameter]:
    """Parameters that locks hold: names of func literals depend on others in their function."""
    return [one for found in explained.parameters.values() for one in found if not one.foreign and not one.literal]


def _key(parameter: Parameter) -> ParameterKey:
    return ParameterKey(parameter.package, parameter.function.replace(" ", ""), parameter.name)


def _other_cost(allowed: Counter[Entry], entry: Entry) -> Entry | None:
    """The same expression with another cost."""
    return next((other for other, count in allowed.items() if count and other[:-1] == entry[:-1]), None)


def _allocating(explained: Explained) -> list[Site]:
    return [site for site in explained.sites if site.cost.may_allocate and not site.foreign]


def _entry(site: Site) -> Entry:
    return Entry(site.package, site.function.replace(" ", ""), site.kind.replace(" ", "-"), site.expression, _cost_word(site.cost))


def _cost_word(cost: Cost) -> str:
    if cost.kind is not CostClass.HEAP_ABOVE:
        return "heap"
    return f"heap>{cost.above}{'' if cost.unit == 'bytes' else cost.unit}"
