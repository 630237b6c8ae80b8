"""Roots: pushes what globals hold by their bitmaps, and what stacks and other ranges hold conservatively.

Terms:
    conservative   every aligned word that points into an allocated object counts as a pointer, also into its middle

How: this module pushes roots, and mark_reachable() and check_marks() mark from them. If the mark stack is full, mark_later() marks
the root instead. A stack word that points to the end of an object keeps that object alive too: in a loop over its elements, LLVM may
hold no other pointer to it.

Invariants:
    1. What a conservative word pushes MUST be allocated. Otherwise free memory would be marked, and lost
       until the next cycle. Checked by sweep_span(), which finds more marks than allocated elements.
    2. mark_words() MUST be called for every range that may hold the only pointer to an object: stacks with saved registers,
       records of the scheduler, queues. Otherwise a live object is freed. No check sees that: GODEBUG=gcstress=1,clobberfree=1
       makes such a program fail.

Source:
    Go 1.27.3 runtime/mgcmark.go (markroot, scanConservative); Boehm & Weiser 1988.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    call_address,
    check,
    count_trailing_zeros_u64,
    extern_global,
    field_address,
    global_struct,
    global_value,
    inline,
    is_null,
    kernel,
    load_addr,
    load_u64,
    size_of,
    store_addr,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.marks import is_allocated, is_marked, set_mark
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import MARK_STACK_WORDS, PAGE_SHIFT
from tricolor.runtime.allocator.spans import elem_index, span_of
from tricolor.runtime.settings_keys import PAST_END


class DataRoot(Struct):
    """A global with pointers, as codegen lists it."""

    address: addr
    length_bytes: u64
    bitmap: addr


class Marker(Struct):
    """The state of the marker while it calls functions."""

    top: addr
    """Next free place of the mark stack."""
    limit: addr
    """End of the mark stack."""
    rescan_low: addr
    """Lowest and highest marked object with pointers that did not fit on the mark stack; 0: there is none."""
    rescan_high: addr
    stack_bytes: u64
    global_bytes: u64


data_roots = extern_global("tricolor.data_roots", DataRoot)
data_root_count = extern_global("tricolor.data_root_count", u64)
marker = global_struct(Marker, symbol_name="tricolor.marker")
stack_scanner = global_value(addr, symbol_name="tricolor.stack_scanner")


@kernel
def mark_later(pointer: addr) -> None:
    """Marks the object in which the address lies, and notes that rescan() has to push its pointers: the mark stack is full."""
    span = span_of(pointer)
    if is_null(span):
        return
    elem = elem_index(span, pointer)
    if elem >= span.nelems or is_marked(span, elem):
        return
    set_mark(span, elem)
    base = span.start + elem * span.elem_bytes
    if is_null(marker.rescan_high) or base < marker.rescan_low:
        marker.rescan_low = base
    if base > marker.rescan_high:
        marker.rescan_high = base


@kernel
def push(pointer: addr) -> None:
    """Puts an address of the heap on the mark stack."""
    if MARK_STACK_WORDS != 0 and marker.top == marker.limit:
        mark_later(pointer)
        return
    store_addr(marker.top, pointer)
    marker.top = marker.top + 8


@inline
def in_heap(pointer: addr) -> bool:
    """Whether the address lies in a page of the arena that was ever used."""
    return (pointer - mheap.arena_start) < (mheap.top_pages << PAGE_SHIFT)


@kernel
def push_object(where: addr) -> bool:
    """Pushes the allocated object in which the address lies; False if there is none."""
    span = span_of(where)
    if is_null(span):
        return False
    elem = elem_index(span, where)
    if elem >= span.nelems or not is_allocated(span, elem):
        return False
    push(span.start + elem * span.elem_bytes)
    return True


@kernel
def push_conservative(where: addr) -> None:
    """Pushes the objects that a stack word may keep alive."""
    span = span_of(where)
    if not is_null(span):
        elem = elem_index(span, where)
        if elem < span.nelems and is_allocated(span, elem):
            start = span.start + elem * span.elem_bytes
            push(start)
            if start != where:
                return
    if settings[PAST_END] != 0:
        push_object(where - 1)


@kernel
def mark_words(low: addr, high: addr) -> None:
    """Scans a range conservatively; ``low`` is a multiple of 8."""
    check(1, to_u64(low) & 7 == 0, "mark_words: the range does not start at a word")
    at = low
    start = mheap.arena_start
    # One word more than the heap: a word may point to the end of the last object.
    span_bytes = (mheap.top_pages << PAGE_SHIFT) + 8
    while at < high:
        word = load_addr(at)
        if word - start < span_bytes:
            push_conservative(word)
        at = at + 8


@kernel
def mark_stack_words(low: addr, high: addr) -> None:
    """As mark_words(), and counts the range as stack."""
    marker.stack_bytes += high - low
    mark_words(low, high)


@kernel
def global_bytes() -> u64:
    """Bytes of the globals that hold pointers."""
    count: u64 = 0
    for number in range(data_root_count.value):
        count += as_struct(DataRoot, field_address(data_roots) + number * size_of(DataRoot)).length_bytes
    return count


@kernel
def mark_globals() -> None:
    """Pushes what the globals of the program point to."""
    for number in range(data_root_count.value):
        root = as_struct(DataRoot, field_address(data_roots) + number * size_of(DataRoot))
        words = root.length_bytes >> 3
        first: u64 = 0
        while first < words:
            bits = load_u64(root.bitmap + (first >> 3))
            while bits != 0:
                at = first + count_trailing_zeros_u64(bits)
                bits &= bits - 1
                pointer = load_addr(root.address + at * 8)
                if in_heap(pointer):
                    push(pointer)
            first += 64


@kernel
def mark_roots() -> None:
    """Pushes all roots but those of specials, which mark_special_roots() pushes."""
    marker.top = mheap.mark_stack
    marker.limit = mheap.mark_stack + mheap.mark_stack_bytes
    marker.rescan_low = 0
    marker.rescan_high = 0
    marker.stack_bytes = 0
    marker.global_bytes = global_bytes()
    mark_globals()
    if to_u64(stack_scanner.value) != 0:
        call_address(stack_scanner.value, (), None)
