"""The graph of assignments: locations, edges between them, and holes for the values of expressions.

Terms:
    location   a variable, or the memory of one allocation in source
    edge       the value of ``src``, after ``derefs`` dereferences, is stored in the location that holds the edge; -1 is the address of src
    hole       the destination of an expression's value: a location, and the dereferences on the way to it
    note       why a value flows: a node of the source and Go's word for the reason

Source: cmd/compile/internal/escape/graph.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, final

from tricolor.escape.leaks import Leaks
from tricolor.ir.nodes import Expr, Func, Stmt, TypeCase, Var

Noted: TypeAlias = Expr | Stmt | Var | TypeCase
Note: TypeAlias = "tuple[Noted, str, Note | None]"
"""Why a value flows: the node, Go's word for the reason, and the notes of the enclosing expressions and statements."""

# Attributes of a location.
ESCAPES = 1  # its address flows to the heap, so it must be on the heap
PERSISTS = 2  # it must stay valid after the statement that allocates it
MUTATES = 4  # something may be stored through the pointer in it
CALLS = 8  # the function in it may be called
EVERYTHING = ESCAPES | PERSISTS | MUTATES | CALLS


class Edge(NamedTuple):
    src: Location
    derefs: int
    notes: Note | None


@final
@dataclass(slots=True, eq=False)
class Location:
    """A variable or an allocation; ``node`` is None for temporaries and the special locations.

    ``edges``: the flows into this location. ``result_index``: 1 + index for a result of ``func``, else 0. ``why``: for an escaping
    location, the flow that made it escape. ``leak``: for a parameter whose value or content flows to the heap, the flow with the fewest
    dereferences. ``queued`` and the ``walk_*`` fields belong to the solver; the latter are valid during one walk only.
    """

    node: Var | Expr | None
    func: Func | None
    loop_depth: int
    attrs: int = 0
    edges: list[Edge] = field(default_factory=list[Edge])
    is_param: bool = False
    result_index: int = 0
    leaks: Leaks = field(default_factory=Leaks)
    captured: bool = False
    reassigned: bool = False
    addrtaken: bool = False
    queued: bool = False
    why: Flow | None = None
    leak: Flow | None = None
    walk_generation: int = 0
    walk_derefs: int = 0
    walk_queued: bool = False
    walk_dst: Location | None = None
    walk_edge: int = 0

    @property
    def escapes(self) -> bool:
        return self.attrs & ESCAPES != 0


class FlowStep(NamedTuple):
    """``src`` flows into ``dst`` with ``derefs`` dereferences, for the reasons in ``notes``."""

    dst: Location
    src: Location
    derefs: int
    notes: Note | None


@final
@dataclass(frozen=True, slots=True)
class Flow:
    """Why a location escapes: steps from the location (first) to the root (``dst`` of the last step).

    ``reason``: in place of steps, a rule about the allocation itself ("too large for stack" and others). ``cut_short``: the steps run
    into a cycle of assignments before they reach the root."""

    root: Location
    steps: tuple[FlowStep, ...]
    reason: str = ""
    cut_short: bool = False


@final
@dataclass(frozen=True, slots=True)
class Explanation:
    """One reason why ``location`` escapes or, if ``derefs`` is at least 0, why a parameter leaks.

    ``early``: found while the graph was built, before the solver ran."""

    location: Location
    flow: Flow
    derefs: int = -1
    early: bool = False


@final
@dataclass(frozen=True, slots=True)
class Captured:
    """A closure captures the variable ``var`` of ``func``, by value or by reference, for these reasons."""

    func: Func
    var: Var
    by_value: bool
    addrtaken: bool
    reassigned: bool


@final
@dataclass(frozen=True, slots=True)
class Ignored:
    """An assignment that the graph leaves out, since it stores nothing new (``self_assignment``)."""

    func: Func
    statement: Stmt


Event: TypeAlias = Explanation | Captured | Ignored
"""What Go's compiler prints while it analyses a batch of functions."""


class Hole(NamedTuple):
    dst: Location
    derefs: int
    addrtaken: bool
    notes: Note | None

    def note(self, node: Noted, why: str) -> Hole:
        return Hole(self.dst, self.derefs, self.addrtaken, (node, why, self.notes))

    def shift(self, delta: int) -> Hole:
        return Hole(self.dst, self.derefs + delta, delta < 0, self.notes)

    def addr(self, node: Noted, why: str) -> Hole:
        return self.shift(-1).note(node, why)

    def deref(self, node: Noted, why: str) -> Hole:
        return self.shift(1).note(node, why)


def special(attrs: int = 0) -> Location:
    """A special location: heap, mutator, callee or blank."""
    return Location(None, None, 0, attrs)
