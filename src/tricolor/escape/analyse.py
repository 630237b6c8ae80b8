"""Escape analysis of a whole program, callees before callers.

Terms:
    batch           a set of mutually recursive functions with their closures, analysed in one graph
    location        a variable, or the memory of one allocation in source
    parameter tag   where the value of a parameter flows when its function is called (``leaks``)

How it works: for each batch, callees first, build the graph of its assignments, apply the size rules, solve the graph, and keep the
locations and the parameter tags. Calls of functions in earlier batches use their tags.

Invariants:
    1. A variable or allocation whose address may be used after its function returned, or after the loop iteration that made it, MUST be on
       the heap. Otherwise the program would use a pointer into a dead frame. Kept by outlives().
    2. A closure MUST hold a variable by reference if the variable is assigned after the capture or its address is taken. Otherwise the
       closure would not see the assignment. Kept by _held_by_value().

Source: cmd/compile/internal/escape/escape.go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tricolor.base.collection import without_cycle_collection
from tricolor.escape.batch import Batch, Inline
from tricolor.escape.batches import batches, stands_alone
from tricolor.escape.changes import Change, FitsStack, HeldByValue
from tricolor.escape.graph import PERSISTS, Captured, Event, Flow, FlowStep, Hole, Location
from tricolor.escape.inlining import Inliner
from tricolor.escape.leaks import Leaks, everything_to_heap
from tricolor.escape.literals import find_literal
from tricolor.escape.naming import local_name, method_split
from tricolor.escape.pointers import holds_pointers
from tricolor.escape.result import EscapeResult
from tricolor.escape.scan import Scans, scan
from tricolor.escape.sizes import MAX_BY_VALUE_BYTES, heap_reason
from tricolor.escape.solve import solve
from tricolor.escape.statements import init_func, walk_func
from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n
from tricolor.ir.shapes import DICTIONARY, SHAPE_PACKAGE
from tricolor.ir.walk import walk
from tricolor.passes.inline_cost import InlineCosts


def analyse(
    funcs: Sequence[n.Func],
    *,
    explained: bool = False,
    known: Mapping[n.Func, Sequence[Leaks]] | None = None,
    costs: InlineCosts | None = None,
) -> EscapeResult:
    """Decide where every variable and allocation of the functions lives. ``funcs`` includes their closures.

    ``explained``: also collect every reason for every decision. ``known``: parameter tags of functions that are not in ``funcs``.
    ``costs``: decides which calls to inline; None inlines no call."""
    known = known or {}
    with without_cycle_collection():
        return _analyse_all(funcs, explained, known, None if costs is None else Inliner(costs, known).operands)


def _analyse_all(funcs: Sequence[n.Func], explained: bool, known: Mapping[n.Func, Sequence[Leaks]], inline: Inline | None) -> EscapeResult:
    variables: dict[n.Var, Location] = {}
    allocations: dict[n.Expr, Location] = {}
    canonical: dict[n.Var, n.Var] = {}
    tags: dict[n.Func, Sequence[Leaks]] = dict(known)
    by_value: set[n.Var] = set()
    order: list[Sequence[n.Func]] = []
    batch_of: dict[n.Func, int] = {}
    allocations_in: list[Sequence[n.Expr]] = []
    allocations_of: defaultdict[n.Func, list[n.Expr]] = defaultdict(list)
    events_in: list[Sequence[Event]] = []
    literals: dict[n.Expr, n.Const] = {}
    boxed_data: dict[n.Expr, n.Expr] = {}
    temporaries: dict[n.Var, n.Expr] = {}
    scans = scan(funcs)
    for members in batches(funcs, scans):
        b = _analyse_batch(members, tags, scans, explained, inline=inline)
        batch_of.update(dict.fromkeys(members, len(order)))
        order.append(members)
        allocations_in.append(tuple(b.allocations))
        events_in.append(b.events)
        variables.update(b.variables)
        allocations.update(b.allocations)
        canonical.update(b.canonical)
        for node, location in b.allocations.items():
            assert location.func is not None
            allocations_of[location.func].append(node)
        literals.update(b.literals)
        boxed_data.update(b.boxed_data)
        temporaries.update((v, x) for v, x in b.temporaries.items() if not b.variables[v].reassigned)
        by_value.update(var for var, location in b.variables.items() if _held_by_value(var, location))
        for func in members:
            own = [_tag(b.variables[param]) for param in func.params]
            if "uintptrescapes" in func.pragmas and func.signature.variadic:
                own[-1] = everything_to_heap()
            tags[func] = own
    return EscapeResult(
        variables,
        allocations,
        canonical,
        tags,
        frozenset(by_value),
        order,
        batch_of,
        allocations_in,
        dict(allocations_of),
        events_in,
        literals,
        boxed_data,
        temporaries,
    )


def analyse_again(members: Sequence[n.Func], tags: Mapping[n.Func, Sequence[Leaks]], change: Change | None) -> Batch:
    """Analyse one batch of a finished analysis again, as if ``change`` had been made to the source, and return its solved graph.

    ``tags``: the parameter tags that the finished analysis found."""
    return _analyse_batch(list(members), tags, scan(members), explained=True, change=change)


def _analyse_batch(
    members: list[n.Func],
    tags: Mapping[n.Func, Sequence[Leaks]],
    scans: Scans,
    explained: bool,
    change: Change | None = None,
    inline: Inline | None = None,
) -> Batch:
    b = Batch(members, tags, set(members), walk_func, scans, explained=explained, change=change, inline=inline)
    for func in members:
        init_func(b, func)
    for func in members:
        if stands_alone(func, b.members):
            walk_func(b, func)
    for func in members:
        if func not in b.walked:
            # No body mentions this closure: it is the initial value of a package-level variable. Unknown code may call it.
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
    """Decide for each captured variable whether its closure holds it by value or by reference, and add the flow into the closure."""
    dictionaries: dict[n.Func, Location] = {}
    for literal, hole in b.closures:
        uses = first_uses(literal.func) if b.explained else {}
        for capture in literal.func.captures:
            var = b.canonical[capture.inner]
            location = b.variables[var]
            if isinstance(b.change, HeldByValue) and b.change.var is var:
                location.reassigned = False
            by_value = _held_by_value(var, location)
            if b.explained and location.func is not None:
                b.events.append(Captured(location.func, var, by_value, location.addrtaken, location.reassigned))
            use = uses.get(capture.inner, literal)
            k = hole if by_value else hole.addr(use, "reference")
            b.flow(k.note(use, "captured by a closure"), location)
        # The dictionary is never on the heap, so no decision depends on this flow. Only explanations show it.
        if b.explained and not literal.func.wrapper:
            _capture_dictionary(b, literal, hole, dictionaries)


def _capture_dictionary(b: Batch, literal: n.FuncLit, hole: Hole, dictionaries: dict[n.Func, Location]) -> None:
    """Add the dictionary to the captures of a closure in a shape instance. The dictionary is a parameter of the outermost function."""
    root = literal.func
    while root.outer is not None:
        root = root.outer
    if f"[{SHAPE_PACKAGE}." not in root.symbol and f",{SHAPE_PACKAGE}." not in root.symbol:
        return
    location = dictionaries.get(root)
    if location is None:
        # The compiler's position of a method is the opening parenthesis of its receiver.
        pos = root.params[0].pos - 1 if method_split(local_name(root)) >= 0 else root.pos
        location = Location(n.Var(DICTIONARY, t.UNSAFE_POINTER, pos, n.VarKind.PARAM), root, 1, PERSISTS, is_param=True)
        dictionaries[root] = location
        b.locations.append(location)
    var = location.node
    assert isinstance(var, n.Var)
    b.events.append(Captured(root, var, by_value=True, addrtaken=False, reassigned=False))
    b.flow(hole.note(n.Name(var.pos, var.type, var), "captured by a closure"), location)


def first_uses(closure: n.Func) -> dict[n.Var, n.Name]:
    """The first use of each captured variable in a closure, nested closures included."""
    found: dict[n.Var, n.Name] = {}

    def use(var: n.Var, name: n.Name) -> None:
        # The walk is not in source order: operands of a select come before all bodies, so compare positions. Variables that the
        # rewriting of range-over-func added (#...) have the position of the loop, so their first use in the walk counts.
        if var not in found or (name.pos < found[var].pos and not var.name.startswith("#")):
            found[var] = name

    for node in walk(closure):
        if isinstance(node, n.Name) and node.var.kind is n.VarKind.CAPTURE:
            use(node.var, node)
        elif isinstance(node, n.FuncLit):
            inner = first_uses(node.func)
            for capture in node.func.captures:
                if capture.inner in inner:
                    use(capture.outer, inner[capture.inner])
    return found


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
        if reason and not (isinstance(b.change, FitsStack) and b.change.node is node):
            b.escape_at_once(location, Flow(b.heap, (FlowStep(b.heap, location, -1, (node, reason, None)),)), reason)


def _tag(location: Location) -> Leaks:
    assert isinstance(location.node, n.Var)
    leaks = location.leaks
    if not holds_pointers(location.node.type):
        return Leaks()
    if location.escapes:
        # The parameter itself moved to the heap, so every argument is stored there.
        leaks.add(0, 0)
    leaks.optimise()
    return leaks
