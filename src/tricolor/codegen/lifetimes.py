"""Clears maps in the frame after their last use, since the collector scans every word of a frame.

A map in the frame is dead after the last statement of its block that mentions its only variable, if nothing but operations of maps
mentions the variable: then no other variable and no closure holds the map. What it held is garbage from there on.

Invariants:
    1. A map that is used again MUST NOT be cleared. Otherwise the program would lose its entries. Checked by last_use(), which knows only
       maps that their variable alone holds.

Differs from Go:
    Go knows for each call which words of a frame are live. Here a pointer in a register or a spilled word stays until something else needs
    its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from tricolor.codegen.maps import clear_stack_map
from tricolor.codegen.state import Gen
from tricolor.gotypes.types import Map, underlying
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

_OPERATIONS = frozenset({n.BuiltinOp.LEN, n.BuiltinOp.DELETE, n.BuiltinOp.CLEAR})


def emit_block(g: Gen, stmts: Sequence[n.Stmt]) -> None:
    """Emit the statements of a block."""
    ends: dict[int, list[n.Stmt]] = {}
    for index, stmt in enumerate(stmts):
        g.stmt(stmt)
        if isinstance(stmt, n.Declare) and isinstance(stmt.init, n.MakeMap | n.MapLit) and g.m.placements.on_stack(stmt.init):
            last = last_use(stmt.var, stmts, index)
            if last is not None and last + 1 < len(stmts):
                ends.setdefault(last, []).append(stmt)
        for declared in ends.pop(index, ()):
            assert isinstance(declared, n.Declare)
            _clear(g, declared, stmts[: index + 1])


def last_use(var: n.Var, stmts: Sequence[n.Stmt], declared: int) -> int | None:
    """Index of the last statement that mentions the variable; None if anything but operations of maps may use the map."""
    if not isinstance(underlying(var.type), Map):
        return None
    last = declared
    for index in range(declared + 1, len(stmts)):
        mentions = operations = 0
        for node in walk(stmts[index]):
            match node:
                case n.Labeled() | n.FuncLit():
                    # The way may lead back, or a closure may hold the map.
                    return None
                case n.Name(var=mentioned):
                    mentions += mentioned is var
                case n.MapIndex(x=n.Name(var=mentioned)) | n.Range(x=n.Name(var=mentioned)):
                    operations += mentioned is var
                case n.Builtin(op=op, args=[n.Name(var=mentioned), *_]) if op in _OPERATIONS:
                    operations += mentioned is var
                case n.Binary(x=n.Name(var=mentioned), y=n.Nil()):
                    operations += mentioned is var
                case n.Assign(x=n.Name(var=mentioned), value=n.Nil() | n.Zero() | n.MakeMap() | n.MapLit()):
                    operations += mentioned is var
                case _:
                    pass
        if mentions != operations:
            return None
        if mentions:
            last = index
    return last


def _clear(g: Gen, declared: n.Declare, stmts: Sequence[n.Stmt]) -> None:
    """Clear the maps that were assigned to the variable."""
    if g.dead:
        return
    assert declared.init is not None
    made: list[n.Expr] = [declared.init]
    for stmt in stmts:
        for node in walk(stmt):
            match node:
                case n.Assign(x=n.Name(var=assigned), value=value) if assigned is declared.var:
                    made.append(value)
                case _:
                    pass
    for each in made:
        clear_stack_map(g, each)
