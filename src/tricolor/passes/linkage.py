"""Which functions only their own package's code calls: LLVM may then change how they take their parameters.

A function is visible when anything but a direct call from its own package names it: a call from another package, a func value (its closure
object is in the data module), a type's method table, an initialisation task, a linkname, the runtime.

Invariant:
    1. A function that another module refers to MUST be visible. Otherwise the program cannot be linked.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from tricolor.ir import nodes as n
from tricolor.ir.walk import walk


def local_functions(program: n.Program, packages: AbstractSet[str]) -> frozenset[str]:
    """Symbols of functions of these packages that no other module refers to. ``packages``: symbol paths."""
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
            # Parents come before their children, so that the name is not met first.
            called.add(id(node.fun))
        elif isinstance(node, (n.FuncName, n.FuncLit, n.MethodValue)) and id(node) not in called:
            visible.add(node.func.symbol)
    return visible


def _nodes(value: n.Expr) -> list[object]:
    """The expression and everything in it."""
    holder = n.Func("", "", "", n.Signature((), ()), 0, body=n.Block(0, [n.ExprStmt(0, value)]))
    return list(walk(holder))
