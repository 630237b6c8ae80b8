"""All ways by which a value reaches what makes it escape, as a tree.

A way is a chain of edges of the escape graph from the value's location. The address of the location is what flows: an edge with -1
dereferences adds an indirection, one with more takes some away, and a way ends where none is left or where it reaches something that outlives
the location.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from tricolor.escape.batch import Batch
from tricolor.escape.graph import Explanation, FlowStep, Location
from tricolor.escape.solve import outlives

_MOST_LEAVES: Final = 40
_MOST_DEPTH: Final = 40
_MOST_INDIRECTIONS: Final = 1000
"""More than any type has."""

Outgoing: TypeAlias = Mapping[Location, Sequence[FlowStep]]


@final
@dataclass(frozen=True, slots=True)
class Branch:
    """One step of a way and how it goes on. A leaf's ``step.dst`` outlives the value; elsewhere ``through`` says that it escapes itself, and
    how it goes on is why."""

    step: FlowStep
    below: Sequence[Branch]
    through: bool = False


def ways(b: Batch, location: Location) -> list[Branch]:
    """The tree of ways by which the location escapes; empty if it does not, or escapes by its size alone. At most 40 leaves, shortest
    branches first."""
    search = _Search(b, location, _outgoing(b))
    return search.branches(location, -1, (location,))


def leaks(b: Batch, param: Location) -> list[Branch]:
    """The tree of ways by which the value of a parameter, or what it points to, leaves its function; limits as for ``ways``."""
    search = _Search(b, param, _outgoing(b))
    return search.branches(param, _MOST_INDIRECTIONS, (param,))


def _outgoing(b: Batch) -> Outgoing:
    """Edges by their source, with those that led to the heap while the graph was built."""
    found: defaultdict[Location, list[FlowStep]] = defaultdict(list)
    for dst in (*b.locations, b.heap):
        for edge in dst.edges:
            found[edge.src].append(FlowStep(dst, edge.src, edge.derefs, edge.notes))
    for event in b.events:
        if isinstance(event, Explanation) and event.early:
            (step,) = event.flow.steps
            found[step.src].append(step)
    return found


class _Search:
    def __init__(self, b: Batch, origin: Location, outgoing: Outgoing) -> None:
        self._batch = b
        self._origin = origin
        self._outgoing = outgoing
        self._leaves = 0

    def branches(self, at: Location, indirections: int, path: tuple[Location, ...]) -> list[Branch]:
        """Ways on from ``at``; ``indirections``: how many dereferences the value still allows, -1 at the origin, whose address it is."""
        found: list[Branch] = []
        seen: set[tuple[Location, object]] = set()
        for step in self._outgoing.get(at, ()):
            mark = (step.dst, step.notes and (step.notes[0], step.notes[1]))
            left = 0 if indirections < 0 else indirections - step.derefs
            if step.dst in path or left < 0 or (indirections < 0 and step.derefs >= 0) or mark in seen:
                continue
            seen.add(mark)
            if self._leaves >= _MOST_LEAVES or len(path) >= _MOST_DEPTH:
                continue
            ends = self._ends(step.dst)
            through = ends and step.dst.node is not None and step.dst.escapes
            below = self.branches(step.dst, -1 if through else left, (*path, step.dst)) if through or not ends else []
            if below:
                found.append(Branch(step, below, through))
            elif ends:
                self._leaves += 1
                found.append(Branch(step, ()))
        return sorted(found, key=_depth)

    def _ends(self, dst: Location) -> bool:
        return dst is self._batch.heap or (dst.node is not None and outlives(self._batch, dst, self._origin))


def _depth(branch: Branch) -> int:
    return 1 + min((_depth(inner) for inner in branch.below), default=0)


def steps_of(branches: Sequence[Branch]) -> Iterator[Branch]:
    """All steps of a tree, nearest to the value first."""
    level = list(branches)
    while level:
        yield from level
        level = [inner for branch in level for inner in branch.below]
