"""Allocation that may collect: the fast path that compiled Go code inlines, and the two slow ones, refill() and alloc_large().

How: alloc() moves the cursor of its layout's cell. When the run is used up, refill() begins a cycle if one is due, marks or sweeps
if one is under way, and has the allocator claim the next run. Large objects get a span of their own, and do the same first. Besides
these two, only runtime.GC and debug.SetGCPercent start cycles. If the allocator has nothing left they collect once more; if that
does not help, the process ends.

Invariants:
    1. The allocator MUST NOT start a cycle. Otherwise a cycle could begin while a span is half made.
       Held by the import contract "The rooms of the runtime stand one upon the other".
    2. A thread MUST hold no lock of the allocator when it comes to a cycle: to begin or end one it waits until no other thread is inside
       the runtime. Otherwise a thread could wait for that lock and never leave. Checked by acquire(), and by the tests with several threads.

Source:
    Go 1.27.3 runtime/malloc.go (nextFreeFast, mallocgcSmallScanNoHeader, mallocgcLarge).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    atomic_load,
    bump_restartable,
    inline,
    is_null,
    kernel,
    likely,
    load_u64,
    systemstack,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.accounting import note_allocation
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.large import new_large
from tricolor.runtime.allocator.mcache import claim_run
from tricolor.runtime.allocator.mcentral import central_of, init_layouts
from tricolor.runtime.allocator.pages import open_reserve
from tricolor.runtime.allocator.sampling import is_sampled, is_sampled_large, report_sample
from tricolor.runtime.allocator.settings import every_allocation
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.collector.cycle import collect_for_memory, collect_if_due
from tricolor.runtime.collector.sweep import sweep_for, sweep_some
from tricolor.runtime.mutator.requests import wanted_site
from tricolor.runtime.records.machine import machine, mcache
from tricolor.runtime.system.stop import fatal_out_of_memory

CELL_SHIFT = 5
MAX_ALLOC_BYTES = 1 << 47
PAGE_MASK = (1 << PAGE_SHIFT) - 1


@inline(symbol_name="tricolor.alloc")
def alloc(layout: addr, size_bytes: u64) -> addr:
    """Zeroed memory for one object.

    ``size_bytes`` is what the caller wants; the header of the layout has the elem size.
    """
    header = load_u64(layout)
    cursor, fits = bump_restartable(machine.processor.mcache, (header >> 32) << CELL_SHIFT, header & 0xFFFF_FFFF)
    if likely(fits):
        return cursor
    return refill(layout)


@systemstack("tricolor.refill")
def refill(layout: addr) -> addr:
    """One element of the layout after claiming a run; may collect. Ends the process if memory is exhausted."""
    central = central_of(layout)
    collect_if_due(0)
    if unlikely(atomic_load(mheap.unswept, "relaxed") != 0):
        sweep_for(central)
    cache = mcache()
    cell = cache.cells[central.index]
    # A goroutine that a signal stopped before its call of refill() finds what another one claimed.
    if cell.cursor == cell.limit and not claim_run(cache, cell, central):
        find_memory()
        if not claim_run(cache, cell, central):
            fatal_out_of_memory(to_u64(central.elem_bytes), mheap.pages_in_use << PAGE_SHIFT)
    cursor = cell.cursor
    if unlikely(is_sampled(cache, cell, central)):
        report_sample(cursor, to_u64(central.elem_bytes))
    cell.cursor = cursor + to_u64(central.elem_bytes)
    if unlikely(every_allocation.value != 0):
        note_allocation(cursor, to_u64(central.elem_bytes), wanted_site())
    return cursor


@kernel
def find_memory() -> None:
    """Collects since the arena is full. If another thread stops the world, or the goroutine is pinned, opens the reserve.

    The goroutine goes on with that until it is stopped; later allocations find what the other thread's cycle has freed.
    """
    if not collect_for_memory():
        open_reserve()


@systemstack("tricolor.alloc_large")
def alloc_large(size_bytes: u64, type: addr, zero: bool) -> addr:
    """An object of over 32 KiB, or one whose header word would not fit; may collect. Ends the process if memory is exhausted."""
    if mheap.layout_count == 0:
        init_layouts()
    if size_bytes > MAX_ALLOC_BYTES:
        fatal_out_of_memory(size_bytes, mheap.pages_in_use << PAGE_SHIFT)
    pages = (size_bytes + PAGE_MASK) >> PAGE_SHIFT
    length_bytes = pages << PAGE_SHIFT
    collect_if_due(length_bytes)
    sweep_some(pages)
    cache = mcache()
    span = new_large(cache, pages, type, zero)
    if is_null(span):
        find_memory()
        span = new_large(cache, pages, type, zero)
        if is_null(span):
            fatal_out_of_memory(length_bytes, mheap.pages_in_use << PAGE_SHIFT)
    if unlikely(every_allocation.value != 0):
        note_allocation(span.start, length_bytes, wanted_site())
    if unlikely(is_sampled_large(cache, length_bytes)):
        report_sample(span.start, length_bytes)
    return span.start
