"""The solver: a fixed point over the graph that finds which locations escape, persist, are mutated or called, and what parameters leak.

How it works: every location is a root at least once. A walk from the root along the edges, against the flow, finds all locations whose
value reaches the root. If the count of dereferences is below zero, the location's address reaches the root; the location escapes if the
root outlives it. A location becomes a root again when its attributes grow, until nothing changes.

Invariants:
    1. ``walk_derefs`` MUST be the least number of dereferences over all paths found so far. Otherwise the solver could miss the flow of
       an address. Kept by _walk_from(), which visits a location again whenever the number falls.
    2. A walk MUST NOT go on through an escaped location: values stored in it flow to the heap, and the heap is a root of its own.
       Otherwise walks would find the same flows again, by paths that Go does not explain. Kept by _walk_from().

Cost: locations times reachable edges, small in practice.

Source: cmd/compile/internal/escape/solve.go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tricolor.escape.batch import Batch
from tricolor.escape.graph import CALLS, ESCAPES, EVERYTHING, MUTATES, PERSISTS, Explanation, Flow, FlowStep, Location
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS
from tricolor.ir.nodes import Func, FuncLit


class _Generation:
    """Number of the current walk. A location's ``walk_*`` fields are valid only if its ``walk_generation`` is this number, so no walk
    needs to clear them."""

    value = 0


def solve(b: Batch) -> None:
    """Propagate attributes over the batch's graph until nothing changes."""
    todo: deque[Location] = deque()

    def enqueue(location: Location) -> None:
        if not location.queued:
            location.queued = True
            if location.attrs & ESCAPES:
                todo.appendleft(location)
            else:
                todo.append(location)

    for location in (*b.locations, b.mutator, b.callee, b.heap):
        location.queued = True
        todo.appendleft(location)
    while todo:
        root = todo.popleft()
        root.queued = False
        _walk_from(b, root, enqueue)


def _walk_from(b: Batch, root: Location, enqueue: Callable[[Location], None]) -> None:
    _Generation.value += 1
    generation = _Generation.value
    root.walk_generation = generation
    root.walk_derefs = 0
    root.walk_dst = None
    if root.attrs & CALLS and isinstance(root.node, FuncLit):
        _lose_results(b, root.node.func, enqueue)
    queue: deque[Location] = deque([root])
    root.walk_queued = True
    root_effects = root.attrs & (MUTATES | CALLS)
    while queue:
        location = queue.popleft()
        location.walk_queued = False
        derefs = location.walk_derefs
        attrs = 0
        if derefs < 0:
            # The location's address reaches the root.
            derefs = 0
            if outlives(b, root, location):
                if b.explained and not location.attrs & ESCAPES:
                    b.events.append(Explanation(location, _flow_to(root, location)))
                attrs = EVERYTHING
            elif root.attrs & PERSISTS:
                attrs = PERSISTS
        if derefs == 0:
            attrs |= root_effects
        if location.is_param:
            if outlives(b, root, location):
                if b.explained and not location.attrs & ESCAPES:
                    b.events.append(Explanation(location, _flow_to(root, location), derefs))
                _leak(location, root, derefs)
            if root.attrs & MUTATES:
                location.leaks.add(MUTATOR, derefs)
            if root.attrs & CALLS:
                location.leaks.add(CALLEE, derefs)
        if attrs & ~location.attrs:
            if attrs & ESCAPES and not location.attrs & ESCAPES:
                location.why = _flow_to(root, location)
            location.attrs |= attrs
            enqueue(location)
            if location.attrs & ESCAPES:
                continue
        for index, edge in enumerate(location.edges):
            src = edge.src
            if src.attrs & ESCAPES:
                continue
            total = derefs + edge.derefs
            if src.walk_generation != generation or src.walk_derefs > total:
                src.walk_generation = generation
                src.walk_derefs = total
                src.walk_dst = location
                src.walk_edge = index
                if not src.walk_queued:
                    src.walk_queued = True
                    queue.append(src)


def _lose_results(b: Batch, func: Func, enqueue: Callable[[Location], None]) -> None:
    """Note that unknown code may call the closure, so its results may outlive the variables around it."""
    if func not in b.members or func in b.results_lost:
        return
    b.results_lost.add(func)
    for result in func.results:
        enqueue(b.variables[result])


def _flow_to(root: Location, location: Location) -> Flow:
    """The path of the current walk from the location to the root."""
    steps: list[FlowStep] = []
    seen: set[Location] = set()
    src = location
    while src not in seen:
        seen.add(src)
        dst = src.walk_dst
        if dst is None:
            break
        edge = dst.edges[src.walk_edge]
        steps.append(FlowStep(dst, src, edge.derefs, edge.notes))
        if dst is root:
            return Flow(root, tuple(steps))
        src = dst
    return Flow(root, tuple(steps), cut_short=True)


def _contains_closure(outer: Func | None, inner: Func | None) -> bool:
    """Whether the source of ``inner`` is a closure inside ``outer``, at any depth."""
    while inner is not None:
        inner = inner.outer
        if inner is outer and inner is not None:
            return True
    return False


def outlives(b: Batch, location: Location, other: Location) -> bool:
    """Whether a value stored in ``location`` may be used after the lifetime of ``other`` has ended."""
    if location.attrs & ESCAPES:
        return True
    if location is b.mutator or location is b.callee:
        return False
    if location.result_index:
        # If all calls of a closure are known, its results do not outlive the variables of the functions around it.
        assert location.func is not None
        return not (_contains_closure(other.func, location.func) and location.func not in b.results_lost)
    if location.func is other.func and location.loop_depth < other.loop_depth:
        return True
    return _contains_closure(location.func, other.func)


def _leak(param: Location, sink: Location, derefs: int) -> None:
    to_result = not sink.attrs & ESCAPES and sink.result_index and sink.func is param.func and sink.result_index - 1 < RESULTS
    if to_result:
        param.leaks.add(FIRST_RESULT + sink.result_index - 1, derefs)
    elif param.leaks.add(HEAP, derefs):
        param.leak = _flow_to(sink, param)
