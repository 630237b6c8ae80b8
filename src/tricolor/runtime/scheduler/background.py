"""What the helpers do (``helpers``): the scavenger gives memory back to the system, another one begins a cycle, and the last one lets
GOMAXPROCS follow the limits of the machine.

The scavenger works for 1 ms, and then sleeps so that it takes 1 % of the time (``collector.scavenger``). Free pages of the heap come first,
then blocks of stacks that the program did not miss (``segments``).

The first two are made when the first sweep that leaves something to do is complete. The last one is made with the monitor thread, and its
code is in package runtime.

Source:
    Go 1.27.3 runtime/mgcscavenge.go (bgscavenge), runtime/proc.go (forcegchelper).

Differs from Go:
    A program that has never had a second goroutine has no monitor thread, and so no cycle that only time begins.
"""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import (
    addr,
    atomic_exchange,
    atomic_store,
    export,
    field_address,
    function_address,
    goroutine,
    i64,
    kernel,
    systemstack,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.collector.cycle import begin_periodic
from tricolor.runtime.collector.scavenger import LEAST_WORK_NS, note_slept, scavenge_all, scavenge_some, scavenger, sleep_time
from tricolor.runtime.collector.sweep import finish_sweep
from tricolor.runtime.records.goroutine import WAITING, G
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.context import park
from tricolor.runtime.scheduler.goroutines import create, monitor_needed, schedule
from tricolor.runtime.scheduler.helpers import LIMITS_PERIOD_NS, Helper, cycle_helper, limits_helper, scavenging_helper
from tricolor.runtime.scheduler.preempt import MONITOR_RUNS
from tricolor.runtime.scheduler.reasons import REASON_NONE
from tricolor.runtime.scheduler.segments import release_idle, release_surplus, surplus_blocks
from tricolor.runtime.scheduler.waking import make_ready
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.seed import seed

# --- Parking --------------------------------------------------------------------------------------


@kernel
def _commit(helper: Helper, g: G) -> NoReturn:
    """The helper waits; the monitor thread may wake it from here on."""
    atomic_store(g.status, WAITING, "release")
    atomic_store(helper.is_parked, 1, "release")
    schedule()


@export("tricolor.commit_scavenger")
def commit_scavenger(g: G) -> NoReturn:
    """Parks the scavenger."""
    _commit(scavenging_helper, g)


@export("tricolor.commit_limits_helper")
def commit_limits_helper(g: G) -> NoReturn:
    """Parks the one that looks at the limits for GOMAXPROCS."""
    _commit(limits_helper, g)


@export("tricolor.commit_cycle_helper")
def commit_cycle_helper(g: G) -> NoReturn:
    """Parks the one that begins cycles."""
    _commit(cycle_helper, g)


# --- The scavenger --------------------------------------------------------------------------------


@systemstack("tricolor.scavenge_step")
def scavenge_step() -> tuple[u64, u64]:
    """Gives some memory back: bytes, and nanoseconds."""
    began = nanotime()
    released = scavenge_some()
    if released == 0:
        released = release_surplus()
    return released, to_u64(max(nanotime() - began, 1))


@systemstack("tricolor.scavenger_rests")
def scavenger_rests(worked_ns: u64) -> i64:
    """Sets when the monitor thread wakes the scavenger: after a sleep, or if it did nothing, when it is asked; gives the present time."""
    now = nanotime()
    scavenging_helper.due_ns = 0 if worked_ns == 0 else now + sleep_time(to_i64(worked_ns))
    return now


@systemstack("tricolor.scavenger_rested")
def scavenger_rested(worked_ns: u64, since_ns: i64) -> None:
    """Learns from how long it slept."""
    atomic_exchange(scavenger.is_wanted, 0, "relaxed")
    if worked_ns != 0:
        note_slept(to_i64(worked_ns), nanotime() - since_ns, to_u64(scheduler.processor_limit))


@goroutine("tricolor.scavenge_in_background")
def scavenge_in_background(closure: addr) -> None:
    """Code of the scavenger."""
    while True:
        worked: u64 = 0
        while worked < LEAST_WORK_NS:
            released, took = scavenge_step()
            if released == 0:
                break
            worked += took
        since = scavenger_rests(worked)
        park(function_address(commit_scavenger))
        scavenger_rested(worked, since)


@systemstack("runtime.gcscavenge")
def gc_scavenge() -> None:
    """debug.FreeOSMemory: gives all free pages and all blocks of stacks that nobody uses back to the system."""
    finish_sweep()
    scavenge_all()
    release_idle(~0)


# --- The one that begins cycles ---------------------------------------------------------------------


@goroutine("tricolor.force_cycles")
def force_cycles(closure: addr) -> None:
    """Code of the helper that begins a cycle when there was none for long."""
    while True:
        park(function_address(commit_cycle_helper))
        begin_periodic()


# --- The one that lets GOMAXPROCS follow the limits of the machine ----------------------------------


@systemstack("tricolor.limits_helper_rests")
def limits_helper_rests() -> None:
    """Sets when the monitor thread wakes it again."""
    limits_helper.due_ns = nanotime() + LIMITS_PERIOD_NS


@goroutine("runtime.waitforlimits")
def wait_for_limits() -> None:
    """Waits until it is time to look again. Package runtime has the code of this helper."""
    limits_helper_rests()
    park(function_address(commit_limits_helper))


# --- Making them ----------------------------------------------------------------------------------


@kernel
def _make(helper: Helper, code: addr) -> None:
    """Makes a helper, unless there is one."""
    if atomic_exchange(helper.is_made, 1, "relaxed") != 0:
        return
    helper.closure = code
    helper.g = create(field_address(helper.closure), True, REASON_NONE)
    make_ready(helper.g)


@kernel
def make_helpers() -> None:
    """Called when a sweep is complete: makes the helpers that are needed."""
    if seed.on != 0:
        return
    if scavenger.is_wanted != 0 or surplus_blocks() != 0:
        atomic_store(scavenger.is_wanted, 1, "relaxed")
        _make(scavenging_helper, function_address(scavenge_in_background))
        monitor_needed()
    if scheduler.monitor_state == MONITOR_RUNS:
        _make(cycle_helper, function_address(force_cycles))
