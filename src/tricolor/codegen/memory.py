"""Loads, stores, copies and zeroing: compiled Go code touches memory only through this module.

Terms:
    *private* memory belongs to one call of a function: slots of its frame, the memory for its results, the memory of its large
    parameters. No other goroutine can see it, and the collector scans all of it with the stack. All other memory is *shared*.
    *The door* is the set of functions here that store pointers to shared memory.

How it works: a shared value is accessed leaf by leaf with ``unordered`` atomics, so that words never tear; a private one as
a whole, plainly. Values of memory class are copied with ``memmove``, whose machine code moves whole words.

Who may store pointers:

======================================= =================================================== ==================
function                                stores                                              mark of the store
======================================= =================================================== ==================
``store_pointer``                       one pointer (``store`` and ``store_leaf`` call it)  barrier
``copy``, ``copy_elements``             values of a known type, from memory                 barrier or noscan
``clear_elements``, ``store_zero``      zeros over values of a known type                   barrier or noscan
``copy_constant``                       a constant value, into a fresh object               noscan
``store_pointer_atomic``,               one pointer, sequentially consistent: sync/atomic   barrier
``swap_pointer``,                       and atomic.UnsafePointer
``compare_and_swap_pointer``
``store_pointer_raw``,                  one pointer, as Go's StorepNoWB and Casp1 do: the   raw
``compare_and_swap_pointer_raw``        caller proves that no barrier is needed
``store_code_address``                  the code address in a closure object                raw
``copy_bytes``, ``clear_bytes``         bytes of private memory                             none
======================================= =================================================== ==================

Outside this module some functions of ``stubs`` write results into the frames that package reflect allocates; they use the same marks
and the same barrier for bulk operations.

Invariants:
    1. An instruction that stores a pointer to shared memory MUST come from the door. Otherwise a write barrier would miss it, and
       the collector would free an object in use. Checked by check_stores() (codegen.check_stores): it follows private addresses
       through the emitted LLVM text and accepts an unmarked store only if its address is private.
    2. A callee fills memory for results and owned parameters plainly, so the caller MUST pass private memory there. Otherwise
       the callee would store pointers to shared memory without a barrier. A call whose result belongs into a heap object goes through
       a temporary. Checked by check_stores() as well.
    3. The mark ``barrier`` MUST come with a barrier that sees old and new, and tests after the store. Otherwise the collector
       would free an object in use. Checked by find_missing_barriers() (codegen.check_barriers).
    4. Bulk operations on shared memory MUST know the element type. Otherwise the barrier could not find the pointers in it.
       Checked by copy_bytes() and clear_bytes().

The write barrier (``runtime.collector.barrier`` says what it is for):
    *Single pointers.* Load the old pointer, store the new one, test ``tricolor.marking``; if the collector marks, call
    ``tricolor.barrier`` with both. The store comes first: whoever is stopped before the test holds both pointers in registers,
    where the scan of its stack finds them. The accesses and the test are volatile, so that LLVM keeps their order, and tests each
    time. All pointers of one value share a test. The callee keeps all registers but r11 and the vector registers, and writes
    nothing that Go code reads; so the cold call costs the code around it nothing.

    *Bulk operations.* Shading must come first here. A window, in which no signal stops the goroutine, holds test and move together.

    *Fresh objects.* The slots of an object that a literal has just allocated hold zero: there is no old pointer. The new one is shaded
    all the same, since the object may be black from the start, and the only copy of the pointer on a stack that is not scanned yet.

    The first word of an interface points to a descriptor or an itab, which the collector does not follow: no barrier.

Differs from Go: copies of memory-class values are ``llvm.memmove``, which the memory model leaves to LLVM's expansion.
"""

from __future__ import annotations

from tricolor.codegen.debug import ALIAS_FLOAT, ALIAS_HEADER
from tricolor.codegen.shapes import Form, Shape, shape_of
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.gotypes.sizes import align_of, pointer_bitmap, size_of
from tricolor.gotypes.types import Array, Type, has_pointers, underlying
from tricolor.staticdata.barriers import (
    BARRIER,
    DECLARATIONS,
    DECLARE_MARKING,
    END_BULK,
    MAX_BITMAP_BYTES,
    NOSCAN,
    RAW,
    begin_bulk,
    shade_elements,
    shade_values,
)

