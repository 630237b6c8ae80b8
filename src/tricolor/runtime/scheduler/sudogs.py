"""Records of goroutines that wait for a channel: a free list, filled from memory of the system."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import as_struct, inline, is_null, null, size_of, systemstack, unlikely
from tricolor.runtime.scheduler.machine import Sudog, counters, machine
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.scheduler.system import map_memory

SLAB_BYTES: Final = 64 * 1024


@systemstack("tricolor.fill_sudogs")
def fill_sudogs() -> None:
    """Puts a slab of records into the free list."""
    start = map_memory(SLAB_BYTES)
    if start == 0:
        out_of_memory()
    count = SLAB_BYTES // size_of(Sudog)
    for index in range(count):
        made = as_struct(Sudog, start + index * size_of(Sudog))
        made.wait_link = machine.free_sudogs
        machine.free_sudogs = made
    counters.sudogs += count


@inline
def sudog_acquire() -> Sudog:
    """A record whose ``next``, ``previous`` and ``wait_link`` are null."""
    if unlikely(is_null(machine.free_sudogs)):
        fill_sudogs()
    got = machine.free_sudogs
    machine.free_sudogs = got.wait_link
    got.wait_link = null(Sudog)
    got.next = null(Sudog)
    got.previous = null(Sudog)
    return got


@inline
def sudog_release(sudog: Sudog) -> None:
    """Gives a record back; it must be in no queue."""
    sudog.wait_link = machine.free_sudogs
    machine.free_sudogs = sudog
