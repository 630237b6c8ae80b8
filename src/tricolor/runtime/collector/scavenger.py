"""The background scavenger: how much memory the process should keep, and how much time giving back the rest may take.

Goals, set at the end of each cycle and when GOGC or GOMEMLIMIT change::

    held     1.1 * (heap goal / last heap goal) * pages in use when marking ended
    ready    0.95 * memory limit

While one of them is exceeded, a goroutine (``scheduler.background``) works for 1 ms with scavenge_some(), and then sleeps as long as
sleep_time() says. A controller adjusts the ratio of the two so that the work takes 1 % of the time of all processors. It is a PI
controller: its output is the error times KP plus the integral of the error, which is corrected while the output is at its bounds.

Source:
    Go 1.27.3 runtime/mgcscavenge.go (gcPaceScavenger, scavengerState, piController).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    atomic_exchange,
    atomic_store,
    call_address,
    f64,
    global_struct,
    global_value,
    i64,
    kernel,
    text,
    to_f64,
    to_i64,
    to_u64,
    u32,
    u64,
    unlikely,
)
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
TIME_SHARE: Final = 0.01
LEAST_WORK_NS: Final = 1_000_000
"""Sleeping after less work would be too short to be exact."""
QUANTUM_BYTES: Final = 64 << 10
"""Released in one call: some 10 us. More delays goroutines, less makes the calls cost more than the work."""

# The controller; all times are in nanoseconds.
FIRST_RATIO: Final = 0.001
KP: Final = 0.3375
TI: Final = 3.2e6
TT: Final = 1e9
LEAST_RATIO: Final = 0.001
MOST_RATIO: Final = 1000.0
COOLDOWN_NS: Final = 5_000_000_000
MOST_FINITE: Final = 1.0e300


class Controller(Struct):
    """The state of the PI controller."""

    integral: f64


class Scavenger(Struct):
    """The state of the background."""

    sleep_ratio: f64
    """Time of work by time of sleep; 0: it has not worked yet."""
    controller: Embed[Controller]
    cooldown_ns: i64
    """How long the ratio still stays FIRST_RATIO, since the controller had failed."""
    was_reset: u32
    """1 if it failed since the last line of GODEBUG=scavtrace."""
    is_wanted: u32
    """1 while the background is asked to work."""
    is_sweeping: u32
    """1 after a cycle, until note_swept()."""
    in_use_at_end: u64
    """Bytes of pages in use when the last cycle ended marking."""


scavenger = global_struct(Scavenger, symbol_name="tricolor.scavenger")
# Called when a sweep is complete: the scheduler makes the goroutines that work in the background. 0 without a scheduler.
background_hook = global_value(addr)


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
    if not is_satisfied():
        atomic_store(scavenger.is_wanted, 1, "relaxed")
    if background_hook.value != 0:
        call_address(background_hook.value, (), None)


# --- Work and sleep -------------------------------------------------------------------------------


@kernel
def scavenge_some() -> u64:
    """Releases a quantum, if a goal is exceeded; gives how many bytes."""
    return 0 if is_satisfied() else scavenge_background(QUANTUM_BYTES)


@kernel
def sleep_time(worked_ns: i64) -> i64:
    """How long to sleep after that much work."""
    ratio = scavenger.sleep_ratio if scavenger.sleep_ratio > 0.0 else FIRST_RATIO
    return to_i64(to_f64(max(worked_ns, LEAST_WORK_NS)) / ratio)


@kernel
def note_slept(worked_ns: i64, slept_ns: i64, processors: u64) -> None:
    """Adjusts the ratio after a sleep."""
    worked = max(worked_ns, LEAST_WORK_NS)
    if scavenger.cooldown_ns > 0:
        scavenger.cooldown_ns = max(scavenger.cooldown_ns - worked - slept_ns, 0)
        return
    period = to_f64(worked + slept_ns)
    share = to_f64(worked) / (period * to_f64(processors))
    ratio = control(scavenger.controller, share, TIME_SHARE, period)
    if ratio < 0.0:
        ratio = FIRST_RATIO
        scavenger.cooldown_ns = COOLDOWN_NS
        scavenger.was_reset = 1
    scavenger.sleep_ratio = ratio


@kernel
def is_finite(value: f64) -> bool:
    """Whether it is a number that further sums do not overflow."""
    return value < MOST_FINITE and value > -MOST_FINITE


@kernel
def control(c: Controller, value: f64, wanted: f64, period_ns: f64) -> f64:
    """The output of the controller after the value was measured over a period; -1, and a reset, if numbers become too large."""
    raw = KP * (wanted - value) + c.integral
    output = LEAST_RATIO if raw < LEAST_RATIO else MOST_RATIO if raw > MOST_RATIO else raw
    integral = c.integral + KP * period_ns / TI * (wanted - value) + period_ns / TT * (output - raw)
    if not is_finite(raw) or not is_finite(integral):
        c.integral = 0.0
        return -1.0
    c.integral = integral
    return output


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
    elif scavenger.was_reset != 0:
        put(*text(" [controller reset]"))
        scavenger.was_reset = 0
    put(*text("\n"))
    flush_output()
