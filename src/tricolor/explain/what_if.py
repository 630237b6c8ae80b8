"""What single change keeps a value on the stack: each candidate is tried by a new analysis with that change, never guessed.

Candidates are the steps of all ways by which the value escapes, holding captured variables by value, and being small enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from tricolor.escape.analyse import analyse_again
from tricolor.escape.batch import Batch
from tricolor.escape.changes import Change, FitsStack, HeldByValue, WithoutFlow
from tricolor.escape.graph import Captured, Location, Noted
from tricolor.escape.leaks import Leaks
from tricolor.explain.paths import Branch
from tricolor.ir import nodes as n

_MOST_TRIALS: Final = 60
_UNSAID: Final = frozenset(
    {"spill", "address-of", "indirection", "dot", "dot of pointer", "fixed-array-index-of", "slice", "slice-to-array", "reference"}
)
"""Notes that are no use of a value of their own."""


@final
@dataclass(frozen=True, slots=True)
class Trial:
    """A change that was tried. ``branch``: the step of a way that it takes away, None for other changes; ``location``: what became of the
    node."""

    change: Change
    branch: Branch | None
    location: Location


def try_changes(b: Batch, tags: Mapping[n.Func, Sequence[Leaks]], node: n.Var | n.Expr, steps: Sequence[Branch]) -> list[Trial]:
    """Every candidate, tried. ``b``: the solved graph of the node's batch; ``tags``: of the analysis that it belongs to; ``steps``: of the
    ways by which the node escapes, those that can be changed in source."""
    out: list[Trial] = []
    for change, branch in _candidates(b, node, steps):
        if len(out) == _MOST_TRIALS:
            break
        changed = analyse_again(b.funcs, tags, change)
        out.append(Trial(change, branch, location_in(changed, node)))
    return out


def location_in(b: Batch, node: n.Var | n.Expr) -> Location:
    """Where a solved batch puts the variable or allocation."""
    return b.location_of(node) if isinstance(node, n.Var) else b.allocations[node]


def _candidates(b: Batch, node: n.Var | n.Expr, steps: Sequence[Branch]) -> Iterator[tuple[Change, Branch | None]]:
    why = location_in(b, node).why
    if why is not None and why.reason:
        yield FitsStack(node), None
    if any(isinstance(event, Captured) and event.var is node and not event.by_value and not event.addrtaken for event in b.events):
        assert isinstance(node, n.Var)
        if not node.name.startswith("#"):  # state of a range over a function: source cannot say otherwise
            yield HeldByValue(node), None
    seen: set[Change] = set()
    for branch in steps:
        said = _use(branch)
        if said is None:
            continue
        change = WithoutFlow(*said, branch.step.src.node)
        if change not in seen:
            seen.add(change)
            yield change, branch


def _use(branch: Branch) -> tuple[Noted, str] | None:
    """The outermost note of the step: what the value is used for."""
    found = None
    notes = branch.step.notes
    while notes is not None:
        if notes[1] not in _UNSAID:
            found = notes[0], notes[1]
        notes = notes[2]
    return found