MEM_PROFILE_RATE = '@"runtime.MemProfileRate"'
"""The allocator has to know this variable's value before it allocates again, so a store to it is followed by a call."""


def offset(g: Gen, addr: Addr, bytes_: int) -> Addr:
    """The address some constant number of bytes further, in the same object."""
    if bytes_ == 0:
        return addr
    ptr = g.op(f"getelementptr inbounds i8, ptr {addr.ptr}, i64 {bytes_}")
    if addr.ptr in g.fresh:
        g.fresh.add(ptr)
    return Addr(ptr, addr.mode)


def elem_ptr(g: Gen, base: str, index: str, elem_bytes: int) -> str:
    """Address of element ``index`` (i64) of an array at ``base``; the index is known to be in bounds."""
    if index == "0" or elem_bytes == 0:
        return base
    return g.op(f"getelementptr inbounds [{elem_bytes} x i8], ptr {base}, i64 {index}")


def shared(ptr: str) -> Addr:
    """An address that other goroutines may know."""
    return Addr(ptr, Mode.SHARED)


_ALIAS_CLASSES = {"ptr": ALIAS_HEADER, "float": ALIAS_FLOAT, "double": ALIAS_FLOAT}
"""No memory holds a pointer at one time and a floating-point number at another, whatever unsafe code does with integers. LLVM may
therefore keep a slice's header in registers while a loop stores numbers."""


def load_leaf(g: Gen, addr: Addr, leaf_type: str, align: int, at: int = 0, *, header: bool = False) -> str:
    """Load one scalar, ``at`` bytes after the address. ``header``: it is the length or capacity in a slice or string header."""
    addr = offset(g, addr, at)
    if addr.mode is Mode.SHARED:
        alias = ALIAS_HEADER if header else _ALIAS_CLASSES.get(leaf_type, "")
        return g.op(f"{g.m.load_word} {leaf_type}, ptr {addr.ptr}{g.m.order}, align {align}{alias}")
    volatile = " volatile" if addr.mode is Mode.VOLATILE else ""
    return g.op(f"load{volatile} {leaf_type}, ptr {addr.ptr}, align {align}")


def store_leaf(g: Gen, addr: Addr, leaf_type: str, value: str, align: int, at: int = 0) -> None:
    """Store one scalar, ``at`` bytes after the address."""
    addr = offset(g, addr, at)
    if addr.mode is Mode.SHARED:
        if leaf_type == "ptr":
            store_pointer(g, addr.ptr, value)
            return
        alias = _ALIAS_CLASSES.get(leaf_type, "")
        g.do(f"{g.m.store_word} {leaf_type} {value}, ptr {addr.ptr}{g.m.order}, align {align}{alias}")
        return
    volatile = " volatile" if addr.mode is Mode.VOLATILE else ""
    g.do(f"store{volatile} {leaf_type} {value}, ptr {addr.ptr}, align {align}")


# --- the door: single pointers ---------------------------------------------------------------------------------------


def _replace(g: Gen, slot: str, value: str) -> str:
    """Store a pointer to a slot that may be shared; gives the one that it overwrites. ``_shade`` must follow before any call.

    Slots of a fresh object hold zero. Both accesses are volatile. LLVM then keeps the store before the test of ``marking``, and loads the old pointer only here.
    """
    old = "null"
    if slot not in g.fresh:
        old = g.op(f"{g.m.load_word} volatile ptr, ptr {slot}{g.m.order}, align 8{ALIAS_HEADER}")
    g.do(f"{g.m.store_word} volatile ptr {value}, ptr {slot}{g.m.order}, align 8{ALIAS_HEADER}{BARRIER}")
    return old


def _shade(g: Gen, *stores: tuple[str, str]) -> None:
    """While the collector marks: shade what the last stores have overwritten and what they have stored, in pairs (old, new)."""
    flag = g.m.data.declare("tricolor.marking", DECLARE_MARKING)
    shade = g.m.data.declare("tricolor.barrier", 'declare preserve_mostcc void @"tricolor.barrier"(ptr, ptr) #95')
    marking, done = g.label("marking"), g.label("stored")
    off = g.op(f"icmp eq i32 {g.op(f'load volatile i32, ptr {flag}, align 4')}, 0")
    g.end(f"br i1 {off}, label %{done}, label %{marking}, !prof !1000")
    g.start(marking)
    for old, new in stores:
        g.do(f"call preserve_mostcc void {shade}(ptr {old}, ptr {new}) #95")
    g.start(done)


