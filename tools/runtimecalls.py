"""Derive the table in ``explain/runtime_calls.py``: the functions of Go's runtime that allocate on the heap when another package calls them.

``python -m tools.runtimecalls`` derives the table from the runtime's source and prints it as Python. A test compares it with the module.

Terms:
    reachable  a function that other packages can call: an exported function of package runtime, or a function that a ``//go:linkname`` or
               ``//go:linknamestd`` comment names.
    fresh      an expression whose value is new memory: an allocation that escape analysis puts on the heap; a call of ``mallocgc`` or of another
               function that gives memory; a variable that holds a fresh value; or a fresh value that is converted, sliced or a field.

How it works: a function *gives* memory if a return statement returns something fresh: *always*, if every return statement does. It allocates
for *itself* if every call allocates something on the heap that the function does not return. It grows a *map* if it calls the runtime's map
assignment.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tricolor.base.errors import EnvironmentFault, Faults
from tricolor.decide.decisions import Alone, analyse_alone, request_for
from tricolor.escape.pointers import holds_pointers
from tricolor.explain.cost import cost_of
from tricolor.explain.model import CostClass
from tricolor.explain.runtime_calls import Gives
from tricolor.frontend.toolchain import find_toolchain
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

_ALLOCATOR: Final = "runtime.mallocgc"
_MAP_ASSIGNMENT: Final = "runtime.mapassign"
_LINKNAME: Final = re.compile(r"^//go:linkname(?:std)? (\S+)(?: (\S+))?$", re.MULTILINE)
_PACKAGES: Final = ("runtime", "internal/runtime/...")


def derive() -> dict[str, Gives]:
    """The table by linker symbol, sorted. Raises EnvironmentFault if the runtime cannot be analysed. Takes about ten seconds."""
    alone = analyse_alone(request_for(_PACKAGES, find_toolchain().root / "src"))
    if isinstance(alone, Faults):
        raise EnvironmentFault(alone.text)
    functions = {func.symbol: func for funcs in alone.roots.values() for func in funcs if func.body is not None}
    made = _heap_operations(alone)
    giving = _giving(functions, made)
    found: dict[str, Gives] = {}
    for symbol, own in sorted(_reachable(alone)):
        func = functions.get(own)
        if func is None:
            continue
        if any(name.startswith(_MAP_ASSIGNMENT) for name in (symbol, *_callees(func))):
            found[symbol] = Gives.MAP
        elif own in giving:
            found[symbol] = giving[own]
        elif any(node in made for node in _always_run(func)):
            found[symbol] = Gives.ITSELF
    return found


def _reachable(alone: Alone) -> Iterator[tuple[str, str]]:
    """The reachable functions: for each the symbol that other packages call, and the function's own symbol."""
    for package in alone.typed.roots:
        for index in package.files:
            for local, target in _LINKNAME.findall(Path(alone.typed.files[index].source).read_text()):
                own = f"{package.symbol_path}.{local}"
                yield target or own, own
                yield target or own, target or own
        if package.path == "runtime":
            for func in alone.roots[package.path]:
                if func.name.rpartition(".")[2][:1].isupper() and func.outer is None and not func.is_instance:
                    yield func.symbol, func.symbol


def _heap_operations(alone: Alone) -> frozenset[n.Expr | n.Var]:
    escape = alone.escape
    places = {**escape.allocations, **escape.variables}
    return frozenset(
        node for node, location in places.items() if location.escapes and cost_of(node, location, escape, {}).kind is CostClass.HEAP
    )


def _always_run(func: n.Func) -> Iterator[object]:
    """The nodes of the statements that every call executes: those at the top level of the body, without control flow."""
    plain = (n.Declare, n.Assign, n.AssignPair, n.AssignTuple, n.ExprStmt, n.Return)
    return (
        node for statement in _statements(func) if isinstance(statement, plain) and not _is_panic(statement) for node in walk(statement)
    )


