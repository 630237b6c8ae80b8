"""Sudogs, the records of goroutines that wait for channels: a free list for each processor, filled from the system's memory."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import as_struct, inline, is_null, null, size_of, systemstack, unlikely
from tricolor.runtime.records.goroutine import Sudog
from tricolor.runtime.records.machine import machine
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.memory import map_memory

SLAB_BYTES: Final = 64 * 1024


@systemstack("tricolor.fill_sudogs")
def fill_sudogs() -> None:
    """Puts a slab of records into the free list."""
    start = map_memory(SLAB_BYTES)
    if start == 0:
        out_of_memory()
    count = SLAB_BYTES // size_of(Sudog)
    p = machine.processor
    for index in range(count):
        made = as_struct(Sudog, start + index * size_of(Sudog))
        made.wait_link = p.free_sudogs
        p.free_sudogs = made


@inline
def sudog_acquire() -> Sudog:
    """A record whose ``next``, ``previous`` and ``wait_link`` are null."""
    if unlikely(is_null(machine.processor.free_sudogs)):
        fill_sudogs()
    p = machine.processor
    got = p.free_sudogs
    p.free_sudogs = got.wait_link
    got.wait_link = null(Sudog)
    got.next = null(Sudog)
    got.previous = null(Sudog)
    return got


@inline
def sudog_release(sudog: Sudog) -> None:
    """Gives a record back; it must be in no queue."""
    p = machine.processor
    sudog.wait_link = p.free_sudogs
    p.free_sudogs = sudog
