"""Decisions in Go's words, as ``go build -gcflags=-m`` prints them.

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
from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.shapes import DICTIONARY, has_shape
from tricolor.ir.walk import walk


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


@final
@dataclass(frozen=True, slots=True)
class Detail:
    """What is told besides placements. ``flows``: every reason why something escapes, as with -m=2; ``effects``: which parameters
    are written through or called, as with the compiler's option ``-d=escapemutationscalls=1``."""

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
    """The lines for these functions in the order in which the compiler prints them, as far as it is known: batch after batch what
    happens during the analysis, parameters, variables, then expressions; in the end the indices that need no check.

    ``package``: path of the package that is compiled; each function's own if empty. (Instances of generic functions are compiled
    with the packages that use them.) For ``detail.flows`` the analysis must have been made with ``explained``."""
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
    """Methods of a type argument that is an interface, called through the dictionary."""
    if "[" not in func.symbol:
        return
    for node in walk(func):
        word = _called_word(node)
        if word is not None:
            yield Message(word.pos, "imprecise interface call", func)


def _called_word(x: n.Expr | n.Stmt) -> n.Convert | None:
    """A method of an interface from the dictionary of an instance, where it is called. (That of a method expression or value is an implicit conversion.)"""
    match x:
        case n.Convert(implicit=False, x=n.AddrOf(x=n.Index(x=n.Name(var=var)))) if var.name == DICTIONARY:
            assert isinstance(x.type, t.Signature)
            return x if t.is_interface(x.type.params[0]) else None
        case _:
            return None


def by_batch(funcs: Sequence[n.Func], escape: EscapeResult) -> Iterator[tuple[int, list[n.Func]]]:
    """Numbers of the batches that the functions belong to, in order of analysis, and which of each batch they are."""
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
        # Go's linker keeps one of several equal instances of a generic function: the compiler says nothing about them.
        if not func.wrapper and "[" not in func.symbol:
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
            # Every line of an explanation begins with a place, even if that is not known.
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
            # A parameter without a name stands at the dots before its type.
            pos = param.pos if _is_named(param) else param.pos - len("...")
            yield Message(pos, f"marking {param.name} as escaping ...uintptr", func)


def _external_messages(func: n.Func) -> Iterator[Message]:
    """Of a function without a body nothing is known but what its pragmas say."""
    words = "{} does not escape" if "noescape" in func.pragmas else "leaking param: {}"
    for param in func.params:
        if holds_pointers(param.type) and _is_named(param):
            yield Message(param.pos, words.format(param.name), func)


def is_go_wrapper(node: n.Expr) -> bool:
    """Whether it is the closure that the compiler makes for a go or defer statement."""
    return isinstance(node, n.FuncLit) and node.func.wrapper


def _is_made_closure(node: n.Expr) -> bool:
    """Whether it is a closure that the compiler makes: that of a go or defer statement, or of a method that needs a dictionary."""
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
    """The expression as messages name it: with the constants that its operands always equal."""
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
