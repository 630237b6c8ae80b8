"""Entry points of allocation for compiled Go code, and the same for kernels on the system stack.

How: sizes up to 32 KiB are rounded to a size class and served from runs (mcache). Objects without pointers take the noscan
layout of their class; several that are smaller than 16 bytes share a block (tiny). Objects with pointers take the
layout of their type (at most 512 bytes), the layout of all pointers, or an element with a header word that holds the
type. Larger objects get a span of their own.

Terms:
    header object   an object of over 512 bytes that holds pointers and other words: word 0 of its element is the type of
                    its values, and the object begins after it

Invariants:
    1. Memory that is given out MUST read as zero, unless it has no pointers and the caller fills it. Otherwise Go code would
       see old data. Checked by check_cell() before runs are used, and by new_large().

Source:
    Go 1.27.3 runtime/malloc.go (mallocgc and what it calls).

Differs from Go:
    An object of 8 bytes without pointers gets an element of its own, not a part of a tiny block: that is as cheap, and the
    object can be freed alone.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import MAX_SMALL_BYTES
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_store,
    extern_global,
    field_address,
    global_array,
    go_function,
    goroutine,
    i64,
    inline,
    kernel,
    likely,
    multiply_high_u64,
    store_addr,
    systemstack,
    to_addr,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.heap_types import centrals, mheap
from tricolor.runtime.allocator.mcentral import (
    array_bitmap,
    cached_layout,
    central_for,
    init_layouts,
    is_all_pointers,
    layout_of_type,
    size_class_of,
)
from tricolor.runtime.allocator.settings import every_allocation
from tricolor.runtime.allocator.sizes import (
    ALL_POINTERS_BASE,
    HEADER_BASE,
    HEADER_BYTES,
    MAX_BITMAP_BYTES,
    MAX_LAYOUTS,
)
from tricolor.runtime.allocator.spans import class_bytes
from tricolor.runtime.mutator.alloc import MAX_ALLOC_BYTES, alloc, alloc_large
from tricolor.runtime.mutator.requests import want_type
from tricolor.runtime.records.machine import mcache

TINY_BYTES = 16
TINY_CLASS = 2
WORD_BYTES = 8

# Layouts of 16 and 24 bytes whose first word is a pointer, by size in words.
pointer_first = global_array(addr, 4)
zero_base = extern_global("runtime.zerobase", u64)


@inline
def alloc_noscan(size_bytes: u64, zero: bool) -> addr:
    """Memory without pointers."""
    if likely(size_bytes <= MAX_SMALL_BYTES):
        if size_bytes >= TINY_BYTES or size_bytes == WORD_BYTES:
            return alloc(address(centrals[size_class_of(size_bytes)]), size_bytes)
        if size_bytes == 0:
            want_type(to_addr(0))
            return field_address(zero_base)
        return alloc_tiny(size_bytes)
    return alloc_large(size_bytes, to_addr(0), zero)


@inline
def alloc_tiny(size_bytes: u64) -> addr:
    """A part of the current 16-byte block, aligned as Go aligns it."""
    # If a setting has to see every allocation, each object gets a block.
    if unlikely(every_allocation.value != 0):
        return alloc(address(centrals[TINY_CLASS]), TINY_BYTES)
    cache = mcache()
    offset = cache.tiny_offset
    if size_bytes & 7 == 0:
        offset = (offset + 7) & ~7
    elif size_bytes & 3 == 0:
        offset = (offset + 3) & ~3
    elif size_bytes & 1 == 0:
        offset = (offset + 1) & ~1
    # Objects of 12 bytes may hold a 64-bit value that is accessed atomically.
    if size_bytes == 12:
        offset = (offset + 7) & ~7
    if offset + size_bytes <= TINY_BYTES and to_u64(cache.tiny) != 0:
        cache.tiny_offset = offset + size_bytes
        cache.tiny_allocs += 1
        return cache.tiny + offset
    block = alloc(address(centrals[TINY_CLASS]), TINY_BYTES)
    # The block that has more room stays the current one.
    if size_bytes < cache.tiny_offset or to_u64(cache.tiny) == 0:
        cache.tiny = block
        cache.tiny_offset = size_bytes
    return block


@inline
def alloc_value(type: addr) -> addr:
    """Zeroed memory for one value of a type."""
    go_type = as_struct(GoType, type)
    if go_type.pointer_bytes == 0:
        return alloc_noscan(go_type.size_bytes, True)
    if likely(go_type.size_bytes <= MAX_BITMAP_BYTES):
        index = cached_layout(type)
        if likely(index < MAX_LAYOUTS):
            return alloc(address(centrals[index]), go_type.size_bytes)
    return alloc_typed(go_type.size_bytes, type, True)


@inline
def alloc_pointer_first(size_bytes: u64) -> addr:
    """Zeroed memory for a string or a slice: 16 or 24 bytes of which the first word is a pointer."""
    if likely(to_u64(pointer_first[size_bytes >> 3]) != 0):
        return alloc(pointer_first[size_bytes >> 3], size_bytes)
    return alloc(pointer_first_layout(size_bytes), size_bytes)


@systemstack("tricolor.pointer_first_layout")
def pointer_first_layout(size_bytes: u64) -> addr:
    """Finds the layout of a string or a slice, and keeps it for the next time. Threads that do so at once find the same."""
    if mheap.layout_count == 0:
        init_layouts()
    layout = address(central_for(size_class_of(size_bytes), 1))
    atomic_store(pointer_first[size_bytes >> 3], layout, "release")
    return layout


@inline
def alloc_any(size_bytes: u64, type: addr, zero: bool) -> addr:
    """Memory for one value of a type or an array of values; type 0: no pointers."""
    if to_u64(type) == 0:
        return alloc_noscan(size_bytes, zero)
    go_type = as_struct(GoType, type)
    if go_type.pointer_bytes == 0:
        return alloc_noscan(size_bytes, zero)
    if size_bytes == go_type.size_bytes:
        return alloc_value(type)
    if go_type.size_bytes == WORD_BYTES and size_bytes <= MAX_SMALL_BYTES and size_bytes != 0:
        return alloc(address(centrals[ALL_POINTERS_BASE + size_class_of(size_bytes)]), size_bytes)
    if size_bytes == 0:
        want_type(to_addr(0))
        return field_address(zero_base)
    return alloc_typed(size_bytes, type, zero)


@systemstack("tricolor.alloc_typed")
def alloc_typed(size_bytes: u64, type: addr, zero: bool) -> addr:
    """Memory with pointers, whose layout has to be found first."""
    if mheap.layout_count == 0:
        init_layouts()
    go_type = as_struct(GoType, type)
    if size_bytes <= MAX_BITMAP_BYTES:
        if size_bytes == go_type.size_bytes:
            return alloc(layout_of_type(type), size_bytes)
        size_class = size_class_of(size_bytes)
        bitmap = array_bitmap(go_type, size_bytes, to_u64(class_bytes[size_class]))
        return alloc(address(central_for(size_class, bitmap)), size_bytes)
    if size_bytes <= MAX_SMALL_BYTES and is_all_pointers(go_type):
        return alloc(address(centrals[ALL_POINTERS_BASE + size_class_of(size_bytes)]), size_bytes)
    if size_bytes <= MAX_SMALL_BYTES - HEADER_BYTES:
        elem = alloc(address(centrals[HEADER_BASE + size_class_of(size_bytes + HEADER_BYTES)]), size_bytes)
        store_addr(elem, type)
        return elem + HEADER_BYTES
    return alloc_large(size_bytes, type, zero)


# --- Entries for compiled Go code -----------------------------------------------------------------


@go_function("runtime.panicmakeslicelen")
def panicmakeslicelen() -> None: ...


@go_function("runtime.panicmakeslicecap")
def panicmakeslicecap() -> None: ...


@goroutine("runtime.mallocgc")
def mallocgc(size_bytes: u64, type: addr, zero: bool) -> addr:
    """Go's mallocgc."""
    want_type(type)
    return alloc_any(size_bytes, type, zero)


