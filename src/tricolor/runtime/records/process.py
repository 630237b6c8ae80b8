"""Scheduler (Go's sched): what all threads of the process share, and the counters that a report shows.

Source:
    Go 1.27.3 runtime/runtime2.go (schedt, allm, allgs).
"""

from __future__ import annotations

from tricolor.kernel.lang import Struct, addr, global_struct, i32, i64, kernel, set_thread_struct, u32, u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import first_machine, machine
from tricolor.runtime.records.processor import first_processor
from tricolor.runtime.system.clock import nanotime


class Scheduler(Struct):
    """What all threads share."""

    all_goroutines: G
    """Oldest first, by all_link; dead ones stay in the list."""
    all_last: G
    free_goroutines: G
    """Dead ones that can be used again, by link."""
    goroutine_slab: addr
    """Memory for records of goroutines, and its end."""
    goroutine_slab_end: addr
    last_id: u64
    """Number of the goroutine made last."""
    live: u64
    """Goroutines that are not dead and not the runtime's own."""
    system_live: u64
    """The runtime's own goroutines that are not dead."""
    timer_waiters: u64
    """Waits for channels that timers send to."""
    processor_limit: i32
    """What the program set GOMAXPROCS to."""
    started_ns: i64
    available_ns: i64
    """GOMAXPROCS times the time that it had that value, for all values but the present one."""
    available_since_ns: i64
    """When GOMAXPROCS got its present value."""
    slept_ns: i64
    """Time that the thread slept since no goroutine could run."""
    main_ended: u32
    """1 once the main goroutine called Goexit."""
    running: u32
    """1 between start and exit; the monitor thread sleeps on it and ends when it is 0."""
    monitor_state: u32
    """Of the monitor thread: one of the MONITOR constants in preempt.py."""
    argc: i64
    argv: addr
    envp: addr


class Counters(Struct):
    """What a report shows of stacks and switches; all count from the start."""

    goroutines_created: u64
    goroutines_peak: u64
    switches: u64
    stack_growths: u64
    """Times a function needed a new segment."""
    largest_stack_bytes: u64
    segment_bytes: u64
    """Segments in use by goroutines, live or kept for use again."""
    segment_bytes_peak: u64
    mapped_bytes: u64
    """Memory for segments that the system gave: those in use, free ones, and what was never cut."""


scheduler = global_struct(Scheduler, symbol_name="tricolor.scheduler")
counters = global_struct(Counters, symbol_name="tricolor.scheduler_counters")


@kernel
def init_scheduler() -> None:
    """Makes the calling thread the first machine, and gives it the first processor."""
    set_thread_struct(machine, first_machine)
    first_processor.sleepers.first_wake = -1
    machine.processor = first_processor
    scheduler.processor_limit = 1
    scheduler.started_ns = nanotime()
    scheduler.available_since_ns = scheduler.started_ns
    scheduler.running = 1
