"""The background scavenger: how much memory the process should keep, and how much time giving back the rest may take.

Goals, set at the end of each cycle and when GOGC or GOMEMLIMIT change::

    held     1.1 * (heap goal / last heap goal) * pages in use when marking ended
    ready    0.95 * memory limit

While one of them is exceeded, sweeping goes on with scavenge_some() until no page is left to sweep or to release.

Source:
    Go 1.27.3 runtime/mgcscavenge.go (gcPaceScavenger).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, atomic_exchange, global_struct, kernel, text, to_f64, to_u64, u32, u64, unlikely
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.scavenge import (
    NO_GOAL,
    begin_scavenging,
    held_bytes,
    ready_bytes,
    scavenge_background,
    scavenge_forced,
    scavenging,
)
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.settings_keys import MEMORY_LIMIT, SCAVENGER_TRACE
from tricolor.runtime.system.output import flush_output, put, put_number

KEPT_SHARE: Final = 1.1
"""More keeps memory that the heap may need; less costs page faults when it grows again."""
LIMIT_SHARE: Final = 0.95
OS_PAGE_BYTES: Final = 4096
QUANTUM_BYTES: Final = 64 << 10
"""Released in one call: some 10 us. More delays goroutines, less makes the calls cost more than the work."""


class Scavenger(Struct):
    """The state of the background."""

    is_sweeping: u32
    """1 after a cycle, until note_swept()."""
    in_use_at_end: u64
    """Bytes of pages in use when the last cycle ended marking."""


scavenger = global_struct(Scavenger, symbol_name="tricolor.scavenger")


# --- Goals ----------------------------------------------------------------------------------------


@kernel
def pace_scavenger(heap_goal: u64, last_heap_goal: u64) -> None:
    """Sets the goals; a goal that is not exceeded becomes NO_GOAL."""
    limit_goal = to_u64(to_f64(settings[MEMORY_LIMIT]) * LIMIT_SHARE)
    scavenging.ready_goal = limit_goal if ready_bytes() > limit_goal else NO_GOAL
    scavenging.held_goal = NO_GOAL
    if last_heap_goal != 0:
        ratio = to_f64(heap_goal) / to_f64(last_heap_goal)
        goal = to_u64(to_f64(scavenger.in_use_at_end) * ratio * KEPT_SHARE)
        if held_bytes() > goal + OS_PAGE_BYTES:
            scavenging.held_goal = goal


@kernel
def note_pages_in_use() -> None:
    """Marking ends: the goals are relative to what is in use then."""
    scavenger.in_use_at_end = mheap.pages_in_use << PAGE_SHIFT
    scavenger.is_sweeping = 1


@kernel
def is_satisfied() -> bool:
    """Whether no goal is exceeded."""
    return held_bytes() <= scavenging.held_goal and ready_bytes() <= scavenging.ready_goal


@kernel
def note_swept() -> None:
    """The sweep is complete: free pages may be released. Does nothing at further calls until the next cycle."""
    if atomic_exchange(scavenger.is_sweeping, 0, "relaxed") == 0:
        return
    begin_scavenging()
    if unlikely(settings[SCAVENGER_TRACE] != 0):
        print_scavenging(scavenging.background_bytes, scavenging.eager_bytes, False)
    scavenging.background_bytes = 0
    scavenging.eager_bytes = 0


# --- Work -----------------------------------------------------------------------------------------


@kernel
def scavenge_some() -> u64:
    """Releases a quantum, if a goal is exceeded; gives how many bytes."""
    return 0 if is_satisfied() else scavenge_background(QUANTUM_BYTES)


# --- What people look at --------------------------------------------------------------------------


@kernel
def scavenge_all() -> None:
    """debug.FreeOSMemory: releases all free pages."""
    released = scavenge_forced(~0)
    if unlikely(settings[SCAVENGER_TRACE] != 0):
        print_scavenging(0, released, True)


@kernel
def print_scavenging(background_bytes: u64, eager_bytes: u64, forced: bool) -> None:
    """The line of GODEBUG=scavtrace=1."""
    put(*text("scav "))
    put_number(background_bytes >> 10)
    put(*text(" KiB work (bg), "))
    put_number(eager_bytes >> 10)
    put(*text(" KiB work (eager), "))
    put_number(mheap.released_pages << PAGE_SHIFT >> 10)
    put(*text(" KiB now, "))
    put_number((mheap.pages_in_use << PAGE_SHIFT) * 100 // max(held_bytes(), 1))
    put(*text("% util"))
    if forced:
        put(*text(" (forced)"))
    put(*text("\n"))
    flush_output()
