"""GOMAXPROCS: how many processors run goroutines.

Source:
    Go 1.27.3 runtime/proc.go (procresize), runtime/debug.go (GOMAXPROCS).

Differs from Go:
    A processor that is not needed any more keeps its mcache, and is used again when GOMAXPROCS grows.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    as_struct,
    i32,
    i64,
    is_null,
    kernel,
    null,
    size_of,
    systemstack,
    to_addr,
    to_i64,
    to_u32,
    u32,
    unlikely,
)
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import MOST_PROCESSORS, OF_THE_STOPPER, Processor, first_processor, next_random
from tricolor.runtime.records.world import start_world, try_stop_world
from tricolor.runtime.scheduler.machines import idle_processor_put
from tricolor.runtime.scheduler.run_queue import shared_put, take_next
from tricolor.runtime.scheduler.sleepers import sleepers_move
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.settings_keys import PROCESSORS
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import acquire, parallel, release
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.seed import seed

BUSY: Final = -1
"""What gomaxprocs gives if another thread stops the world: the caller yields and tries again."""
LIMIT_SET: Final = 0
"""The environment or the program sets GOMAXPROCS."""
LIMIT_UPDATED: Final = 2
"""The limits of the machine may have changed. 1: the program asks for the default, which follows them."""


@kernel
def _wanted_count() -> u32:
    """How many processors run goroutines if the program sets GOMAXPROCS to ``scheduler.processor_limit``."""
    most: i64 = MOST_PROCESSORS
    if settings[PROCESSORS] > 0:
        most = min(settings[PROCESSORS], most)
    if seed.on != 0:
        most = 1
    return to_u32(min(to_i64(scheduler.processor_limit), most))


@kernel
def _new_processor(number: u32) -> Processor:
    """A retired processor, which is not in the list of all processors yet."""
    p = as_struct(Processor, reserve(0, size_of(Processor)))
    if is_null(p):
        out_of_memory()
    p.number = number
    p.retired = 1
    p.sleepers.first_wake = -1
    p.random = next_random(first_processor)
    return p


@kernel
def _retire(p: Processor) -> None:
    """No thread runs goroutines with the processor from here on: others get those that it has."""
    p.retired = 1
    if p.owner == to_addr(OF_THE_STOPPER):
        p.owner = to_addr(0)
    while True:
        g = take_next(p)
        if is_null(g):
            break
        shared_put(g)
    p.sampled = null(G)
    sleepers_move(p, machine.processor)


@kernel
def _unlink_retired() -> None:
    """Takes retired processors out of the list of idle ones."""
    idle = scheduler.idle_processors
    scheduler.idle_processors = null(Processor)
    scheduler.idle_processor_count = 0
    while not is_null(idle):
        following = idle.idle_link
        if idle.retired == 0:
            idle.idle_link = scheduler.idle_processors
            scheduler.idle_processors = idle
            scheduler.idle_processor_count += 1
        else:
            scheduler.slept_ns += nanotime() - idle.idle_since_ns
        idle = following


@kernel
def _keep(p: Processor, count: u32) -> None:
    """Exchanges the number of a processor that must not be retired with that of number 0, if it is too high."""
    if p.number < count:
        return
    each = first_processor
    while each.number != 0:
        each = each.all_link
    each.number = p.number
    p.number = 0


@kernel
def resize(count: u32) -> None:
    """Makes that many processors run goroutines. The world is stopped."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    _keep(machine.processor, count)
    made: u32 = 1
    p = first_processor
    while True:
        if p.number >= count and p.retired == 0:
            _retire(p)
        elif p.number < count and p.retired != 0:
            p.retired = 0
            # One that a thread still has, which waits for the start, stays with that thread.
            if p.owner == 0:
                idle_processor_put(p)
        if is_null(p.all_link):
            if made >= count:
                break
            p.all_link = _new_processor(made)
        p = p.all_link
        made += 1
    _unlink_retired()
    scheduler.processor_count = count
    parallel.value = 1 if count > 1 else 0
    release(scheduler.lock)


@systemstack("runtime.gomaxprocs")
def gomaxprocs(count: i32, reason: i32) -> i32:
    """Sets GOMAXPROCS if ``count`` is above 0; gives the previous value, or BUSY. An update leaves alone what was set."""
    before = scheduler.processor_limit
    if count <= 0:
        return before
    if unlikely(not try_stop_world()):
        return BUSY
    if reason != LIMIT_UPDATED:
        scheduler.limit_is_set = 1 if reason == LIMIT_SET else 0
    elif scheduler.limit_is_set != 0:
        start_world()
        return before
    now = nanotime()
    scheduler.available_ns += (now - scheduler.available_since_ns) * to_i64(before)
    scheduler.absent_ns += (now - scheduler.available_since_ns) * (to_i64(before) - to_i64(scheduler.processor_count))
    scheduler.available_since_ns = now
    scheduler.processor_limit = count
    wanted = _wanted_count()
    if wanted != scheduler.processor_count:
        resize(wanted)
    start_world()
    return before
