"""Processor (Go's p): what a thread needs to run goroutines.

A thread takes a processor with it when it runs goroutines, and only that thread uses what is not said to be shared below. Other threads
take goroutines from its run queue (``scheduler.run_queue``) and from its sleepers, and the monitor thread reads a few of
the fields, each of one word. Who has the processor is in ``owner``: a thread gets it by a compare and exchange of that word, or
from the list of idle ones.

Processors are made as GOMAXPROCS grows, and never freed. Those from number ``scheduler.processor_count`` on are *retired*: no thread
runs goroutines with them, but the collector still looks at their mcaches and buffers.

Source:
    Go 1.27.3 runtime/runtime2.go (p), runtime/time.go (timers).

Differs from Go:
    The timers heap holds goroutines that sleep.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Array, Embed, Struct, addr, global_struct, i64, inline, is_null, kernel, u32, u64
from tricolor.runtime.allocator.heap_types import MCache
from tricolor.runtime.allocator.mcache import check_cells, check_dropped, drop_spans, flush_mcache
from tricolor.runtime.allocator.sizes import BARRIER_WORDS
from tricolor.runtime.records.goroutine import G, Segment, Sudog
from tricolor.runtime.records.mark_work import MarkWork
from tricolor.runtime.system.lock import Lock
from tricolor.runtime.system.seed import FACTOR, STEP

IN_SYSTEM_CALL: Final = 1
OF_THE_STOPPER: Final = 2
"""The owner of a processor that the thread which stops the world took from one in a system call."""
CACHED_ORDERS: Final = 4
"""Orders of segments of which a processor keeps free ones: 2 to 16 KiB."""
QUEUE_PLACES: Final = 256
MOST_FREE_GOROUTINES: Final = 64
MOST_PROCESSORS: Final = 256


class Sleepers(Struct):
    """A binary heap of goroutines by the time at which they wake: ``places`` words at ``table``, ``count`` of them in use.

    All threads use it, under its lock.
    """

    lock: Embed[Lock]
    table: addr
    count: u64
    places: u64
    first_wake: i64
    """When the first one wakes; -1 if nobody sleeps. Read without the lock."""


class BarrierBuffer(Struct):
    """Pointers that the write barrier shaded since the last flush (``collector.barrier``), ``count`` of them."""

    count: u64
    entries: Array[addr, BARRIER_WORDS]


class SegmentCache(Struct):
    """Free segments of stacks by order, linked by next, and how many there are (``scheduler.segments``); stacks that were scanned."""

    free: Array[Segment, CACHED_ORDERS]
    counts: Array[u64, CACHED_ORDERS]
    trims: u64
    """Calls of trim_idle() after which these are kept."""
    scanned_bytes: u64
    """What the stacks used that this processor has scanned in the present cycle (``stack_sizes``)."""
    scanned_stacks: u64


class Processor(Struct):
    """What a thread needs to run goroutines."""

    number: u32
    """From 0; below GOMAXPROCS."""
    run_next: G
    """Runs before the queue: the goroutine that was made or woken last. Other threads may take it."""
    run_head: u32
    """Goroutines taken from ``run_queue`` so far, by any thread, and put into it by the processor's own: those between are queued."""
    run_tail: u32
    run_queue: Array[addr, QUEUE_PLACES]
    schedule_tick: u64
    """Goroutines started so far. The monitor thread reads it."""
    monitor_tick: u64
    """The value of schedule_tick when the monitor thread looked last."""
    monitor_ns: i64
    """When the monitor thread first saw that value."""
    ready_tick: u64
    """Times that a goroutine became runnable."""
    sampled: G
    """A runnable goroutine whose latency is measured; null if there is none."""
    sampled_ns: i64
    """When it became runnable."""
    preempt: u32
    """1 when the monitor thread has asked for a yield."""
    collector_due: u32
    """1 when the monitor thread has asked for a slice of marking or sweeping."""
    random: u64
    """State of the generator that selects and seeds of maps draw from."""
    free_sudogs: Sudog
    free_sudog_count: u64
    free_goroutines: G
    """Dead ones that can be used again, by link."""
    free_goroutine_count: u64
    next_id: u64
    """The number of the next goroutine that the processor makes, and the last one of those that are its own."""
    last_id: u64
    created: u64
    """Goroutines made so far."""
    sleepers: Embed[Sleepers]
    owner: addr
    """The machine that runs goroutines with it; plus IN_SYSTEM_CALL while the machine is in a system call and any thread may take
    the processor; OF_THE_STOPPER; 0: none."""
    stopped_at: u32
    """The value of ``scheduler.stop_number`` for which its thread has stopped."""
    retired: u32
    """1 while its number is not below the number of processors."""
    system_calls: u64
    """Blocking system calls so far. The monitor thread reads it."""
    monitor_calls: u64
    """The value of system_calls when the monitor thread looked last."""
    idle_link: "Processor"
    """The next idle one."""
    idle_since_ns: i64
    """When it became idle."""
    all_link: "Processor"
    """The next one after ``first_processor``."""
    segments: Embed[SegmentCache]
    barrier: Embed[BarrierBuffer]
    mark: Embed[MarkWork]
    mcache: Embed[MCache]


# The processor that is made first, with which the others are linked by all_link.
first_processor = global_struct(Processor, symbol_name="tricolor.processor")


@inline
def next_random(p: Processor) -> u64:
    """A random number, whose upper half is good. It is not for secrets."""
    p.random = p.random * FACTOR + STEP
    return p.random


# --- All processors ----------------------------------------------------------------


@kernel
def flush_mcaches() -> None:
    """Flushes all mcaches, so that spans and counters are exact. The world is stopped."""
    each = first_processor
    while not is_null(each):
        flush_mcache(each.mcache)
        each = each.all_link


@kernel
def drop_all_spans() -> None:
    """Empties all mcaches; the sweep then puts spans with free elements into the lists. The world is stopped."""
    each = first_processor
    while not is_null(each):
        drop_spans(each.mcache)
        each = each.all_link


@kernel
def goroutines_created() -> u64:
    """Goroutines made so far, on all processors."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += each.created
        each = each.all_link
    return count


@kernel
def switches() -> u64:
    """Goroutines started so far, on all processors."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += each.schedule_tick
        each = each.all_link
    return count


@kernel
def tiny_allocs() -> u64:
    """Objects that were packed into a block with others, ever. The world is stopped."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += each.mcache.tiny_allocs
        each = each.all_link
    return count


@kernel
def check_all_dropped() -> None:
    """Invariant 1 of sweep: no mcache holds a span. The world is stopped."""
    each = first_processor
    while not is_null(each):
        check_dropped(each.mcache)
        each = each.all_link


@kernel
def check_mcaches() -> None:
    """The invariants of all cells. The world is stopped."""
    each = first_processor
    while not is_null(each):
        check_cells(each.mcache)
        each = each.all_link
