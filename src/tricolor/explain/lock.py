"""Lock files: what may take memory of the heap, by function and expression, so that moved lines change nothing and new allocations are noticed.

A lock file is text. The first line is ``tricolor escape lock 1 go1.27.3``; each other line is
``COST COUNT PACKAGE FUNCTION KIND EXPRESSION``, in order, the fields before the expression without spaces. COST is ``heap``, or ``heap>32`` for
"heap when larger than 32 bytes" (``heap>8entries`` for maps).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from tricolor.base.errors import UsageError
from tricolor.explain.model import Cost, CostClass, Explained, Site

_HEAD: Final = "tricolor escape lock 1"
_FIELDS: Final = 6


class Entry(NamedTuple):
    """One kind of allocation of a function. ``kind`` has hyphens for spaces."""

    package: str
    function: str
    kind: str
    expression: str
    cost: str


@final
@dataclass(frozen=True, slots=True)
class Lock:
    """``counts``: how many sites there are of each entry."""

    go_version: str
    counts: Counter[Entry]

    def text(self) -> str:
        """The file."""
        lines = [f"{_HEAD} {self.go_version}\n"]
        for entry, count in sorted(self.counts.items()):
            lines.append(f"{entry.cost} {count} {entry.package} {entry.function} {entry.kind} {entry.expression}\n")
        return "".join(lines)


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """``new``: sites that the lock does not allow, with what was there before (a cheaper cost, or nothing); ``gone``: entries of the lock that
    are no longer there, with their counts."""

    new: Sequence[tuple[Site, str]]
    gone: Sequence[tuple[Entry, int]]


def lock_of(explained: Explained) -> Lock:
    """What the packages allocate now."""
    return Lock(explained.go_version, Counter(_entry(site) for site in _allocating(explained)))


def read_lock(text: str, name: str) -> Lock:
    """A lock file's text; ``name`` is for messages. Raises UsageError if it is none, or is damaged."""
    lines = text.splitlines()
    head, _, version = lines[0].rpartition(" ") if lines else ("", "", "")
    if head != _HEAD:
        raise UsageError(f"{name} is no lock file of tricolor escape (its first line should be {_HEAD!r} and a version of Go)")
    counts: Counter[Entry] = Counter()
    for number, line in enumerate(lines[1:], 2):
        fields = line.split(" ", _FIELDS - 1)
        if len(fields) != _FIELDS or not fields[1].isdigit():
            raise UsageError(f"{name}:{number}: not a line of a lock file: {line[:60]!r}")
        cost, count, package, function, kind, expression = fields
        counts[Entry(package, function, kind, expression, cost)] += int(count)
    return Lock(version, counts)


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
    return Difference(new, [(entry, count) for entry, count in sorted(allowed.items()) if count])


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
