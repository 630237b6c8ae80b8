"""Pacing: the pacer and the limiter of the process. Reads the heap, the settings and the clock for them, and stores what they decide.

How a concurrent cycle calls it, in this order::

    begin_pacing()       stop 1, after the mcaches are flushed
    count_slice()        while marking, after each slice and assist
    revise_pacing()      while marking, after each refill and each large allocation
    end_pacing()         stop 2, when nothing is left to mark
    set_goal_after()     stop 2, when the bytes that the cycle marked are known
    resume_pacing()      at the end of both stops, just before goroutines run on

set_goal() sets the goal after a change of GOGC or GOMEMLIMIT.

Source:
    Go 1.27.3 runtime/mgcpacer.go (gcControllerCommit), runtime/mgc.go (gcStart, gcMarkDone, gcMarkTermination).

Differs from Go:
    The allocator does not count bytes that may hold pointers: all that was allocated since the last cycle is taken to hold some.
    Under the memory limit the program can allocate at least 64 KiB between two cycles.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    atomic_add,
    atomic_exchange,
    atomic_store,
    global_struct,
    global_value,
    i64,
    kernel,
    to_i64,
    to_u32,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.pages import free_dirty_pages
from tricolor.runtime.allocator.scavenge import ready_bytes, scavenging, take_assist_time
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.collector.limiter import (
    Limiter,
    add_assist_time,
    add_idle_time,
    begin_transition,
    end_transition,
    needs_update,
    reset_capacity,
    update,
)
from tricolor.runtime.collector.pacer import (
    SLICE_NS,
    Pacer,
    commit,
    end_cycle,
    find_trigger,
    is_limited,
    reset_live,
    revise,
    set_percent,
    start_cycle,
)
from tricolor.runtime.collector.pacer_trace import print_cycle_end, print_cycle_start
from tricolor.runtime.collector.roots import global_bytes
from tricolor.runtime.collector.scavenger import note_pages_in_use, pace_scavenger
from tricolor.runtime.collector.workers import WORKER_ASSIST, WORKER_IDLE, count_work
from tricolor.runtime.records.process import counters, scheduler
from tricolor.runtime.settings_keys import GC_PERCENT, MEMORY_LIMIT, PACER_TRACE

LEAST_RUNWAY_BYTES: Final = 64 << 10
"""What the program can allocate at least between two cycles, even over the memory limit. With less it would only collect."""

pacer = global_struct(Pacer, symbol_name="tricolor.pacer")
limiter = global_struct(Limiter, symbol_name="tricolor.limiter")
revising = global_value(u32)
"""1 while a thread computes the assist ratio."""


# --- Inputs ---------------------------------------------------------------------------------------


@kernel
def processors() -> u64:
    """Processors that run goroutines."""
    return to_u64(scheduler.processor_count)


@kernel
def read_memory() -> None:
    """Tells the pacer what the process holds: heap pages that were not given back, stacks, tables."""
    pacer.heap_live = mheap.live
    pacer.heap_free = free_dirty_pages() << PAGE_SHIFT
    pacer.heap_alloc = max(mheap.pages_in_use << PAGE_SHIFT, mheap.live)
    pacer.mapped_ready = ready_bytes()


@kernel
def stack_bytes() -> u64:
    """Stacks of goroutines, used or not."""
    return counters.segment_bytes


@kernel
def read_settings() -> None:
    """Tells the pacer GOGC and GOMEMLIMIT."""
    set_percent(pacer, settings[GC_PERCENT])
    pacer.memory_limit = to_u64(settings[MEMORY_LIMIT])
    pacer.slice_ns = SLICE_NS


@kernel
def scannable_bytes() -> u64:
    """Bytes of the heap that may hold pointers, at most."""
    return pacer.last_heap_scan + mheap.live - min(mheap.live, pacer.heap_marked)


# --- What the pacer decides -----------------------------------------------------------------------


@kernel
def publish() -> None:
    """Stores goal and trigger where allocation reads them."""
    trigger, goal = find_trigger(pacer)
    if is_limited(pacer):
        least = pacer.heap_marked + LEAST_RUNWAY_BYTES
        trigger = max(trigger, least)
        goal = max(goal, least)
    mheap.trigger = trigger
    mheap.goal = goal
    pace_scavenger(goal, pacer.last_heap_goal)


@kernel
def set_goal(marked: u64) -> None:
    """Sets goal and trigger anew: ``marked`` bytes were live in the last cycle."""
    read_settings()
    read_memory()
    pacer.heap_marked = marked
    commit(pacer, True)
    if pacer.triggered != 0:
        revise(pacer)
    publish()


# --- A cycle that marks beside the program --------------------------------------------------------


@kernel
def begin_pacing(now_ns: i64, stopped_ns: i64, stops_world: bool) -> None:
    """Begins a cycle at ``now_ns``; the world stands still since ``stopped_ns``, and the mcaches are flushed."""
    if limiter.processors != to_i64(processors()):
        reset_capacity(limiter, stopped_ns, processors())
    begin_transition(limiter, True, stopped_ns)
    read_memory()
    pacer.max_stack_scan = stack_bytes()
    pacer.globals_scan = global_bytes()
    pacer.heap_scan = scannable_bytes()
    start_cycle(pacer, now_ns, processors(), stops_world)
    if unlikely(settings[PACER_TRACE] != 0):
        print_cycle_start(pacer)


@kernel
def resume_pacing(now_ns: i64) -> None:
    """The world is about to run on after begin_pacing() or end_pacing()."""
    end_transition(limiter, now_ns)
    scavenging.is_limited = to_u32(limiter.limiting)


@kernel
def count_slice(worker: u64, heap_bytes: u64, root_bytes: u64, duration_ns: u64) -> None:
    """Counts a slice of mark work by one of the WORKER kinds: scanned bytes of heap and stacks, and its time."""
    atomic_add(pacer.heap_scan_work, heap_bytes, "relaxed")
    atomic_add(pacer.stack_scan_work, root_bytes, "relaxed")
    count_work(pacer, worker, heap_bytes + root_bytes, duration_ns)
    if worker == WORKER_ASSIST:
        add_assist_time(limiter, to_i64(duration_ns))
    elif worker == WORKER_IDLE:
        add_idle_time(limiter, to_i64(duration_ns))


@kernel
def count_globals() -> None:
    """Counts the globals as scanned."""
    pacer.globals_scan_work = pacer.globals_scan


@kernel
def revise_pacing(now_ns: i64) -> None:
    """Computes the assist ratio anew, since the heap has grown; leaves it to another thread that does so at the moment."""
    if atomic_exchange(revising.value, 1, "acquire") != 0:
        return
    read_memory()
    revise(pacer)
    if needs_update(limiter, now_ns):
        add_assist_time(limiter, take_assist_time())
        update(limiter, now_ns)
        scavenging.is_limited = to_u32(limiter.limiting)
    atomic_store(revising.value, 0, "release")


@kernel
def end_pacing(now_ns: i64, stopped_ns: i64) -> None:
    """Ends marking at ``now_ns``; the world stands still since ``stopped_ns``, and ``mheap.live`` is exact."""
    begin_transition(limiter, False, stopped_ns)
    note_pages_in_use()
    limiter.cycle += 1
    read_memory()
    previous = pacer.cons_mark
    end_cycle(pacer, now_ns, processors())
    if unlikely(settings[PACER_TRACE] != 0):
        print_cycle_end(pacer, previous, now_ns, processors())


@kernel
def set_goal_after(marked: u64, is_sweep_done: bool) -> None:
    """Ends the cycle and sets the goal of the next one: ``marked`` bytes are live. Without ``is_sweep_done`` it lies 1 MiB ahead."""
    reset_live(pacer, marked)
    read_settings()
    read_memory()
    pacer.heap_live = marked
    commit(pacer, is_sweep_done)
    publish()
