"""Why something is on the heap, as one sentence: the shortest chain from the value to where it goes."""

from __future__ import annotations

from collections.abc import Callable

from tricolor.escape.expression_text import expression_text
from tricolor.escape.graph import Flow, FlowStep, Location, Note, Noted
from tricolor.escape.naming import Names
from tricolor.escape.result import EscapeResult
from tricolor.ir import nodes as n

_CONTEXT = {
    "call parameter": "passed to {}",
    "return": "returned",
    "send": "sent on a channel",
    "go": "used by a new goroutine",
    "defer": "kept by a deferred call in a loop",
    "captured by a closure": "captured by a closure",
    "key of map put": "stored as a key of a map",
    "map literal key": "stored as a key of a map",
    "map literal value": "stored in a map",
    "interface-converted": "stored in an interface",
    "slice-literal-element": "stored in a slice",
    "struct literal element": "stored in a struct",
    "array literal element": "stored in an array",
    "appendee slice": "copied by append",
    "appended slice...": "copied by append",
    "copied slice": "copied by copy",
}
_ASSIGNMENTS = frozenset({"assign", "assign-pair", "assign-pair-dot-type", "assign-pair-mapr", "assign-pair-receive"})


def explain(node: n.Var | n.Expr, escape: EscapeResult, line_of: Callable[[int], int]) -> str:
    """The reason in words; empty for what stays on the stack."""
    if isinstance(node, n.Append):
        return "a slice that grows gets a new array"
    if isinstance(node, n.MakeSlice) and escape.flow(node) is None:
        return "its size is not constant"
    if isinstance(node, (n.Concat, n.Convert, n.MakeMap, n.MakeChan, n.MapLit)) and escape.flow(node) is None:
        return "its size is not known when it is compiled"
    flow = escape.flow(node)
    if flow is None:
        return ""
    if flow.reason:
        return flow.reason
    return _chain(flow, line_of)


def _chain(flow: Flow, line_of: Callable[[int], int]) -> str:
    parts: list[str] = []
    for step in flow.steps:
        part = _step_text(step, line_of)
        if part and (not parts or parts[-1] != part):
            parts.append(part)
    root = flow.root
    if root.node is None:
        destination = "" if parts else "stored on the heap"
    elif root.result_index:
        destination = "which outlives the call"
    elif root.escapes:
        destination = f"which is on the heap ({_name(root)})"
    else:
        destination = f"which outlives it ({_name(root)})"
    if destination:
        parts.append(destination)
    return ", ".join(parts)


def _name(location: Location) -> str:
    if isinstance(location.node, n.Var):
        return location.node.name
    return expression_text(location.node, _names(location)) if location.node is not None else "the heap"


def _names(location: Location) -> Names:
    return Names(location.func.pkg if location.func is not None else "")


def _step_text(step: FlowStep, line_of: Callable[[int], int]) -> str:
    """The outermost context of the step says most: what the value is used for."""
    note = _outermost(step.notes)
    if note is None:
        return ""
    node, why, _ = note
    line = line_of(node.pos)
    place = f" (line {line})" if line else ""
    if why in _ASSIGNMENTS:
        return f"assigned to {_target(step.dst)}{place}"
    words = _CONTEXT.get(why)
    if words is None:
        return ""
    return words.format(_callee(node)) + place


def _target(location: Location) -> str:
    return location.node.name if isinstance(location.node, n.Var) else "the heap"


def _outermost(notes: Note | None) -> Note | None:
    found = None
    while notes is not None:
        if notes[1] in _CONTEXT or notes[1] in _ASSIGNMENTS:
            found = notes
        notes = notes[2]
    return found


def _callee(node: Noted) -> str:
    match node:
        case n.Call(fun=n.FuncName(func=func)):
            return func.name
        case n.CallMethod():
            return "a method of an interface"
        case n.Builtin():
            return node.op.value
        case n.Append():
            return "append"
        case _:
            return "a function value"
