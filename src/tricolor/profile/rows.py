"""The landings of a profile's samples added up: a row per site or per line of the user's, what did not match, and the shares of all."""

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
    """How to read the amount of a sample: of what was allocated, or of what lived."""
    if kind in (SampleType.ALLOC_OBJECTS, SampleType.ALLOC_SPACE):
        return lambda sample: Amount(sample.alloc_objects, sample.alloc_bytes)
    return lambda sample: Amount(sample.inuse_objects, sample.inuse_bytes)


@final
@dataclass(frozen=True, slots=True)
class Charge:
    """Part of a row that one call of the named packages leads to; ``frame`` is None for what none leads to."""

    frame: Frame | None
    amount: Amount


@final
@dataclass(frozen=True, slots=True)
class Row:
    """``sites``: those of one line that may have made it, dearest line first if it is a row of a caller; ``charges``: dearest first;
    ``contradicts``: by the verdict nothing is allocated; ``inlined``: the function was inlined everywhere it allocated; ``lines``: how many groups of sites a caller's row
    adds up."""

    sites: tuple[Site, ...]
    amount: Amount
    charges: tuple[Charge, ...]
    contradicts: bool
    inlined: bool
    lines: int = 1


@final
@dataclass(frozen=True, slots=True)
class Unmatched:
    """What one line (None: none is known) allocated that is on no site."""

    at: Frame | None
    miss: Miss
    amount: Amount


def _percent(part: int, whole: int) -> float:
    """All of nothing is 100."""
    return 100 * part / whole if whole else 100.0


@final
@dataclass(frozen=True, slots=True)
class Shares:
    """Where all bytes went, in bytes. ``heap``: sites whose verdict is heap; ``heap_above``: among the sites that it may be is one of the stack that allocates
    when it is larger than its buffer; ``contradicting``: sites that allocate nothing by their verdict,
    ``inlined`` of them in inlined functions; ``missed``: on no site, ``runtime`` of them made by the runtime for itself; ``own``: allocated by lines of the named packages, ``own_missed`` of them on no site; ``charged``: what calls of the named packages
    lead to."""

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
        """Of what source allocated: all but the runtime's own."""
        source = self.total - self.runtime
        return _percent(source - (self.missed - self.runtime), source)

    @property
    def own_matched_percent(self) -> float:
        """Of what lines of the named packages allocated."""
        return _percent(self.own - self.own_missed, self.own)


def shares_of(landings: Iterable[Landing], measure: Measure, named: Named) -> Shares:
    """The sums over all landings."""
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
    """A row for each set of sites, dearest first by ``rank``."""
    groups: defaultdict[Hashable, list[Landing]] = defaultdict(list)
    for landing in landings:
        if landing.miss is None:
            groups[_key(landing)].append(landing)
    return _ranked((_row(group, measure, rank) for group in groups.values()), rank)


def by_caller(landings: Iterable[Landing], measure: Measure, rank: Callable[[Amount], int]) -> list[Row]:
    """A row for each line of the named packages that leads to allocations, with the dearest of their sites."""
    groups: defaultdict[Hashable, list[Landing]] = defaultdict(list)
    for landing in landings:
        if landing.miss is None:
            frame = landing.charged
            groups[frame and (frame.function, frame.file, frame.line)].append(landing)
    rows: list[Row] = []
    for group in groups.values():
        parts = by_site(group, measure, rank)
        amount = _sum(group, measure)
        rows.append(Row(parts[0].sites, amount, (Charge(group[0].charged, amount),), parts[0].contradicts, parts[0].inlined, len(parts)))
    return _ranked(rows, rank)


def unmatched(landings: Iterable[Landing], measure: Measure, rank: Callable[[Amount], int]) -> list[Unmatched]:
    """What is on no site, by line, dearest first."""
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
    """Dearest first; rows without anything of this measure are left out."""
    found = [row for row in rows if row.amount != Amount()]
    return sorted(found, key=lambda row: (-rank(row.amount), row.sites[0].position.file, row.sites[0].position.line))
