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
``store_pointer_atomic``,               one pointer, sequentially consistent: sync/atomic   barrier
``swap_pointer``,                       and atomic.UnsafePointer
``compare_and_swap_pointer``
``store_pointer_raw``,                  one pointer, as Go's StorepNoWB and Casp1 do: the   raw
``compare_and_swap_pointer_raw``        caller proves that no barrier is needed
``store_code_address``                  the code address in a closure object                raw
``copy_bytes``, ``clear_bytes``         bytes of private memory                             none
======================================= =================================================== ==================

Outside this module two functions of ``stubs``, ``_store`` and ``_copy``, write results into the frames that package reflect
allocates; they use the same marks.

Invariants:
    1. An instruction that stores a pointer to shared memory MUST come from the door. Otherwise a write barrier would miss it, and
       the collector would free an object in use. Checked by check_stores() (codegen.check_stores): it follows private addresses
       through the emitted LLVM text and accepts an unmarked store only if its address is private.
    2. A callee fills memory for results and owned parameters plainly, so the caller MUST pass private memory there. Otherwise
       the callee would store pointers to shared memory without a barrier. A call whose result belongs into a heap object goes through
       a temporary. Checked by check_stores() as well.
    3. Bulk operations on shared memory MUST know the element type. Otherwise the barrier could not find the pointers in it.
       Checked by copy_bytes() and clear_bytes().

The write barrier: the world is stopped while the collector marks, so the door emits plain stores. A concurrent collector will put
its barrier into the functions that write the mark ``barrier``, and only there. It stores first and tests after: load the old
pointer, store the new one, then shade both if marking is on. A goroutine that is stopped between store and test still holds both
pointers in registers, where the scan of its stack finds them. Bulk operations shade by the type's pointer bitmap, as Go's
typedmemmove and memclrHasPointers do. Objects that were just allocated get no exception: they may be black from the start, and
the only copy of the pointer may be on a stack that is not scanned yet.

Differs from Go: copies of memory-class values are ``llvm.memmove``, which the memory model leaves to LLVM's expansion.
"""

from __future__ import annotations

from tricolor.codegen.debug import ALIAS_FLOAT, ALIAS_HEADER
from tricolor.codegen.shapes import Form, Shape, shape_of
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.gotypes.sizes import align_of, size_of
from tricolor.gotypes.types import Type, has_pointers
from tricolor.staticdata.barriers import BARRIER, NOSCAN, RAW

MEM_PROFILE_RATE = '@"runtime.MemProfileRate"'
"""The allocator has to know this variable's value before it allocates again, so a store to it is followed by a call."""


def offset(g: Gen, addr: Addr, bytes_: int) -> Addr:
    """The address some constant number of bytes further, in the same object."""
    if bytes_ == 0:
        return addr
    return Addr(g.op(f"getelementptr inbounds i8, ptr {addr.ptr}, i64 {bytes_}"), addr.mode)


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


def store_pointer(g: Gen, slot: str, value: str) -> None:
    """Store a pointer to a slot that may be shared."""
    g.do(f"{g.m.store_word} ptr {value}, ptr {slot}{g.m.order}, align 8{ALIAS_HEADER}{BARRIER}")


def store_pointer_atomic(g: Gen, slot: str, value: str) -> None:
    """Store a pointer, sequentially consistent."""
    g.do(f"store atomic ptr {value}, ptr {slot} seq_cst, align 8{BARRIER}")


def swap_pointer(g: Gen, slot: str, value: str) -> str:
    """Exchange the pointer in a slot; gives the old one."""
    return g.op(f"atomicrmw xchg ptr {slot}, ptr {value} seq_cst, align 8{BARRIER}")


def compare_and_swap_pointer(g: Gen, slot: str, old: str, new: str) -> str:
    """Replace the pointer in a slot if it is ``old``; gives LLVM's pair of what was there and whether it was replaced."""
    return g.op(f"cmpxchg ptr {slot}, ptr {old}, ptr {new} seq_cst seq_cst, align 8{BARRIER}")


def store_pointer_raw(g: Gen, slot: str, value: str) -> None:
    """Store a pointer that never needs a write barrier: it does not point into Go's heap, or the slot lies outside Go's memory."""
    g.do(f"store atomic ptr {value}, ptr {slot} seq_cst, align 8{RAW}")


def compare_and_swap_pointer_raw(g: Gen, slot: str, old: str, new: str) -> str:
    """``compare_and_swap_pointer`` without a write barrier, ever."""
    return g.op(f"cmpxchg ptr {slot}, ptr {old}, ptr {new} seq_cst seq_cst, align 8{RAW}")


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
    if value == "zeroinitializer":
        for leaf in shape.leaves:
            store_leaf(g, addr, leaf.type, ZERO_LEAF.get(leaf.type, "0"), leaf.align, leaf.offset)
        return
    parts = g.parts.get(value)
    for i, leaf in enumerate(shape.leaves):
        if parts is not None and len(parts) == len(shape.leaves) and leaf.path == str(i):
            v = parts[i]
        else:
            v = g.op(f"extractvalue {shape.llvm} {value}, {leaf.path}")
        store_leaf(g, addr, leaf.type, v, leaf.align, leaf.offset)


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
        _move(g, dst, src, str(size_of(t)), align_of(t), _bulk_mark(t, dst))


def copy_elements(g: Gen, elem: Type, dst: Addr, src: Addr, count: str) -> None:
    """Copy ``count`` elements (an i64 operand), overlap allowed."""
    _move(g, dst, src, _scaled(g, count, size_of(elem)), align_of(elem), _bulk_mark(elem, dst))


def clear_elements(g: Gen, elem: Type, addr: Addr, count: str) -> None:
    """Zero ``count`` elements (an i64 operand)."""
    _clear(g, addr, _scaled(g, count, size_of(elem)), align_of(elem), _bulk_mark(elem, addr))


def copy_bytes(g: Gen, dst: Addr, src: Addr, count: str) -> None:
    """Copy ``count`` bytes (an i64 operand) to private memory."""
    assert dst.mode is not Mode.SHARED, "copies to shared memory know their type"
    _move(g, dst, src, count, 1, "")


def clear_bytes(g: Gen, addr: Addr, count: int, align: int) -> None:
    """Zero bytes of private memory."""
    assert addr.mode is not Mode.SHARED, "shared memory is cleared by its type"
    _clear(g, addr, str(count), align, "")


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
        _clear(g, addr, str(shape.size), shape.align, _bulk_mark(t, addr))
    else:
        store(g, t, addr, zero_value(t))
