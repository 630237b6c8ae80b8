"""Find all ways in which a value escapes, as a tree.

A way is a chain of edges in the escape graph that starts at the value's location. What flows along it is the address of the location: an edge
with -1 dereferences adds an indirection, and an edge with a positive number removes that many. A way ends where no indirection is left, or where
it reaches something that outlives the location.
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
"""More indirections than any type has."""

Outgoing: TypeAlias = Mapping[Location, Sequence[FlowStep]]


@final
@dataclass(frozen=True, slots=True)
class Branch:
    """One step of a way, and the steps after it in ``below``. The ``step.dst`` of a leaf outlives the value. ``through``: ``step.dst`` itself
    escapes, and ``below`` is the reason."""

    step: FlowStep
    below: Sequence[Branch]
    through: bool = False


def ways(b: Batch, location: Location) -> list[Branch]:
    """The tree of ways in which the location escapes; empty if it does not escape, or only because of its size. Has at most 40 leaves, and
    the shortest branches come first."""
    search = _Search(b, location, _outgoing(b))
    return search.branches(location, -1, (location,))


def leaks(b: Batch, param: Location) -> list[Branch]:
    """The tree of ways in which a parameter's value, or what it points to, leaves its function. The limits of ``ways`` apply."""
    search = _Search(b, param, _outgoing(b))
    return search.branches(param, _MOST_INDIRECTIONS, (param,))


def _outgoing(b: Batch) -> Outgoing:
    """The edges by their source, including the edges to the heap that the graph's construction resolved at once."""
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
        """The ways onwards from ``at``. ``indirections``: how many dereferences still lead to the value; -1 at the origin, where its address
        has not been taken yet."""
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
    """All steps of a tree, the steps nearest to the value first."""
    level = list(branches)
    while level:
        yield from level
        level = [inner for branch in level for inner in branch.below]
