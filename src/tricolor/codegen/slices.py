"""Slices: slicing, make, append, copy, clear, and conversion to arrays."""

from __future__ import annotations

from tricolor.codegen.allocation import MAX_INLINE_ALLOC_BYTES, new_object, new_site
from tricolor.codegen.buffers import BUFFER_BYTES, buffer_bytes, small_or_large
from tricolor.codegen.memory import clear_bytes, clear_elements, copy_elements, elem_ptr, load, shared, store
from tricolor.codegen.places import index_operand, is_place, slice_parts, slice_words, string_parts
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import Array, Pointer, Slice, Type, array, is_signed, is_string, underlying
from tricolor.ir.nodes import (
    Append,
    Builtin,
    Const,
    Convert,
    Expr,
    MakeSlice,
    Name,
    Pos,
    SliceExpr,
    VarKind,
)

_STACK_SLICE_BYTES = 64 * 1024


def slice_elem(t: Type) -> Type:
    """Element type of a slice type."""
    u = underlying(t)
    assert isinstance(u, Slice), f"{t} is no slice"
    return u.elem


# --- x[lo:hi:max] ----------------------------------------------------------------------------------------------------


def value_slice_expr(g: Gen, e: SliceExpr) -> str:
    u = underlying(e.x.type)
    if is_string(e.x.type):
        ptr, length = string_parts(g, e.x)
        cap, elem_bytes = length, 1
    elif isinstance(u, Slice):
        ptr, length, cap = slice_words(g, e.x)
        elem_bytes = size_of(u.elem)
    else:
        assert isinstance(u, Pointer)
        arr = underlying(u.elem)
        assert isinstance(arr, Array)
        ptr = g.value(e.x)
        g.nil_check(e.pos, ptr)
        length = cap = str(arr.length)
        elem_bytes = size_of(arr.elem)
    low = index_operand(g, e.low) if e.low is not None else "0"
    high = index_operand(g, e.high) if e.high is not None else length
    limit = index_operand(g, e.max) if e.max is not None else cap
    _check_bounds(g, e, isinstance(u, Slice), (low, high, limit, cap))
    new_length = _minus(g, high, low)
    if is_string(e.type):
        return g.string(_advance(g, ptr, low, new_length, 1), new_length)
    new_cap = _minus(g, limit, low)
    return g.slice(_advance(g, ptr, low, new_cap, elem_bytes), new_length, new_cap)


def _minus(g: Gen, a: str, b: str) -> str:
    if b == "0":
        return a
    if a[0] != "%" and b[0] != "%":
        return str(max(int(a) - int(b), 0))
    return g.op(f"sub i64 {a}, {b}")


def _advance(g: Gen, ptr: str, low: str, room: str, elem_bytes: int) -> str:
    """The start moved by ``low`` elements. If nothing is left it stays, so that no pointer points past the end of the object."""
    if low == "0" or elem_bytes == 0:
        return ptr
    if room[0] != "%":
        return elem_ptr(g, ptr, low, elem_bytes) if int(room) else ptr
    some = g.op(f"icmp ne i64 {room}, 0")
    return elem_ptr(g, ptr, g.op(f"select i1 {some}, i64 {low}, i64 0"), elem_bytes)


def _check_bounds(g: Gen, e: SliceExpr, of_slice: bool, bounds: tuple[str, str, str, str]) -> None:
    low, high, limit, cap = bounds
    base = "runtime.panicSlice"
    if e.max is not None:
        _check(g, e.pos, f"{base}3{'Acap' if of_slice else 'Alen'}", limit, cap, e.max)
        if e.high is not None:
            _check(g, e.pos, f"{base}3B", high, limit, e.high)
        if e.low is not None:
            _check(g, e.pos, f"{base}3C", low, high, e.low)
        return
    if e.high is not None:
        _check(g, e.pos, f"{base}{'Acap' if of_slice else 'Alen'}", high, cap, e.high)
    if e.low is not None:
        _check(g, e.pos, f"{base}B", low, high, e.low)


def _check(g: Gen, pos: Pos, symbol: str, x: str, y: str, bound: Expr) -> None:
    """Panic unless ``x <= y``, unsigned."""
    if x == "0" or (x[0] != "%" and y[0] != "%" and int(x) <= int(y)):
        return
    if not is_signed(bound.type):
        symbol += "U"
    g.require(g.op(f"icmp ule i64 {x}, {y}"), g.panic_block(pos, symbol, x, y))


# --- make ------------------------------------------------------------------------------------------------------------


