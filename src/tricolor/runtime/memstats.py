"""Statistics for package runtime: MemStats, runtime/metrics, the pauses of debug.ReadGCStats.

Source:
    Go 1.27.3 runtime/mstats.go, runtime/metrics.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, addr, global_struct, i64, is_null, kernel, size_of, store_u64, systemstack, to_i64, to_u64, u64
from tricolor.runtime.allocator.heap_types import STATE_IN_USE, MCache, Span, class_counts, mheap
from tricolor.runtime.allocator.scavenge import scavenging
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import NUM_CLASSES, PAGE_SHIFT
from tricolor.runtime.allocator.spans import class_bytes, span_record
from tricolor.runtime.collector.cycles import PAUSE_RING, cycles
from tricolor.runtime.collector.pacing import limiter, pacer
from tricolor.runtime.collector.roots import global_bytes
from tricolor.runtime.collector.specials import specials
from tricolor.runtime.collector.sweep import finish_sweep
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import first_processor, flush_mcaches, goroutines_created, tiny_allocs
from tricolor.runtime.records.time_histogram import TIME_BUCKETS, pause_times, ready_times
from tricolor.runtime.scheduler.preempt import MONITOR_RUNS
from tricolor.runtime.scheduler.segments import idle_bytes
from tricolor.runtime.settings_keys import GC_PERCENT, MEMORY_LIMIT
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.memory import mapped_bytes

TABLE_BYTES_PER_PAGE: Final = 8
"""Of mheap.span_table."""
TABLE_PAGES_PER_BYTE: Final = 4
"""Of mheap.used_bits and mheap.dirty_bits together."""


class GCStats(Struct):
    """gcStats of package runtime: bytes, objects, nanoseconds."""

    total_alloc_bytes: u64
    total_free_bytes: u64
    mallocs: u64
    """Without tiny objects that share a block with others, as ``frees``."""
    frees: u64
    tiny_allocs: u64
    heap_live_bytes: u64
    heap_marked_bytes: u64
    """What the last cycle left."""
    heap_sys_bytes: u64
    heap_idle_bytes: u64
    heap_in_use_bytes: u64
    heap_released_bytes: u64
    stack_in_use_bytes: u64
    stack_sys_bytes: u64
    span_in_use_bytes: u64
    span_sys_bytes: u64
    mcache_bytes: u64
    metadata_bytes: u64
    other_sys_bytes: u64
    next_gc_bytes: u64
    last_gc_unix_ns: u64
    pause_total_ns: u64
    cycles: u64
    forced_cycles: u64
    gc_percent: u64
    limit_bytes: u64
    stack_scan_bytes: u64
    pause_cpu_ns: u64
    assist_cpu_ns: u64
    """Marking by allocations, in all cycles;"""
    worker_cpu_ns: u64
    """in slices that took a processor from the program;"""
    idle_worker_cpu_ns: u64
    """and while no goroutine could run."""
    limiter_cycle: u64
    """The cycle in which the limiter of the collector's time last began to limit; 0: none."""
    idle_cpu_ns: u64
    total_cpu_ns: u64
    finalizers_queued: u64
    finalizers_executed: u64
    cleanups_queued: u64
    cleanups_executed: u64
    goroutines: u64
    """With the runtime's own."""
    goroutines_runnable: u64
    goroutines_created: u64
    threads: u64
    scavenge_assist_ns: u64
    """Time that allocations gave memory back to the system,"""
    scavenge_background_ns: u64
    """and that the background did."""
    starting_stack_bytes: u64


class ShownTimes(Struct):
    """Times of processors that the last call of put_processor_times() gave."""

    idle_ns: i64
    user_ns: i64


_shown = global_struct(ShownTimes)


@systemstack("runtime.gcstats")
def gc_stats(into: GCStats) -> None:
    """Fills in what MemStats and runtime/metrics show."""
    finish_sweep()
    flush_mcaches()
    into.total_alloc_bytes = mheap.bytes_allocated
    into.total_free_bytes = mheap.bytes_allocated - mheap.live
    into.mallocs = mheap.objects_allocated
    into.frees = mheap.objects_freed
    into.tiny_allocs = tiny_allocs()
    put_memory(into)
    into.next_gc_bytes = mheap.goal
    into.last_gc_unix_ns = cycles.last_end_wall_ns
    into.pause_total_ns = cycles.pause_total_ns
    into.cycles = cycles.count
    into.forced_cycles = cycles.forced
    into.gc_percent = to_u64(settings[GC_PERCENT])
    into.limit_bytes = to_u64(settings[MEMORY_LIMIT])
    into.stack_scan_bytes = pacer.last_stack_scan
    into.finalizers_queued = specials.finalizers_queued
    into.finalizers_executed = specials.finalizers_executed
    into.cleanups_queued = specials.cleanups_queued
    into.cleanups_executed = specials.cleanups_executed
    put_processor_times(into)
    into.goroutines = scheduler.live + scheduler.system_live
    into.goroutines_runnable = runnable_count()
    into.goroutines_created = goroutines_created()
    into.scavenge_assist_ns = to_u64(scavenging.assist_ns)
    into.scavenge_background_ns = to_u64(scavenging.background_ns)
    into.starting_stack_bytes = scheduler.starting_stack_bytes
    into.threads = 2 if scheduler.monitor_state == MONITOR_RUNS else 1


