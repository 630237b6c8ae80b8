"""Settings and statistics: entries for package runtime.

Source:
    Go 1.27.3 runtime/mgcpacer.go (setGCPercent, setMemoryLimit), runtime/mstats.go.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    i32,
    i64,
    kernel,
    size_of,
    store_u64,
    systemstack,
    to_i32,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.heap_types import Span, class_counts, mcache0, mheap, options
from tricolor.runtime.allocator.mcache import flush_mcache
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.allocator.mheap import persistent_alloc
from tricolor.runtime.allocator.sizes import HEADER_BYTES, KIND_HEADER, NUM_CLASSES, PAGE_SHIFT
from tricolor.runtime.allocator.spans import class_bytes, find_object, span_of
from tricolor.runtime.collector.cycle import PAUSE_RING, collect, cycles
from tricolor.runtime.collector.pacer import set_goal
from tricolor.runtime.scheduler.process import counters, scheduler
from tricolor.runtime.settings_keys import (
    ACCOUNTING,
    ARENA_BYTES,
    CHECKMARK,
    CLOBBER_FREE,
    GC_PERCENT,
    GCTRACE,
    MEMORY_LIMIT,
    PAST_END,
    STRESS,
    TRACE_ALLOCATIONS,
)
from tricolor.runtime.system.clock import nanotime

PERCENT_UNITS = 100_000


class GCStats(Struct):
    """gcStats of package runtime: bytes, objects, nanoseconds."""

    total_alloc_bytes: u64
    mallocs: u64
    frees: u64
    heap_live_bytes: u64
    heap_sys_bytes: u64
    heap_idle_bytes: u64
    heap_in_use_bytes: u64
    heap_released_bytes: u64
    stack_in_use_bytes: u64
    stack_sys_bytes: u64
    other_sys_bytes: u64
    metadata_bytes: u64
    next_gc_bytes: u64
    last_gc_unix_ns: u64
    pause_total_ns: u64
    cycles: u64
    forced_cycles: u64
    gc_cpu_percent_mill: u64
    goroutines: u64
    scannable_bytes: u64
    gc_goal_bytes: u64
    gc_percent: u64
    limit_bytes: u64
    gc_cpu_ns: u64
    total_cpu_ns: u64


@kernel
def heap_start() -> None:
    """Starts the heap: to be called before the first allocation of Go code, on the system stack."""
    init_layouts()


@systemstack("runtime.configure")
def configure(key: u64, value: i64) -> i64:
    """Changes a setting (settings_keys); gives its previous value, or -1 for an unknown key."""
    init_layouts_unless_arena(key)
    previous = exchange_setting(key, value)
    # Settings that need to see each allocation have runs of one element, so that each goes through refill().
    watch = options.stress | options.trace_allocations | options.accounting
    options.every_allocation = 1 if watch != 0 else 0
    options.run_limit = 1 if watch != 0 else 0
    if mheap.layout_count != 0:
        flush_mcache()
        if key == GC_PERCENT or key == MEMORY_LIMIT:
            set_goal(cycles.marked)
    return previous


@kernel
def init_layouts_unless_arena(key: u64) -> None:
    """Starts the heap unless the key is one that must come before."""
    if key != ARENA_BYTES:
        init_layouts()


@kernel
def exchange_setting(key: u64, value: i64) -> i64:
    """Stores one setting."""
    previous: i64 = -1
    number = to_u64(value)
    if key == GC_PERCENT:
        previous = options.gc_percent
        options.gc_percent = value
    elif key == MEMORY_LIMIT:
        previous = options.memory_limit
        options.memory_limit = value
    elif key == GCTRACE:
        previous = to_i64(options.gctrace)
        options.gctrace = number
    elif key == TRACE_ALLOCATIONS:
        previous = to_i64(options.trace_allocations)
        options.trace_allocations = number
    elif key == STRESS:
        previous = to_i64(options.stress)
        options.stress = number
    elif key == CLOBBER_FREE:
        previous = to_i64(options.clobber)
        options.clobber = number
    elif key == CHECKMARK:
        previous = to_i64(options.checkmark)
        options.checkmark = number
    elif key == ACCOUNTING:
        previous = to_i64(options.accounting)
        options.accounting = number
    elif key == PAST_END:
        previous = to_i64(options.past_end)
        options.past_end = number
    elif key == ARENA_BYTES:
        previous = to_i64(options.arena_bytes)
        options.arena_bytes = number
    return previous


@systemstack("runtime.gcsetpercent")
def gc_set_percent(percent: i32) -> i32:
    """debug.SetGCPercent; Go collects afterwards, so that the new setting holds at once."""
    previous = configure(GC_PERCENT, to_i64(percent) if percent >= 0 else -1)
    if mheap.live >= mheap.trigger:
        collect(True)
    return to_i32(previous)


@systemstack("runtime.gcsetlimit")
def gc_set_limit(limit_bytes: i64) -> i64:
    """debug.SetMemoryLimit; a negative limit changes nothing."""
    if limit_bytes < 0:
        return options.memory_limit
    return configure(MEMORY_LIMIT, limit_bytes)


@systemstack("runtime.gcstats")
def gc_stats(into: GCStats) -> None:
    """Fills in everything that package runtime asks for."""
    flush_mcache()
    in_use = mheap.pages_in_use << PAGE_SHIFT
    heap_sys = mheap.top_pages << PAGE_SHIFT
    into.total_alloc_bytes = mheap.bytes_allocated
    into.mallocs = mheap.objects_allocated + mcache0.tiny_allocs
    into.frees = mheap.objects_freed + mcache0.tiny_allocs
    into.heap_live_bytes = mheap.live
    into.heap_sys_bytes = heap_sys
    into.heap_idle_bytes = heap_sys - in_use
    into.heap_in_use_bytes = in_use
    into.heap_released_bytes = mheap.released_pages << PAGE_SHIFT
    into.metadata_bytes = mheap.persistent_bytes + mheap.span_count * size_of(Span)
    into.next_gc_bytes = mheap.goal
    into.last_gc_unix_ns = cycles.last_end_wall_ns
    into.pause_total_ns = cycles.pause_total_ns
    into.cycles = cycles.count
    into.forced_cycles = cycles.forced
    into.scannable_bytes = cycles.marked
    into.gc_goal_bytes = mheap.goal
    into.gc_percent = to_u64(options.gc_percent)
    into.limit_bytes = to_u64(options.memory_limit)
    into.gc_cpu_ns = cycles.pause_total_ns
    total = max(to_u64(nanotime() - mheap.started_ns), 1)
    into.total_cpu_ns = total
    into.gc_cpu_percent_mill = cycles.pause_total_ns * PERCENT_UNITS // total
    into.stack_in_use_bytes = counters.segment_bytes
    into.stack_sys_bytes = counters.segment_bytes
    into.goroutines = scheduler.live


@systemstack("runtime.gcsizes")
def gc_sizes(into: addr, count: i64) -> None:
    """Stores size in bytes, objects ever allocated and ever freed of the first ``count`` size classes; exact after gcstats."""
    for number in range(min(to_u64(count), NUM_CLASSES)):
        counts = class_counts[number]
        store_u64(into + number * 24, to_u64(class_bytes[number]))
        store_u64(into + number * 24 + 8, counts.allocated)
        store_u64(into + number * 24 + 16, counts.freed)


@systemstack("runtime.gcpauses")
def gc_pauses(into: addr, count: i64) -> i64:
    """Stores up to 256 pauses as a ring (cycle n at place n % 256); gives how many there are."""
    wanted = min(to_u64(count), PAUSE_RING)
    for place in range(wanted):
        store_u64(into + place * 8, cycles.pauses_ns[place])
    return to_i64(min(cycles.count, wanted))


@systemstack("runtime.findobject")
def go_find_object(where: addr, size: addr) -> addr:
    """Start of the heap object in which an address lies, and its size unless ``size`` is 0; 0 if there is none."""
    base = find_object(where)
    if to_u64(base) == 0:
        return base
    span = span_of(base)
    length_bytes = span.elem_bytes
    if span.kind == KIND_HEADER:
        base = base + HEADER_BYTES
        length_bytes -= HEADER_BYTES
    if to_u64(size) != 0:
        store_u64(size, length_bytes)
    return base


@systemstack("runtime.persistentalloc")
def go_persistent_alloc(size_bytes: u64) -> addr:
    """Zeroed memory outside of the heap that is never freed nor scanned."""
    return persistent_alloc(size_bytes)
