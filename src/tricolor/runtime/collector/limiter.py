"""Limiter: keeps the collector from taking more than half of the processors' time for long.

How: a bucket fills with the CPU time of the collector and drains with that of the program. While it is full the limiter limits:
assists are left out, so that the heap exceeds its goal or the memory limit instead of the program coming to a stop. The bucket
holds one second per processor: that much may the collector take at once. A bucket never holds less than nothing: idle
hours give no credit. Collector time is assists, the time of all processors while the world is stopped, and, while
marking, the quarter of all time that workers have. Idle time is neither.

Units: nanoseconds; of CPU time in the bucket.

Invariants:
    1. The fill MUST NOT exceed the capacity. Otherwise the limiter would go on after the program had its half.
       Checked by accumulate().
    2. A transition MUST begin and end with the world stopped, and update() MUST NOT run in it. Otherwise its time
       would count twice. Checked by update().

Source:
    Go 1.27.3 runtime/mgclimit.go.

Differs from Go:
    Assists and idle time count when they end. A slice of mark work takes at most 0.5 ms, so there are no events in flight to consult.
    Transitions happen while the world is stopped, updates on one thread at a time; only the pools are atomic.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, atomic_add, atomic_exchange, check, i64, kernel, to_f64, to_i64, to_u64, u64
from tricolor.runtime.collector.pacer import BACKGROUND_SHARE

CAPACITY_NS: Final = 1_000_000_000
"""Of the bucket, per processor. With more the collector may stop a program for longer, with less a heap exceeds its limit earlier."""
UPDATE_PERIOD_NS: Final = 10_000_000


class Limiter(Struct):
    """The state of a limiter; zero is one that never limits. reset_capacity() starts it."""

    limiting: u64
    """1 while assists must be left out."""
    is_marking: u64
    in_transition: u64
    fill: u64
    capacity: u64
    overflow: u64
    """Collector time that found the bucket full, ever."""
    assist_pool_ns: i64
    """Assists since the last update."""
    idle_pool_ns: i64
    """Idle time of processors, and work of idle workers, since the last update."""
    updated_ns: i64
    """When the last update was."""
    processors: i64
    cycle: u64
    """Number of the running or next cycle."""
    last_enabled_cycle: u64
    """The cycle in which the limiter last began to limit; 0: none."""


@kernel
def needs_update(state: Limiter, now_ns: i64) -> bool:
    """Whether the last update is more than 10 ms ago."""
    return now_ns - state.updated_ns > UPDATE_PERIOD_NS


@kernel
def add_assist_time(state: Limiter, duration_ns: i64) -> None:
    """Counts an assist that has ended."""
    atomic_add(state.assist_pool_ns, duration_ns, "relaxed")


@kernel
def add_idle_time(state: Limiter, duration_ns: i64) -> None:
    """Counts time that a processor was idle, or that it marked because it was idle."""
    atomic_add(state.idle_pool_ns, duration_ns, "relaxed")


@kernel
def update(state: Limiter, now_ns: i64) -> None:
    """Moves the time since the last update into the bucket."""
    check(1, state.in_transition == 0, "update: a transition runs")
    count_window(state, now_ns)


@kernel
def count_window(state: Limiter, now_ns: i64) -> None:
    """Divides the time since the last update into the collector's, the program's and idle time."""
    if now_ns < state.updated_ns:
        return
    total = (now_ns - state.updated_ns) * state.processors
    state.updated_ns = now_ns
    collector = atomic_exchange(state.assist_pool_ns, 0, "relaxed")
    idle = atomic_exchange(state.idle_pool_ns, 0, "relaxed")
    if state.is_marking != 0:
        # Workers have a quarter of all time, idle or not.
        collector += to_i64(to_f64(total) * BACKGROUND_SHARE)
    accumulate(state, total - idle - collector, collector)


@kernel
def accumulate(state: Limiter, program_ns: i64, collector_ns: i64) -> None:
    """Fills the bucket with the collector's time, drains the program's, and decides whether to limit."""
    check(1, state.fill <= state.capacity, "accumulate: the bucket holds more than its capacity")
    room = state.capacity - state.fill
    was_full = room == 0
    change = collector_ns - program_ns
    if change > 0 and room <= to_u64(change):
        state.overflow += to_u64(change) - room
        state.fill = state.capacity
        if not was_full:
            begin_limiting(state)
        return
    if change < 0 and state.fill <= to_u64(-change):
        state.fill = 0
    else:
        state.fill += to_u64(change)
    if change != 0 and was_full:
        state.limiting = 0


@kernel
def begin_limiting(state: Limiter) -> None:
    """Limits from here on."""
    state.limiting = 1
    state.last_enabled_cycle = state.cycle


@kernel
def begin_transition(state: Limiter, marks_after: bool, now_ns: i64) -> None:
    """The world has stopped to begin marking or to end it; end_transition() must follow before it runs on."""
    check(1, state.in_transition == 0, "begin_transition: a transition runs")
    check(1, (state.is_marking != 0) != marks_after, "begin_transition: nothing changes")
    count_window(state, now_ns)
    state.is_marking = 1 if marks_after else 0
    state.in_transition = 1


@kernel
def end_transition(state: Limiter, now_ns: i64) -> None:
    """The world is about to run on: the stop counts as collector time of all processors."""
    check(1, state.in_transition != 0, "end_transition: no transition runs")
    if now_ns >= state.updated_ns:
        accumulate(state, 0, (now_ns - state.updated_ns) * state.processors)
    state.updated_ns = now_ns
    state.in_transition = 0


@kernel
def reset_capacity(state: Limiter, now_ns: i64, processors: u64) -> None:
    """Sets the number of processors; the collector does not mark."""
    count_window(state, now_ns)
    state.processors = to_i64(processors)
    state.capacity = processors * CAPACITY_NS
    if state.fill > state.capacity:
        state.fill = state.capacity
        begin_limiting(state)
    elif state.fill < state.capacity:
        state.limiting = 0
