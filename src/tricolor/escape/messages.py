"""Decisions in Go's words, as ``go build -gcflags=-m`` prints them.

Source: cmd/compile/internal/escape/escape.go (finish, paramTag).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from tricolor.escape.bounds import unchecked_indices
from tricolor.escape.expression_text import constant_text, expression_text, statement_text
from tricolor.escape.graph import MUTATES
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS, Leaks
from tricolor.escape.naming import PLAIN, Names, Wording
from tricolor.escape.pointers import holds_pointers
from tricolor.escape.result import EscapeResult
from tricolor.ir import nodes as n
from tricolor.ir import types as t


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One line: where and what. ``func``: the function that it is about."""

    pos: int
    text: str
    func: n.Func

    @property
    def package(self) -> str:
        return self.func.pkg

    @property
    def generic(self) -> bool:
        """Whether it is about an instance of a generic function."""
        return "[" in self.func.symbol


def messages(
    funcs: Sequence[n.Func],
    escape: EscapeResult,
    wording: Wording = PLAIN,
    package: str = "",
    effects: bool = False,
) -> Iterator[Message]:
    """The lines for these functions: parameters, then variables, then expressions.

    ``package``: path of the package that is compiled; each function's own if empty. (Instances of generic functions are compiled
    with the packages that use them.) ``effects``: also which parameters are written through or called, as with the compiler's
    option ``-d=escapemutationscalls=1``."""
    names = {func.pkg: Names(package or func.pkg, wording, escape.temporaries, func.pkg) for func in funcs}
    for func in funcs:
        own = names[func.pkg]
        for statement in escape.notices_of.get(func, ()):
            text = f"{own.function(func)} ignoring self-assignment in {statement_text(statement, own)}"
            yield Message(statement.pos, text, func)
    for func in funcs:
        # Go's linker keeps one of several equal instances of a generic function: the compiler says nothing about them.
        if not func.wrapper and "[" not in func.symbol:
            yield from _parameter_messages(func, escape, effects)
    for func in funcs:
        for var in (*func.params, *func.results, *func.locals):
            if not escape.on_stack(var) and escape.is_placed(var) and not _is_hidden(var):
                yield Message(var.pos, f"moved to heap: {names[func.pkg].local(var)}", func)
    for func in funcs:
        for node in escape.allocations_of.get(func, ()):
            if not _is_go_wrapper(node):
                yield from _expression_messages(node, escape, names[func.pkg])
        if func.body is not None:
            for index in unchecked_indices(func):
                yield Message(index.pos, "index bounds check elided", func)


def _is_hidden(var: n.Var) -> bool:
    return not var.name or var.name == "_"


def _is_named(param: n.Var) -> bool:
    return not _is_hidden(param) and not param.name.startswith("~")


def _uintptr_messages(func: n.Func) -> Iterator[Message]:
    """Parameters that may be pointers although they are declared as integers."""
    if func.body is None:
        words = "assuming {} is unsafe uintptr"
    elif "uintptrescapes" in func.pragmas:
        words = "marking {} as escaping uintptr"
    else:
        return
    for index, param in enumerate(func.params):
        of = t.underlying(param.type)
        if of is t.UINTPTR:
            yield Message(param.pos, words.format(param.name), func)
        last = func.body is not None and func.signature.variadic and index == len(func.params) - 1
        if last and isinstance(of, t.Slice) and t.underlying(of.elem) is t.UINTPTR:
            yield Message(param.pos, f"marking {param.name} as escaping ...uintptr", func)


def _external_messages(func: n.Func) -> Iterator[Message]:
    """Of a function without a body nothing is known but what its pragmas say."""
    words = "{} does not escape" if "noescape" in func.pragmas else "leaking param: {}"
    for param in func.params:
        if holds_pointers(param.type) and _is_named(param):
            yield Message(param.pos, words.format(param.name), func)


def _is_go_wrapper(node: n.Expr) -> bool:
    return isinstance(node, n.FuncLit) and node.func.wrapper


def _expression_messages(node: n.Expr, escape: EscapeResult, names: Names) -> Iterator[Message]:
    location = escape.allocations[node]
    assert location.func is not None
    pos = node.x.pos if isinstance(node, n.Convert) else node.pos
    subject = "append" if isinstance(node, n.Append) else _subject(node, escape, names)
    verdict = "escapes to heap" if location.escapes else "does not escape"
    yield Message(pos, f"{subject} {verdict}", location.func)
    if isinstance(node, n.Convert) and node.kind is n.Conversion.STRING_TO_BYTES and not location.attrs & MUTATES:
        yield Message(pos, "zero-copy string->[]byte conversion", location.func)


def _subject(node: n.Expr, escape: EscapeResult, names: Names) -> str:
    literal = escape.literals.get(node)
    match node:
        case n.MakeSlice() if literal is not None:
            length = literal if node.cap is None else node.length
            cap = None if node.cap is None else literal
            return expression_text(n.MakeSlice(node.pos, node.type, length, cap), names)
        case n.Convert() if literal is not None:
            if node.implicit:
                return constant_text(literal, names)
            return expression_text(n.Convert(node.pos, node.type, literal, node.kind), names)
        case _:
            return expression_text(node, names)


def _parameter_messages(func: n.Func, escape: EscapeResult, effects: bool) -> Iterator[Message]:
    yield from _uintptr_messages(func)
    if func.body is None:
        yield from _external_messages(func)
        return
    marked = "uintptrescapes" in func.pragmas and func.signature.variadic
    for param, leaks in zip(func.params[:-1] if marked else func.params, escape.tags.get(func, ()), strict=False):
        if not _is_named(param) or not holds_pointers(param.type) or not escape.on_stack(param):
            continue
        texts = list(_leak_texts(func, param, leaks))
        if effects:
            texts += _effect_texts(param, leaks)
        if not texts:
            texts = [f"{param.name} does not escape" + (", mutate, or call" if effects else "")]
        for text in texts:
            yield Message(param.pos, text, func)


def _leak_texts(func: n.Func, param: n.Var, leaks: Leaks) -> Iterator[str]:
    if leaks.derefs[HEAP] >= 0:
        yield f"leaking param{' content' if leaks.derefs[HEAP] > 0 else ''}: {param.name}"
    for index in range(min(RESULTS, len(func.results))):
        derefs = leaks.derefs[FIRST_RESULT + index]
        if derefs >= 0:
            result = func.results[index].name
            result = f"~r{index}" if result == "_" else result
            yield f"leaking param: {param.name} to result {result} level={derefs}"


def _effect_texts(param: n.Var, leaks: Leaks) -> Iterator[str]:
    for sink, verb in ((MUTATOR, "mutates"), (CALLEE, "calls")):
        if leaks.derefs[sink] >= 0:
            yield f"{verb} param: {param.name} derefs={leaks.derefs[sink]}"
