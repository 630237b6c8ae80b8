"""Sweep: turns the mark bits into the allocation bits, frees empty spans, rebuilds the lists of spans with free elements.

How: at the end of marking the sides of all spans swap roles at once, which frees everything that has no mark. What is left is a
visit of each span record, without touching objects: clear the old allocated side, which is the mark side of the next
cycle; put the span into the list of its layout, or give its pages back. Allocations, idle time and the next cycle do that, a few
spans at a time. A layout allocates only from swept spans.

Several threads sweep at once. Each takes records of spans from ``mheap.unswept`` by a compare and exchange, so each span is swept by one thread,
and nobody else touches it before it is in a list or freed: unswept spans are in no mcache and in no list. A record that is used
again meanwhile has the present epoch before its state says that it is in use.

Invariants:
    1. Every mcache MUST be flushed and have dropped its spans before. Otherwise a cell would allocate from a
       freed span. Checked by check_all_dropped().
    2. When the sweep begins, the live counter MUST be the sum of the sizes of marked elements. Otherwise the pacer would start the
       next cycle too early or too late. Checked by check_heap().
    3. Marking MUST NOT begin before all spans are swept. Otherwise old bits would count as marks. Checked by start_cycle().
    4. Only one thread MUST sweep a span. Otherwise it would be in a list twice. Checked by put_span() and check_central().

Source:
    Go 1.27.3 runtime/mgcsweep.go.

Differs from Go:
    A sweep visits no element: allocation skips what is marked.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    check,
    is_null,
    kernel,
    memory_zero,
    null,
    store_u64,
    u64,
)
from tricolor.runtime.allocator.accounting import note_free
from tricolor.runtime.allocator.bits import count_bits, test_bit, words_for
from tricolor.runtime.allocator.heap_types import (
    STATE_IN_USE,
    Central,
    MCache,
    Span,
    centrals,
    mheap,
)
from tricolor.runtime.allocator.marks import allocated_bits, count_allocated, is_swept, mark_bits, mark_side
from tricolor.runtime.allocator.mcentral import check_central, forget_span, put_span
from tricolor.runtime.allocator.pages import check_pages, close_reserve
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.spans import check_span, free_span, span_record
from tricolor.runtime.records.machine import mcache
from tricolor.runtime.records.processor import check_all_dropped, check_mcaches
from tricolor.runtime.settings_keys import CLOBBER_FREE, TRACE_ALLOCATIONS

POISON = 0xDEAD_BEEF_DEAD_BEEF
SPANS_PER_REFILL = 16
SPANS_FOR_LAYOUT = 256


@kernel
def begin_sweep(marked_bytes: u64) -> None:
    """Makes the marks the allocated side of all spans; the spans themselves are swept later. The world is stopped."""
    check_all_dropped()
    for index in range(mheap.layout_count):
        centrals[index].partial = null(Span)
    mheap.allocated_side = mark_side()
    mheap.epoch += 1
    mheap.unswept = mheap.span_count
    mheap.live = marked_bytes
    close_reserve()


@kernel
def sweep_some(spans: u64) -> bool:
    """Sweeps up to that many spans; False if none were left, though other threads may still sweep the last ones.

    Downwards, so that the lists of spans begin with the lowest addresses.
    """
    first, end = take_unswept(spans)
    if end == 0:
        return False
    cache = mcache()
    cache.is_used = 1
    at = end
    while at > first:
        at -= 1
        span = span_record(at)
        if atomic_load(span.state, "acquire") == STATE_IN_USE and not is_swept(span):
            sweep_span(cache, span)
    return True


@kernel
def take_unswept(most: u64) -> tuple[u64, u64]:
    """Takes the highest records that may be unswept, for the calling thread: the first, and the one after the last; 0, 0 if none are left."""
    while True:
        end = atomic_load(mheap.unswept, "relaxed")
        first = end - min(end, most)
        if end == 0 or atomic_compare_exchange(mheap.unswept, end, first, "relaxed"):
            return first, end


@kernel
def sweep_for(central: Central) -> None:
    """Sweeps some spans before the layout gets a run; many if the layout has no span with free elements.

    That spreads the work over the allocations after a cycle, and takes new pages only if few spans have free elements.
    """
    sweep_some(SPANS_PER_REFILL)
    spans: u64 = SPANS_PER_REFILL
    while is_null(central.partial) and spans < SPANS_FOR_LAYOUT and sweep_some(SPANS_PER_REFILL):
        spans += SPANS_PER_REFILL


@kernel
def finish_sweep() -> None:
    """Sweeps all spans that are left. The world is stopped: so no thread is in the middle of a sweep afterwards."""
    while sweep_some(SPANS_FOR_LAYOUT):
        pass


@kernel
def sweep_span(cache: MCache, span: Span) -> None:
    """Frees what is not marked, and the span if nothing is."""
    if settings[CLOBBER_FREE] != 0 or settings[TRACE_ALLOCATIONS] != 0:
        visit_freed(span)
    marked = count_bits(allocated_bits(span), 0, span.nelems)
    memory_zero(mark_bits(span), words_for(span.nelems) * 8)
    check(1, marked <= span.allocated, "sweep_span: more elements are marked than were allocated")
    freed = span.allocated - marked
    cache.objects_freed += freed
    if span.size_class != 0:
        counts = cache.counts[span.size_class]
        counts.freed += freed
    span.free_index = 0
    span.allocated = marked
    span.in_list = 0
    span.cached = 0
    span.needzero = 1
    # Whoever sees this sees the span as it is now.
    atomic_store(span.epoch, mheap.epoch, "release")
    if marked == 0:
        if span.size_class != 0:
            forget_span(span)
        free_span(span)
        return
    if marked < span.nelems:
        put_span(span)


@kernel
def visit_freed(span: Span) -> None:
    """Reports and overwrites the elements that are about to be freed, as the settings ask.

    The sides have swapped roles: what was allocated before is on the mark side, what was marked on the allocated side.
    """
    for elem in range(span.nelems):
        was_allocated = elem < span.free_index or test_bit(mark_bits(span), elem)
        if not was_allocated or test_bit(allocated_bits(span), elem):
            continue
        start = span.start + elem * span.elem_bytes
        if settings[TRACE_ALLOCATIONS] != 0:
            note_free(start, span.elem_bytes)
        if settings[CLOBBER_FREE] != 0:
            for word in range(span.elem_bytes >> 3):
                store_u64(start + word * 8, POISON)


@kernel
def check_heap() -> None:
    """Checks all invariants of the heap; compiled in at check level 1 and above. The world is stopped."""
    live: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            check_span(span)
            allocated = span.allocated if is_swept(span) else count_allocated(span)
            live += allocated * span.elem_bytes
    check(1, live == mheap.live, "check_heap: the live counter is not the sum over all spans")
    for index in range(mheap.layout_count):
        check_central(index)
    check_mcaches()
    check_pages()
