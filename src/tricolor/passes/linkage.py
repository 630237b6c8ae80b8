"""Finds local functions: those that only direct calls of their own package name. LLVM may change how they take their parameters.

A function is visible if anything else names it: a call from another package, a func value (its closure object is in the data module), a
type's method table, the list of initialisation tasks, a linkname, the runtime.

Invariants:
    1. A function that another module refers to MUST be visible. Otherwise linking fails. Checked by _Linker._imported() of
       ``llvm.link``, which rejects undefined symbols.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from tricolor.ir import nodes as n
from tricolor.ir.walk import walk


def local_functions(program: n.Program, packages: AbstractSet[str]) -> frozenset[str]:
    """Symbols of the local functions of these packages. ``packages``: symbol paths."""
    visible = {program.main.symbol, *(task.symbol for task in program.init_tasks)}
    for methods in program.methods.values():
        for method in methods:
            visible |= {method.func.symbol, method.entry.symbol}
    for value in program.static_init.values():
        visible |= {node.func.symbol for node in _nodes(value) if isinstance(node, (n.FuncName, n.FuncLit, n.MethodValue))}
    for func in program.funcs:
        visible |= _named_by(func)
    return frozenset(
        func.symbol
        for func in program.funcs
        if func.pkg in packages and func.symbol not in visible and not any(p.startswith("linkname") for p in func.pragmas)
    )


def _named_by(func: n.Func) -> set[str]:
    """Symbols that the function's body makes visible."""
    visible: set[str] = set()
    called: set[int] = set()
    for node in walk(func):
        if isinstance(node, n.Call) and isinstance(node.fun, n.FuncName) and node.fun.func.pkg == func.pkg:
            # walk() yields parents before their children, so the call comes before the name.
            called.add(id(node.fun))
        elif isinstance(node, (n.FuncName, n.FuncLit, n.MethodValue)) and id(node) not in called:
            visible.add(node.func.symbol)
    return visible


def _nodes(value: n.Expr) -> list[object]:
    """The expression and everything in it."""
    holder = n.Func("", "", "", n.Signature((), ()), 0, body=n.Block(0, [n.ExprStmt(0, value)]))
    return list(walk(holder))
