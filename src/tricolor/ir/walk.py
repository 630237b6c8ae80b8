"""Walking IR trees without knowing every kind of node."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import cast, get_args

from tricolor.ir import nodes
from tricolor.ir.nodes import Expr, Func, Stmt

_LEAF_FIELDS = frozenset({"pos", "type", "var", "func", "label", "elem", "target", "declares", "recv_var", "ok_var", "types"})
"""Fields that never hold child nodes (variables, functions and types are not children)."""

_NODE_CLASSES = (*get_args(Expr), *get_args(Stmt), nodes.SwitchCase, nodes.TypeCase, nodes.SelectCase)
_CHILD_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name not in _LEAF_FIELDS) for cls in _NODE_CLASSES
}


def children(node: object) -> Iterator[object]:
    """Child nodes in the order of evaluation in source; a function literal's body is not a child."""
    for name in _CHILD_FIELDS[type(node)]:
        value = getattr(node, name)
        if type(value) in _CHILD_FIELDS:
            yield value
        elif isinstance(value, list):
            for item in cast(list[object], value):
                if type(item) in _CHILD_FIELDS:
                    yield item
                elif isinstance(item, tuple):
                    yield from (part for part in cast(tuple[object, ...], item) if type(part) in _CHILD_FIELDS)


def walk(func: Func) -> Iterator[object]:
    """Every node of the function's body, parents first; not the bodies of its closures."""
    if func.body is None:
        return
    pending: list[object] = [func.body]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(children(node))))
