"""Moves operands that the IR's builder stored in temporaries, to fix the order of evaluation, back to their place in source.

    .order1 := g(x)                 f(a, g(x))
    f(a, .order1)            ->

Go's compiler orders operands only after escape analysis. The result suits analyses that do not depend on the order of evaluation.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tricolor.ir import nodes as n
from tricolor.ir.walk import edit_children, walk
from tricolor.passes.temporaries import ORDER


def in_source_order(func: n.Func) -> None:
    """Replace each use of a temporary ``.orderN`` by its value, in one function without its closures.

    ``name_temporaries`` must have named the temporaries. Temporaries with more than one use stay."""
    if not any(var.name.startswith(ORDER) for var in func.locals):
        return
    uses: Counter[n.Var] = Counter()
    declared: dict[n.Var, n.Declare] = {}
    for node in walk(func):
        if isinstance(node, n.Name):
            uses[node.var] += 1
        elif isinstance(node, n.Declare) and node.init is not None and node.var.name.startswith(ORDER):
            declared[node.var] = node
    moved = {var: node for var, node in declared.items() if uses[var] == 1 and not var.addrtaken and not var.captured}

    def change(node: Any) -> Any:
        edit_children(node, change)
        if isinstance(node, n.Name) and node.var in moved:
            return moved[node.var].init
        if isinstance(node, n.Block):
            node.stmts = [s for s in node.stmts if not (isinstance(s, n.Declare) and s.var in moved)]
        return node

    if moved:
        edit_children(func, change)
        func.locals = [var for var in func.locals if var not in moved]