def _is_panic(statement: n.Stmt) -> bool:
    return isinstance(statement, n.ExprStmt) and isinstance(statement.x, n.Builtin) and statement.x.op is n.BuiltinOp.PANIC


def _statements(func: n.Func) -> list[n.Stmt]:
    return [] if func.body is None else func.body.stmts


def _callees(func: n.Func) -> Iterator[str]:
    return (node.fun.func.symbol for node in walk(func) if isinstance(node, n.Call) and isinstance(node.fun, n.FuncName))


def _giving(functions: Mapping[str, n.Func], made: frozenset[n.Expr | n.Var]) -> dict[str, Gives]:
    """The functions that return something fresh. Functions call each other, so this is a fixed point."""
    found = {_ALLOCATOR: Gives.ALWAYS}
    while True:
        before = len(found)
        for symbol, func in functions.items():
            if symbol not in found and any(map(holds_pointers, func.signature.results)):
                returns = _returns(func, found, made)
                if any(returns):
                    found[symbol] = Gives.ALWAYS if all(returns) else Gives.SOMETIMES
        if len(found) == before:
            return found


def _returns(func: n.Func, giving: Mapping[str, Gives], made: frozenset[n.Expr | n.Var]) -> list[bool]:
    """For each return statement: whether it returns something fresh."""
    fresh: set[n.Var] = set()

    def is_fresh(x: n.Expr) -> bool:
        if x in made:
            return True
        match x:
            case n.Name(var=var):
                return var in fresh
            case n.AddrOf(x=n.Name(var=var)):
                return var in made or var in fresh
            case n.Call(fun=n.FuncName(func=callee)):
                return callee.symbol in giving
            case n.Builtin(op=n.BuiltinOp.UNSAFE_SLICE | n.BuiltinOp.UNSAFE_STRING | n.BuiltinOp.UNSAFE_ADD, args=args):
                return is_fresh(args[0])
            case n.StructLit(fields=fields):
                return any(is_fresh(value) for _, value in fields)
            case n.Convert() | n.SliceExpr() | n.FieldOf() | n.AddrOf():
                return is_fresh(x.x)
            case _:
                return False

    nodes = list(walk(func))
    pointees = _pointees(nodes)
    while True:
        before = len(fresh)
        for node in nodes:
            for var, value in _stores(node):
                if is_fresh(value):
                    fresh |= {var, *pointees.get(var, ())}
        if len(fresh) == before:
            break
    results = [any(map(is_fresh, node.values)) for node in nodes if isinstance(node, n.Return) and node.values]
    return [*results, *(True for var in func.results if var in fresh and not results)]


def _stores(node: object) -> Iterator[tuple[n.Var, n.Expr]]:
    """The variables that a statement stores to, directly or into a field, each with the stored value."""
    match node:
        case n.Declare(var=var, init=value) if value is not None:
            yield var, value
        case n.Assign(x=x, value=value):
            yield from ((var, value) for var in _variable_of(x))
        case n.AssignPair(xs=xs, values=values):
            for x, value in zip(xs, values, strict=True):
                yield from ((var, value) for var in _variable_of(x))
        case n.AssignTuple(xs=xs, value=value):
            yield from ((var, value) for x in xs for var in _variable_of(x))
        case _:
            return


def _pointees(nodes: Sequence[object]) -> dict[n.Var, list[n.Var]]:
    """For each variable the other variables whose addresses its initial value contains: a store through the first may change the others."""
    return {
        node.var: [inner.x.var for inner in walk(node.init) if isinstance(inner, n.AddrOf) and isinstance(inner.x, n.Name)]
        for node in nodes
        if isinstance(node, n.Declare) and node.init is not None
    }


def _variable_of(x: n.Expr | None) -> Iterator[n.Var]:
    while isinstance(x, n.FieldOf | n.FieldPtr):
        x = x.x
    if isinstance(x, n.Name):
        yield x.var


def main() -> int:
    for symbol, gives in derive().items():
        sys.stdout.write(f'    "{symbol}": Gives.{gives.name},\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
