"""Span records, and the way from an address to the object that it lies in.

How: the records lie in one array, over which the sweep walks, a part at a time. The records of freed spans wait in a list for use again.
``(offset * magic) >> 32`` is the elem in which an address lies.

Invariants: those of heap_types, checked by check_span().

Source:
    Go 1.27.3 runtime/mbitmap.go (findObject), runtime/mheap.go.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import CLASS_BYTES
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_store,
    check,
    const_table,
    fence,
    field_address,
    inline,
    is_null,
    kernel,
    load_addr,
    memory_zero,
    null,
    size_of,
    store_addr,
    to_addr,
    u16,
    u32,
    u64,
)
from tricolor.runtime.allocator.bits import words_for
from tricolor.runtime.allocator.heap_types import (
    SIDE_BYTES,
    STATE_FREE,
    STATE_IN_USE,
    Span,
    Special,
    mheap,
)
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.marks import count_allocated, count_marks, is_allocated, is_swept
from tricolor.runtime.allocator.pages import NONE, give_pages, pages_are_dirty, take_pages
from tricolor.runtime.allocator.scavenge import scavenge_for_span
from tricolor.runtime.allocator.sizes import (
    DIVISION_MAGIC,
    KIND_BITMAP,
    PAGE_SHIFT,
)
from tricolor.runtime.lock_ranks import RANK_HEAP
from tricolor.runtime.system.lock import acquire_if_parallel, release_if_parallel

class_bytes = const_table(u16, CLASS_BYTES)
division_magic = const_table(u32, DIVISION_MAGIC)


@inline
def span_of(where: addr) -> Span:
    """The span in which an address lies; null if the address lies in no span."""
    page = (where - mheap.arena_start) >> PAGE_SHIFT
    if page >= mheap.top_pages:
        return null(Span)
    return as_struct(Span, load_addr(mheap.span_table + page * 8))


@inline
def elem_index(span: Span, where: addr) -> u64:
    """The elem in which an address of the span lies; at least nelems in the unused rest at its end."""
    return ((where - span.start) * span.magic) >> 32


@kernel
def find_object(where: addr) -> addr:
    """Start of the allocated object in which an address lies; 0 if there is none."""
    span = span_of(where)
    if is_null(span):
        return to_addr(0)
    elem = elem_index(span, where)
    if elem >= span.nelems or not is_allocated(span, elem):
        return to_addr(0)
    return span.start + elem * span.elem_bytes


@kernel
def new_span(pages: u64, elem_bytes: u64, nelems: u64) -> Span:
    """A span in use with nothing allocated; null if the arena is full. The caller sets kind, bitmap and index.

    Other threads may look at the span already, but find nothing in it.
    """
    acquire_if_parallel(mheap.lock, RANK_HEAP)
    top = mheap.top_pages
    first = take_pages(pages)
    if first == NONE:
        release_if_parallel(mheap.lock)
        return null(Span)
    span = take_record()
    span.needzero = 1 if pages_are_dirty(first, pages) else 0
    grown = mheap.top_pages - top
    release_if_parallel(mheap.lock)
    scavenge_for_span(grown)
    span.start = mheap.arena_start + (first << PAGE_SHIFT)
    span.elem_bytes = elem_bytes
    span.nelems = nelems
    span.kind = KIND_BITMAP
    span.bitmap = 0
    span.index = 0
    span.magic = 0
    span.size_class = 0
    span.large_type = to_addr(0)
    span.free_index = 0
    span.allocated = 0
    span.next = null(Span)
    span.specials = null(Special)
    span.pages = pages
    span.epoch = mheap.epoch
    span.grey_from = 0
    span.cached = 0
    span.in_list = 0
    words = words_for(nelems)
    memory_zero(field_address(span.bits), words * 8)
    memory_zero(field_address(span.bits) + SIDE_BYTES, words * 8)
    # Whoever sees this, or finds the span in the table, sees what is above.
    atomic_store(span.state, STATE_IN_USE, "release")
    fence("release")
    table = mheap.span_table + first * 8
    for page in range(pages):
        store_addr(table + page * 8, address(span))
    return span


@kernel
def take_record() -> Span:
    """A record for a span that has pages; its state is STATE_FREE. The caller holds the lock of the heap."""
    span = mheap.free_records
    if is_null(span):
        span = as_struct(Span, mheap.span_records + mheap.span_count * size_of(Span))
        mheap.span_count += 1
    else:
        mheap.free_records = span.next
        mheap.free_record_count -= 1
    return span


@kernel
def free_span(span: Span) -> None:
    """Gives the span's pages back to the page heap. Nothing in it may be reachable."""
    check(2, is_null(span.specials), "free_span: the span has specials")
    first = (span.start - mheap.arena_start) >> PAGE_SHIFT
    table = mheap.span_table + first * 8
    for page in range(span.pages):
        store_addr(table + page * 8, to_addr(0))
    atomic_store(span.state, STATE_FREE, "release")
    acquire_if_parallel(mheap.lock, RANK_HEAP)
    give_pages(first, span.pages)
    span.next = mheap.free_records
    mheap.free_records = span
    mheap.free_record_count += 1
    release_if_parallel(mheap.lock)


@kernel
def check_span(span: Span) -> None:
    """Invariants 1 to 3 of heap_types, and that the table knows the span."""
    check(1, span.free_index <= span.nelems, "check_span: free_index is beyond nelems")
    check(1, span_of(span.start) is span, "check_span: the table does not know the first page")
    last = span.start + ((span.pages << PAGE_SHIFT) - 1)
    check(1, span_of(last) is span, "check_span: the table does not know the last page")
    check(1, span.nelems * span.elem_bytes <= span.pages << PAGE_SHIFT, "check_span: elems exceed the pages")
    counted = count_allocated(span)
    if not is_swept(span):
        check(1, counted <= span.allocated, "check_span: more elems are marked than were allocated")
        return
    check(1, counted == span.allocated, "check_span: the bits and free_index disagree with the count of allocated elems")
    check(1, is_marking.value != 0 or count_marks(span) == 0, "check_span: a mark bit is set while nothing marks")


@inline
def span_record(number: u64) -> Span:
    """The record with that number, in use or not."""
    return as_struct(Span, mheap.span_records + number * size_of(Span))


@inline
def span_number(span: Span) -> u64:
    """The number of a span's record."""
    return (address(span) - mheap.span_records) // size_of(Span)
