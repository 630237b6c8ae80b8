"""Inlining for escape analysis: a copy of a callee's body becomes part of the caller's graph where Go's compiler inlines the call.

We compile the packages that the user names with ``-l`` (no inlining) and the packages that they import with inlining. Inlining gives the
imported packages better parameter tags: the analysis knows a function that is passed to a small function, and an allocation of a
small function need not outlive the caller. Inlining can only matter, and is only done, where a parameter of the callee leaks to the heap.

Source: cmd/compile/internal/inline/inl.go, inline/interleaved/interleaved.go.

Differs from Go: closures are not inlined, since the analysis follows calls of known closures anyway. Functions keep their batches.
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
    """Inlines calls while a graph is built.

    ``costs``: decides which calls to inline. ``known``: functions whose tags are known and whose bodies are not loaded; only packages
    compiled without inlining call them."""

    def __init__(self, costs: InlineCosts, known: Mapping[n.Func, Sequence[Leaks]]) -> None:
        self._known = known
        self._costs = costs
        self._open: list[n.Func] = []

    def operands(self, b: Batch, ks: Sequence[Hole], call: n.Call, callee: n.Func) -> Iterator[tuple[Hole, n.Expr]] | None:
        """Add the callee's body to the graph and return the call's operands with the holes that their values flow to.

        Returns None if the call is not inlined. ``ks``: holes for the results."""
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
    """Make the variables of a copied function variables of the current function, and add the flows of its body."""
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
