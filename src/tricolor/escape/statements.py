"""Flows of statements.

Source: cmd/compile/internal/escape/stmt.go, assign.go, escape.go.
"""

from __future__ import annotations

from typing import assert_never

from tricolor.escape import expressions
from tricolor.escape.batch import Batch
from tricolor.escape.graph import Hole, Ignored
from tricolor.escape.pointers import holds_pointers
from tricolor.escape.self_assignment import is_self_assignment
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.passes.temporaries import ORDER


def init_func(b: Batch, func: n.Func) -> None:
    """Make a location for every variable of the function."""
    outer, b.func = b.func, func
    depth, b.loop_depth = b.loop_depth, 1
    for var in (*func.params, *func.results, *func.locals):
        location = b.new_location(var, persists=True)
        b.variables[var] = location
        location.is_param = var.kind is n.VarKind.PARAM
    if func.outer is None:
        # The function of a method value captures the receiver, though no function around it has that variable.
        for capture in func.captures:
            location = b.variables[capture.outer] = b.new_location(capture.outer, persists=True)
            location.is_param = capture.outer.kind is n.VarKind.PARAM
            b.canonical[capture.inner] = capture.outer
    for index, var in enumerate(func.results):
        b.variables[var].result_index = index + 1
    b.func, b.loop_depth = outer, depth


def walk_func(b: Batch, func: n.Func) -> None:
    """Add the flows of the function's body."""
    if func.body is None or func in b.walked:
        return
    b.walked.add(func)
    outer, b.func = b.func, func
    depth, b.loop_depth = b.loop_depth, 1
    results, b.results = b.results, None
    mark_looping_labels(b, func)
    stmt(b, func.body)
    b.func, b.loop_depth, b.results = outer, depth, results


def mark_looping_labels(b: Batch, func: n.Func) -> None:
    """Record labels that begin a loop, since a later goto jumps back to them."""
    seen: set[n.Label] = set()
    for node in b.scans.get(func, ()):
        if isinstance(node, n.Labeled):
            seen.add(node.label)
        elif isinstance(node, n.Goto) and node.label in seen:
            b.looping.add(node.label)


def stmt(b: Batch, s: n.Stmt) -> None:
    """Add the flows of one statement."""
    match s:
        case n.Block():
            depth = b.loop_depth
            for inner in s.stmts:
                stmt(b, inner)
            b.loop_depth = depth
        case n.Declare():
            _declare(b, s.var)
            if _copies_loop_variable(s):
                b.location_of(s.var).reassigned = True
            if s.init is not None:
                if s.var.name.startswith((".autotmp", ORDER)) and not s.var.addrtaken:
                    b.temporaries[s.var] = s.init
                expressions.expr(b, b.to(b.location_of(s.var)).note(s, "assign"), s.init)
        case n.Assign():
            _assign(b, s.x, s.value, s, "assign")
        case n.AssignPair():
            _assign_pair(b, s)
        case n.AssignTuple():
            _assign_tuple(b, s)
        case n.AssignOp():
            _store(b, place(b, s.x), s.x, s.y, s, "assign")
            _reassigned(b, s.x)
        case n.ExprStmt():
            expressions.discard(b, s.x)
        case n.If():
            expressions.discard(b, s.cond)
            stmt(b, s.then)
            if s.els is not None:
                stmt(b, s.els)
        case n.For():
            b.loop_depth += 1
            expressions.discard(b, s.cond)
            if s.post is not None:
                stmt(b, s.post)
            stmt(b, s.body)
            b.loop_depth -= 1
        case n.Range():
            _range(b, s)
        case n.Switch():
            _switch(b, s)
        case n.TypeSwitch():
            _type_switch(b, s)
        case n.Select():
            _select(b, s)
        case n.Send():
            expressions.discard(b, s.chan)
            expressions.expr(b, b.to_heap().note(s, "send"), s.value)
        case n.Go():
            expressions.expr(b, b.to_heap().note(s, "go"), s.closure)
        case n.Defer():
            # A defer outside of loops runs at most once, when the function returns. Its closure can stay on the stack until then.
            once = b.loop_depth == 1 and not s.in_loop and s.target is None
            expressions.expr(b, b.later(b.discard()) if once else b.to_heap().note(s, "defer"), s.closure)
        case n.Return():
            _return(b, s)
        case n.Labeled():
            if s.label in b.looping:
                b.loop_depth += 1
        case n.Break() | n.Continue() | n.Goto() | n.Fallthrough():
            pass
        case _:
            assert_never(s)


