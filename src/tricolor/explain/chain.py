"""Explain in one sentence why something is on the heap: the shortest chain from the value to where it goes.

A chain is a list of steps. Each step is a participle that continues the sentence "x is ...": "x is | stored in the interface | passed to
fmt.Println (line 12) | whose parameter a goes to the heap".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, final

from tricolor.escape.expression_text import expression_text
from tricolor.escape.flow_text import flow_text, location_text
from tricolor.escape.graph import Flow, FlowStep, Location, Note, Noted
from tricolor.escape.leaks import HEAP
from tricolor.escape.naming import Names
from tricolor.escape.result import EscapeResult
from tricolor.escape.sizes import MAX_IMPLICIT_BYTES, MAX_VARIABLE_BYTES
from tricolor.explain.model import Step
from tricolor.frontend.records import Position
from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import size_of
from tricolor.ir import nodes as n

_ASSIGNMENTS: Final = frozenset({"assign", "assign-pair", "assign-pair-dot-type", "assign-pair-mapr", "assign-pair-receive"})
_INSTANCE: Final = re.compile(r"\[go\.shape\..*\](?=[).]|$)")
_RANGE_BODY: Final = re.compile(r"-range[0-9]+$")
_MOST_STEPS: Final = 200


def is_range_body(func: n.Func) -> bool:
    """Whether the function is the body of a range-over-func loop."""
    return _RANGE_BODY.search(func.name) is not None


@final
@dataclass(frozen=True, slots=True)
class Narrator:
    """Puts the chains of one package into words. ``names``: how source of the package writes things; ``position``: decodes positions."""

    escape: EscapeResult
    names: Names
    position: Callable[[int], Position]

    def sentence(self, node: n.Var | n.Expr, location: Location) -> tuple[str, tuple[Step, ...]]:
        """The sentence that says why the value escapes, and its steps; both empty if it does not escape."""
        predicate, steps = self.predicate(node, location)
        return (f"{self.subject(node, location)} is {predicate}" if predicate else ""), steps

    def predicate(self, node: n.Var | n.Expr, location: Location) -> tuple[str, tuple[Step, ...]]:
        """The sentence without "x is"."""
        if location.why is None:
            return "", ()
        if location.why.reason:
            return self._size_reason(node, location.why.reason), ()
        steps, ending = self._chain(location, location.why)
        parts = [step.text for step in steps if step.text]
        if isinstance(node, n.Convert) and node.kind is n.Conversion.TO_INTERFACE:
            parts.insert(0, "stored in an interface")
        text = ", ".join([*parts, ending] if ending else parts)
        return text.replace("in an interface, passed to", "in the interface passed to"), tuple(steps)

    def leak(self, param: n.Var, location: Location) -> tuple[str, tuple[Step, ...]]:
        """Why a parameter's value, or what it points to, goes to the heap, and the steps; both empty if it does not."""
        if location.leak is None:
            return "", ()
        if not location.leak.steps:
            sentence, found = self.sentence(param, location)
            return (f"{param.name} is itself on the heap: {sentence}" if sentence else ""), found
        steps, ending = self._chain(location, location.leak)
        parts = [*(step.text for step in steps if step.text), ending]
        subject = f"what {param.name} points to" if location.leaks.derefs[HEAP] > 0 else param.name
        return f"{subject} is {', '.join(parts)}", tuple(steps)

    def subject(self, node: n.Var | n.Expr, location: Location) -> str:
        """The subject of the sentence."""
        match node:
            case n.Var():
                first = location.why.steps[0] if location.why is not None and location.why.steps else None
                by_address = first is not None and not any(why == "reference" for _, why in _notes(first.notes))
                return f"the address of {node.name}" if by_address and first is not None and first.derefs < 0 else node.name
            case n.Convert(kind=n.Conversion.TO_INTERFACE):
                return expression_text(node.x, self.names)
            case n.SliceLit(variadic=True):
                return "the slice of arguments"
            case n.FuncLit():
                return "the body of the range" if is_range_body(node.func) else "the func literal"
            case _:
                return expression_text(node, self.names)

    def _size_reason(self, node: n.Var | n.Expr, reason: str) -> str:
        match reason, node:
            case "too large for stack", n.Var():
                return f"too large for the stack: {size_of(node.type)} bytes, but a variable on the stack has at most {MAX_VARIABLE_BYTES}"
            case "too large for stack", _:
                return f"too large for the stack: only a declared variable may have more than {MAX_IMPLICIT_BYTES} bytes there"
            case _:
                return reason

    # --- the chain ---

    def _chain(self, location: Location, flow: Flow) -> tuple[list[Step], str]:
        """The steps along a flow from the location, through every escaping location on the way, and the end of the sentence."""
        steps: list[Step] = []
        seen: set[Location] = set()
        at = location
        linked: int | None = None
        while True:
            seen.add(at)
            for step in flow.steps[:_MOST_STEPS]:
                steps += self.step(step)
            if linked is not None:
                # From here on the subject of the sentence is the thing that holds the value.
                steps[linked:] = _with_pronoun(steps[linked:])
            root = flow.root
            if not root.escapes or root.node is None or root.why is None or root in seen:
                return _without_repeats(steps), self.ending(flow, at)
            if root.why.reason:
                return _without_repeats(steps), f"which is {self._size_reason(root.node, root.why.reason)}"
            linked = len(steps)
            at, flow = root, root.why

    def step(self, step: FlowStep) -> Iterator[Step]:
        """Put a step of the graph into words: one step for each context that the value passes through."""
        flow = flow_text(step, self.names)
        has_text = False
        for node, why in _notes(step.notes):
            text = self._context(step, node, why)
            if text:
                has_text = True
                yield Step(text, flow, self.position(node.pos))
        if not has_text:
            yield Step("", flow, self.position(0))

    def _line(self, pos: int) -> str:
        line = self.position(pos).line
        return f" (line {line})" if line else ""

    def _context(self, step: FlowStep, node: Noted, why: str) -> str:
        line = self._line(node.pos)
        match why:
            case _ if why in _ASSIGNMENTS:
                return self._assignment(step, node, line)
            case "return":
                name = step.dst.node.name if isinstance(step.dst.node, n.Var) else ""
                return f"returned{f' as {name}' if name and not name.startswith('~') else ''}{line}"
            case "call parameter":
                return self._argument(node, line)
            case "interface-converted":
                return "" if isinstance(node, n.Convert) and node.kind is n.Conversion.INTERFACE else "stored in an interface"
            case "captured by a closure":
                return self._capture(step)
            case "slice-literal-element" if isinstance(node, n.SliceLit) and node.variadic:
                return ""
            case "struct literal element" | "array literal element" | "slice-literal-element":
                assert isinstance(node, (n.StructLit, n.ArrayLit, n.SliceLit))
                return f"stored in {self._text(node)}{line}"
            case "map literal key":
                return f"a key of a map literal{line}"
            case "map literal value":
                return f"a value of a map literal{line}"
            case "key of map put":
                return f"stored as a key of {self._text(node.x) if isinstance(node, n.MapIndex) else 'a map'}{line}"
            case "send":
                return f"sent on {self._text(node.chan) if isinstance(node, n.Send) else 'a channel'}{line}"
            case "go":
                return f"run by a new goroutine{line}"
            case "defer":
                return f"kept by a defer in a loop{line}"
            case "range" | "range-deref":
                return f"iterated over by a range{line}"
            case "switch case":
                return f"bound by a type switch{line}"
            case "appendee slice" | "appended slice...":
                return f"copied into the array that append makes{line}"
            case "copied slice":
                return f"copied by copy{line}"
            case "callee operand":
                return f"called{line}"
            case "//go:uintptrescapes":
                return f"passed as an integer to a function marked //go:uintptrescapes{line}"
            case "conversion to unsafe.Pointer" | "reflect.Header.Data":
                return f"converted to an unsafe.Pointer{line}"
            case _:
                return ""

    def _text(self, node: n.Expr) -> str:
        return expression_text(node, self.names)

    def _assignment(self, step: FlowStep, node: Noted, line: str) -> str:
        if isinstance(step.dst.node, n.Var):
            if step.dst.node.name.startswith("."):
                return ""
            return f"assigned to {self.names.local(step.dst.node)}{line}"
        match _assigned_place(node, step):
            case n.Name(var=var) if var.kind is n.VarKind.GLOBAL:
                return f"stored in the package variable {self.names.variable(var)}{line}"
            case n.MapIndex() as place:
                return f"stored in the map {self._text(place.x)}{line}"
            case n.Index() as place:
                return f"stored in an element of {self._text(place.x)}{line}"
            case n.Deref() | n.FieldPtr() as place:
                return f"stored through the pointer {self._text(place.x)}{line}"
            case None:
                return f"assigned{line}"
            case place:
                return f"stored in {self._text(place)}{line}"

    def _argument(self, node: Noted, line: str) -> str:
        match node:
            case n.Append():
                return f"appended to {self._text(node.x)}{line}"
            case n.Builtin():
                return f"passed to {node.op.value}{line}"
            case n.Call() | n.CallMethod():
                return f"passed to {self.callee(node)}{line}"
            case _:
                return f"passed to a call{line}"

    def callee(self, node: n.Call | n.CallMethod) -> str:
        """The called function, as source writes it."""
        if isinstance(node, n.Call):
            match node.fun:
                case n.FuncLit():
                    return "the func literal"
                case n.Name(var=var) if var.name.startswith("."):
                    return "the iterator of the range"
                case fun:
                    return _INSTANCE.sub("[...]", self._text(fun))
        interface = t.underlying(node.x.type)
        assert isinstance(interface, t.Interface)
        return f"{self._text(node.x)}.{interface.methods[node.method].name}"

    def _capture(self, step: FlowStep) -> str:
        closure = step.dst.node
        line = self._line(closure.pos) if closure is not None else ""
        if isinstance(closure, n.FuncLit) and closure.func.wrapper:
            return f"an operand of a go or defer statement{line}"
        how = " by reference" if step.derefs < 0 else ""
        if isinstance(closure, n.FuncLit) and is_range_body(closure.func):
            return f"captured{how} by the body of the range{line}"
        return f"captured{how} by the func literal{line}"

    # --- endings ---

    def ending(self, flow: Flow, location: Location) -> str:
        """How the sentence ends: why the last step of a flow makes the location's value escape."""
        root = flow.root
        if root.result_index:
            return "which outlives the call"
        if root.node is not None and not root.escapes:
            name = location_text(root, self.names)
            if root.func is location.func:
                return f"and {name} outlives the iteration of the loop"
            return f"and {name} belongs to the enclosing function"
        last = flow.steps[-1]
        for node, why in reversed(list(_notes(last.notes))):
            ending = self._ending_of(last, node, why)
            if ending:
                return ending
        return "which goes to the heap"

    def _ending_of(self, step: FlowStep, node: Noted, why: str) -> str:
        match why:
            case "call parameter":
                return self._ending_of_call(step, node)
            case "send":
                return "where another goroutine may receive it"
            case "go":
                return "which may outlive the function"
            case "defer":
                return "which runs when the function ends"
            case "map literal key" | "map literal value" | "key of map put":
                return "and map entries are on the heap"
            case _ if why in _ASSIGNMENTS:
                return self._ending_of_store(_assigned_place(node, step))
            case _:
                return ""

    def _ending_of_store(self, place: n.Place | None) -> str:
        match place:
            case n.Name():
                return "which lives as long as the program"
            case n.MapIndex():
                return "and map entries are on the heap"
            case n.Index() | n.Deref() | n.FieldPtr() | n.FieldOf():
                return "and whatever a pointer points to counts as the heap"
            case _:
                return "which goes to the heap"

    def _ending_of_call(self, step: FlowStep, node: Noted) -> str:
        match node:
            case n.Append():
                return "whose array may be on the heap"
            case n.Builtin(op=n.BuiltinOp.PANIC):
                return "which keeps its argument"
            case n.CallMethod():
                return "a method that is known only at run time, so its arguments go to the heap"
            case n.Call(fun=n.FuncName(func=func)):
                return self._leaking_parameter(func, step.src, node.args)
            case n.Call():
                return "a function that is known only at run time, so its arguments go to the heap"
            case _:
                return ""

    def _leaking_parameter(self, func: n.Func, src: Location, args: list[n.Expr]) -> str:
        """Name the parameter of a known function that lets the argument go to the heap."""
        if func.body is None:
            return "a function without a body in Go, so its arguments go to the heap"
        leaking = [
            (param.name, arg)
            for param, leaks, arg in zip(func.params, self.escape.tags.get(func, ()), args, strict=False)
            if leaks.derefs[HEAP] >= 0
        ]
        named = [name for name, arg in leaking if len(leaking) == 1 or _comes_from(arg, src)]
        if len(named) == 1 and named[0] not in ("", "_"):
            return f"whose parameter {named[0]} goes to the heap"
        return "whose arguments go to the heap"