def value_make_slice(g: Gen, e: MakeSlice) -> str:
    elem = slice_elem(e.type)
    elem_bytes = size_of(elem)
    cap_expr = e.cap if e.cap is not None else e.length
    if isinstance(cap_expr, Const) and isinstance(cap_expr.value, int) and elem_bytes:
        cap = cap_expr.value
        total = cap * elem_bytes
        on_stack = total <= _STACK_SLICE_BYTES and g.m.placements.on_stack(e)
        inline = not g.m.options.account and total <= MAX_INLINE_ALLOC_BYTES
        if cap > 0 and (on_stack or inline):
            length = _checked_length(g, e, cap)
            return g.slice(new_object(g, e.pos, "slice", array(elem, cap), e, on_stack).ptr, length, str(cap))
    length = index_operand(g, e.length)
    cap_text = index_operand(g, e.cap) if e.cap is not None else length
    room = buffer_bytes(g, e) // elem_bytes if elem_bytes else 0
    if not room:
        return _make_on_heap(g, e, length, cap_text, 0)

    def small(buffer: str) -> str:
        clear_bytes(g, Addr(buffer, Mode.PRIVATE), BUFFER_BYTES, 8)
        return g.slice(buffer, length, cap_text)

    fits = g.op(f"icmp ule i64 {cap_text}, {room}")
    if e.cap is not None:
        fits = g.op(f"and i1 {fits}, {g.op(f'icmp ule i64 {length}, {cap_text}')}")
    return small_or_large(g, fits, "{ptr, i64, i64}", small, lambda: _make_on_heap(g, e, length, cap_text, room * elem_bytes))


def _make_on_heap(g: Gen, e: MakeSlice, length: str, cap: str, buffer: int) -> str:
    new_site(g, e.pos, "slice", e.type, e, False, buffer)
    ptr = g.rt(e.pos, "runtime.makeslice", g.m.type_ref(slice_elem(e.type)), length, cap)
    return g.slice(ptr, length, cap)


def _checked_length(g: Gen, e: MakeSlice, cap: int) -> str:
    length = index_operand(g, e.length)
    if length[0] != "%":
        return length
    g.require(g.op(f"icmp ule i64 {length}, {cap}"), _make_panic(g, e, length))
    return length


def _make_panic(g: Gen, e: MakeSlice, length: str) -> str:
    """Label of a cold block that panics. Go blames the length if it is impossible by itself, else the capacity: makeslice decides."""
    label = g.label("cold")
    name = g.m.declare_entry("runtime.makeslice")
    elem = g.m.type_ref(slice_elem(e.type))
    assert e.cap is not None and isinstance(e.cap, Const)
    g.cold.append(f"{label}:\n  call ptr {name}(ptr {elem}, i64 {length}, i64 {e.cap.value}) #92{g.dbg(e.pos)}\n  unreachable")
    return label


# --- append and copy -------------------------------------------------------------------------------------------------


def value_append(g: Gen, e: Append) -> str:
    elem = slice_elem(e.type)
    elem_bytes = size_of(elem)
    base = slice_words(g, e.x)
    if not e.spread:
        if not e.elems:
            return g.slice(*base)
        values = [g.value(x) for x in e.elems]
        ptr, new_length, cap = _grow(g, e, elem, base, str(len(values)))
        for i, v in enumerate(values):
            at = g.op(f"add i64 {base[1]}, {i}") if i else base[1]
            store(g, elem, shared(elem_ptr(g, ptr, at, elem_bytes)), v)
        return g.slice(ptr, new_length, cap)
    more = e.elems[0]
    if isinstance(more, MakeSlice) and more.cap is None:
        return _append_zeros(g, e, elem, base, more)
    source, count = string_parts(g, more) if is_string(more.type) else slice_parts(g, more)
    ptr, new_length, cap = _grow(g, e, elem, base, count)
    dest = shared(elem_ptr(g, ptr, base[1], elem_bytes))
    copy_elements(g, elem, dest, shared(source), count)
    return g.slice(ptr, new_length, cap)


def _append_zeros(g: Gen, e: Append, elem: Type, base: tuple[str, str, str], more: MakeSlice) -> str:
    """``append(s, make([]T, n)...)`` without the intermediate slice."""
    count = index_operand(g, more.length)
    if count[0] == "%":
        g.require(g.op(f"icmp sge i64 {count}, 0"), g.panic_block(e.pos, "runtime.panicmakeslicelen"))
    ptr, new_length, cap = _grow(g, e, elem, base, count)
    dest = shared(elem_ptr(g, ptr, base[1], size_of(elem)))
    clear_elements(g, elem, dest, count)
    return g.slice(ptr, new_length, cap)


