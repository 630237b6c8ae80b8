"""Escape analysis of a whole program, callees before callers.

Invariants:
    1. A variable or allocation whose address may be used after its function returned, or after the loop iteration that made it, MUST be on
       the heap. Otherwise a pointer into a dead frame would be used.
    2. A closure MUST hold a variable by reference if it is assigned after the capture or its address is taken.

Source: cmd/compile/internal/escape/escape.go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tricolor.abi.layout import size_of
from tricolor.escape.batch import Batch
from tricolor.escape.batches import batches, stands_alone
from tricolor.escape.graph import EVERYTHING, Flow, Location
from tricolor.escape.leaks import Leaks, everything_to_heap
from tricolor.escape.literals import find_literal
from tricolor.escape.pointers import holds_pointers
from tricolor.escape.result import EscapeResult
from tricolor.escape.scan import Scans, scan
from tricolor.escape.sizes import MAX_BY_VALUE_BYTES, heap_reason
from tricolor.escape.solve import solve
from tricolor.escape.statements import init_func, walk_func
from tricolor.ir import nodes as n


def analyse(funcs: Sequence[n.Func]) -> EscapeResult:
    """Place everything in the functions (closures included)."""
    variables: dict[n.Var, Location] = {}
    allocations: dict[n.Expr, Location] = {}
    canonical: dict[n.Var, n.Var] = {}
    tags: dict[n.Func, list[Leaks]] = {}
    by_value: set[n.Var] = set()
    order: list[Sequence[n.Func]] = []
    allocations_of: defaultdict[n.Func, list[n.Expr]] = defaultdict(list)
    notices_of: defaultdict[n.Func, list[n.Stmt]] = defaultdict(list)
    literals: dict[n.Expr, n.Const] = {}
    temporaries: dict[n.Var, n.Expr] = {}
    scans = scan(funcs)
    for members in batches(funcs, scans):
        b = _analyse_batch(members, tags, scans)
        order.append(members)
        variables.update(b.variables)
        allocations.update(b.allocations)
        canonical.update(b.canonical)
        for func, statement in b.notices:
            notices_of[func].append(statement)
        for node, location in b.allocations.items():
            assert location.func is not None
            allocations_of[location.func].append(node)
        literals.update(b.literals)
        temporaries.update((v, x) for v, x in b.temporaries.items() if not b.variables[v].reassigned)
        by_value.update(var for var, location in b.variables.items() if _held_by_value(var, location))
        for func in members:
            tags[func] = [_tag(b.variables[param]) for param in func.params]
            if "uintptrescapes" in func.pragmas and func.signature.variadic:
                tags[func][-1] = everything_to_heap()
    return EscapeResult(
        variables,
        allocations,
        canonical,
        tags,
        frozenset(by_value),
        order,
        dict(allocations_of),
        dict(notices_of),
        literals,
        temporaries,
    )


def _analyse_batch(members: list[n.Func], tags: Mapping[n.Func, Sequence[Leaks]], scans: Scans) -> Batch:
    b = Batch(members, tags, frozenset(members), walk_func, scans)
    for func in members:
        init_func(b, func)
    for func in members:
        if stands_alone(func, b.members):
            walk_func(b, func)
    for func in members:
        if func not in b.walked:
            # A closure that no body mentions: the initial value of a variable. Anybody may call it.
            b.results_lost.add(func)
            for capture in func.captures:
                b.canonical.setdefault(capture.inner, b.canonical.get(capture.outer, capture.outer))
            walk_func(b, func)
    _connect_closures(b)
    _apply_size_rules(b)
    solve(b)
    return b


def _held_by_value(var: n.Var, location: Location) -> bool:
    return not location.addrtaken and not location.reassigned and size_of(var.type) <= MAX_BY_VALUE_BYTES


def _connect_closures(b: Batch) -> None:
    """Decide how each closure holds its variables, and let them flow into it."""
    for literal, hole in b.closures:
        for capture in literal.func.captures:
            var = b.canonical[capture.inner]
            location = b.variables[var]
            k = hole.note(literal, "captured by a closure")
            if not _held_by_value(var, location):
                k = hole.addr(literal, "reference").note(literal, "captured by a closure")
            b.flow(k, location)


def _apply_size_rules(b: Batch) -> None:
    for location in list(b.locations):
        node = location.node
        if node is None:
            continue
        if isinstance(node, (n.MakeSlice, n.Convert)):
            b.func = location.func
            find_literal(b, node)
        literal = None if isinstance(node, n.Var) else b.literals.get(node)
        reason = heap_reason(node, literal)
        if reason and not location.escapes:
            location.why = Flow(b.heap, (), reason)
            location.attrs |= EVERYTHING


def _tag(location: Location) -> Leaks:
    assert isinstance(location.node, n.Var)
    leaks = location.leaks
    if not holds_pointers(location.node.type):
        return Leaks()
    if location.escapes:
        # The variable itself moved to the heap: whatever is passed in is stored there.
        leaks.add(0, 0)
    leaks.optimise()
    return leaks
