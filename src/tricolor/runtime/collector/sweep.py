"""Sweep: turns the mark bits into the allocation bits, frees empty spans, rebuilds the lists of spans with free elements.

How: the sides of all spans swap roles at once. The old allocated side of each span is cleared, and is the mark side of the
next cycle. Cost: a visit of each span record; objects are not touched.

Invariants:
    1. Every mcache MUST be flushed and have dropped its spans before. Otherwise a cell would allocate from a
       freed span. Checked by check_all_dropped().
    2. After the sweep, the live counter MUST be the sum of the sizes of marked elements. Otherwise the pacer would start the
       next cycle too early or too late. Checked by check_heap().

Source:
    Go 1.27.3 runtime/mgcsweep.go.

Differs from Go:
    It sweeps all spans at once while the world is stopped, which is cheap since it visits no element.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    check,
    kernel,
    memory_zero,
    null,
    store_u64,
    u64,
)
from tricolor.runtime.allocator.accounting import note_free
from tricolor.runtime.allocator.bits import words_for
from tricolor.runtime.allocator.heap_types import (
    STATE_IN_USE,
    Span,
    centrals,
    class_counts,
    mheap,
)
from tricolor.runtime.allocator.marks import allocated_bits, count_marks, is_allocated, is_marked, mark_side
from tricolor.runtime.allocator.mcentral import check_central, put_span
from tricolor.runtime.allocator.pages import check_pages
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.spans import check_span, free_span, span_record
from tricolor.runtime.records.processor import check_all_dropped, check_mcaches
from tricolor.runtime.settings_keys import CLOBBER_FREE, TRACE_ALLOCATIONS

POISON = 0xDEAD_BEEF_DEAD_BEEF


@kernel
def sweep() -> None:
    """Frees everything that is not marked."""
    check_all_dropped()
    for index in range(mheap.layout_count):
        centrals[index].partial = null(Span)
    if settings[CLOBBER_FREE] != 0 or settings[TRACE_ALLOCATIONS] != 0:
        for number in range(mheap.span_count):
            span = span_record(number)
            if span.state == STATE_IN_USE:
                visit_freed(span)
    live: u64 = 0
    # Downwards, so that the lists begin with the lowest addresses.
    at = mheap.span_count
    while at > 0:
        at -= 1
        span = span_record(at)
        if span.state == STATE_IN_USE:
            live += sweep_span(span)
    mheap.allocated_side = mark_side()
    mheap.live = live


@kernel
def sweep_span(span: Span) -> u64:
    """Bytes of the span's marked elements; the span is freed if there are none."""
    marked = count_marks(span)
    memory_zero(allocated_bits(span), words_for(span.nelems) * 8)
    check(1, marked <= span.allocated, "sweep_span: more elements are marked than were allocated")
    freed = span.allocated - marked
    mheap.objects_freed += freed
    if span.size_class != 0:
        counts = class_counts[span.size_class]
        counts.freed += freed
    if marked == 0:
        centrals[span.index].span_count -= 1
        span.cached = 0
        span.in_list = 0
        free_span(span)
        return 0
    span.allocated = marked
    span.free_index = 0
    span.needzero = 1
    span.in_list = 0
    if marked < span.nelems:
        put_span(span)
    return marked * span.elem_bytes


@kernel
def visit_freed(span: Span) -> None:
    """Reports and overwrites the elements that are about to be freed, as the settings ask."""
    for elem in range(span.nelems):
        if not is_allocated(span, elem) or is_marked(span, elem):
            continue
        start = span.start + elem * span.elem_bytes
        if settings[TRACE_ALLOCATIONS] != 0:
            note_free(start, span.elem_bytes)
        if settings[CLOBBER_FREE] != 0:
            for word in range(span.elem_bytes >> 3):
                store_u64(start + word * 8, POISON)


@kernel
def check_heap() -> None:
    """Checks all invariants of the heap; between cycles, and compiled in at check level 1 and above."""
    live: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            check_span(span)
            live += span.allocated * span.elem_bytes
    check(1, live == mheap.live, "check_heap: the live counter is not the sum over all spans")
    for index in range(mheap.layout_count):
        check_central(index)
    check_mcaches()
    check_pages()
