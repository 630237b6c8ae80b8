"""State of one batch while its graph is built, and the operations that every part of the builder uses.

Source: cmd/compile/internal/escape/escape.go, graph.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

from tricolor.escape.assignments import Assignments, collect
from tricolor.escape.changes import Change, WithoutFlow
from tricolor.escape.graph import (
    CALLS,
    ESCAPES,
    EVERYTHING,
    MUTATES,
    PERSISTS,
    Edge,
    Event,
    Explanation,
    Flow,
    FlowStep,
    Hole,
    Location,
    special,
)
from tricolor.escape.leaks import Leaks
from tricolor.escape.scan import Scans
from tricolor.ir.nodes import Call, Const, Expr, Func, FuncLit, Label, Var
from tricolor.ir.walk import with_closures

Inline: TypeAlias = "Callable[[Batch, Sequence[Hole], Call, Func], Iterator[tuple[Hole, Expr]] | None]"


@final
@dataclass(slots=True, eq=False)
class Batch:
    """Functions that are analysed together: a set of mutually recursive functions with all their closures.

    Input:
        ``funcs``, ``members``: the functions; ``members`` grows by the closures of inlined bodies.
        ``tags``: parameter tags of functions analysed before.
        ``scans``: marked nodes of each function.
        ``walk_body``: adds the flows of a closure's body when the walk meets the closure.
        ``explained``: whether to record explanations.
        ``change``: a change of the source to try.
        ``inline``: makes the body of a small function part of the graph, or returns None.

    Graph:
        ``variables``: location of each canonical variable. ``canonical``: maps a captured variable to the outer one that it stands for.
        ``allocations``: location of each allocating expression. ``locations``: all locations, temporaries included.
        ``heap``, ``mutator``, ``callee``, ``blank``: the special locations.
        ``closures``: closures with the holes for their captured variables.
        ``results_lost``: closures that unknown code may call.
        ``literals``: constants that operands of make and of boxing always equal. ``boxed_data``: composite literals of constants likewise.
        ``temporaries``: initial values of the variables that the IR's builder added.
        ``pinned``: conversions of pointers to uintptr whose pointers must stay valid, with the holes for these pointers.
        ``events``: what the compiler prints about the batch; explanations only if ``explained``.
        ``assignments``: by outermost function.

    Position of the walk:
        ``func``, ``loop_depth``; ``looping``: labels that begin a loop; ``walked``: functions whose bodies have been walked.
        ``results``: variables that a return assigns while an inlined body is walked; None: the results of ``func``.
    """

    funcs: Sequence[Func]
    tags: Mapping[Func, Sequence[Leaks]]
    members: set[Func]
    walk_body: Callable[[Batch, Func], None]
    scans: Scans
    variables: dict[Var, Location] = field(default_factory=dict[Var, Location])
    canonical: dict[Var, Var] = field(default_factory=dict[Var, Var])
    allocations: dict[Expr, Location] = field(default_factory=dict[Expr, Location])
    locations: list[Location] = field(default_factory=list[Location])
    closures: list[tuple[FuncLit, Hole]] = field(default_factory=list[tuple[FuncLit, Hole]])
    results_lost: set[Func] = field(default_factory=set[Func])
    walked: set[Func] = field(default_factory=set[Func])
    heap: Location = field(default_factory=lambda: special(ESCAPES | PERSISTS | MUTATES | CALLS))
    mutator: Location = field(default_factory=lambda: special(MUTATES))
    callee: Location = field(default_factory=lambda: special(CALLS))
    blank: Location = field(default_factory=special)
    literals: dict[Expr, Const] = field(default_factory=dict[Expr, Const])
    boxed_data: dict[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    temporaries: dict[Var, Expr] = field(default_factory=dict[Var, Expr])
    pinned: dict[Expr, Hole] = field(default_factory=dict[Expr, Hole])
    events: list[Event] = field(default_factory=list[Event])
    explained: bool = False
    change: Change | None = None
    assignments: dict[Func, Assignments] = field(default_factory=dict[Func, Assignments])
    inline: Inline | None = None
    func: Func | None = None
    results: Sequence[Var] | None = None
    loop_depth: int = 1
    looping: set[Label] = field(default_factory=set[Label])

    # --- locations ---

    def new_location(self, node: Var | Expr | None, *, persists: bool) -> Location:
        location = Location(node, self.func, self.loop_depth, PERSISTS if persists else 0)
        self.locations.append(location)
        return location

    def location_of(self, var: Var) -> Location:
        """Location of the variable; for a captured variable the location of the outer variable that it stands for."""
        return self.variables[self.canonical.get(var, var)]

    def canonical_of(self, var: Var) -> Var:
        """The variable itself; for a captured variable the outer variable that it stands for."""
        return self.canonical.get(var, var)

    def assignments_of(self, func: Func) -> Assignments:
        """Assignments to the variables of the outermost function around ``func`` and of its closures."""
        while func.outer is not None:
            func = func.outer
        found = self.assignments.get(func)
        if found is None:
            captures = {capture.inner: capture.outer for member in with_closures(func) for capture in member.captures}

            def canonical(var: Var) -> Var:
                while var in captures:
                    var = captures[var]
                return var

            nodes = (node for member in with_closures(func) for node in self.scans.get(member, ()))
            found = self.assignments[func] = collect(nodes, canonical)
        return found

    def static_value(self, x: Expr) -> Expr:
        """The earliest expression in the current function that always has the value of ``x``."""
        assert self.func is not None
        return self.assignments_of(self.func).static_value(x, self.canonical_of)

    # --- holes ---

    def discard(self) -> Hole:
        return Hole(self.blank, 0, False, None)

    def to_heap(self) -> Hole:
        return Hole(self.heap, 0, False, None)

    def to_mutator(self) -> Hole:
        return Hole(self.mutator, 0, False, None)

    def to_callee(self) -> Hole:
        return Hole(self.callee, 0, False, None)

    def to(self, location: Location) -> Hole:
        return Hole(location, 0, False, None)

    def tee(self, holes: Sequence[Hole]) -> Hole:
        """One hole whose value flows to all of ``holes``. None of them may take an address."""
        if not holes:
            return self.discard()
        if len(holes) == 1:
            return holes[0]
        location = self.new_location(None, persists=False)
        for hole in holes:
            assert hole.derefs >= 0, "a tee cannot take addresses"
            self.flow(hole, location)
        return self.to(location)

    def later(self, hole: Hole) -> Hole:
        """A hole through a persistent temporary, for a value that is still used after the statement."""
        location = self.new_location(None, persists=True)
        self.flow(hole, location)
        return self.to(location)

    def spill(self, hole: Hole, node: Expr) -> Hole:
        """Let the address of what ``node`` allocates flow to the hole, and return the hole for the allocated content."""
        location = self.allocations.get(node)
        if location is None:
            location = self.allocations[node] = self.new_location(node, persists=False)
        location.loop_depth = max(location.loop_depth, self.loop_depth)
        self.flow(hole.addr(node, "spill"), location)
        return self.to(location)

    # --- edges ---

    def flow(self, hole: Hole, src: Location) -> None:
        """Add an edge: the value of ``src``, or its address if ``hole.derefs`` is -1, flows to the hole."""
        if isinstance(self.change, WithoutFlow) and self.change.removes(hole.notes, src):
            return
        dst = hole.dst
        if hole.addrtaken:
            src.addrtaken = True
        if dst is self.blank or (dst is src and hole.derefs >= 0):
            return
        if dst.attrs & ESCAPES and hole.derefs < 0:
            self.escape_at_once(src, Flow(dst, (FlowStep(dst, src, hole.derefs, hole.notes),)))
            return
        dst.edges.append(Edge(src, hole.derefs, hole.notes))

    def escape_at_once(self, location: Location, flow: Flow, reason: str = "") -> None:
        """Mark the location as escaping while the graph is built: its address flows to the heap.

        ``reason``: set if a rule about the location itself, such as its size, is the cause."""
        if self.explained:
            self.events.append(Explanation(location, flow, early=True))
        if not location.attrs & ESCAPES:
            location.why = Flow(self.heap, (), reason) if reason else flow
        location.attrs |= EVERYTHING
