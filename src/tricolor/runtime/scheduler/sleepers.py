"""Goroutines that wait for a point of time, in a binary heap by that time.

Times are nanoseconds of CLOCK_MONOTONIC. Goroutines with equal times wake in any order. Each processor has a heap, under a lock of its
own: a processor without work takes those out that are due on another one.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    address,
    as_struct,
    atomic_load,
    atomic_store,
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
from tricolor.runtime.lock_ranks import RANK_RUN_QUEUE
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.processor import Processor, Sleepers
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.lock import acquire, release
from tricolor.runtime.system.memory import map_memory, unmap_memory

FIRST_PLACES: Final = 1024


@kernel
def _at(s: Sleepers, index: u64) -> G:
    return as_struct(G, load_addr(s.table + index * 8))


@kernel
def _put(s: Sleepers, index: u64, g: G) -> None:
    store_addr(s.table + index * 8, address(g))
    g.timer_index = to_u32(index) + 1


@kernel
def _grow(s: Sleepers) -> None:
    places = max(s.places * 2, FIRST_PLACES)
    table = map_memory(places * 8)
    if table == 0:
        out_of_memory()
    if s.table != 0:
        memory_copy(table, s.table, s.count * 8)
        unmap_memory(s.table, s.places * 8)
    s.table = table
    s.places = places


@kernel
def _up(s: Sleepers, start: u64, g: G) -> None:
    index = start
    while index > 0:
        parent = _at(s, (index - 1) // 2)
        if parent.wake_time <= g.wake_time:
            break
        _put(s, index, parent)
        index = (index - 1) // 2
    _put(s, index, g)


@kernel
def _down(s: Sleepers, start: u64, g: G) -> None:
    index = start
    while True:
        least = 2 * index + 1
        if least >= s.count:
            break
        if least + 1 < s.count and _at(s, least + 1).wake_time < _at(s, least).wake_time:
            least += 1
        if _at(s, least).wake_time >= g.wake_time:
            break
        _put(s, index, _at(s, least))
        index = least
    _put(s, index, g)


@kernel
def sleeper_insert(p: Processor, g: G, when: i64) -> None:
    """Notes that the goroutine sleeps until that time. It is parked already: from here on any thread may wake it."""
    s = p.sleepers
    acquire(s.lock, RANK_RUN_QUEUE)
    if s.count == s.places:
        _grow(s)
    g.wake_time = when
    g.timer_processor = address(p)
    s.count += 1
    _up(s, s.count - 1, g)
    _set_first(s)
    release(s.lock)


@kernel
def _set_first(s: Sleepers) -> None:
    first: i64 = -1
    if s.count != 0:
        first = _at(s, 0).wake_time
    atomic_store(s.first_wake, first, "release")


@kernel
def _remove(s: Sleepers, g: G) -> None:
    index = to_u64(g.timer_index) - 1
    atomic_store(g.timer_index, 0, "relaxed")
    s.count -= 1
    moved = _at(s, s.count)
    if moved is not g:
        _down(s, index, moved)
        _up(s, to_u64(moved.timer_index) - 1, moved)
    _set_first(s)


@kernel
def sleeper_remove(p: Processor, g: G) -> bool:
    """Takes a goroutine out before its time that was seen to sleep on a processor; False if it does not sleep any more."""
    s = p.sleepers
    acquire(s.lock, RANK_RUN_QUEUE)
    found = g.timer_index != 0
    if found:
        _remove(s, g)
    release(s.lock)
    return found


@kernel
def sleepers_due(p: Processor, now: i64) -> G:
    """Takes out a goroutine whose time has come; null if there is none."""
    s = p.sleepers
    when = atomic_load(s.first_wake, "relaxed")
    if when < 0 or when > now:
        return null(G)
    acquire(s.lock, RANK_RUN_QUEUE)
    g = null(G)
    if s.count != 0 and _at(s, 0).wake_time <= now:
        g = _at(s, 0)
        _remove(s, g)
    release(s.lock)
    return g


@kernel
def sleepers_move(source: Processor, target: Processor) -> None:
    """Moves all goroutines that sleep on a processor to another one. The world is stopped."""
    while source.sleepers.count != 0:
        g = _at(source.sleepers, 0)
        _remove(source.sleepers, g)
        sleeper_insert(target, g, g.wake_time)
