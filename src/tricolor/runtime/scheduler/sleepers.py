"""Goroutines that wait for a point of time, in a binary heap by that time.

Times are nanoseconds of CLOCK_MONOTONIC. Equal times are served in the order of arrival as far as a heap keeps it.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    global_struct,
    i64,
    kernel,
    load_addr,
    memory_copy,
    null,
    store_addr,
    to_u32,
    to_u64,
    u64,
)
from tricolor.runtime.scheduler.machine import REASON_CHANNEL_TIMERS, G, machine
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.scheduler.system import (
    CLOCK_MONOTONIC,
    NANOSECONDS,
    TIMER_ABSTIME,
    TimeSpec,
    clock_nanosleep,
    map_memory,
    unmap_memory,
)

FIRST_PLACES: Final = 1024


class Sleepers(Struct):
    """The heap: ``places`` words at ``table``, the first ``count`` of them goroutines."""

    table: addr
    count: u64
    places: u64


_sleepers = global_struct(Sleepers)
_until = global_struct(TimeSpec)


@kernel
def _at(index: u64) -> G:
    return as_struct(G, load_addr(_sleepers.table + index * 8))


@kernel
def _put(index: u64, g: G) -> None:
    store_addr(_sleepers.table + index * 8, address(g))
    g.timer_index = to_u32(index) + 1


@kernel
def _grow() -> None:
    places = max(_sleepers.places * 2, FIRST_PLACES)
    table = map_memory(places * 8)
    if table == 0:
        out_of_memory()
    if _sleepers.table != 0:
        memory_copy(table, _sleepers.table, _sleepers.count * 8)
        unmap_memory(_sleepers.table, _sleepers.places * 8)
    _sleepers.table = table
    _sleepers.places = places


@kernel
def _up(start: u64, g: G) -> None:
    index = start
    while index > 0:
        parent = _at((index - 1) // 2)
        if parent.wake_time <= g.wake_time:
            break
        _put(index, parent)
        index = (index - 1) // 2
    _put(index, g)


@kernel
def _down(start: u64, g: G) -> None:
    index = start
    while True:
        least = 2 * index + 1
        if least >= _sleepers.count:
            break
        if least + 1 < _sleepers.count and _at(least + 1).wake_time < _at(least).wake_time:
            least += 1
        if _at(least).wake_time >= g.wake_time:
            break
        _put(index, _at(least))
        index = least
    _put(index, g)


@kernel
def sleeper_insert(g: G, when: i64) -> None:
    """Notes that the goroutine sleeps until that time."""
    if _sleepers.count == _sleepers.places:
        _grow()
    g.wake_time = when
    _sleepers.count += 1
    _up(_sleepers.count - 1, g)
    machine.first_wake = _at(0).wake_time


@kernel
def sleeper_remove(g: G) -> None:
    """Takes a goroutine out before its time."""
    index = to_u64(g.timer_index) - 1
    g.timer_index = 0
    _sleepers.count -= 1
    moved = _at(_sleepers.count)
    if moved is not g:
        _down(index, moved)
        _up(to_u64(moved.timer_index) - 1, moved)
    machine.first_wake = -1 if _sleepers.count == 0 else _at(0).wake_time


@kernel
def sleepers_due(now: i64) -> G:
    """Takes out a goroutine whose time has come; null if there is none."""
    if _sleepers.count == 0:
        return null(G)
    g = _at(0)
    if g.wake_time > now:
        return null(G)
    sleeper_remove(g)
    return g


@kernel
def sleeps_in_vain() -> bool:
    """Whether only the timers' goroutine sleeps, for timers whose channels nobody waits for."""
    if _sleepers.count != 1 or machine.timer_waiters != 0:
        return False
    return _at(0).reason == REASON_CHANNEL_TIMERS


@kernel
def wait_until(when: i64) -> None:
    """Lets the thread sleep until that time, or a signal."""
    _until.seconds = when // NANOSECONDS
    _until.nanoseconds = when % NANOSECONDS
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, _until, null(TimeSpec))
