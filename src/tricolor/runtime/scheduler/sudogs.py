"""Sudogs, the records of goroutines that wait for channels, for a select, which needs one for each of its cases. (A send or receive has its
only one in its frame.)

Each processor has a list of free ones, which nobody else touches. A goroutine that waits takes its record on one processor, and may give
it back on another. So a list that has LOCAL_MOST records gives half of them to the central list, and one that is empty gets as many from
there. The central list is filled with slabs of the system's memory, which is never given back.

Invariants:
    1. A record MUST be in no queue of a channel when it is given back. Otherwise a waker would find the record of another goroutine.
       Checked by check_free().
    2. The count of free records of a processor MUST be the length of its list. Otherwise a list would grow without bound. Checked by
       check_count().

Source:
    Go 1.27.3 runtime/proc.go (acquireSudog, releaseSudog).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Embed,
    Struct,
    as_struct,
    check,
    global_struct,
    inline,
    is_null,
    kernel,
    null,
    size_of,
    systemstack,
    u64,
    unlikely,
)
from tricolor.runtime.lock_ranks import RANK_SUDOGS
from tricolor.runtime.records.goroutine import Sudog
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.lock import Lock, acquire, release
from tricolor.runtime.system.memory import map_memory

SLAB_BYTES: Final = 64 * 1024
LOCAL_MOST: Final = 128
"""As in Go. Higher: more memory that a processor keeps to itself; lower: more visits to the central list."""
MOVED: Final = LOCAL_MOST // 2


class CentralSudogs(Struct):
    """Free records that no processor has."""

    lock: Embed[Lock]
    free: Sudog


central_sudogs = global_struct(CentralSudogs)


@kernel
def _new_slab() -> None:
    """Puts a slab of records into the central list. The caller holds its lock."""
    start = map_memory(SLAB_BYTES)
    if start == 0:
        out_of_memory()
    for index in range(SLAB_BYTES // size_of(Sudog)):
        made = as_struct(Sudog, start + index * size_of(Sudog))
        made.wait_link = central_sudogs.free
        central_sudogs.free = made


@kernel
def _free_count(p: Processor) -> u64:
    """How many free records the processor really has."""
    count: u64 = 0
    each = p.free_sudogs
    while not is_null(each):
        count += 1
        each = each.wait_link
    return count


@kernel
def check_count(p: Processor) -> None:
    """Invariant 2."""
    check(2, _free_count(p) == p.free_sudog_count, "check_count: the count of free records is wrong")


@systemstack("tricolor.fill_sudogs")
def fill_sudogs() -> None:
    """Moves records from the central list to that of the processor, which is empty."""
    p = machine.processor
    acquire(central_sudogs.lock, RANK_SUDOGS)
    if is_null(central_sudogs.free):
        _new_slab()
    while p.free_sudog_count < MOVED and not is_null(central_sudogs.free):
        moved = central_sudogs.free
        central_sudogs.free = moved.wait_link
        moved.wait_link = p.free_sudogs
        p.free_sudogs = moved
        p.free_sudog_count += 1
    release(central_sudogs.lock)
    check_count(p)


@systemstack("tricolor.spill_sudogs")
def spill_sudogs() -> None:
    """Moves records from the list of the processor to the central one."""
    p = machine.processor
    check_count(p)
    first = p.free_sudogs
    last = first
    for _ in range(MOVED - 1):
        last = last.wait_link
    p.free_sudogs = last.wait_link
    p.free_sudog_count -= MOVED
    acquire(central_sudogs.lock, RANK_SUDOGS)
    last.wait_link = central_sudogs.free
    central_sudogs.free = first
    release(central_sudogs.lock)


@inline
def check_free(sudog: Sudog) -> None:
    """Invariant 1, as far as it can be seen."""
    check(2, is_null(sudog.next) and is_null(sudog.previous), "check_free: the record is in a queue")


@inline
def sudog_acquire() -> Sudog:
    """A record whose ``next``, ``previous`` and ``wait_link`` are null."""
    if unlikely(is_null(machine.processor.free_sudogs)):
        fill_sudogs()
    p = machine.processor
    got = p.free_sudogs
    p.free_sudogs = got.wait_link
    p.free_sudog_count -= 1
    got.wait_link = null(Sudog)
    got.next = null(Sudog)
    got.previous = null(Sudog)
    return got


@inline
def sudog_release(sudog: Sudog) -> None:
    """Gives a record back."""
    check_free(sudog)
    if unlikely(machine.processor.free_sudog_count == LOCAL_MOST):
        spill_sudogs()
    p = machine.processor
    sudog.wait_link = p.free_sudogs
    p.free_sudogs = sudog
    p.free_sudog_count += 1
