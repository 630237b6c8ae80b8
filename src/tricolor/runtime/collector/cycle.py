"""One cycle of our collector, with the world stopped.

Phases::

    1. flush      the mcache gives back what is left of its runs, so that counters are exact
    2. roots      push what globals, stacks and specials hold
    3. mark       mark all that can be reached from there
    4. checkmark  if GODEBUG=gccheckmark=1: mark again by a plain method, and compare
    5. specials   clear weak handles; queue finalizers and cleanups
    6. sweep      turn the mark bits into the allocation bits; free spans without marks
    7. pace       set goal and trigger of the next cycle; give surplus pages back to the system
    8. report     statistics, the gctrace line; wake the goroutine that runs finalizers

Source:
    Go 1.27.3 runtime/mgc.go.

Differs from Go:
    The world is stopped throughout: the only thread that runs goroutines runs the cycle, on its system stack.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    check,
    global_value,
    kernel,
    systemstack,
    to_i64,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.accounting import note_collection
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.allocator.pages import release_free_pages
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.collector.barrier import flush_barrier_buffers
from tricolor.runtime.collector.checkmark import check_marks, save_roots
from tricolor.runtime.collector.cycles import PAUSE_RING, cycles
from tricolor.runtime.collector.gctrace import print_gctrace
from tricolor.runtime.collector.mark import mark_reachable
from tricolor.runtime.collector.pacing import set_goal
from tricolor.runtime.collector.roots import mark_roots
from tricolor.runtime.collector.samples import check_samples, end_profile_cycle
from tricolor.runtime.collector.specials import call_queue_hook, check_specials, mark_special_roots, process_specials
from tricolor.runtime.collector.sweep import check_heap, sweep
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import drop_all_spans, flush_mcaches
from tricolor.runtime.records.time_histogram import count_duration, pause_times
from tricolor.runtime.settings_keys import CHECKMARK, GCTRACE, STRESS, TRACE_ALLOCATIONS
from tricolor.runtime.system.clock import nanotime, wall_ns

RELEASE_SHARE = 10
# Giving back fewer pages is not worth the system calls.
LEAST_RELEASE_PAGES = 512
# Allocations since the last cycle that STRESS started.
stress_countdown = global_value(u64)


@kernel
def collect(forced: bool) -> None:
    """Runs one cycle."""
    check(1, cycles.running == 0, "collect: a collection inside a collection")
    if mheap.layout_count == 0:
        init_layouts()
    cycles.running = 1
    cycles.begin_ns = nanotime()
    cycles.is_forced = 1 if forced else 0
    cycles.goal_at_start = mheap.goal
    if unlikely(settings[TRACE_ALLOCATIONS] != 0):
        note_collection()
    # 1. Flush.
    flush_mcaches()
    flush_barrier_buffers()
    cycles.heap_at_start = mheap.live
    cycles.peak_pages = max(cycles.peak_pages, mheap.pages_in_use)
    # 2. Roots.
    cycles.mark_start_ns = nanotime()
    mark_roots()
    mark_special_roots()
    if unlikely(settings[CHECKMARK] != 0):
        save_roots()
    # 3. Mark.
    mark_reachable()
    # 4. Checkmark.
    if unlikely(settings[CHECKMARK] != 0):
        check_marks()
    # 5. Specials.
    process_specials()
    end_profile_cycle()
    cycles.heap_at_end = mheap.live
    cycles.mark_end_ns = nanotime()
    # 6. Sweep.
    drop_all_spans()
    sweep()
    cycles.marked = mheap.live
    # 7. Pace.
    set_goal(mheap.live)
    release_surplus()
    # 8. Report.
    report_cycle()


@kernel
def report_cycle() -> None:
    """Counts the cycle, prints the gctrace line, and wakes the goroutine that runs finalizers."""
    cycles.end_ns = nanotime()
    pause = to_u64(cycles.end_ns - cycles.begin_ns)
    place = cycles.count % PAUSE_RING
    cycles.last_end_wall_ns = to_u64(wall_ns())
    cycles.pauses_ns[place] = pause
    cycles.pause_ends_wall_ns[place] = cycles.last_end_wall_ns
    cycles.pause_total_ns += pause
    cycles.pause_cpu_ns += pause * to_u64(scheduler.processor_limit)
    count_duration(pause_times, to_i64(pause))
    cycles.count += 1
    cycles.forced += cycles.is_forced
    cycles.running = 0
    if unlikely(settings[GCTRACE] != 0):
        print_gctrace()
    if unlikely(settings[CHECKMARK] != 0):
        check_heap()
        check_specials()
        check_samples()
    call_queue_hook()


@kernel
def release_surplus() -> None:
    """Gives back half of the free pages that the heap does not need to reach its goal and a tenth more.

    Only half, since a heap that grows again pays a page fault for each page that was given back.
    """
    held = mheap.top_pages - mheap.released_pages
    goal_pages = mheap.goal >> PAGE_SHIFT
    # The tenth of the pages in use allows for spans that are not full.
    wanted = goal_pages + (goal_pages + mheap.pages_in_use) // RELEASE_SHARE
    if held > wanted + LEAST_RELEASE_PAGES:
        release_free_pages((held - wanted) // 2)


@kernel
def collect_if_due(extra_bytes: u64) -> None:
    """Collects if the heap and the bytes about to be allocated reach the trigger, or if STRESS asks for it."""
    if unlikely(mheap.live + extra_bytes >= mheap.trigger) and mheap.trigger != 0:
        collect(False)
    elif unlikely(settings[STRESS] != 0):
        stress_countdown.value += 1
        if stress_countdown.value >= to_u64(settings[STRESS]):
            stress_countdown.value = 0
            collect(False)


@kernel
def collect_for_memory() -> None:
    """Collects because the arena is full."""
    collect(True)


@systemstack("runtime.gccollect")
def gc_collect() -> None:
    """runtime.GC."""
    collect(True)


@systemstack("runtime.gcscavenge")
def gc_scavenge() -> None:
    """Gives all free pages back to the system."""
    release_free_pages(~0)