def store_pointer(g: Gen, slot: str, value: str) -> None:
    """Store a pointer to a slot that may be shared."""
    _shade(g, (_replace(g, slot, value), value))


def store_pointer_atomic(g: Gen, slot: str, value: str) -> None:
    """Store a pointer, sequentially consistent. On x86-64 such a store is an exchange in any case."""
    swap_pointer(g, slot, value)


def swap_pointer(g: Gen, slot: str, value: str) -> str:
    """Exchange the pointer in a slot; gives the old one."""
    old = g.op(f"atomicrmw volatile xchg ptr {slot}, ptr {value} seq_cst, align 8{BARRIER}")
    _shade(g, (old, value))
    return old


def compare_and_swap_pointer(g: Gen, slot: str, old: str, new: str) -> str:
    """Replace the pointer in a slot if it is ``old``; gives LLVM's pair of what was there and whether it was replaced.

    Both pointers are shaded whether it was or not, which spares a test.
    """
    both = g.op(f"cmpxchg volatile ptr {slot}, ptr {old}, ptr {new} seq_cst seq_cst, align 8{BARRIER}")
    _shade(g, (old, new))
    return both


def store_pointer_raw(g: Gen, slot: str, value: str) -> None:
    """Store a pointer that never needs a write barrier: it does not point into Go's heap, or the slot lies outside Go's memory."""
    g.do(f"store atomic ptr {value}, ptr {slot} seq_cst, align 8{RAW}")


def compare_and_swap_pointer_raw(g: Gen, slot: str, old: str, new: str) -> str:
    """``compare_and_swap_pointer`` without a write barrier, ever."""
    return g.op(f"cmpxchg ptr {slot}, ptr {old}, ptr {new} seq_cst seq_cst, align 8{RAW}")


def _store_static(g: Gen, slot: str, value: str) -> None:
    """Store the address of a descriptor or an itab to the first word of an interface, which the collector does not follow."""
    g.do(f"{g.m.store_word} ptr {value}, ptr {slot}{g.m.order}, align 8{ALIAS_HEADER}{NOSCAN}")


def store_code_address(g: Gen, slot: str, code: str) -> None:
    """Store the address of a function into a closure object that nobody else knows yet."""
    g.do(f"store ptr {code}, ptr {slot}, align 8{RAW}")


# --- values ----------------------------------------------------------------------------------------------------------


def load(g: Gen, t: Type, addr: Addr) -> str:
    """Load a value; for a memory-class type, copy it to a private temporary and give its address."""
    shape = shape_of(t)
    match shape.form:
        case Form.BOOL:
            return g.op(f"trunc i8 {load_leaf(g, addr, 'i8', 1)} to i1")
        case Form.SCALAR:
            return load_leaf(g, addr, shape.llvm, shape.align)
        case Form.AGGREGATE:
            return _load_aggregate(g, shape, addr)
        case Form.MEMORY:
            temp = g.temp(t)
            copy(g, t, temp, addr)
            return temp.ptr


def load_if(g: Gen, t: Type, ok: str, addr: Addr) -> str:
    """Load a value if ``ok`` (an i1 operand), else give the zero value."""
    shape = shape_of(t)
    if not shape.size:
        return zero_value(t) if shape.form is not Form.MEMORY else g.temp(t).ptr
    before = g.block
    yes, done = g.label("load"), g.label("loaded")
    if shape.form is Form.MEMORY:
        temp = g.temp(t)
        store_zero(g, t, temp)
        g.branch_if(ok, yes, done)
        g.start(yes)
        copy(g, t, temp, addr)
        g.start(done)
        return temp.ptr
    g.branch_if(ok, yes, done)
    g.start(yes)
    v = load(g, t, addr)
    after = g.block
    g.start(done)
    return g.phi(shape.llvm, (zero_value(t), before), (v, after))


