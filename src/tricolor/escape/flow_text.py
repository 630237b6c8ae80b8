"""Explanations of escapes and leaks in the compiler's own form, as ``go build -gcflags=-m=2`` prints them.

Source: cmd/compile/internal/escape/solve.go (explainPath, explainFlow, explainLoc), escape.go (flowClosure).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, final

from tricolor.escape.expression_text import expression_text
from tricolor.escape.graph import Captured, Explanation, FlowStep, Location, Noted
from tricolor.escape.naming import Names, local_name
from tricolor.escape.statement_text import statement_text
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n

_OURS: Final = frozenset({"go", "defer"})
"""Reasons that we note and the compiler does not: it prints no reason for the closure of such a statement."""
CUT_SHORT: Final = "  warning: truncated explanation due to assignment cycle; see golang.org/issue/35518"


@final
@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation: a step from one location to another, or, with ``why``, a piece of source that causes the step.

    ``pos``: position of the piece of source; for the line of the step, the position of its first cause, else that of its source
    location; 0 if unknown. ``why``: the compiler's word for the cause; empty for the line of the step."""

    pos: int
    text: str
    why: str = ""


@final
@dataclass(frozen=True, slots=True)
class ExplanationText:
    """An explanation as text.

    ``pos``, ``subject``: position and text of the variable or expression that escapes or leaks. ``func``: the function that contains it.
    ``sink``, ``derefs``: the location that a parameter leaks to, and with how many dereferences; empty and -1 for an escape.
    ``cut_short``: the steps end in a cycle of assignments."""

    pos: int
    subject: str
    func: str
    sink: str = ""
    derefs: int = -1
    cut_short: bool = False
    reasons: list[Reason] = field(default_factory=list[Reason])

    def headline(self) -> str:
        """The first line, as -m=2 prints it."""
        if self.derefs < 0:
            return f"{self.subject} escapes to heap in {self.func}:"
        return f"parameter {self.subject} leaks to {self.sink} for {self.func} with derefs={self.derefs}:"

    def lines(self, place: Callable[[int], str]) -> Iterator[str]:
        """All lines, as -m=2 prints them. ``place``: gives the text of a position."""
        yield self.headline()
        for reason in self.reasons:
            yield f"{reason.text} ({reason.why}) at {place(reason.pos)}" if reason.why else reason.text
        if self.cut_short:
            yield CUT_SHORT


def explanation_text(of: Explanation, names: Names) -> ExplanationText:
    """The text of an explanation."""
    location = of.location
    assert location.node is not None
    assert location.func is not None
    return ExplanationText(
        names.pos(location.node),
        node_text(location.node, names),
        local_name(location.func),
        location_text(of.flow.root, names) if of.derefs >= 0 else "",
        of.derefs,
        of.flow.cut_short,
        [reason for step in of.flow.steps for reason in _step(step, names)],
    )


def _step(step: FlowStep, names: Names) -> Iterator[Reason]:
    text = f"  flow: {flow_text(step, names)}:"
    notes = step.notes
    pos = step.src.node.pos if step.src.node is not None else 0
    yield Reason(names.pos(notes[0]) if notes is not None else pos, text)
    while notes is not None:
        node, why, notes = notes
        if why in _OURS:
            continue
        yield Reason(names.pos(node), f"    from {node_text(node, names)}", why)


def flow_text(step: FlowStep, names: Names) -> str:
    """Destination and source of a step, with the dereferences of the source."""
    mark = "&" if step.derefs < 0 else "*" * step.derefs
    return f"{location_text(step.dst, names)} ← {mark}{location_text(step.src, names)}"


def captured_text(of: Captured, names: Names) -> str:
    """The compiler's line about a captured variable: by value or by reference, and why."""
    how = "value" if of.by_value else "ref"
    address, assigned = str(of.addrtaken).lower(), str(of.reassigned).lower()
    flags = f"addr={address} assign={assigned} width={size_of(of.var.type)}"
    return f"{names.function(of.func)} capturing by {how}: {names.local(of.var)} ({flags})"


def location_text(location: Location, names: Names) -> str:
    """The text of a location: a variable, the storage of an allocating expression, a temporary, or the heap."""
    if location.node is None:
        return "{heap}" if location.escapes else "{temp}"
    if isinstance(location.node, n.Var) and location.node.name == "_" and location.result_index:
        return names.local(replace(location.node, name=f"~r{location.result_index - 1}"))
    text = node_text(location.node, names)
    return text if isinstance(location.node, n.Var) else f"{{storage for {text}}}"


def node_text(node: Noted, names: Names) -> str:
    """A variable, expression or statement in Go's syntax."""
    if isinstance(node, n.Var):
        return names.local(node)
    if isinstance(node, n.Expr):
        return expression_text(node, names)
    return statement_text(node, names)
