"""Why values escape in the compiler's own form, as ``go build -gcflags=-m=2`` explains it.

Source: cmd/compile/internal/escape/solve.go (explainPath, explainFlow, explainLoc), escape.go (flowClosure).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, final

from tricolor.abi.layout import size_of
from tricolor.escape.expression_text import expression_text
from tricolor.escape.graph import Captured, Explanation, FlowStep, Location, Noted
from tricolor.escape.naming import Names, local_name
from tricolor.escape.statement_text import statement_text
from tricolor.ir import nodes as n

_OURS: Final = frozenset({"go", "defer"})
"""Reasons that the compiler does not give: for it the closure of such a statement just goes to the heap."""
CUT_SHORT: Final = "  warning: truncated explanation due to assignment cycle; see golang.org/issue/35518"


@final
@dataclass(frozen=True, slots=True)
class Reason:
    """Part of an explanation: a step from one location to another, or with ``why`` (in brackets) what makes the step.

    ``pos``: of what makes the step, for the first line of a step that of its first reason; 0 if there is none."""

    pos: int
    text: str
    why: str = ""


@final
@dataclass(frozen=True, slots=True)
class ExplanationText:
    """``pos``: of what escapes; ``subject``: it, and what becomes of it; ``derefs``: of a parameter's leak, else -1;
    ``func``: the function that it is in; ``sink``: where a parameter leaks to."""

    pos: int
    subject: str
    func: str
    sink: str = ""
    derefs: int = -1
    cut_short: bool = False
    reasons: list[Reason] = field(default_factory=list[Reason])

    def headline(self) -> str:
        """As -m=2 begins the explanation."""
        if self.derefs < 0:
            return f"{self.subject} escapes to heap in {self.func}:"
        return f"parameter {self.subject} leaks to {self.sink} for {self.func} with derefs={self.derefs}:"

    def lines(self, place: Callable[[int], str]) -> Iterator[str]:
        """As -m=2 prints the explanation. ``place``: a position as text."""
        yield self.headline()
        for reason in self.reasons:
            yield f"{reason.text} ({reason.why}) at {place(reason.pos)}" if reason.why else reason.text
        if self.cut_short:
            yield CUT_SHORT


def explanation_text(of: Explanation, names: Names) -> ExplanationText:
    """An explanation in words."""
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
    """Destination and source of a step, with the dereferences between them."""
    mark = "&" if step.derefs < 0 else "*" * step.derefs
    return f"{location_text(step.dst, names)} ← {mark}{location_text(step.src, names)}"


def captured_text(of: Captured, names: Names) -> str:
    """How a closure holds a variable."""
    how = "value" if of.by_value else "ref"
    address, assigned = str(of.addrtaken).lower(), str(of.reassigned).lower()
    flags = f"addr={address} assign={assigned} width={size_of(of.var.type)}"
    return f"{names.function(of.func)} capturing by {how}: {names.local(of.var)} ({flags})"


def location_text(location: Location, names: Names) -> str:
    """A variable, what an expression allocates, or the heap."""
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
