"""The compiler's messages about calls of interface methods whose receivers have known types.

Source: cmd/compile/internal/devirtualize/devirtualize.go (StaticCall), inline/interleaved/interleaved.go, noder/unified.go (readBodies).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tricolor.escape.expression_text import method_text, unknown_call_text
from tricolor.escape.messages import Message
from tricolor.escape.naming import Names, Wording
from tricolor.escape.result import EscapeResult
from tricolor.ir import nodes as n
from tricolor.passes.devirtualize import KnownReceiver, Outcome

_FAILURES = (Outcome.SHAPED_RECEIVER, Outcome.SHAPED_INTERFACE)


def call_messages(
    known: Sequence[KnownReceiver], funcs: Sequence[n.Func], escape: EscapeResult, wording: Wording, package: str
) -> Iterator[Message]:
    """The messages for these functions, compiled with ``package``, in the compiler's order. They come before all other messages.

    The compiler tries to devirtualize each call twice; the second time it goes from callees to callers. So it prints failures twice."""
    by_func: defaultdict[n.Func, list[KnownReceiver]] = defaultdict(list)
    for receiver in known:
        by_func[receiver.func].append(receiver)
    for func in _as_read(funcs):
        names = Names(package, wording, escape.temporaries, func.pkg)
        yield from (_message(receiver, names) for receiver in by_func.get(func, ()))
    for func in funcs:
        names = Names(package, wording, escape.temporaries, func.pkg)
        yield from (_message(receiver, names) for receiver in by_func.get(func, ()) if receiver.outcome in _FAILURES)


def _as_read(funcs: Sequence[n.Func]) -> list[n.Func]:
    """The functions in the compiler's order: declared functions, the package's initialisation first; then closures, from the last
    function to the first, since the compiler finds them while it reads bodies; then instances of generic functions."""
    wanted = set(funcs)
    outermost = [func for func in funcs if func.outer not in wanted]
    declared = sorted((func for func in outermost if not func.is_instance), key=lambda func: func.pos)
    order = [*declared, *(closure for func in reversed(declared) for closure in _closures(func))]
    for func in outermost:
        order += [*_closures(func), func]
    return [func for func in dict.fromkeys(order) if func in wanted]


def _closures(func: n.Func) -> Iterator[n.Func]:
    for closure in func.closures:
        yield closure
        yield from _closures(closure)


def _message(known: KnownReceiver, names: Names) -> Message:
    target = names.type(known.target)
    match known.outcome:
        case Outcome.DIRECT | Outcome.PARTIAL:
            text = f"{known.outcome.value} {method_text(known.call, names)} to {target}"
        case Outcome.SHAPED_RECEIVER:
            text = f"cannot devirtualize {unknown_call_text(known.call, names)}: {known.outcome.value} {target}"
        case Outcome.SHAPED_INTERFACE:
            text = f"cannot devirtualize {unknown_call_text(known.call, names)}: {known.outcome.value} {names.type(known.call.x.type)}"
    return Message(known.call.pos, text, known.func)
