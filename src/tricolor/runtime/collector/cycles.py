"""Statistics of all cycles since the program started; the collector writes them, statistics and gctrace read them."""

from __future__ import annotations

from tricolor.kernel.lang import Array, Struct, global_struct, i64, u64

PAUSE_RING = 256
"""Number of pauses that are kept: cycle n has place n % PAUSE_RING."""


class Cycles(Struct):
    """Statistics of all cycles; times in nanoseconds."""

    count: u64
    forced: u64
    running: u64
    pause_total_ns: u64
    pause_cpu_ns: u64
    """Each pause times GOMAXPROCS: while the world is stopped no processor serves the program."""
    last_end_wall_ns: u64
    heap_at_start: u64
    heap_at_end: u64
    marked: u64
    goal_at_start: u64
    mark_start_ns: i64
    mark_end_ns: i64
    end_ns: i64
    begin_ns: i64
    is_forced: u64
    peak_pages: u64
    pauses_ns: Array[u64, PAUSE_RING]
    pause_ends_wall_ns: Array[u64, PAUSE_RING]


cycles = global_struct(Cycles, symbol_name="tricolor.cycles")