@goroutine("runtime.newobject")
def newobject(type: addr) -> addr:
    """new(T)."""
    want_type(type)
    return alloc_value(type)


@inline
def product_overflows(elem_bytes: u64, count: u64) -> bool:
    """Whether the size of an array is more than any allocation."""
    return multiply_high_u64(elem_bytes, count) != 0 or elem_bytes * count > MAX_ALLOC_BYTES


@goroutine("runtime.newarray")
def newarray(elem: addr, count: i64) -> addr:
    """``count`` values of a type. Panics as make does."""
    elem_bytes = as_struct(GoType, elem).size_bytes
    if unlikely(count < 0 or product_overflows(elem_bytes, to_u64(count))):
        panicmakeslicelen()
    want_type(elem)
    return alloc_any(elem_bytes * to_u64(count), elem, True)


@goroutine("runtime.makeslice")
def makeslice(elem: addr, length: i64, capacity: i64) -> addr:
    """The array of make([]T, length, capacity)."""
    elem_bytes = as_struct(GoType, elem).size_bytes
    if unlikely(length < 0 or length > capacity or product_overflows(elem_bytes, to_u64(capacity))):
        if length < 0 or product_overflows(elem_bytes, to_u64(length)):
            panicmakeslicelen()
        panicmakeslicecap()
    want_type(elem)
    return alloc_any(elem_bytes * to_u64(capacity), elem, True)


# --- The same for kernels -------------------------------------------------------------------------


@kernel
def alloc_in_kernel(size_bytes: u64, type: addr) -> addr:
    """Zeroed Go memory for kernel code on the system stack; may collect.

    The caller's locals are roots: that stack is scanned too.
    """
    return alloc_any(size_bytes, type, True)