def _load_aggregate(g: Gen, shape: Shape, addr: Addr) -> str:
    if not shape.leaves:
        return "zeroinitializer"
    if addr.mode is Mode.PRIVATE:
        return g.op(f"load {shape.llvm}, ptr {addr.ptr}, align {shape.align}")
    values = tuple(load_leaf(g, addr, leaf.type, leaf.align, leaf.offset) for leaf in shape.leaves)
    current = "poison"
    for leaf, v in zip(shape.leaves, values, strict=True):
        current = g.op(f"insertvalue {shape.llvm} {current}, {leaf.type} {v}, {leaf.path}")
    if all(leaf.path.isdigit() for leaf in shape.leaves) and len(shape.leaves) == shape.llvm.count(",") + 1:
        g.parts[current] = values
    return current


def store(g: Gen, t: Type, addr: Addr, value: str) -> None:
    """Store a value; for a memory-class type ``value`` is an address to copy from."""
    shape = shape_of(t)
    match shape.form:
        case Form.BOOL:
            store_leaf(g, addr, "i8", to_byte(g, value), 1)
        case Form.SCALAR:
            store_leaf(g, addr, shape.llvm, value, shape.align)
            if addr.ptr == MEM_PROFILE_RATE:
                g.rt(0, "runtime.memprofileratestored")
        case Form.AGGREGATE:
            _store_aggregate(g, shape, addr, value)
        case Form.MEMORY:
            copy(g, t, addr, Addr(value, Mode.PRIVATE))


def to_byte(g: Gen, value: str) -> str:
    """The memory form of a bool."""
    if value[0] != "%":
        return "1" if value == "true" else "0"
    return g.op(f"zext i1 {value} to i8")


def _store_aggregate(g: Gen, shape: Shape, addr: Addr, value: str) -> None:
    if not shape.leaves:
        return
    if addr.mode is Mode.PRIVATE:
        g.do(f"store {shape.llvm} {value}, ptr {addr.ptr}, align {shape.align}")
        return
    replaced: list[tuple[str, str]] = []
    for leaf, v in zip(shape.leaves, _leaf_values(g, shape, value), strict=True):
        if leaf.type != "ptr" or addr.mode is not Mode.SHARED:
            store_leaf(g, addr, leaf.type, v, leaf.align, leaf.offset)
        elif leaf.is_static:
            _store_static(g, offset(g, addr, leaf.offset).ptr, v)
        else:
            replaced.append((_replace(g, offset(g, addr, leaf.offset).ptr, v), v))
    if replaced:
        _shade(g, *replaced)


def _leaf_values(g: Gen, shape: Shape, value: str) -> list[str]:
    """The scalars of an aggregate."""
    if value == "zeroinitializer":
        return [ZERO_LEAF.get(leaf.type, "0") for leaf in shape.leaves]
    parts = g.parts.get(value)
    if parts is not None and len(parts) == len(shape.leaves) and all(leaf.path == str(i) for i, leaf in enumerate(shape.leaves)):
        return list(parts)
    return [g.op(f"extractvalue {shape.llvm} {value}, {leaf.path}") for leaf in shape.leaves]


ZERO_LEAF = {"ptr": "null", "float": "0.0", "double": "0.0"}
"""Zero of a leaf's LLVM type where it is not ``0``."""


def zero_value(t: Type) -> str:
    """The zero operand of a type that is not memory class."""
    shape = shape_of(t)
    match shape.form:
        case Form.BOOL:
            return "false"
        case Form.SCALAR:
            return ZERO_LEAF.get(shape.llvm, "0")
        case _:
            return "zeroinitializer"


# --- the door: copies and zeroing ------------------------------------------------------------------------------------


def copy(g: Gen, t: Type, dst: Addr, src: Addr) -> None:
    """Copy a value. The two places may be the same or overlap."""
    if dst.ptr != src.ptr:
        _copy(g, t, dst, src, str(size_of(t)))


def copy_constant(g: Gen, t: Type, dst: Addr, constant: str) -> None:
    """Copy a value from read-only memory, whose pointers never need a barrier."""
    if dst.ptr in g.fresh:
        _move(g, dst, Addr(constant, Mode.PRIVATE), str(size_of(t)), align_of(t), NOSCAN)
    else:
        copy(g, t, dst, Addr(constant, Mode.PRIVATE))


