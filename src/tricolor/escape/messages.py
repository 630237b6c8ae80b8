"""Escape decisions in Go's words, as ``go build -gcflags=-m`` prints them.

Source: cmd/compile/internal/escape/escape.go (finish, paramTag).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from tricolor.escape.bounds import unchecked_indices
from tricolor.escape.expression_text import expression_text
from tricolor.escape.flow_text import captured_text, explanation_text
from tricolor.escape.graph import MUTATES, Captured, Event, Explanation, Ignored
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS, Leaks
from tricolor.escape.naming import PLAIN, Names, Wording
from tricolor.escape.pointers import holds_pointers
from tricolor.escape.result import EscapeResult
from tricolor.escape.statement_text import statement_text
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.shapes import DICTIONARY, has_shape
from tricolor.ir.walk import walk


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One line of output: its position, its text, and the function that it describes."""

    pos: int
    text: str
    func: n.Func

    @property
    def package(self) -> str:
        return self.func.pkg

    @property
    def generic(self) -> bool:
        """Whether the message describes an instance of a generic function."""
        return self.func.is_instance


@final
@dataclass(frozen=True, slots=True)
class Detail:
    """Which messages to print besides placements.

    ``flows``: every reason why something escapes, as -m=2 prints it. ``effects``: which parameters a function stores through or calls, as
    the compiler's option ``-d=escapemutationscalls=1`` prints it."""

    flows: bool = False
    effects: bool = False


PLACEMENTS: Final = Detail()


def messages(
    funcs: Sequence[n.Func],
    escape: EscapeResult,
    wording: Wording = PLAIN,
    package: str = "",
    detail: Detail = PLACEMENTS,
) -> Iterator[Message]:
    """The messages for these functions, as far as known in the compiler's order: for each batch the events of the analysis, then
    parameters, variables and expressions; last the index expressions that need no check.

    ``package``: path of the package that is compiled; empty: each function's own package. The two differ for instances of generic
    functions, which are compiled with the packages that use them. ``detail.flows`` needs an analysis made with ``explained``."""
    names = {func.pkg: Names(package or func.pkg, wording, escape.temporaries, func.pkg) for func in funcs}
    for func in funcs:
        yield from _imprecise_calls(func)
    for func in funcs:
        if func.body is None:
            yield from _parameter_messages(func, escape, detail)
    for number, members in by_batch(funcs, escape):
        yield from _batch_messages(number, members, escape, names, detail)
    for func in funcs:
        if func.body is not None:
            for index in unchecked_indices(func):
                yield Message(index.pos, "index bounds check elided", func)


def _imprecise_calls(func: n.Func) -> Iterator[Message]:
    """Messages about methods that are called through the dictionary, where the type argument is an interface."""
    if not func.is_instance:
        return
    for node in walk(func):
        word = _called_word(node)
        if word is not None:
            yield Message(word.pos, "imprecise interface call", func)


def _called_word(x: n.Expr | n.Stmt) -> n.Convert | None:
    """The dictionary's word for an interface method, if ``x`` calls the method; else None.

    A method expression or method value converts the word implicitly; a call converts it explicitly."""
    match x:
        case n.Convert(implicit=False, x=n.AddrOf(x=n.Index(x=n.Name(var=var)))) if var.name == DICTIONARY:
            assert isinstance(x.type, t.Signature)
            return x if t.is_interface(x.type.params[0]) else None
        case _:
            return None


def by_batch(funcs: Sequence[n.Func], escape: EscapeResult) -> Iterator[tuple[int, list[n.Func]]]:
    """For each batch that contains some of the functions, in order of analysis: its number, and those functions of the batch."""
    wanted = set(funcs)
    for number in sorted({escape.batch_of[func] for func in funcs if func in escape.batch_of}):
        yield number, [func for func in escape.batches[number] if func in wanted]


