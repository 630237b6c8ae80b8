"""Decisions in Go's words, as ``go build -gcflags=-m`` prints them.

Source: cmd/compile/internal/escape/escape.go (finish, paramTag).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from tricolor.escape.expression_text import expression_text
from tricolor.escape.leaks import FIRST_RESULT, HEAP, RESULTS
from tricolor.escape.result import EscapeResult
from tricolor.ir import nodes as n
from tricolor.ir import types as t


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One line: where and what."""

    pos: int
    text: str


def messages(funcs: list[n.Func], escape: EscapeResult) -> Iterator[Message]:
    """The lines for these functions: parameters, then variables, then expressions."""
    for func in funcs:
        if not func.wrapper and func.body is not None:
            yield from _parameter_messages(func, escape)
    for func in funcs:
        for var in (*func.params, *func.results, *func.locals):
            if not escape.on_stack(var) and escape.flow(var) is not None and not _is_hidden(var):
                yield Message(var.pos, f"moved to heap: {var.name}")
    wanted = set(funcs)
    for node, location in escape.allocations.items():
        if location.func in wanted and not _is_go_wrapper(node):
            yield _expression_message(node, escape)


def _is_hidden(var: n.Var) -> bool:
    return not var.name or var.name == "_"


def _is_go_wrapper(node: n.Expr) -> bool:
    return isinstance(node, n.FuncLit) and node.func.wrapper


def _expression_message(node: n.Expr, escape: EscapeResult) -> Message:
    escapes = escape.allocations[node].escapes
    subject = "append" if isinstance(node, n.Append) else expression_text(_printed(node))
    return Message(node.pos, f"{subject} {'escapes to heap' if escapes else 'does not escape'}")


def _printed(node: n.Expr) -> n.Expr:
    """Boxing prints what is boxed."""
    return node.x if isinstance(node, n.Convert) and node.kind is n.Conversion.TO_INTERFACE and node.implicit else node


def _parameter_messages(func: n.Func, escape: EscapeResult) -> Iterator[Message]:
    for param, leaks in zip(func.params, escape.tags.get(func, ()), strict=False):
        if _is_hidden(param) or not t.has_pointers(param.type) or not escape.on_stack(param):
            continue
        found = False
        if leaks.derefs[HEAP] >= 0:
            found = True
            content = " content" if leaks.derefs[HEAP] > 0 else ""
            yield Message(param.pos, f"leaking param{content}: {param.name}")
        for index in range(min(RESULTS, len(func.results))):
            derefs = leaks.derefs[FIRST_RESULT + index]
            if derefs >= 0:
                found = True
                result = func.results[index].name
                yield Message(param.pos, f"leaking param: {param.name} to result {result} level={derefs}")
        if not found:
            yield Message(param.pos, f"{param.name} does not escape")
