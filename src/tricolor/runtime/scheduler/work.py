"""Finds the goroutine that a processor runs next.

In this order: the processor's own queue, the queue that all share, sleepers that are due, descriptors that are ready, half of the queue of
another processor. While there is nothing, the thread helps the collector, and then waits without its processor.

Source:
    Go 1.27.3 runtime/proc.go (findRunnable, stealWork, resetspinning).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import atomic_add, atomic_load, is_null, kernel, null, to_i32, to_u64, unlikely
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.collector.cycle import idle_slice
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import RUNNABLE, WAITING, G, change_status
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import Processor, first_processor, next_random
from tricolor.runtime.records.world import is_stopping, wait_for_start
from tricolor.runtime.scheduler.machines import (
    can_run,
    idle_processor_take,
    processor_give_up,
    processor_leave,
    processor_use,
    processor_wait,
    wake_idle_processor,
)
from tricolor.runtime.scheduler.netpoll import poll_look
from tricolor.runtime.scheduler.run_queue import enqueue, enqueue_all, sample_ready, shared_take, steal, take_next
from tricolor.runtime.scheduler.seeded import choose, jump_to_sleeper
from tricolor.runtime.scheduler.sleepers import sleepers_due
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import acquire, parallel, release

STEAL_ROUNDS: Final = 4
"""Rounds over all processors; only the last one takes what a processor is about to run."""


@kernel
def next_of(p: Processor) -> G:
    """Takes the goroutine that runs next on the thread's processor; null if none can."""
    if unlikely(machine.seeded != 0):
        return choose(p)
    return take_next(p)


@kernel
def wake_due(p: Processor, sleeping: Processor) -> None:
    """Puts goroutines that sleep on a processor, and whose time has come, at the end of the run queue of ``p``, the thread's own."""
    if atomic_load(sleeping.sleepers.first_wake, "relaxed") < 0:
        return
    now = nanotime()
    while True:
        g = sleepers_due(sleeping, now)
        if is_null(g):
            return
        g.param = 1
        change_status(g, WAITING, RUNNABLE)
        sample_ready(p, g)
        enqueue(p, g)


# --- Other processors -------------------------------------------------------------------------------


@kernel
def _begin_spinning() -> bool:
    """Whether the thread may look at other processors: at most half of the busy ones have such threads."""
    if machine.spinning != 0:
        return True
    busy = to_i32(scheduler.processor_count) - atomic_load(scheduler.idle_processor_count, "relaxed")
    if 2 * atomic_load(scheduler.spinning, "relaxed") >= busy:
        return False
    machine.spinning = 1
    atomic_add(scheduler.spinning, 1, "seq_cst")
    return True


@kernel
def _end_spinning() -> None:
    """The thread has found work: another one may look for more."""
    if machine.spinning != 0:
        machine.spinning = 0
        atomic_add(scheduler.spinning, -1, "seq_cst")
        if atomic_load(scheduler.idle_processor_count, "relaxed") != 0:
            wake_idle_processor()


@kernel
def _steal_from(p: Processor, victim: Processor, last: bool) -> G:
    """Takes goroutines of one other processor; in the last round also those that are due to wake there, and what it is about to run."""
    if victim is p or victim.retired != 0:
        return null(G)
    if last:
        wake_due(p, victim)
        g = take_next(p)
        if not is_null(g):
            return g
    return steal(p, victim, last)


@kernel
def _any_processor(p: Processor) -> Processor:
    """A processor by chance, so that thieves do not meet."""
    chosen = first_processor
    for _ in range((next_random(p) >> 32) % to_u64(scheduler.processor_count)):
        chosen = chosen.all_link
    return chosen


@kernel
def _steal_from_any(p: Processor) -> G:
    """Takes goroutines of another processor; null if none has any."""
    for round in range(STEAL_ROUNDS):
        first = _any_processor(p)
        victim = first
        while True:
            if is_stopping():
                return null(G)
            g = _steal_from(p, victim, round == STEAL_ROUNDS - 1)
            if not is_null(g):
                return g
            victim = first_processor if is_null(victim.all_link) else victim.all_link
            if victim is first:
                break
    return null(G)


@kernel
def _is_any_left() -> bool:
    """Whether a processor has something to run after all. Asked when the thread has stopped spinning."""
    each = first_processor
    while not is_null(each):
        if can_run(each):
            return True
        each = each.all_link
    return False


@kernel
def _take_processor_again() -> bool:
    """Takes an idle processor, to look for work once more."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    p = idle_processor_take()
    release(scheduler.lock)
    if is_null(p):
        return False
    processor_use(p)
    return True


@kernel
def _wait_for_processor() -> None:
    """The thread has given its processor up: it waits until it has one again."""
    if machine.spinning != 0:
        machine.spinning = 0
        atomic_add(scheduler.spinning, -1, "seq_cst")
        if _is_any_left() and _take_processor_again():
            return
    processor_wait()


@kernel
def stop_here() -> None:
    """Waits until the world is started again; afterwards the thread has a processor, maybe another one."""
    if machine.spinning != 0:
        machine.spinning = 0
        atomic_add(scheduler.spinning, -1, "seq_cst")
    wait_for_start()
    if machine.processor.retired != 0:
        processor_leave()


# --- All places -------------------------------------------------------------------------------------


@kernel
def _look(p: Processor) -> G:
    """Looks everywhere once; null if there is no goroutine to run."""
    g = shared_take(p)
    if not is_null(g):
        return g
    wake_due(p, p)
    if atomic_load(scheduler.poll_waiters, "relaxed") != 0:
        enqueue_all(p, poll_look())
    g = next_of(p)
    if is_null(g) and parallel.value != 0 and _begin_spinning():
        g = _steal_from_any(p)
    return g


@kernel
def find_work() -> G:
    """Takes a goroutine that does not stand in the thread's run queue; waits until there is one."""
    while True:
        if is_stopping():
            stop_here()
        p = machine.processor
        g = next_of(p)
        if is_null(g):
            g = _look(p)
        if not is_null(g):
            _end_spinning()
            return g
        if is_marking.value != 0:
            _end_spinning()
        if idle_slice():
            continue
        if machine.seeded != 0 and jump_to_sleeper(p):
            continue
        if processor_give_up():
            _wait_for_processor()
