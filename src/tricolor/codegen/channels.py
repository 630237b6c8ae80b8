"""Channels: send, receive, select.

Source: Go 1.27.3 cmd/compile/internal/walk/select.go, runtime/select.go (order of cases: sends first, receives last).
"""

from __future__ import annotations

from tricolor.codegen.allocation import new_site
from tricolor.codegen.memory import copy, load, store, store_zero
from tricolor.codegen.places import index_operand, new_variable
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, LoopTargets, Mode
from tricolor.gotypes.types import Chan, Type, underlying
from tricolor.ir.nodes import Expr, MakeChan, Recv, Select, SelectCase, Send

_CASE_BYTES = 16


def chan_elem(t: Type) -> Type:
    u = underlying(t)
    assert isinstance(u, Chan), f"{t} is no channel"
    return u.elem


def value_make_chan(g: Gen, e: MakeChan) -> str:
    size = index_operand(g, e.size) if e.size is not None else "0"
    new_site(g, e.pos, "channel", e.type, e, False)
    return g.rt(e.pos, "runtime.makechan", g.m.type_ref(e.type), size)


def _element(g: Gen, t: Type, v: Expr) -> str:
    """Address of a temporary that holds the value to send."""
    value = g.value(v)
    if shape_of(t).form is Form.MEMORY:
        return value
    temp = g.temp(t)
    store(g, t, temp, value)
    return temp.ptr


def stmt_send(g: Gen, s: Send) -> None:
    channel = g.value(s.chan)
    elem = _element(g, chan_elem(s.chan.type), s.value)
    g.rt(s.pos, "runtime.chansend1", channel, elem)


def value_recv(g: Gen, e: Recv) -> str:
    channel = g.value(e.x)
    temp = g.temp(e.type)
    g.rt(e.pos, "runtime.chanrecv1", channel, temp.ptr)
    return load(g, e.type, temp)


def into_recv(g: Gen, e: Recv, dest: Addr) -> None:
    channel = g.value(e.x)
    temp = g.temp(e.type)
    g.rt(e.pos, "runtime.chanrecv1", channel, temp.ptr)
    copy(g, e.type, dest, temp)


def receive(g: Gen, pos: int, channel: str, elem: Type) -> tuple[str, str]:
    """``v, ok``: the element (for memory-class types the address of a temporary) and whether it was sent, not a zero of a closed channel."""
    temp = g.temp(elem)
    ok = g.rt(pos, "runtime.chanrecv2", channel, temp.ptr)
    return (temp.ptr if shape_of(elem).form is Form.MEMORY else load(g, elem, temp)), ok


def tuple_recv(g: Gen, e: Recv) -> list[str]:
    return list(receive(g, e.pos, g.value(e.x), chan_elem(e.x.type)))


# --- select ----------------------------------------------------------------------------------------------------------


class _Case:
    """A communication. ``elem``: the address of the value to send, or where to put the received one (``null``: drop it)."""

    def __init__(self, case: SelectCase, channel: str, elem: str, label: str) -> None:
        self.case = case
        self.channel = channel
        self.elem = elem
        self.label = label


def stmt_select(g: Gen, s: Select) -> None:
    done = g.label("selected")
    g.loops[s.label] = LoopTargets(break_to=done)
    default = next((c for c in s.cases if c.chan is None), None)
    cases = [_prepare(g, c) for c in s.cases if c.chan is not None]
    if default is not None:
        _with_default(g, s, cases, default, done)
    elif not cases:
        g.rt(s.pos, "runtime.block")
    elif len(cases) == 1:
        only = cases[0]
        received = "false"
        if only.case.send is not None:
            g.rt(s.pos, "runtime.chansend1", only.channel, only.elem)
        else:
            received = g.rt(s.pos, "runtime.chanrecv2", only.channel, only.elem)
        _body(g, only, received, done)
    else:
        chosen, received = _selectgo(g, s, cases, True)
        _dispatch(g, cases, chosen, received, done, "")
    g.start(done)


def _prepare(g: Gen, case: SelectCase) -> _Case:
    assert case.chan is not None
    channel = g.value(case.chan)
    elem = "null"
    t = chan_elem(case.chan.type)
    if case.send is not None:
        elem = _element(g, t, case.send)
    elif case.recv_var is not None:
        elem = g.temp(t).ptr
    return _Case(case, channel, elem, g.label("case"))


def _with_default(g: Gen, s: Select, cases: list[_Case], default: SelectCase, done: str) -> None:
    other = g.label("default")
    if len(cases) == 1:
        only = cases[0]
        received = "false"
        if only.case.send is not None:
            selected = g.rt(s.pos, "runtime.selectnbsend", only.channel, only.elem)
        else:
            both = g.rt(s.pos, "runtime.selectnbrecv", only.elem, only.channel)
            selected = g.op(f"extractvalue {{i1, i1}} {both}, 0")
            received = g.op(f"extractvalue {{i1, i1}} {both}, 1")
        g.branch_if(selected, only.label, other)
        g.start(only.label)
        _body(g, only, received, done)
    elif cases:
        chosen, received = _selectgo(g, s, cases, False)
        _dispatch(g, cases, chosen, received, done, other)
    g.start(other)
    g.stmt(default.body)
    g.branch(done)


def _selectgo(g: Gen, s: Select, cases: list[_Case], block: bool) -> tuple[str, str]:
    """Let the runtime choose a case: its index (-1: none), and whether a value was received.

    Sorts ``cases`` into the order in which the runtime counts them.
    """
    sends = [c for c in cases if c.case.send is not None]
    receives = [c for c in cases if c.case.send is None]
    cases[:] = sends + receives
    n = len(cases)
    array = Addr(g.alloca(f"[{n * _CASE_BYTES} x i8]", 8, "cases"), Mode.PRIVATE)
    order = g.alloca(f"[{2 * n} x i16]", 8, "order")
    for i, c in enumerate(cases):
        at = g.op(f"getelementptr inbounds i8, ptr {array.ptr}, i64 {i * _CASE_BYTES}")
        g.do(f"store {{ptr, ptr}} {g.iface(c.channel, c.elem)}, ptr {at}, align 8")
    both = g.rt(
        s.pos,
        "runtime.selectgo",
        array.ptr,
        order,
        str(len(sends)),
        str(len(receives)),
        "true" if block else "false",
    )
    return g.op(f"extractvalue {{i64, i1}} {both}, 0"), g.op(f"extractvalue {{i64, i1}} {both}, 1")


def _dispatch(g: Gen, cases: list[_Case], chosen: str, received: str, done: str, default: str) -> None:
    last = default or g.label("never")
    targets = " ".join(f"i64 {i}, label %{c.label}" for i, c in enumerate(cases))
    g.end(f"switch i64 {chosen}, label %{last} [ {targets} ]")
    if not default:
        g.start(last)
        g.unreachable()
    for c in cases:
        g.start(c.label)
        _body(g, c, received, done)


def _body(g: Gen, c: _Case, received: str, done: str) -> None:
    """Bind the variables of a case and run its body."""
    case = c.case
    if case.recv_var is not None:
        t = case.recv_var.type
        addr = new_variable(g, case.pos, case.recv_var)
        if c.elem == "null":
            store_zero(g, t, addr)
        elif shape_of(t).form is Form.MEMORY:
            copy(g, t, addr, Addr(c.elem, Mode.PRIVATE))
        else:
            store(g, t, addr, load(g, t, Addr(c.elem, Mode.PRIVATE)))
    if case.ok_var is not None:
        store(g, case.ok_var.type, new_variable(g, case.pos, case.ok_var), received)
    g.stmt(case.body)
    g.branch(done)
