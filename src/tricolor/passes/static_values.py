"""Package-level variables whose values need no code: the statements of a package's init function without what is laid out as data.

Where Go's compiler can, it gives ``var p = &T{a: 1, b: f()}`` a static T and leaves only ``p.b = f()`` to be executed. What is
static is no allocation, so that escape analysis must not see it.

Source: cmd/compile/internal/staticinit/sched.go (StaticAssign).

Differs from Go: values that are copied from other variables are not followed; they allocate nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterator

from tricolor.ir import nodes as n
from tricolor.ir import types as t

_BOXING = (n.Conversion.TO_INTERFACE, n.Conversion.INTERFACE)


def without_static_values(init: n.Func) -> None:
    """Leave in the body of a package's init function what is executed."""
    assert init.body is not None
    stmts: list[n.Stmt] = []
    for stmt in init.body.stmts:
        if isinstance(stmt, n.Assign) and (stmt.x is None or _is_global(stmt.x)):
            stmts += [n.Assign(stmt.pos, stmt.x, part) for part in executed_parts(stmt.value)]
        else:
            stmts.append(stmt)
    init.body.stmts = stmts


def _is_global(x: n.Expr) -> bool:
    return isinstance(x, n.Name) and x.var.kind is n.VarKind.GLOBAL


def executed_parts(x: n.Expr) -> Iterator[n.Expr]:
    """Parts of an initial value that must be computed when the program starts."""
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
    """Whether the address of a place is known to the linker."""
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
