"""The cycle under way, and statistics of all cycles since the program started.

The collector writes them; the scheduler, statistics and gctrace read them.
"""

from __future__ import annotations

from tricolor.kernel.lang import Array, Struct, addr, global_struct, global_value, i64, u64

PAUSE_RING = 256
"""Number of pauses that are kept: cycle n has place n % PAUSE_RING."""


class Cycles(Struct):
    """Times are in nanoseconds, and those of CLOCK_MONOTONIC unless said otherwise."""

    count: u64
    """Cycles whose marking has ended."""
    forced: u64
    is_stopped: u64
    """1 while the program has not run since the present or last cycle began."""
    pause_total_ns: u64
    stop_ns: u64
    """The stops at begin and end of marking, of all cycles."""
    pause_cpu_ns: u64
    """Those stops times GOMAXPROCS: meanwhile no processor serves the program."""
    last_end_wall_ns: u64
    heap_at_start: u64
    heap_at_end: u64
    marked: u64
    """Bytes that the last cycle left, with those allocated while it marked."""
    scanned_bytes: u64
    """Objects with pointers that the last cycle scanned."""
    begin_ns: i64
    mark_start_ns: i64
    mark_end_ns: i64
    end_ns: i64
    charged_live: u64
    """The live heap up to which the program has been charged for allocations while the collector marks."""
    assist_balance: i64
    """Bytes that the program may allocate until it has to assist; negative: its debt."""
    assist_ns: u64
    """Marking in all cycles: on behalf of allocations,"""
    worker_ns: u64
    """in slices that took a processor from the program,"""
    idle_worker_ns: u64
    """and while no goroutine could run."""
    is_forced: u64
    peak_pages: u64
    pauses_ns: Array[u64, PAUSE_RING]
    pause_ends_wall_ns: Array[u64, PAUSE_RING]


cycles = global_struct(Cycles, symbol_name="tricolor.cycles")
# Code that is called when a cycle begins, while the world is stopped and the write barrier is off. 0: none.
start_hook = global_value(addr)