def _grow(g: Gen, e: Append, elem: Type, base: tuple[str, str, str], count: str) -> tuple[str, str, str]:
    """Room for ``count`` more elements: address, new length and capacity."""
    ptr, length, cap = base
    new_length = g.op(f"add i64 {length}, {count}")
    before = g.block
    grow, done = g.label("grow"), g.label("append")
    need = g.op(f"icmp ugt i64 {new_length}, {cap}")
    g.end(f"br i1 {need}, label %{grow}, label %{done}")
    g.start(grow)
    pointers, caps = [(ptr, before)], [(cap, before)]
    room = _first_growth(g, e, elem)
    if room:
        buffer, block = _take_buffer(g, length, new_length, room * size_of(elem), room, done)
        pointers.append((buffer, block))
        caps.append((str(room), block))
    new_site(g, e.pos, "append", e.type, e, False, room * size_of(elem))
    grown = g.rt(e.pos, "runtime.growslice", ptr, new_length, cap, count, g.m.type_ref(elem))
    t = "{ptr, i64, i64}"
    pointers.append((g.extract(t, grown, 0), g.block))
    caps.append((g.extract(t, grown, 2), g.block))
    g.start(done)
    return g.phi("ptr", *pointers), new_length, g.phi("i64", *caps)


def _first_growth(g: Gen, e: Append, elem: Type) -> int:
    """Elements of the buffer that the first growth of a slice may use, 0 for none.

    As in Go, only the first append in the source to a variable that is kept in registers may use it.
    """
    elem_bytes = size_of(elem)
    x = e.x
    if e.spread or not 0 < elem_bytes <= BUFFER_BYTES or not buffer_bytes(g, e):
        return 0
    if isinstance(x, Name):
        var = x.var
        if var in g.appended or var.addrtaken or var.kind in (VarKind.GLOBAL, VarKind.CAPTURE) or var not in g.stored:
            return 0
        if g.stored[var].mode is not Mode.PRIVATE or (var.captured and var.reassigned):
            return 0
        g.appended.add(var)
    elif is_place(x):
        return 0
    return BUFFER_BYTES // elem_bytes


def _take_buffer(g: Gen, length: str, new_length: str, size: int, room: int, done: str) -> tuple[str, str]:
    """Jump to ``done`` with the buffer if the slice is empty, the elements fit and the buffer is still unused; otherwise go on.

    Gives the buffer and the block that jumps.
    """
    buffer = g.alloca(f"[{size} x i8]", 8, "buf")
    used = g.alloca("i1", 1, "used")
    g.entry.append(f"  store i1 false, ptr {used}, align 1")
    use, heap = g.label("usebuf"), g.label("growheap")
    fits = g.op(f"icmp ule i64 {new_length}, {room}")
    empty = g.op(f"icmp eq i64 {length}, 0")
    fresh = g.op(f"xor i1 {g.op(f'load i1, ptr {used}, align 1')}, true")
    g.branch_if(g.op(f"and i1 {fresh}, {g.op(f'and i1 {fits}, {empty}')}"), use, heap)
    g.start(use)
    g.do(f"store i1 true, ptr {used}, align 1")
    clear_bytes(g, Addr(buffer, Mode.PRIVATE), size, 8)
    g.branch(done)
    g.start(heap)
    return buffer, use


def builtin_copy(g: Gen, e: Builtin) -> str:
    """``copy(dst, src)``: the number of elements copied."""
    dst, dst_length = slice_parts(g, e.args[0])
    more = e.args[1]
    src, src_length = string_parts(g, more) if is_string(more.type) else slice_parts(g, more)
    less = g.op(f"icmp slt i64 {src_length}, {dst_length}")
    count = g.op(f"select i1 {less}, i64 {src_length}, i64 {dst_length}")
    elem = slice_elem(e.args[0].type)
    copy_elements(g, elem, shared(dst), shared(src), count)
    return count


def clear_slice(g: Gen, x: Expr) -> None:
    """``clear(slice)``."""
    ptr, length = slice_parts(g, x)
    clear_elements(g, slice_elem(x.type), shared(ptr), length)


# --- conversion to arrays --------------------------------------------------------------------------------------------


def array_pointer(g: Gen, pos: Pos, x: Expr, arr: Type) -> str:
    """``(*[N]T)(slice)``: panics if the slice is shorter than N."""
    u = underlying(arr)
    assert isinstance(u, Array)
    ptr, length = slice_parts(g, x)
    if u.length:
        ok = g.op(f"icmp uge i64 {length}, {u.length}")
        g.require(ok, g.panic_block(pos, "runtime.panicSliceConvert", length, str(u.length)))
    return ptr


def slice_to_array(g: Gen, e: Convert) -> str:
    """``[N]T(slice)`` of an array that is no memory-class type."""
    return load(g, e.type, shared(array_pointer(g, e.pos, e.x, e.type)))