def _declare(b: Batch, var: n.Var) -> None:
    b.location_of(var).loop_depth = b.loop_depth


def _copies_loop_variable(s: n.Declare) -> bool:
    """Whether the statement copies the variable of a loop to a variable of one iteration."""
    init = s.init
    return isinstance(init, n.Name) and init.var is not s.var and init.var.name == s.var.name and init.var.pos == s.var.pos


def place(b: Batch, x: n.Place | None) -> Hole:
    """The hole for a value that is assigned to the place. Every store through a pointer counts as a store to the heap."""
    match x:
        case None:
            return b.discard()
        case n.Name():
            if x.var.kind is n.VarKind.GLOBAL:
                return b.to_heap()
            return b.to(b.location_of(x.var))
        case n.FieldOf():
            assert isinstance(x.x, (n.Name, n.FieldOf, n.FieldPtr, n.Index, n.Deref, n.MapIndex))
            return place(b, x.x)
        case n.Index():
            expressions.discard(b, x.index)
            if isinstance(t.underlying(x.x.type), t.Array):
                assert isinstance(x.x, (n.Name, n.FieldOf, n.FieldPtr, n.Index, n.Deref))
                return place(b, x.x)
            _mutate(b, x.x)
            return b.to_heap()
        case n.Deref() | n.FieldPtr():
            _mutate(b, x.x)
            return b.to_heap()
        case n.MapIndex():
            expressions.discard(b, x.x)
            expressions.expr(b, b.to_heap().note(x, "key of map put"), x.key)
            return b.to_heap()
        case _:
            assert_never(x)


def _mutate(b: Batch, x: n.Expr) -> None:
    expressions.expr(b, b.to_mutator(), x)


def _reassigned(b: Batch, x: n.Place | None) -> None:
    """Note that the variable that contains the place is assigned after its declaration."""
    while isinstance(x, n.FieldOf) or (isinstance(x, n.Index) and isinstance(t.underlying(x.x.type), t.Array)):
        inner = x.x
        if not isinstance(inner, (n.Name, n.FieldOf, n.Index)):
            return
        x = inner
    if isinstance(x, n.Name) and x.var.kind is not n.VarKind.GLOBAL:
        b.location_of(x.var).reassigned = True


def _assign(b: Batch, x: n.Place | None, value: n.Expr, where: n.Stmt, why: str) -> None:
    _store(b, place(b, x), x, value, where, why)
    _reassigned(b, x)


def _store(b: Batch, hole: Hole, x: n.Place | None, value: n.Expr, where: n.Stmt, why: str) -> None:
    """Add the flow of a value to the place ``x``. ``hole``: the hole for that place."""
    if x is not None and expressions.is_header_data(x):
        expressions.unsafe_value(b, b.to_heap().note(where, why), value)
        return
    if is_self_assignment(x, value, b.temporaries):
        assert b.func is not None
        b.events.append(Ignored(b.func, where))
        hole = b.discard()
    expressions.expr(b, hole.note(where, why), value)


def _assign_pair(b: Batch, s: n.AssignPair) -> None:
    declared = set(s.declares)
    for var in s.declares:
        _declare(b, var)
    holes = [place(b, x) for x in s.xs]
    for hole, x, value in zip(holes, s.xs, s.values, strict=True):
        _store(b, hole, x, value, s, "assign-pair")
    for x in s.xs:
        if not (isinstance(x, n.Name) and x.var in declared):
            _reassigned(b, x)


