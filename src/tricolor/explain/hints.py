"""Hints: a change of the source that may keep a value on the stack or make it cheaper, where Tricolor knows one."""

from __future__ import annotations

from typing import Final

from tricolor.escape.graph import FlowStep, Location, Note, Noted
from tricolor.explain.chain import is_range_body
from tricolor.explain.model import Cost, CostClass
from tricolor.ir import nodes as n

_INLINED_ITERATOR: Final = "where Go inlines the iterator (see go build -gcflags=-m, without -l) the body of the range stays on the stack"
_NO_LOOP: Final = 1
"""The loop depth of a function's body, outside all its loops."""
DEFER_HINT: Final = "move the body of the loop into a function, so that the defer runs when that function returns"


def hint_for(node: n.Var | n.Expr, location: Location, cost: Cost) -> str:
    """One piece of advice; empty if there is none."""
    if not cost.may_allocate:
        return ""
    match node:
        case n.Append():
            return "before the loop, make the slice with the capacity that it will need"
        case n.Concat() if location.loop_depth > _NO_LOOP:
            return "in the loop, build the text in one strings.Builder or in a []byte that you reuse"
        case n.Concat():
            return ""
        case n.MakeSlice() if cost.kind is CostClass.HEAP_ABOVE or not location.escapes:
            return "give the slice a constant size: up to 64 KiB stay on the stack"
        case n.Convert() if node.kind is not n.Conversion.TO_INTERFACE:
            return "avoid the conversion: work on the bytes, or on the string, throughout"
        case n.MakeMap() | n.MapLit() if not location.escapes:
            return "a map of at most 8 entries stays in the frame; searching a slice may be cheaper still"
        case _:
            return _by_way(node, location)


def _by_way(node: n.Var | n.Expr, location: Location) -> str:
    """The hint for how the value escapes: the first use that has one, nearest use first."""
    flow = location.why
    if flow is None:
        return ""
    if flow.reason == "too large for stack":
        return "make it once and reuse it, or make it smaller"
    boxed = False
    for step in flow.steps:
        for at, why in _pairs(step.notes):
            boxed = boxed or why == "interface-converted"
            if boxed and why == "return":
                return ""  # returning the value instead of its address would box it on the heap
            text = _use_hint(node, step, at, why)
            if text:
                return text
    return ""


def _pairs(notes: Note | None) -> list[tuple[Noted, str]]:
    out: list[tuple[Noted, str]] = []
    while notes is not None:
        out.append((notes[0], notes[1]))
        notes = notes[2]
    return out


def _use_hint(node: n.Var | n.Expr, step: FlowStep, at: Noted, why: str) -> str:
    closure = step.dst.node
    match why:
        case "captured by a closure" if isinstance(closure, n.FuncLit) and closure.func.wrapper:
            return ""
        case "captured by a closure" if isinstance(closure, n.FuncLit) and is_range_body(closure.func):
            return _INLINED_ITERATOR
        case "captured by a closure" if step.derefs < 0 and isinstance(node, n.Var):
            return f"pass {node.name} to the func literal as a parameter, or let it capture a copy that is never assigned again"
        case "return":
            return _return_hint(node)
        case "call parameter":
            return _call_hint(node, at)
        case "go":
            return "each goroutine keeps its closure: start fewer goroutines, or send the values over a channel to a long-lived one"
        case "defer":
            return DEFER_HINT
        case "send" if isinstance(node, n.Var | n.AddrOf | n.New):
            return "send the value itself, not its address"
        case "assign" | "assign-pair":
            return "store the value itself, not its address" if isinstance(node, n.Var) else ""
        case _:
            return ""


def _return_hint(node: n.Var | n.Expr) -> str:
    match node:
        case n.Var() | n.AddrOf() | n.New():
            return "return the value instead of its address, or let the caller pass in a pointer"
        case n.MakeSlice() | n.SliceLit():
            return "let the caller pass in the slice, and fill it or append to it"
        case n.FuncLit() | n.MethodValue():
            return "a returned closure lives on the heap: return what it captures, or take a callback"
        case _:
            return ""


def _call_hint(node: n.Var | n.Expr, at: Noted) -> str:
    boxed = isinstance(node, n.Convert)
    match at:
        case n.CallMethod():
            return "call the method on the concrete type, so that the compiler knows what it does with its arguments"
        case n.Call(fun=n.FuncName(func=func)) if boxed and func.pkg in ("fmt", "log"):
            return "on hot paths avoid the interface: strconv.AppendInt and similar functions write into your own buffer"
        case n.Call(fun=n.FuncName()) if boxed:
            return "avoid the interface: use a parameter of the concrete type, or a type parameter"
        case n.Call(fun=n.FuncName(func=func)) if isinstance(node, n.SliceLit) and node.variadic:
            return f"on hot paths avoid the variadic call of {func.name.rpartition('/')[2]}"
        case n.Call(fun=n.FuncName()):
            return ""
        case n.Call():
            if isinstance(node, n.FuncLit) and is_range_body(node.func):
                return _INLINED_ITERATOR
            if isinstance(node, n.FuncLit):
                return "move the func literal out of the loop, or declare it as a function"
            return "call a declared function, not one in a variable, so that the compiler knows what it does with its arguments"
        case n.Append() if isinstance(node, n.AddrOf | n.New | n.Var):
            return "store values in the slice instead of pointers"
        case _:
            return ""