def _batch_messages(
    number: int, funcs: Sequence[n.Func], escape: EscapeResult, names: Mapping[str, Names], detail: Detail
) -> Iterator[Message]:
    members = set(funcs)
    for event in escape.events_in[number]:
        func = event.location.func if isinstance(event, Explanation) else event.func
        if func in members:
            yield from _event_messages(event, func, escape, names[func.pkg], detail)
    for func in funcs:
        # Several packages may compile the same instance of a generic function (the linker keeps one), so the compiler prints nothing
        # about the parameters of instances.
        if not func.wrapper and not func.is_instance:
            yield from _parameter_messages(func, escape, detail)
    for func in funcs:
        for var in (*func.params, *func.results, *func.locals):
            if not escape.on_stack(var) and escape.is_placed(var) and not is_hidden(var):
                yield Message(var.pos, f"moved to heap: {names[func.pkg].local(var)}", func)
    for node in escape.allocations_in[number]:
        func = escape.allocations[node].func
        if func in members and not _is_made_closure(node):
            yield from _expression_messages(node, escape, names[func.pkg])


def _event_messages(event: Event, func: n.Func, escape: EscapeResult, names: Names, detail: Detail) -> Iterator[Message]:
    match event:
        case Ignored():
            text = f"{names.function(func)} ignoring self-assignment in {statement_text(event.statement, names)}"
            yield Message(event.statement.pos, text, func)
        case Captured() if detail.flows:
            yield Message(event.var.pos, captured_text(event, names), func)
        case Explanation() if detail.flows:
            if not event.early:
                names = replace(names, literals=escape.literals)
            explained = explanation_text(event, names)
            # Every line of an explanation begins with a position, even an unknown one.
            before = "" if explained.pos else names.wording.place(0) + ": "
            for text in explained.lines(names.wording.place):
                yield Message(explained.pos, before + text, func)
        case _:
            pass


def is_hidden(var: n.Var) -> bool:
    """Whether the variable has no name."""
    return not var.name or var.name == "_"


def _is_named(param: n.Var) -> bool:
    return not is_hidden(param) and not param.name.startswith("~")


def _uintptr_messages(func: n.Func) -> Iterator[Message]:
    """Messages about uintptr parameters that may hold pointers."""
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
            # The compiler's position of an unnamed variadic parameter is the position of its dots.
            pos = param.pos if _is_named(param) else param.pos - len("...")
            yield Message(pos, f"marking {param.name} as escaping ...uintptr", func)


def _external_messages(func: n.Func) -> Iterator[Message]:
    """Messages about the parameters of a function without a body, which follow from its pragmas."""
    words = "{} does not escape" if "noescape" in func.pragmas else "leaking param: {}"
    for param in func.params:
        if holds_pointers(param.type) and _is_named(param):
            yield Message(param.pos, words.format(param.name), func)


def is_go_wrapper(node: n.Expr) -> bool:
    """Whether the node is the closure that the compiler makes for a go or defer statement."""
    return isinstance(node, n.FuncLit) and node.func.wrapper


def _is_made_closure(node: n.Expr) -> bool:
    """Whether the compiler made the closure: for a go or defer statement, or for a method value that needs a dictionary."""
    return is_go_wrapper(node) or (isinstance(node, n.MethodValue) and has_shape(node.x.type))


def _expression_messages(node: n.Expr, escape: EscapeResult, names: Names) -> Iterator[Message]:
    location = escape.allocations[node]
    assert location.func is not None
    pos = names.pos(node)
    subject = "append" if isinstance(node, n.Append) else subject_of(node, escape, names)
    verdict = "escapes to heap" if location.escapes else "does not escape"
    yield Message(pos, f"{subject} {verdict}", location.func)
    if isinstance(node, n.Convert) and node.kind is n.Conversion.STRING_TO_BYTES and not location.attrs & MUTATES:
        yield Message(pos, "zero-copy string->[]byte conversion", location.func)


def subject_of(node: n.Expr, escape: EscapeResult, names: Names) -> str:
    """The text of an expression in messages, with the constants that its operands always equal."""
    return expression_text(node, replace(names, literals=escape.literals))


def _parameter_messages(func: n.Func, escape: EscapeResult, detail: Detail) -> Iterator[Message]:
    yield from _uintptr_messages(func)
    if func.body is None:
        yield from _external_messages(func)
        return
    marked = "uintptrescapes" in func.pragmas and func.signature.variadic
    for param, leaks in zip(func.params[:-1] if marked else func.params, escape.tags.get(func, ()), strict=False):
        if not _is_named(param) or not holds_pointers(param.type) or not escape.on_stack(param):
            continue
        texts = list(_leak_texts(func, param, leaks))
        if detail.effects:
            texts += _effect_texts(param, leaks)
        if not texts:
            texts = [f"{param.name} does not escape" + (", mutate, or call" if detail.effects else "")]
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
