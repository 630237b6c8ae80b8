"""mcache: zeroed runs of free elements, from which a processor allocates without a lock.

How: the cell of a layout holds the rest of the run that was claimed last; the mutator moves its cursor. When the
run is used up, claim_run() claims the next run of elements that the last cycle did not mark in the same span; then it
takes the next span with free elements, then a new one. It fails if the arena is full, and never collects:
``mutator.alloc`` does.

Phases of claim_in_span()::

    1. skip     pass over elements that the last cycle found live
    2. measure  count the free elements in a row
    3. claim    zero them, put them into the cell, and count them as allocated; mark them if the collector marks

While the collector marks, objects are allocated black: the marks of a run are set when it is claimed, so that an allocation
costs nothing more. Marking begins and ends with flushed mcaches; a flush takes back the marks of what was not used.

An mcache belongs to a processor: only its thread uses it, but for the flush and the emptying of all mcaches while the world is stopped. Counters
of objects and bytes are those of the mcache until a flush adds them to the heap's; ``mheap.live`` is always up to date, since it
starts cycles.

Invariants:
    1. Memory from cursor to limit MUST be zero. Otherwise Go code would see old data. Checked by check_cell().
    2. The cursor MUST be at an elem boundary, and ``span.free_index`` be the elem at the limit. Otherwise
       flush_cell() would free an object or lose one. Checked by check_cell().

Source:
    Go 1.27.3 runtime/mcache.go; Wingo, "Nofl" (arXiv 2503.16971).

Differs from Go:
    An allocation touches only the cell and the object. Counters count runs; they are exact after flush_mcaches().
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    atomic_add,
    atomic_store,
    check,
    inline,
    is_null,
    kernel,
    load_u64,
    memory_zero,
    null,
    to_addr,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.bits import run_of_ones, run_of_zeros
from tricolor.runtime.allocator.heap_types import (
    Cell,
    Central,
    MCache,
    Span,
    class_counts,
    mheap,
)
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.marks import allocated_bits, clear_marks, set_marks
from tricolor.runtime.allocator.mcentral import take_span
from tricolor.runtime.allocator.mheap import add_black, add_live
from tricolor.runtime.allocator.sampling import elems_before_sample, return_to_sampling
from tricolor.runtime.allocator.settings import every_allocation
from tricolor.runtime.allocator.sizes import NUM_CLASSES


@kernel
def claim_run(cache: MCache, cell: Cell, central: Central) -> bool:
    """Fills a cell of the caller's mcache with the next run of free elements; False if the arena is full."""
    cache.is_used = 1
    most = 1 if every_allocation.value != 0 else elems_before_sample(cache, cell, central)
    span = cell.span
    while is_null(span) or not claim_in_span(cache, cell, span, most):
        if not is_null(span):
            span.cached = 0
        span = take_span(central)
        cell.span = span
        if is_null(span):
            cell.cursor = to_addr(0)
            cell.limit = to_addr(0)
            return False
    return True


@kernel
def claim_in_span(cache: MCache, cell: Cell, span: Span, most: u64) -> bool:
    """Claims up to ``most`` free elements in a row from free_index on; False if there are none."""
    bits = allocated_bits(span)
    nelems = span.nelems
    # 1. Skip.
    first = span.free_index
    while first < nelems:
        taken = run_of_ones(bits, first)
        if taken == 0:
            break
        first += taken
    if first >= nelems:
        span.free_index = nelems
        return False
    # 2. Measure.
    stop = min(first + most, nelems)
    end = first
    while end < stop:
        free = run_of_zeros(bits, end)
        if free == 0:
            break
        end += free
    end = min(end, stop)
    # 3. Claim.
    count = end - first
    length_bytes = count * span.elem_bytes
    start = span.start + first * span.elem_bytes
    if span.needzero != 0:
        memory_zero(start, length_bytes)
    if unlikely(is_marking.value != 0):
        set_marks(span, first, count)
        add_black(length_bytes)
    cell.cursor = start
    cell.limit = start + length_bytes
    span.allocated += count
    # From here on a marker on another thread takes the elements for allocated: they are zero and have their marks.
    atomic_store(span.free_index, end, "release")
    count_claim(cache, span, count, length_bytes)
    return True


