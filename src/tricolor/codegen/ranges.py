"""``for ... range`` over integers, arrays, slices, strings, maps and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tricolor.codegen.channels import chan_elem, receive
from tricolor.codegen.control import target_of
from tricolor.codegen.maps import map_type, range_map
from tricolor.codegen.memory import elem_ptr, load, store
from tricolor.codegen.places import (
    begin_loop,
    end_loop,
    indexed,
    is_place,
    keep_alive,
    slice_parts,
    string_parts,
)
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, LoopTargets, Mode
from tricolor.codegen.strings import lent_string
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import (
    INT,
    INT32,
    Array,
    Basic,
    Chan,
    Kind,
    Map,
    Pointer,
    Slice,
    Type,
    is_signed,
    underlying,
)
from tricolor.ir.nodes import Conversion, Convert, Range

Element: TypeAlias = tuple[Type, Callable[[str], Addr]]
"""Type of the elements, and the address of one element, given its index."""


def stmt_range(g: Gen, s: Range) -> None:
    targets = LoopTargets(continue_to=g.label("next"), break_to=g.label("endrange"))
    g.loops[s.label] = targets
    begin_loop(g)
    u = underlying(s.x.type)
    match u:
        case Basic() if u.kind is Kind.STRING:
            _range_string(g, s, targets)
        case Basic():
            _range_integer(g, s, targets)
        case Slice():
            _range_slice(g, s, u.elem, targets)
        case Array():
            _range_array(g, s, u, targets)
        case Pointer():
            arr = underlying(u.elem)
            assert isinstance(arr, Array)
            ptr = g.value(s.x)
            if s.value is not None:
                g.nil_check(s.pos, ptr)
            _count(g, s, str(arr.length), targets, _elements(g, Addr(ptr, Mode.SHARED), arr.elem))
        case Map():
            _range_map(g, s, targets)
        case Chan():
            _range_chan(g, s, targets)
        case _:
            g.bug(s.pos, f"range over {s.x.type}")
    end_loop(g)


def _assign(g: Gen, s: Range, key: tuple[Type, str], value: tuple[Type, str] | None = None) -> None:
    """Assign the iteration values (type and operand), as a parallel assignment does."""
    targets = [None if x is None else target_of(g, x, s.pos, s.declares) for x in (s.key, s.value)]
    for target, given in zip(targets, (key, value), strict=True):
        if target is not None and given is not None:
            store(g, given[0], target(), given[1])


def _loop(
    g: Gen, s: Range, t: Type, limit: str, targets: LoopTargets, begin: Callable[[str], None], following: Callable[[str], str] | None = None
) -> None:
    """Run the body with a counter of integer type ``t`` that starts at 0, while it is below ``limit``.

    ``begin`` is given the counter's value and assigns the iteration variables. ``following`` gives the counter's next value where it
    does not go up by one.
    """
    shape = shape_of(t)
    counter = Addr(g.alloca(shape.llvm, shape.align, "i"), Mode.PRIVATE)
    store(g, t, counter, "0")
    head, body = g.label("range"), g.label("body")
    g.start(head)
    i = load(g, t, counter)
    g.branch_if(g.op(f"icmp {'slt' if is_signed(t) else 'ult'} {shape.llvm} {i}, {limit}"), body, targets.break_to)
    g.start(body)
    begin(i)
    g.stmt(s.body)
    g.start(targets.continue_to)
    i = load(g, t, counter)
    store(g, t, counter, following(i) if following is not None else g.op(f"add {shape.llvm} {i}, 1"))
    g.branch(head)
    g.start(targets.break_to)


def _count(g: Gen, s: Range, length: str, targets: LoopTargets, element: Element | None) -> None:
    """Run the body for each index below ``length`` (i64)."""

    def begin(i: str) -> None:
        value: tuple[Type, str] | None = None
        if element is not None and s.value is not None:
            elem, address = element
            value = (elem, load(g, elem, address(i)))
        _assign(g, s, (INT, i), value)

    _loop(g, s, INT, length, targets, begin)


def _elements(g: Gen, base: Addr, elem: Type) -> Element:
    return elem, lambda i: Addr(elem_ptr(g, base.ptr, i, size_of(elem)), base.mode)


def _range_slice(g: Gen, s: Range, elem: Type, targets: LoopTargets) -> None:
    x = s.x
    if isinstance(x, Convert) and x.kind is Conversion.STRING_TO_BYTES:
        ptr, length = lent_string(g, x.x)
    else:
        ptr, length = slice_parts(g, x)
    _count(g, s, length, targets, (elem, lambda i: indexed(g, ptr, i, size_of(elem))))
    keep_alive(g, ptr)


def _range_array(g: Gen, s: Range, arr: Array, targets: LoopTargets) -> None:
    """Iterate over a copy if the values are used, since the body may change the array."""
    length = str(arr.length)
    if s.value is None:
        if not is_place(s.x):
            g.value(s.x)
        _count(g, s, length, targets, None)
        return
    v = g.value(s.x)
    if shape_of(s.x.type).form is not Form.MEMORY:
        temp = g.temp(s.x.type)
        store(g, s.x.type, temp, v)
        v = temp.ptr
    _count(g, s, length, targets, _elements(g, Addr(v, Mode.PRIVATE), arr.elem))


def _range_integer(g: Gen, s: Range, targets: LoopTargets) -> None:
    t = s.x.type
    _loop(g, s, t, g.value(s.x), targets, lambda i: _assign(g, s, (t, i)))


def _range_string(g: Gen, s: Range, targets: LoopTargets) -> None:
    """Decoding a rune gives the next position too, which a slot of the frame holds while the body runs."""
    x = s.x
    ptr, length = lent_string(g, x) if isinstance(x, Convert) else string_parts(g, x)
    following = Addr(g.alloca("i64", 8, "n"), Mode.PRIVATE)

    def begin(i: str) -> None:
        first = g.block
        slow, decoded = g.label("decode"), g.label("rune")
        byte = g.op(f"load i8, ptr {elem_ptr(g, ptr, i, 1)}, align 1")
        ascii_rune = g.op(f"zext i8 {byte} to i32")
        after_one = g.op(f"add i64 {i}, 1")
        g.branch_if(g.op(f"icmp sge i8 {byte}, 0"), decoded, slow)
        g.start(slow)
        both = g.rt(s.pos, "runtime.decoderune", g.string(ptr, length), i)
        wide_rune = g.op(f"extractvalue {{i32, i64}} {both}, 0")
        after_rune = g.op(f"extractvalue {{i32, i64}} {both}, 1")
        g.start(decoded)
        rune = g.phi("i32", (ascii_rune, first), (wide_rune, slow))
        store(g, INT, following, g.phi("i64", (after_one, first), (after_rune, slow)))
        _assign(g, s, (INT, i), (INT32, rune))

    _loop(g, s, INT, length, targets, begin, lambda _: load(g, INT, following))


def _range_map(g: Gen, s: Range, targets: LoopTargets) -> None:
    t = map_type(s.x.type)
    m = g.value(s.x)

    def body(key: Addr, elem: Addr) -> None:
        k = load(g, t.key, key) if s.key is not None else ""
        v = load(g, t.elem, elem) if s.value is not None else ""
        _assign(g, s, (t.key, k), (t.elem, v))
        g.stmt(s.body)

    range_map(g, s.pos, s.x.type, m, body, targets)


def _range_chan(g: Gen, s: Range, targets: LoopTargets) -> None:
    channel = g.value(s.x)
    elem = chan_elem(s.x.type)
    body = g.label("body")
    g.start(targets.continue_to)
    v, ok = receive(g, s.pos, channel, elem)
    g.branch_if(ok, body, targets.break_to)
    g.start(body)
    _assign(g, s, (elem, v))
    g.stmt(s.body)
    g.branch(targets.continue_to)
    g.start(targets.break_to)
