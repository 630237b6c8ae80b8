"""Roots: pushes what globals hold by their bitmaps, and what stacks and other ranges hold conservatively.

Terms:
    conservative   every aligned word that points into an allocated object counts as a pointer, also into its middle

How: this module pushes roots a part at a time, between which the program may run: ``marker`` knows how far it came. The order
does not matter, since the write barrier shades every pointer that the program stores or overwrites. If the mark stack is full,
mark_later() marks the root instead. A stack word that points to the end of an object keeps that object alive too: in a loop over its elements, LLVM may
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
    null,
    size_of,
    store_addr,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.heap_types import Span, mheap
from tricolor.runtime.allocator.marks import is_allocated, is_marked, set_mark
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import MARK_STACK_WORDS, PAGE_SHIFT
from tricolor.runtime.allocator.spans import elem_index, span_of
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.settings_keys import CHECKMARK, PAST_END

GLOBAL_PART_WORDS = 4096


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
    grey_large: Span
    """Large objects of which parts are not scanned yet, by grey_next."""
    marked_bytes: u64
    """Of the objects that the marker has marked; those allocated black are not among them."""
    scanned_bytes: u64
    """Of those that hold pointers."""
    stack_bytes: u64
    """Scanned so far in this cycle."""
    global_bytes: u64
    next_global: u64
    """The global to scan next, and the word in it."""
    next_word: u64
    next_special_word: u64
    """The word of ``mheap.special_bits`` to look at next."""
    next_goroutine: G
    """The goroutine that was scanned last; null: none yet."""
    stacks_done: u32
    """1 once all goroutines are scanned."""


data_roots = extern_global("tricolor.data_roots", DataRoot)
data_root_count = extern_global("tricolor.data_root_count", u64)
# For GODEBUG=gccheckmark=1: what push() got in this cycle.
root_log = global_value(addr)
logged_bytes = global_value(u64)
marker = global_struct(Marker, symbol_name="tricolor.marker")
# Code of the scheduler that scans the next few goroutines.
stack_scanner = global_value(addr, symbol_name="tricolor.stack_scanner")


# --- The mark stack ---------------------------------------------------------------------------------


@kernel
def log_root(pointer: addr) -> None:
    """Keeps a root for check_marks()."""
    if to_u64(root_log.value) == 0:
        root_log.value = reserve_table(mheap.arena_pages << PAGE_SHIFT)
    store_addr(root_log.value + logged_bytes.value, pointer)
    logged_bytes.value += 8


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
    marker.marked_bytes += span.elem_bytes
    if span.bitmap == 0:
        return
    marker.scanned_bytes += span.elem_bytes
    if is_null(marker.rescan_high) or base < marker.rescan_low:
        marker.rescan_low = base
    if base > marker.rescan_high:
        marker.rescan_high = base


@kernel
def push(pointer: addr) -> None:
    """Puts an address of the heap on the mark stack."""
    if unlikely(settings[CHECKMARK] != 0):
        log_root(pointer)
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


# --- Globals ----------------------------------------------------------------------------------------


@inline
def data_root(number: u64) -> DataRoot:
    """The global with that number."""
    return as_struct(DataRoot, field_address(data_roots) + number * size_of(DataRoot))


@kernel
def global_bytes() -> u64:
    """Bytes of the globals that hold pointers."""
    count: u64 = 0
    for number in range(data_root_count.value):
        count += data_root(number).length_bytes
    return count


@kernel
def mark_global_words(root: DataRoot, first_word: u64) -> u64:
    """Pushes what the next GLOBAL_PART_WORDS of a global point to; gives the word after them."""
    words = root.length_bytes >> 3
    end = min(first_word + GLOBAL_PART_WORDS, words)
    first = first_word
    while first < end:
        bits = load_u64(root.bitmap + (first >> 3))
        while bits != 0:
            at = first + count_trailing_zeros_u64(bits)
            bits &= bits - 1
            pointer = load_addr(root.address + at * 8)
            if in_heap(pointer):
                push(pointer)
        first += 64
    return end


@kernel
def mark_some_globals() -> bool:
    """Pushes what the next few globals point to; False if none were left."""
    words: u64 = 0
    while words < GLOBAL_PART_WORDS:
        if marker.next_global == data_root_count.value:
            return words != 0
        root = data_root(marker.next_global)
        end = mark_global_words(root, marker.next_word)
        words += end - marker.next_word + 1
        marker.next_word = end
        if end == root.length_bytes >> 3:
            marker.next_global += 1
            marker.next_word = 0
    return True


# --- Stacks -----------------------------------------------------------------------------------------


@kernel
def mark_some_stacks() -> bool:
    """Has the scheduler scan the next few goroutines; False if none were left."""
    if to_u64(stack_scanner.value) == 0 or marker.stacks_done != 0:
        return False
    call_address(stack_scanner.value, (), None)
    return True


@kernel
def begin_roots() -> None:
    """Begins with the first root, and an empty mark stack."""
    marker.top = mheap.mark_stack
    marker.limit = mheap.mark_stack + mheap.mark_stack_bytes
    marker.rescan_low = 0
    marker.rescan_high = 0
    marker.grey_large = null(Span)
    marker.marked_bytes = 0
    marker.scanned_bytes = 0
    marker.stack_bytes = 0
    marker.global_bytes = global_bytes()
    marker.next_global = 0
    marker.next_word = 0
    marker.next_special_word = 0
    marker.next_goroutine = null(G)
    marker.stacks_done = 0
