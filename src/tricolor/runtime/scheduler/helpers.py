"""Goroutines of the runtime that the monitor thread wakes: the scavenger, the one that begins a cycle when there was none for long, and
the one that lets GOMAXPROCS follow the limits of the machine.

A helper parks in its own function (``background``); its record says when it is to be woken. As it is a goroutine, it works only with a
processor, yields to others, and does not keep an idle program from being idle. While it is parked, even until a time, it does not
count as somebody who may go on: a deadlock is one.

Source:
    Go 1.27.3 runtime/proc.go (sysmon, sysmonUpdateGOMAXPROCS), runtime/mgcscavenge.go (scavengerState.wake).

Differs from Go:
    The monitor thread also ends the scavenger's sleep, to 10 ms.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, addr, atomic_exchange, atomic_load, global_struct, i64, kernel, u32
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.scavenger import scavenger
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import RUNNABLE, WAITING, G, change_status
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.machines import poller_wake, wake_idle_processor
from tricolor.runtime.scheduler.run_queue import shared_put
from tricolor.runtime.settings_keys import CYCLE_PERIOD_MS, GC_PERCENT
from tricolor.runtime.system.lock import acquire, release

PERIOD_NS: Final = 120_000_000_000
"""The longest time between two cycles: finalizers run, and memory goes back to the system, in a program that allocates little."""
NS_PER_MS: Final = 1_000_000
LIMITS_PERIOD_NS: Final = 1_000_000_000
"""Between two looks at the limits for GOMAXPROCS; Go's value."""


class Helper(Struct):
    """A goroutine that works when it is woken."""

    g: G
    is_made: u32
    is_parked: u32
    """1 while it waits to be woken. Who sets it to 0 wakes it."""
    due_ns: i64
    """When it is to be woken; 0: when there is work."""
    closure: addr


scavenging_helper = global_struct(Helper)
cycle_helper = global_struct(Helper)
limits_helper = global_struct(Helper)


@kernel
def is_cycle_due(now: i64) -> bool:
    """Whether the last cycle is too long ago. Before the first one none is due."""
    period = settings[CYCLE_PERIOD_MS] * NS_PER_MS if settings[CYCLE_PERIOD_MS] != 0 else PERIOD_NS
    return is_marking.value == 0 and settings[GC_PERCENT] >= 0 and cycles.count != 0 and now - cycles.end_ns > period


@kernel
def _wake(helper: Helper) -> None:
    """Lets a parked helper run."""
    if atomic_exchange(helper.is_parked, 0, "acquire") == 0:
        return
    change_status(helper.g, WAITING, RUNNABLE)
    acquire(scheduler.lock, RANK_SCHEDULER)
    shared_put(helper.g)
    poller_wake()
    release(scheduler.lock)
    wake_idle_processor()


@kernel
def wake_helpers(now: i64) -> None:
    """Wakes the helpers that have something to do. The monitor thread calls it."""
    if atomic_load(scavenging_helper.is_parked, "acquire") != 0:
        due = scavenging_helper.due_ns
        if due <= now if due != 0 else atomic_load(scavenger.is_wanted, "relaxed") != 0:
            _wake(scavenging_helper)
    if atomic_load(cycle_helper.is_parked, "acquire") != 0 and is_cycle_due(now):
        _wake(cycle_helper)
    if atomic_load(limits_helper.is_parked, "acquire") != 0 and scheduler.limit_is_set == 0 and limits_helper.due_ns <= now:
        _wake(limits_helper)