@kernel
def put_memory(into: GCStats) -> None:
    """Fills in the classes of memory; they do not overlap."""
    in_use = mheap.pages_in_use << PAGE_SHIFT
    # Blocks of stacks that nobody uses count as free heap, where Go has them.
    unused_stacks = idle_bytes()
    heap_sys = (mheap.top_pages << PAGE_SHIFT) + unused_stacks
    into.heap_live_bytes = mheap.live
    into.heap_marked_bytes = cycles.marked
    into.heap_sys_bytes = heap_sys
    into.heap_idle_bytes = heap_sys - in_use
    into.heap_in_use_bytes = in_use
    into.heap_released_bytes = mheap.released_pages << PAGE_SHIFT
    into.stack_in_use_bytes = scavenging.stack_bytes - unused_stacks
    into.stack_sys_bytes = into.stack_in_use_bytes
    into.span_in_use_bytes = (mheap.span_count - mheap.free_record_count) * size_of(Span)
    into.span_sys_bytes = mheap.span_count * size_of(Span)
    into.mcache_bytes = processor_count() * size_of(MCache)
    into.metadata_bytes = mheap.persistent_bytes + mheap.top_pages * TABLE_BYTES_PER_PAGE + mheap.top_pages // TABLE_PAGES_PER_BYTE
    into.other_sys_bytes = mapped_bytes.value


@kernel
def put_processor_times(into: GCStats) -> None:
    """Fills in the time of all GOMAXPROCS processors, and which part of it the collector took and which nobody used.

    A pause counts for all of them, and so not as idle time of those that had nothing to run: all but one, as far as is known. What the
    program used and what was idle never fall, although it is known only later which of both a pause took the time from.
    """
    now = nanotime()
    available = scheduler.available_ns + (now - scheduler.available_since_ns) * to_i64(scheduler.processor_limit)
    # Where fewer processors run goroutines than the program has set, the others are idle.
    absent = to_i64(scheduler.processor_limit) - to_i64(scheduler.processor_count)
    slept = scheduler.slept_ns + scheduler.absent_ns + (now - scheduler.available_since_ns) * absent
    each = scheduler.idle_processors
    while not is_null(each):
        slept += now - each.idle_since_ns
        each = each.idle_link
    into.pause_cpu_ns = cycles.pause_cpu_ns
    into.assist_cpu_ns = cycles.assist_ns
    into.worker_cpu_ns = cycles.worker_ns
    into.idle_worker_cpu_ns = cycles.idle_worker_ns
    into.limiter_cycle = limiter.last_enabled_cycle
    collected = to_i64(cycles.pause_cpu_ns + cycles.assist_ns + cycles.worker_ns + cycles.idle_worker_ns)
    idle = min(slept - to_i64(cycles.pause_cpu_ns - cycles.stop_ns), available - collected - _shown.user_ns)
    _shown.idle_ns = max(idle, _shown.idle_ns)
    _shown.user_ns = available - collected - _shown.idle_ns
    into.idle_cpu_ns = to_u64(_shown.idle_ns)
    into.total_cpu_ns = to_u64(available)


@kernel
def processor_count() -> u64:
    """Processors with an mcache."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += 1
        each = each.all_link
    return count


@kernel
def runnable_count() -> u64:
    """Goroutines in all run queues."""
    count = scheduler.queue_count
    each = first_processor
    while not is_null(each):
        count += to_u64(each.run_tail - each.run_head)
        if not is_null(each.run_next):
            count += 1
        each = each.all_link
    return count


@systemstack("runtime.gcscannable")
def gc_scannable() -> tuple[u64, u64]:
    """Bytes of allocated objects with pointers, exact after gcstats, and of globals with pointers. Visits every span."""
    count: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE and span.bitmap != 0:
            count += span.allocated * span.elem_bytes
    return count, global_bytes()


@systemstack("runtime.gcsizes")
def gc_sizes(into: addr, count: i64) -> None:
    """Stores size in bytes, objects ever allocated and ever freed of the first ``count`` size classes; exact after gcstats."""
    for number in range(min(to_u64(count), NUM_CLASSES)):
        counts = class_counts[number]
        store_u64(into + number * 24, to_u64(class_bytes[number]))
        store_u64(into + number * 24 + 8, counts.allocated)
        store_u64(into + number * 24 + 16, counts.freed)


@systemstack("runtime.gcpauses")
def gc_pauses(durations: addr, ends: addr, count: i64) -> i64:
    """Stores up to 256 pauses and their ends as rings (cycle n at place (n - 1) % 256); gives how many there are."""
    wanted = min(to_u64(count), PAUSE_RING)
    for place in range(wanted):
        store_u64(durations + place * 8, cycles.pauses_ns[place])
        store_u64(ends + place * 8, cycles.pause_ends_wall_ns[place])
    return to_i64(min(cycles.count, wanted))


@systemstack("runtime.timehistograms")
def time_histograms(pauses: addr, latencies: addr, count: i64) -> None:
    """Stores the first ``count`` counts of both histograms: pauses, and goroutines that waited for their turn."""
    for place in range(min(to_u64(count), TIME_BUCKETS)):
        store_u64(pauses + place * 8, pause_times.counts[place])
        store_u64(latencies + place * 8, ready_times.counts[place])
