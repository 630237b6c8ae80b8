"""Add up the landings of a profile's samples: a row per site or per line of the named packages, what did not match, and the totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias, final

from tricolor.explain.model import Site, Verdict
from tricolor.profile.join import Landing, Miss
from tricolor.profile.model import Frame, Sample, SampleType
from tricolor.profile.places import Named


@final
@dataclass(frozen=True, slots=True)
class Amount:
    objects: int = 0
    bytes: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.objects + other.objects, self.bytes + other.bytes)


Measure: TypeAlias = Callable[[Sample], Amount]


def measure_of(kind: SampleType) -> Measure:
    """A function that reads the amount of a sample: what it allocated, or what was in use."""
    if kind in (SampleType.ALLOC_OBJECTS, SampleType.ALLOC_SPACE):
        return lambda sample: Amount(sample.alloc_objects, sample.alloc_bytes)
    return lambda sample: Amount(sample.inuse_objects, sample.inuse_bytes)


@final
@dataclass(frozen=True, slots=True)
class Charge:
    """The part of a row to which one call in a named package leads; ``frame`` is None for the part to which none leads."""

    frame: Frame | None
    amount: Amount


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    ``sites``: the candidate sites on one line; in a caller's row those of the most expensive line. ``charges``: most expensive first.
    ``contradicts``: by their verdicts the sites never allocate. ``inlined``: wherever it allocated, the function was inlined. ``lines``: how many
    groups of sites a caller's row adds up."""

    sites: tuple[Site, ...]
    amount: Amount
    charges: tuple[Charge, ...]
    contradicts: bool
    inlined: bool
    lines: int = 1


@final
@dataclass(frozen=True, slots=True)
class Unmatched:
    """What one line allocated without a matching site; ``at`` is None if the line is unknown."""

    at: Frame | None
    miss: Miss
    amount: Amount


def _percent(part: int, whole: int) -> float:
    """The percentage; 100 if ``whole`` is 0."""
    return 100 * part / whole if whole else 100.0


@final
@dataclass(frozen=True, slots=True)
class Shares:
    """Where all bytes went, in bytes.

    ``total``: all bytes. ``heap``: at sites whose verdict is heap. ``heap_above``: a candidate site has the verdict stack, but allocates when the
    value is larger than its buffer. ``contradicting``: at sites that by their verdict never allocate, ``inlined`` of these in inlined functions.
    ``missed``: without a matching site, ``runtime`` of these allocated by the runtime for itself. ``own``: allocated by lines of the named
    packages, ``own_missed`` of these without a matching site. ``charged``: allocated below a call in a named package."""

    total: int
    heap: int
    heap_above: int
    contradicting: int
    inlined: int
    missed: int
    runtime: int
    own: int
    own_missed: int
    charged: int

    def percent(self, part_bytes: int) -> float:
        return _percent(part_bytes, self.total)

    @property
    def matched_percent(self) -> float:
        """The matched share of what source allocated: all bytes except the runtime's own."""
        source = self.total - self.runtime
        return _percent(source - (self.missed - self.runtime), source)

    @property
    def own_matched_percent(self) -> float:
        """The matched share of what lines of the named packages allocated."""
        return _percent(self.own - self.own_missed, self.own)


def shares_of(landings: Iterable[Landing], measure: Measure, named: Named) -> Shares:
    """Add up all landings."""
    sums: defaultdict[str, int] = defaultdict(int)
    for landing in landings:
        size = measure(landing.sample).bytes
        sums["total"] += size
        sums[_class(landing)] += size
        own = landing.at is not None and landing.at in named and landing.miss is not Miss.TEST
        sums["own"] += size * own
        sums["own_missed"] += size * (own and landing.miss is not None)
        sums["runtime"] += size * (landing.miss is Miss.RUNTIME)
        sums["charged"] += size * (landing.charged is not None)
        sums["inlined"] += size * (landing.contradicts and landing.at is not None and landing.at.inlined)
    return Shares(*(sums[one.name] for one in fields(Shares)))


def _class(landing: Landing) -> str:
    if landing.miss is not None:
        return "missed"
    if landing.contradicts:
        return "contradicting"
    return "heap" if all(site.verdict is Verdict.HEAP for site in landing.sites) else "heap_above"


def by_site(landings: Iterable[Landing], measure: Measure, rank: Callable[[Amount], int]) -> list[Row]:
    """A row for each set of candidate sites, most expensive first by ``rank``."""
    groups: defaultdict[Hashable, list[Landing]] = defaultdict(list)
    for landing in landings:
        if landing.miss is None:
            groups[_key(landing)].append(landing)
    return _ranked((_row(group, measure, rank) for group in groups.values()), rank)


def by_caller(landings: Iterable[Landing], measure: Measure, rank: Callable[[Amount], int]) -> list[Row]:
    """A row for each line of the named packages that leads to allocations, with the most expensive of the sites."""
    groups: defaultdict[Hashable, list[Landing]] = defaultdict(list)
    for landing in landings:
        if landing.miss is None:
            frame = landing.charged
            groups[frame and (frame.function, frame.file, frame.line)].append(landing)
    rows: list[Row] = []
    for group in groups.values():
        parts = by_site(group, measure, rank)
        if not parts:
            continue  # nothing of this kind, as if nothing that was allocated is in use
        amount = _sum(group, measure)
        rows.append(Row(parts[0].sites, amount, (Charge(group[0].charged, amount),), parts[0].contradicts, parts[0].inlined, len(parts)))
    return _ranked(rows, rank)


def unmatched(landings: Iterable[Landing], measure: Measure, rank: Callable[[Amount], int]) -> list[Unmatched]:
    """What has no matching site, by line, most expensive first."""
    groups: defaultdict[Hashable, list[Landing]] = defaultdict(list)
    for landing in landings:
        if landing.miss is not None:
            at = landing.at
            groups[landing.miss, at and (at.function, at.file, at.line)].append(landing)
    found: list[Unmatched] = []
    for group in groups.values():
        first, amount = group[0], _sum(group, measure)
        if first.miss is not None and amount != Amount():
            found.append(Unmatched(first.at, first.miss, amount))
    return sorted(found, key=lambda one: -rank(one.amount))


def _key(landing: Landing) -> Hashable:
    return tuple((site.function, site.kind, site.expression, site.number, site.position) for site in landing.sites)


def _row(group: Sequence[Landing], measure: Measure, rank: Callable[[Amount], int]) -> Row:
    charges: dict[Hashable, Charge] = {}
    for landing in group:
        frame = landing.charged
        key = frame and (frame.function, frame.file, frame.line)
        before = charges.get(key, Charge(frame, Amount()))
        charges[key] = Charge(before.frame, before.amount + measure(landing.sample))
    ordered = tuple(sorted(charges.values(), key=lambda charge: -rank(charge.amount)))
    inlined = all(landing.at is not None and landing.at.inlined for landing in group)
    return Row(group[0].sites, _sum(group, measure), ordered, group[0].contradicts, inlined)


def _sum(group: Iterable[Landing], measure: Measure) -> Amount:
    return sum((measure(landing.sample) for landing in group), Amount())


def _ranked(rows: Iterable[Row], rank: Callable[[Amount], int]) -> list[Row]:
    """Sort the rows, most expensive first, and leave out rows whose amount is zero."""
    found = [row for row in rows if row.amount != Amount()]
    return sorted(found, key=lambda row: (-rank(row.amount), row.sites[0].position.file, row.sites[0].position.line))
