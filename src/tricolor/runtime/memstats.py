"""Statistics for package runtime: MemStats, runtime/metrics, the pauses of debug.ReadGCStats.

Source:
    Go 1.27.3 runtime/mstats.go.
"""

from __future__ import annotations

from tricolor.kernel.lang import Struct, addr, i64, size_of, store_u64, systemstack, to_i64, to_u64, u64
from tricolor.runtime.allocator.heap_types import Span, class_counts, mheap
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import NUM_CLASSES, PAGE_SHIFT
from tricolor.runtime.allocator.spans import class_bytes
from tricolor.runtime.collector.cycles import PAUSE_RING, cycles
from tricolor.runtime.records.process import counters, scheduler
from tricolor.runtime.records.processor import flush_mcaches, tiny_allocs
from tricolor.runtime.settings_keys import GC_PERCENT, MEMORY_LIMIT
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.memory import mapped_bytes

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


@systemstack("runtime.gcstats")
def gc_stats(into: GCStats) -> None:
    """Fills in what MemStats and runtime/metrics show."""
    flush_mcaches()
    tiny = tiny_allocs()
    in_use = mheap.pages_in_use << PAGE_SHIFT
    heap_sys = mheap.top_pages << PAGE_SHIFT
    into.total_alloc_bytes = mheap.bytes_allocated
    into.mallocs = mheap.objects_allocated + tiny
    into.frees = mheap.objects_freed + tiny
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
    into.gc_percent = to_u64(settings[GC_PERCENT])
    into.limit_bytes = to_u64(settings[MEMORY_LIMIT])
    into.gc_cpu_ns = cycles.pause_total_ns
    total = max(to_u64(nanotime() - mheap.started_ns), 1)
    into.total_cpu_ns = total
    into.gc_cpu_percent_mill = cycles.pause_total_ns * PERCENT_UNITS // total
    into.stack_in_use_bytes = counters.segment_bytes
    into.stack_sys_bytes = counters.segment_bytes
    into.other_sys_bytes = mapped_bytes.value - min(mapped_bytes.value, counters.segment_bytes)
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
