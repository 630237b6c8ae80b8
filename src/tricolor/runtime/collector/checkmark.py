"""Checkmark: marks again by a plain method and compares; for GODEBUG=gccheckmark=1 and for tests.

How: it uses a bitmap of its own with a bit for each word of the arena, no prefetching and no queue. It starts from a copy of the
same roots: a second scan of the stacks would find other words. Every object that it reaches MUST have a mark, and it MUST
reach every object that has one.

Source:
    Go 1.27.3 runtime/mcheckmark.go; MMTk's sanity collector.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    global_value,
    is_null,
    kernel,
    load_addr,
    memory_copy,
    store_addr,
    text,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.bits import set_bit, test_bit
from tricolor.runtime.allocator.heap_types import STATE_IN_USE, mheap
from tricolor.runtime.allocator.marks import count_marks, is_marked
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.allocator.spans import elem_index, span_of, span_record
from tricolor.runtime.collector.mark import push_pointers
from tricolor.runtime.collector.roots import marker
from tricolor.runtime.system.memory import OS_PAGE_BYTES, release
from tricolor.runtime.system.output import put, put_hex, put_number
from tricolor.runtime.system.stop import fatal

words_seen = global_value(addr)
saved_roots = global_value(addr)
own_stack = global_value(addr)
saved_bytes = global_value(u64)


@kernel
def save_roots() -> None:
    """Copies the mark stack, which holds the roots. Called before mark_reachable()."""
    if to_u64(saved_roots.value) == 0:
        saved_roots.value = reserve_table(mheap.arena_pages << PAGE_SHIFT)
        own_stack.value = reserve_table((mheap.arena_pages << PAGE_SHIFT) + OS_PAGE_BYTES)
    saved_bytes.value = marker.top - mheap.mark_stack
    memory_copy(saved_roots.value, mheap.mark_stack, saved_bytes.value)
    if not is_null(marker.rescan_high):
        save_marked_roots()


@kernel
def save_marked_roots() -> None:
    """Adds the roots that did not fit on the mark stack: they alone are marked before mark_reachable()."""
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            for elem in range(span.nelems):
                if is_marked(span, elem):
                    store_addr(saved_roots.value + saved_bytes.value, span.start + elem * span.elem_bytes)
                    saved_bytes.value += 8


@kernel
def check_marks() -> None:
    """Marks again and compares; ends the process if the results differ. Called after mark_reachable(), before process_specials()."""
    table_bytes = (mheap.arena_pages << PAGE_SHIFT) >> 6
    if to_u64(words_seen.value) == 0:
        words_seen.value = reserve_table(table_bytes)
    else:
        release(words_seen.value, table_bytes)
    memory_copy(own_stack.value, saved_roots.value, saved_bytes.value)
    marker.top = own_stack.value + saved_bytes.value
    marker.limit = own_stack.value + (mheap.arena_pages << PAGE_SHIFT)
    reached: u64 = 0
    while marker.top != own_stack.value:
        marker.top = marker.top - 8
        reached += visit(load_addr(marker.top))
    if reached != count_marked():
        fatal(*text("checkmark: marks that nothing reaches"))


@kernel
def visit(pointer: addr) -> u64:
    """Visits the object in which an address lies; gives 1 if it is new, else 0."""
    span = span_of(pointer)
    if is_null(span):
        return 0
    elem = elem_index(span, pointer)
    if elem >= span.nelems:
        return 0
    base = span.start + elem * span.elem_bytes
    at = (base - mheap.arena_start) >> 3
    if test_bit(words_seen.value, at):
        return 0
    set_bit(words_seen.value, at)
    if not is_marked(span, elem):
        put(*text("runtime: object 0x"))
        put_hex(to_u64(base))
        put(*text(" of "))
        put_number(span.elem_bytes)
        put(*text(" bytes\n"))
        fatal(*text("checkmark found unmarked object"))
    if span.bitmap != 0:
        marker.top = push_pointers(span, base, marker.top)
    return 1


@kernel
def count_marked() -> u64:
    """Marked elems of all spans."""
    marked: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            marked += count_marks(span)
    return marked
