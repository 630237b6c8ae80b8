"""Units of analysis: mutually recursive functions together with their closures, callees first.

Source: cmd/compile/internal/ir/scc.go (VisitFuncsBottomUp).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from tricolor.escape.scan import Scans
from tricolor.ir.nodes import Func, FuncLit, FuncName, MethodValue


def batches(funcs: Sequence[Func], scans: Scans) -> Iterator[list[Func]]:
    """Strongly connected components of the call graph, callees first. Each includes the closures of its functions.

    A closure that captures nothing counts as a function of its own."""
    known = set(funcs)
    roots = [func for func in funcs if stands_alone(func, known)]
    references = {func: _references(func, known, scans) for func in roots}
    for component in _components(roots, references):
        yield [member for func in component for member in _members(func, known)]


def stands_alone(func: Func, known: AbstractSet[Func]) -> bool:
    """Whether a function is analysed by itself and not as part of the function around it. ``known``: all functions.

    The function around a closure is not in ``known`` if it is a package initialiser without code."""
    return func.outer is None or not func.captures or func.outer not in known


def _members(func: Func, known: AbstractSet[Func]) -> Iterator[Func]:
    """The function and the closures in it that capture variables, outer closures first."""
    yield func
    for closure in func.closures:
        if not stands_alone(closure, known):
            yield from _members(closure, known)


def _references(func: Func, known: AbstractSet[Func], scans: Scans) -> list[Func]:
    """Functions analysed by themselves (``stands_alone``) that the function or its closures mention."""
    found: dict[Func, None] = {}
    for member in _members(func, known):
        for node in scans.get(member, ()):
            if isinstance(node, (FuncName, FuncLit, MethodValue)):
                target = _bound(node, scans) if isinstance(node, MethodValue) else node.func
                while not stands_alone(target, known):
                    assert target.outer is not None
                    target = target.outer
                found[target] = None
    return list(found)


def _bound(value: MethodValue, scans: Scans) -> Func:
    """The method of a method value. The wrapper that calls the method is emitted last, so the two cannot be mutually recursive."""
    return next((node.func for node in scans.get(value.func, ()) if isinstance(node, FuncName)), value.func)


def _components(roots: Sequence[Func], references: dict[Func, list[Func]]) -> Iterator[list[Func]]:
    """Strongly connected components by Tarjan's algorithm, with a stack of its own in place of recursion."""
    index: dict[Func, int] = {}
    low: dict[Func, int] = {}
    stack: list[Func] = []
    on_stack: set[Func] = set()
    for root in roots:
        if root in index:
            continue
        work: list[tuple[Func, Iterator[Func]]] = [(root, iter(references[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            func, pending = work[-1]
            advanced = False
            for target in pending:
                if target not in references:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(references[target])))
                    advanced = True
                    break
                if target in on_stack:
                    low[func] = min(low[func], index[target])
            if advanced:
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[func])
            if low[func] == index[func]:
                component: list[Func] = []
                while True:
                    member = stack.pop()
                    on_stack.discard(member)
                    component.append(member)
                    if member is func:
                        break
                yield component[::-1]