def _notes(notes: Note | None) -> Iterator[tuple[Noted, str]]:
    """The notes, from the innermost expression outwards."""
    while notes is not None:
        yield notes[0], notes[1]
        notes = notes[2]


def _comes_from(arg: n.Expr, src: Location) -> bool:
    """Whether the argument is the location's own node."""
    while arg is not src.node and isinstance(arg, (n.Convert, n.AddrOf, n.FieldOf, n.SliceExpr)):
        arg = arg.x
    return arg is src.node or (isinstance(arg, n.Name) and arg.var is src.node)


def _assigned_place(node: Noted, step: FlowStep) -> n.Place | None:
    """The left-hand place that a store to the heap writes; of several the first that is not a local variable."""
    match node:
        case n.Assign() | n.AssignOp():
            return node.x
        case n.AssignPair() | n.AssignTuple():
            places = [x for x in node.xs if x is not None]
            stores = [x for x in places if not isinstance(x, n.Name) or x.var.kind is n.VarKind.GLOBAL]
            return (stores or places or [None])[0]
        case _:
            return None


def _with_pronoun(steps: list[Step]) -> list[Step]:
    """The steps, with "which is" before the first step that has a text."""
    for index, step in enumerate(steps):
        if step.text:
            return [*steps[:index], replace(step, text=f"which is {step.text}"), *steps[index + 1 :]]
    return steps


def _without_repeats(steps: list[Step]) -> list[Step]:
    """The steps without those that repeat the text of the previous one."""
    out: list[Step] = []
    for step in steps:
        if step.text and any(step.text == other.text for other in out[-1:]):
            continue
        out.append(step)
    return out