@inline
def count_claim(cache: MCache, span: Span, count: u64, length_bytes: u64) -> None:
    """Adds a run to the counters; wraps for one that is given back."""
    add_live(length_bytes)
    cache.bytes_allocated += length_bytes
    cache.objects_allocated += count
    counts = cache.counts[span.size_class]
    counts.allocated += count


@kernel
def flush_cell(cache: MCache, cell: Cell) -> None:
    """Gives the unused rest of the run back to the span."""
    span = cell.span
    if is_null(span):
        return
    unused_bytes = cell.limit - cell.cursor
    count = unused_bytes // span.elem_bytes
    span.free_index -= count
    span.allocated -= count
    if is_marking.value != 0:
        clear_marks(span, span.free_index, count)
        add_black(0 - unused_bytes)
    count_claim(cache, span, 0 - count, 0 - unused_bytes)
    return_to_sampling(cell, unused_bytes)
    cell.limit = cell.cursor


@kernel
def flush_mcache(cache: MCache) -> None:
    """Makes spans and counters exact. Cells keep their spans, which a sweep takes from them (drop_spans).

    The mcache is the caller's own, or the world is stopped.
    """
    if cache.is_used == 0:
        return
    for index in range(mheap.layout_count):
        flush_cell(cache, cache.cells[index])
    cache.tiny = to_addr(0)
    cache.tiny_offset = 0
    flush_counts(cache)


@kernel
def flush_counts(cache: MCache) -> None:
    """Adds what the mcache has counted to the counters of the heap."""
    atomic_add(mheap.bytes_allocated, cache.bytes_allocated, "relaxed")
    atomic_add(mheap.objects_allocated, cache.objects_allocated, "relaxed")
    atomic_add(mheap.objects_freed, cache.objects_freed, "relaxed")
    cache.bytes_allocated = 0
    cache.objects_allocated = 0
    cache.objects_freed = 0
    for size_class in range(NUM_CLASSES):
        own = cache.counts[size_class]
        if own.allocated != 0 or own.freed != 0:
            total = class_counts[size_class]
            atomic_add(total.allocated, own.allocated, "relaxed")
            atomic_add(total.freed, own.freed, "relaxed")
            own.allocated = 0
            own.freed = 0


@kernel
def drop_spans(cache: MCache) -> None:
    """Empties the cells; the sweep then puts spans with free elements into the lists. After a flush, while the world is stopped."""
    if cache.is_used == 0:
        return
    for index in range(mheap.layout_count):
        cell = cache.cells[index]
        if not is_null(cell.span):
            cell.span.cached = 0
            cell.span = null(Span)
            cell.cursor = to_addr(0)
            cell.limit = to_addr(0)
    cache.is_used = 0


@kernel
def check_dropped(cache: MCache) -> None:
    """Invariant 1 of sweep: no cell holds a span."""
    for index in range(mheap.layout_count):
        check(1, is_null(cache.cells[index].span), "check_dropped: an mcache holds a span while spans are swept")


@kernel
def check_cells(cache: MCache) -> None:
    """Invariants 1 and 2 of all cells."""
    for index in range(mheap.layout_count):
        check_cell(cache.cells[index])


@kernel
def check_cell(cell: Cell) -> None:
    """Invariants 1 and 2."""
    span = cell.span
    if is_null(span):
        check(1, cell.cursor == cell.limit, "check_cell: a cell without span has memory")
        return
    check(1, span.cached == 1, "check_cell: the span does not know that it is in an mcache")
    if cell.cursor == cell.limit:
        return
    check(1, span.start + span.free_index * span.elem_bytes == cell.limit, "check_cell: limit is not at free_index")
    check(1, (cell.limit - cell.cursor) % span.elem_bytes == 0, "check_cell: cursor is not at an elem")
    at = cell.cursor
    while at < cell.limit:
        check(2, load_u64(at) == 0, "check_cell: free memory of the run is not zero")
        at = at + 8
