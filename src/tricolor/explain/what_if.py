"""Find the single changes that keep a value on the stack: analyse the value's batch again with each candidate change.

The candidates: leave out one step of a way in which the value escapes; capture the variable by value; make the value small enough.
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
"""Notes that do not describe a use of the value by themselves."""


@final
@dataclass(frozen=True, slots=True)
class Trial:
    """A change that was tried. ``branch``: the step that the change leaves out, None for other changes; ``location``: the node's location after
    the change."""

    change: Change
    branch: Branch | None
    location: Location


def try_changes(b: Batch, tags: Mapping[n.Func, Sequence[Leaks]], node: n.Var | n.Expr, steps: Sequence[Branch]) -> list[Trial]:
    """Try every candidate. ``b``: the solved graph of the node's batch; ``tags``: the parameter tags of the same analysis; ``steps``: the steps
    of the ways in which the node escapes that source can change."""
    out: list[Trial] = []
    for change, branch in _candidates(b, node, steps):
        if len(out) == _MOST_TRIALS:
            break
        changed = analyse_again(b.funcs, tags, change)
        out.append(Trial(change, branch, location_in(changed, node)))
    return out


def location_in(b: Batch, node: n.Var | n.Expr) -> Location:
    """The location of the variable or allocation in a solved batch."""
    return b.location_of(node) if isinstance(node, n.Var) else b.allocations[node]


def _candidates(b: Batch, node: n.Var | n.Expr, steps: Sequence[Branch]) -> Iterator[tuple[Change, Branch | None]]:
    why = location_in(b, node).why
    if why is not None and why.reason:
        yield FitsStack(node), None
    if any(isinstance(event, Captured) and event.var is node and not event.by_value and not event.addrtaken for event in b.events):
        assert isinstance(node, n.Var)
        if not node.name.startswith("#"):  # state of a range-over-func loop, which source cannot change
            yield HeldByValue(node), None
    seen: set[Change] = set()
    for branch in steps:
        use = _use(branch)
        if use is None:
            continue
        change = WithoutFlow(*use, branch.step.src.node)
        if change not in seen:
            seen.add(change)
            yield change, branch


def _use(branch: Branch) -> tuple[Noted, str] | None:
    """The outermost note of the step that describes a use of the value."""
    found = None
    notes = branch.step.notes
    while notes is not None:
        if notes[1] not in _UNSAID:
            found = notes[0], notes[1]
        notes = notes[2]
    return found
