"""Loads, stores, copies, zeroing and allocation: every access to memory that Go code makes goes through here.

Terms: *private* memory is a slot of the function's own frame that no other goroutine can see; all else is *shared*.

How it works: a shared value is accessed leaf by leaf with ``unordered`` atomics, so that words never tear; a private one as
a whole, plainly. Memory-class values are copied with ``memmove``, whose machine code moves whole words.

Invariants:
    1. Every store of a pointer to shared memory MUST go through ``store_pointer`` (or ``copy``). Otherwise a write barrier would
       miss it.

Differs from Go: copies of memory-class values are ``llvm.memmove``, which the memory model leaves to LLVM's expansion.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import rounded_bytes
from tricolor.codegen.debug import ALIAS_FLOAT, ALIAS_HEADER
from tricolor.codegen.shapes import Form, Shape, shape_of
from tricolor.codegen.state import Addr, Gen, Mode, Site
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import Type
from tricolor.ir.nodes import Pos

MAX_INLINE_ALLOC_BYTES = 512


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
"""No memory holds a pointer at one time and a floating-point number at another, whatever unsafe code does with integers: a loop
over numbers need not load its slices' headers again after each store."""


def load_leaf(g: Gen, addr: Addr, leaf_type: str, align: int, at: int = 0, *, header: bool = False) -> str:
    """Load one scalar, ``at`` bytes behind the address. ``header``: it is the length or capacity in a slice or string header."""
    addr = offset(g, addr, at)
    if addr.mode is Mode.SHARED:
        alias = ALIAS_HEADER if header else _ALIAS_CLASSES.get(leaf_type, "")
        return g.op(f"{g.m.load_word} {leaf_type}, ptr {addr.ptr}{g.m.order}, align {align}{alias}")
    volatile = " volatile" if addr.mode is Mode.VOLATILE else ""
    return g.op(f"load{volatile} {leaf_type}, ptr {addr.ptr}, align {align}")


def store_leaf(g: Gen, addr: Addr, leaf_type: str, value: str, align: int, at: int = 0) -> None:
    """Store one scalar, ``at`` bytes behind the address."""
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


def store_pointer(g: Gen, slot: str, value: str) -> None:
    """Store a pointer to a slot that may be shared: the place of a write barrier."""
    g.do(f"{g.m.store_word} ptr {value}, ptr {slot}{g.m.order}, align 8{ALIAS_HEADER}")


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


def copy(g: Gen, t: Type, dst: Addr, src: Addr) -> None:
    """Copy a value between memories that are the same or apart (or overlap, as parts of one array)."""
    if dst.ptr != src.ptr:
        copy_bytes(g, dst, src, str(size_of(t)), shape_of(t).align)


def copy_bytes(g: Gen, dst: Addr, src: Addr, count: str, align: int = 1) -> None:
    """Copy ``count`` bytes (an i64 operand), overlap allowed."""
    if count == "0":
        return
    volatile = "true" if Mode.VOLATILE in (dst.mode, src.mode) else "false"
    g.do(f"call void @llvm.memmove.p0.p0.i64(ptr align {align} {dst.ptr}, ptr align {align} {src.ptr}, i64 {count}, i1 {volatile})")


def clear_bytes(g: Gen, addr: Addr, count: str, align: int) -> None:
    """Zero ``count`` bytes (an i64 operand)."""
    if count == "0":
        return
    volatile = "true" if addr.mode is Mode.VOLATILE else "false"
    g.do(f"call void @llvm.memset.p0.i64(ptr align {align} {addr.ptr}, i8 0, i64 {count}, i1 {volatile})")


def store_zero(g: Gen, t: Type, addr: Addr) -> None:
    """Store the zero value."""
    shape = shape_of(t)
    if shape.form is Form.MEMORY:
        clear_bytes(g, addr, str(shape.size), shape.align)
    else:
        store(g, t, addr, zero_value(t))


# --- allocation ------------------------------------------------------------------------------------------------------


def is_runtime(pkg: str) -> bool:
    """Whether a package is part of the runtime that is written in Go (maps among them)."""
    return pkg == "runtime" or pkg.startswith("internal/runtime/")


def new_site(g: Gen, pos: Pos, kind: str, t: Type, node: object, on_stack: bool, buffer_bytes: int = 0) -> None:
    """Register an allocation site and, if it is a heap one of a program with accounting, store its number for the runtime.

    The runtime's own Go code has no sites: what it allocates is charged to the operation that called it.
    """
    m = g.m
    if not m.options.account or is_runtime(g.func.pkg):
        return
    number = m.options.first_site + len(m.sites)
    m.sites.append(Site(number, pos, kind, t, g.func.symbol, node, on_stack, buffer_bytes))
    if not on_stack:
        name = m.external("tricolor.site", "i32", 4)
        g.do(f"store i32 {number}, ptr {name}, align 4")


def alloc(g: Gen, pos: Pos, kind: str, t: Type, node: object) -> str:
    """Zeroed heap memory for one value of the type; ``kind`` and ``node`` describe the site."""
    size = size_of(t)
    if size == 0:
        return g.m.external("runtime.zerobase", "i64")
    new_site(g, pos, kind, t, node, False)
    layout = None if g.m.options.account or size > MAX_INLINE_ALLOC_BYTES else g.m.data.layout_ref(t)
    if layout is None:
        return g.rt(pos, "runtime.newobject", g.m.type_ref(t))
    name = g.m.data.declare("tricolor.alloc", 'declare ptr @"tricolor.alloc"(ptr, i64) #91')
    return g.op(f"call ptr {name}(ptr {layout}, i64 {rounded_bytes(size)}){g.dbg(pos)}")


def new_object(g: Gen, pos: Pos, kind: str, t: Type, node: object, on_stack: bool) -> Addr:
    """Zeroed memory for one value where placement says."""
    if on_stack:
        new_site(g, pos, kind, t, node, True)
        addr = g.temp(t)
        store_zero(g, t, addr)
        return addr
    return Addr(alloc(g, pos, kind, t, node), Mode.SHARED)