_TUPLE_WHY: dict[type, str] = {
    n.TypeAssert: "assign-pair-dot-type",
    n.MapIndex: "assign-pair-mapr",
    n.Recv: "assign-pair-receive",
}


def _assign_tuple(b: Batch, s: n.AssignTuple) -> None:
    declared = set(s.declares)
    for var in s.declares:
        _declare(b, var)
    holes: list[Hole] = []
    why = _TUPLE_WHY.get(type(s.value))
    for x in s.xs:
        holes.append(place(b, x).note(s, why) if why else place(b, x))
    if isinstance(s.value, (n.Call, n.CallMethod, n.Append, n.Builtin)):
        expressions.call(b, holes, s.value)
    else:
        expressions.expr(b, holes[0], s.value)
    for x in s.xs:
        if not (isinstance(x, n.Name) and x.var in declared):
            _reassigned(b, x)


def _range(b: Batch, s: n.Range) -> None:
    # The operand is evaluated once, before the loop, and lives as long as the loop.
    temporary = b.new_location(None, persists=True)
    expressions.expr(b, b.to(temporary), s.x)
    # Where the program cannot see the difference, Go's compiler keeps one variable for all iterations (package loopvar).
    for var in s.declares:
        if not var.kept:
            _declare(b, var)
    b.loop_depth += 1
    for var in s.declares:
        if var.kept:
            _declare(b, var)
    for x in (s.key, s.value):
        # This includes a variable that is new in each iteration: it is a copy of a variable that all iterations share.
        _reassigned(b, x)
    place(b, s.key)
    value_hole = place(b, s.value)
    if s.value is not None and holds_pointers(s.value.type):
        is_array = isinstance(t.underlying(s.x.type), t.Array)
        b.flow(value_hole.note(s, "range") if is_array else value_hole.deref(s, "range-deref"), temporary)
    stmt(b, s.body)
    b.loop_depth -= 1


def _switch(b: Batch, s: n.Switch) -> None:
    expressions.discard(b, s.tag)
    for case in s.cases:
        expressions.discard(b, *(case.values or ()))
        stmt(b, case.body)


def _type_switch(b: Batch, s: n.TypeSwitch) -> None:
    holes: list[Hole] = []
    for case in s.cases:
        if case.var is None or not holds_pointers(case.var.type):
            if case.var is not None:
                _declare(b, case.var)
            continue
        _declare(b, case.var)
        hole = b.to(b.location_of(case.var))
        one = case.types[0] if case.types is not None and len(case.types) == 1 else None
        if one is not None and not t.is_interface(one) and not t.is_direct_iface(one):
            hole = hole.deref(case, "switch case")
        else:
            hole = hole.note(case, "switch case")
        holes.append(hole)
    expressions.expr(b, b.tee(holes), s.x)
    for case in s.cases:
        stmt(b, case.body)


def _select(b: Batch, s: n.Select) -> None:
    for case in s.cases:
        for var in (case.recv_var, case.ok_var):
            if var is not None:
                _declare(b, var)
        expressions.discard(b, case.chan)
        if case.send is not None:
            expressions.expr(b, b.to_heap().note(s, "send"), case.send)
        stmt(b, case.body)


def _return(b: Batch, s: n.Return) -> None:
    assert b.func is not None
    variables = b.func.results if b.results is None else b.results
    results = [b.to(b.location_of(var)).note(s, "return") for var in variables]
    if len(s.values) == 1 and len(results) > 1:
        (value,) = s.values
        assert isinstance(value, (n.Call, n.CallMethod, n.Append, n.Builtin))
        expressions.call(b, results, value)
        return
    if s.values:
        for var in variables:
            if var.name and not var.name.startswith("~"):
                b.location_of(var).reassigned = True
    for hole, value in zip(results, s.values, strict=False):
        expressions.expr(b, hole, value)
