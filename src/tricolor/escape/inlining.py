"""Calls that Go's compiler replaces by the body of what they call, in packages that are compiled with inlining.

The packages that are asked about are compiled with ``-l``; those that they import are not, and what their parameters do is seen
better there: a function that is passed to a small one is known where it is called, and what a small function makes need not outlive
its caller. A copy of the body becomes part of the caller's graph. That is done only where it can matter: where a parameter of the
callee leaks to the heap.

Source: cmd/compile/internal/inline/inl.go, inline/interleaved/interleaved.go.

Differs from Go: closures are not inlined, since calls of known closures are seen through anyway; functions keep their batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import final

from tricolor.escape.assignments import collect
from tricolor.escape.batch import Batch
from tricolor.escape.graph import Hole
from tricolor.escape.leaks import HEAP, Leaks
from tricolor.escape.scan import scan
from tricolor.escape.statements import init_func, mark_looping_labels, stmt
from tricolor.ir import nodes as n
from tricolor.ir.copying import copy_function
from tricolor.ir.walk import with_closures
from tricolor.passes.inline_cost import InlineCosts


@final
class Inliner:
    """``costs``: which calls are replaced; ``known``: functions whose bodies are not at hand, only packages without inlining call them."""

    def __init__(self, costs: InlineCosts, known: Mapping[n.Func, Sequence[Leaks]]) -> None:
        self._known = known
        self._costs = costs
        self._open: list[n.Func] = []

    def operands(self, b: Batch, ks: Sequence[Hole], call: n.Call, callee: n.Func) -> Iterator[tuple[Hole, n.Expr]] | None:
        """The operands of a call with the holes that their values go to, after the callee's body has become part of the graph; None
        if it stays a call."""
        assert b.func is not None
        caller = _outermost(b.func)
        if not self._replaces(b, caller, callee):
            return None
        self._open.append(callee)
        made = _insert_body(b, call, copy_function(callee))
        self._open.pop()
        return _operands(b, ks, call, made)

    def _replaces(self, b: Batch, caller: n.Func, callee: n.Func) -> bool:
        if callee in self._open or callee in self._known:
            return False
        tags = b.tags.get(callee)
        return tags is not None and any(leaks.derefs[HEAP] >= 0 for leaks in tags) and self._costs.replaces(caller, callee)


def _outermost(func: n.Func) -> n.Func:
    while func.outer is not None:
        func = func.outer
    return func


def _insert_body(b: Batch, call: n.Call, made: n.Func) -> n.Func:
    """Make the variables of a copied function variables of the function at hand, and add the flows of its body."""
    assert b.func is not None and made.body is not None
    for var in (*made.params, *made.results):
        var.kind = n.VarKind.LOCAL
    for var in (*made.params, *made.results, *made.locals):
        b.variables[var] = b.new_location(var, persists=True)
    members = [member for member in with_closures(made) if member is made or member.captures]
    for closure in members[1:]:
        if closure.outer is made:
            closure.outer = b.func
        b.members.add(closure)
    scans = scan(members)
    b.scans.update(scans)
    for closure in members[1:]:
        init_func(b, closure)
    captures = {capture.inner: capture.outer for closure in members for capture in closure.captures}

    def canonical(var: n.Var) -> n.Var:
        while var in captures:
            var = captures[var]
        return b.canonical_of(var)

    known = b.assignments_of(b.func)
    known.add(collect((node for nodes in scans.values() for node in nodes), canonical))
    for param, arg in zip(made.params, call.args, strict=True):
        known.definition[param] = arg
        known.simple.setdefault(param, []).append(arg)
    mark_looping_labels(b, made)
    outer, b.results = b.results, made.results
    stmt(b, made.body)
    b.results = outer
    return made


def _operands(b: Batch, ks: Sequence[Hole], call: n.Call, made: n.Func) -> Iterator[tuple[Hole, n.Expr]]:
    for k, result in zip(ks, made.results, strict=False):
        yield k, n.Name(call.pos, result.type, result)
    for param, arg in zip(made.params, call.args, strict=True):
        yield b.to(b.location_of(param)).note(call, "call parameter"), arg
