"""Copies functions: the copy has the same body, with its own variables and closures."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import fields, replace
from functools import cache
from typing import Any, get_args

from tricolor.ir import nodes as n

_COPIED = frozenset((*get_args(n.Expr), *get_args(n.Stmt), n.SwitchCase, n.TypeCase, n.SelectCase))


def copy_function(func: n.Func) -> n.Func:
    """A copy of a function with a body. The copy shares with the original all types, labels, and closures that capture nothing."""
    made: dict[n.Var | n.Func, n.Var | n.Func] = {}
    members = list(_capturing(func))
    for member in members:
        inner = [capture.inner for capture in member.captures]
        for var in (*member.params, *member.results, *member.locals, *inner):
            made[var] = copy(var)
    for member in members:
        made[member] = replace(member)
    for member in members:
        _fill(made[member], member, made)
    found = made[func]
    assert isinstance(found, n.Func)
    return found


def _capturing(func: n.Func) -> Iterator[n.Func]:
    """The function and the closures in it that capture variables, outer closures first."""
    yield func
    for closure in func.closures:
        if closure.captures:
            yield from _capturing(closure)


def _fill(to: n.Var | n.Func, func: n.Func, made: dict[n.Var | n.Func, n.Var | n.Func]) -> None:
    assert isinstance(to, n.Func)
    for name in ("params", "results", "locals", "captures", "body", "closures"):
        setattr(to, name, _copy(getattr(func, name), made))
    if func.outer is not None:
        to.outer = _copy(func.outer, made)


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _copy(x: Any, made: dict[n.Var | n.Func, n.Var | n.Func]) -> Any:
    kind = x.__class__
    if kind is n.Var or kind is n.Func:
        return made.get(x, x)
    if kind is list:
        return [_copy(part, made) for part in x]
    if kind is tuple:
        return tuple(_copy(part, made) for part in x)
    if kind is n.Capture:
        return n.Capture(_copy(x.outer, made), _copy(x.inner, made))
    if kind not in _COPIED:
        return x
    new = object.__new__(kind)
    for name in _slots(kind):
        setattr(new, name, _copy(getattr(x, name), made))
    return new
