"""Removes from a package's init function the values that Go's compiler lays out as data.

Where it can, Go's compiler gives ``var p = &T{a: 1, b: f()}`` a static T, and the init function executes only ``p.b = f()``. A static
value is not an allocation, so escape analysis must not see it.

The compiler moves the assignment of each large map to a function of its own, so that the linker can drop the maps of unused variables.

Source: cmd/compile/internal/staticinit/sched.go (StaticAssign, tryWrapGlobalInit, AnySideEffects).

Differs from Go: values that are copied from other variables are not followed; they allocate nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

_BOXING = (n.Conversion.TO_INTERFACE, n.Conversion.INTERFACE)
_LARGE_MAP_NODES = 20
"""The value of a map with at least so many expressions gets a function of its own."""
_WITHOUT_EFFECT = frozenset(
    (
        n.Const, n.Nil, n.Zero, n.Name, n.FuncName, n.Unary, n.Binary, n.Concat, n.AddrOf, n.FieldOf, n.Convert, n.StructLit, n.ArrayLit,
        n.SliceLit, n.MapLit, n.New,
    )
)  # fmt: skip


def without_static_values(init: n.Func) -> None:
    """Keep in the body of a package's init function only the parts of values that must be executed."""
    assert init.body is not None
    stmts: list[n.Stmt] = []
    for stmt in init.body.stmts:
        if isinstance(stmt, n.Assign) and (stmt.x is None or _is_global(stmt.x)):
            stmts += [n.Assign(stmt.pos, _place_of(part, stmt.x), part) for part in executed_parts(stmt.value)]
        else:
            stmts.append(stmt)
    init.body.stmts = stmts


def _place_of(part: n.Expr, whole: n.Name | None) -> n.Name | None:
    """Where a part of a package-level variable's initial value is stored: in a variable that stands for this part of its data."""
    if whole is None or whole.type is part.type:
        return whole
    var = n.Var(whole.var.name, part.type, whole.var.pos, n.VarKind.GLOBAL, symbol=whole.var.symbol)
    return n.Name(whole.pos, part.type, var)


def outlined_maps(init: n.Func) -> list[n.Func]:
    """Move each assignment of a large map to a function of its own, which the init function calls; return these functions."""
    assert init.body is not None
    made: list[n.Func] = []
    for index, stmt in enumerate(init.body.stmts):
        if isinstance(stmt, n.Assign) and stmt.x is not None and _is_global(stmt.x) and _is_large_map(stmt.value):
            name = f"{init.pkg}.map.init.{len(made)}"
            func = n.Func(name, name, init.pkg, init.signature, stmt.pos, body=n.Block(stmt.pos, [stmt]))
            made.append(func)
            call = n.Call(stmt.pos, t.EMPTY_TUPLE, n.FuncName(stmt.pos, func.signature, func), [])
            init.body.stmts[index] = n.ExprStmt(stmt.pos, call)
    return made


def _is_large_map(x: n.Expr) -> bool:
    if not isinstance(t.underlying(x.type), t.Map):
        return False
    nodes = list(walk(x))
    # The compiler has a node for each key with its value.
    pairs = sum(len(at.entries) if isinstance(at, n.MapLit) else len(at.fields) if isinstance(at, n.StructLit) else 0 for at in nodes)
    return len(nodes) + pairs >= _LARGE_MAP_NODES and all(_is_without_effect(at) for at in nodes)


def _is_without_effect(x: object) -> bool:
    """A temporary holds what a call gave, so its use stands for the call."""
    return type(x) in _WITHOUT_EFFECT and (not isinstance(x, n.Name) or _is_global(x))


def _is_global(x: n.Expr) -> TypeGuard[n.Name]:
    return isinstance(x, n.Name) and x.var.kind is n.VarKind.GLOBAL


def executed_parts(x: n.Expr) -> Iterator[n.Expr]:
    """The parts of an initial value that must be computed when the program starts."""
    while isinstance(x, n.Convert) and x.kind is n.Conversion.NOP:
        x = x.x
    match x:
        case n.Const() | n.Nil() | n.Zero() | n.FuncName():
            pass
        case n.Name() if _is_global(x):
            yield x
        case n.AddrOf() if isinstance(x.x, (n.StructLit, n.ArrayLit, n.SliceLit)):
            yield from executed_parts(x.x)
        case n.AddrOf() if isinstance(x.x, n.MapLit):
            yield x.x
        case n.AddrOf() if _is_static_place(x.x):
            pass
        case n.StructLit():
            for _, value in x.fields:
                yield from executed_parts(value)
        case n.ArrayLit() | n.SliceLit():
            for _, value in x.elems:
                yield from executed_parts(value)
        case n.FuncLit() if not x.func.captures:
            pass
        case n.Convert(kind=n.Conversion.STRING_TO_BYTES) if isinstance(x.x, n.Const):
            pass
        case n.Convert() if x.kind in _BOXING:
            yield from _executed_in_interface(x)
        case _:
            yield x


def _executed_in_interface(x: n.Convert) -> Iterator[n.Expr]:
    value: n.Expr = x
    while isinstance(value, n.Convert) and value.kind in _BOXING:
        value = value.x
    if not t.is_interface(value.type):
        yield from executed_parts(value)
    elif not isinstance(value, n.Nil):
        yield x


def _is_static_place(x: n.Expr) -> bool:
    """Whether the linker knows the address of the place."""
    match x:
        case n.Name():
            return x.var.kind is n.VarKind.GLOBAL
        case n.FieldOf():
            return _is_static_place(x.x)
        case n.Index():
            is_array = isinstance(t.underlying(x.x.type), t.Array)
            return is_array and isinstance(x.index, n.Const) and _is_static_place(x.x)
        case _:
            return False