def copy_elements(g: Gen, elem: Type, dst: Addr, src: Addr, count: str) -> None:
    """Copy ``count`` elements (an i64 operand), overlap allowed."""
    _copy(g, elem, dst, src, _scaled(g, count, size_of(elem)))


def clear_elements(g: Gen, elem: Type, addr: Addr, count: str) -> None:
    """Zero ``count`` elements (an i64 operand)."""
    _zero(g, elem, addr, _scaled(g, count, size_of(elem)))


def copy_bytes(g: Gen, dst: Addr, src: Addr, count: str) -> None:
    """Copy ``count`` bytes (an i64 operand) to private memory."""
    assert dst.mode is not Mode.SHARED, "copies to shared memory know their type"
    _move(g, dst, src, count, 1, "")


def clear_bytes(g: Gen, addr: Addr, count: int, align: int) -> None:
    """Zero bytes of private memory."""
    assert addr.mode is not Mode.SHARED, "shared memory is cleared by its type"
    _clear(g, addr, str(count), align, "")


def _copy(g: Gen, t: Type, dst: Addr, src: Addr, count: str) -> None:
    """Copy ``count`` bytes of values of a type."""
    mark = _bulk_mark(t, dst)
    if mark == BARRIER and count != "0":
        _begin_bulk(g, t, dst.ptr, src.ptr, count)
        _move(g, dst, src, count, align_of(t), mark)
        g.out += END_BULK
    else:
        _move(g, dst, src, count, align_of(t), mark)


def _zero(g: Gen, t: Type, addr: Addr, count: str) -> None:
    """Zero ``count`` bytes of values of a type."""
    mark = _bulk_mark(t, addr)
    if mark == BARRIER and count != "0":
        _begin_bulk(g, t, addr.ptr, "null", count)
        _clear(g, addr, count, align_of(t), mark)
        g.out += END_BULK
    else:
        _clear(g, addr, count, align_of(t), mark)


def _begin_bulk(g: Gen, t: Type, dst: str, src: str, count: str) -> None:
    """Open a window in which no signal stops the goroutine; while the collector marks, shade what ``dst`` and ``src`` hold."""
    elem = t
    while isinstance(u := underlying(elem), Array):
        elem = u.elem
    if size_of(elem) <= MAX_BITMAP_BYTES:
        shade = shade_elements(pointer_bitmap(elem), size_of(elem))
    else:
        shade = shade_values(g.m.type_ref(elem))
    for symbol, line in DECLARATIONS.items():
        g.m.data.declare(symbol, line)
    name = g.label("w")
    g.out += begin_bulk(name, shade, dst, src, count)
    g.block = f"{name}.bulk"


def _bulk_mark(t: Type, dst: Addr) -> str:
    if dst.mode is not Mode.SHARED:
        return ""
    return BARRIER if has_pointers(t) else NOSCAN


def _scaled(g: Gen, count: str, elem_bytes: int) -> str:
    """``count * elem_bytes`` as i64; known not to overflow."""
    if count[0] != "%":
        return str(int(count) * elem_bytes)
    return count if elem_bytes == 1 else g.op(f"mul i64 {count}, {elem_bytes}")


def _move(g: Gen, dst: Addr, src: Addr, count: str, align: int, mark: str) -> None:
    if count == "0":
        return
    volatile = "true" if Mode.VOLATILE in (dst.mode, src.mode) else "false"
    g.do(f"call void @llvm.memmove.p0.p0.i64(ptr align {align} {dst.ptr}, ptr align {align} {src.ptr}, i64 {count}, i1 {volatile}){mark}")


def _clear(g: Gen, addr: Addr, count: str, align: int, mark: str) -> None:
    if count == "0":
        return
    volatile = "true" if addr.mode is Mode.VOLATILE else "false"
    g.do(f"call void @llvm.memset.p0.i64(ptr align {align} {addr.ptr}, i8 0, i64 {count}, i1 {volatile}){mark}")


def store_zero(g: Gen, t: Type, addr: Addr) -> None:
    """Store the zero value."""
    shape = shape_of(t)
    if shape.form is Form.MEMORY:
        _zero(g, t, addr, str(shape.size))
    else:
        store(g, t, addr, zero_value(t))
