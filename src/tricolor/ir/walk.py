"""Iteration over IR nodes: children, whole trees, and editing of children."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any, get_args

from tricolor.ir import nodes as n

_EXPRS: tuple[type, ...] = get_args(n.Expr)
_STMTS: tuple[type, ...] = get_args(n.Stmt)
_PARTS: tuple[type, ...] = (n.SwitchCase, n.TypeCase, n.SelectCase)
_NODES: tuple[type, ...] = (*_EXPRS, *_STMTS, *_PARTS)
_NODE_SET = frozenset(_NODES)


@cache
def _child_slots(kind: type) -> tuple[str, ...]:
    """Names of the fields of a node class that may hold nodes."""
    plain = frozenset(
        {
            "pos", "type", "var", "func", "label", "op", "kind", "implicit", "comma_ok", "spread", "variadic",
            "method", "target", "declares", "in_loop", "recv_var", "ok_var", "types", "selector", "nil_fault", "places",
        }
    )  # fmt: skip
    return tuple(f.name for f in fields(kind) if f.name not in plain)


def children(node: Any) -> Iterator[Any]:
    """The nodes directly below a node (expressions, statements, cases), left to right, without the bodies of closures."""
    for name in _child_slots(node.__class__):
        value: Any = getattr(node, name)
        if value.__class__ in _NODE_SET:
            yield value
        elif value.__class__ is list:
            yield from _of_list(value)


def _of_list(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if value.__class__ in _NODE_SET:
            yield value
        elif value.__class__ is tuple:
            yield from (part for part in value if part.__class__ in _NODE_SET)


def edit_children(node: Any, change: Callable[[Any], Any]) -> None:
    """Replace each child (see ``children``) by the result of ``change`` for it."""
    for name in _child_slots(node.__class__):
        value: Any = getattr(node, name)
        if value.__class__ in _NODE_SET:
            changed = change(value)
            if changed is not value:
                setattr(node, name, changed)
        elif value.__class__ is list:
            value[:] = [_changed(part, change) for part in value]


def _changed(part: Any, change: Callable[[Any], Any]) -> Any:
    if part.__class__ in _NODE_SET:
        return change(part)
    if part.__class__ is tuple:
        return tuple(change(inner) if inner.__class__ in _NODE_SET else inner for inner in part)
    return part


def walk(node: Any) -> Iterator[Any]:
    """The node and all nodes below it, parents before their children, left to right, without the bodies of closures."""
    # Passes spend much of their time here, so this repeats what ``children`` does, without a generator for each node.
    todo = [node]
    while todo:
        at = todo.pop()
        yield at
        for name in _slots_from_last(at.__class__):
            value: Any = getattr(at, name)
            kind = value.__class__
            if kind in _NODE_SET:
                todo.append(value)
            elif kind is list:
                for part in reversed(value):
                    if part.__class__ in _NODE_SET:
                        todo.append(part)
                    elif part.__class__ is tuple:
                        todo += [inner for inner in reversed(part) if inner.__class__ in _NODE_SET]


@cache
def _slots_from_last(kind: type) -> tuple[str, ...]:
    return _child_slots(kind)[::-1]


def has_effect(x: n.Expr) -> bool:
    """Whether evaluation calls a function or receives from a channel."""
    return any(
        isinstance(at, (n.Call, n.CallMethod, n.Recv)) or (isinstance(at, n.Builtin) and at.op in (n.BuiltinOp.COPY, n.BuiltinOp.RECOVER))
        for at in walk(x)
    )


def with_closures(func: n.Func) -> Iterator[n.Func]:
    """The function and all closures in it, outer closures first."""
    yield func
    for closure in func.closures:
        yield from with_closures(closure)
