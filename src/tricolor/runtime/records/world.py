"""Stopping the world: no goroutine runs, and no other thread with a processor is inside the runtime, until start_world().

How: the thread makes ``scheduler.stop_number`` odd, so that nobody gets an idle processor from here on. Idle processors stand still
already; from threads in a system call it takes theirs; all other threads with a processor are asked to yield, at the next call or by
SIGURG, until each has come to the scheduler and waits there (wait_for_start). Kernels are not stopped: a thread in one of them
finishes it first.

Invariants:
    1. The thread that stops the world MUST hold no lock, and its goroutine MUST NOT be pinned while several processors run. Otherwise a
       thread that it waits for could wait for the lock. Checked by try_stop_world().
    2. While the world is stopped, each processor but the stopper's MUST be idle, taken, or its thread wait for the start. Otherwise a
       goroutine would run. Checked by check_world_stopped().

Source:
    Go 1.27.3 runtime/proc.go (stopTheWorldWithSema, startTheWorldWithSema).

Differs from Go:
    A thread does not wait for another one that stops the world: it gives up, so that it can be stopped itself.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.stack_limit import PREEMPT
from tricolor.kernel.lang import (
    as_struct,
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    atomic_or,
    atomic_store,
    call_address,
    check,
    field_address,
    i32,
    i64,
    is_null,
    kernel,
    libc,
    memory_at,
    null,
    spin_hint,
    stack_struct,
    to_addr,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.process import restarter, scheduler
from tricolor.runtime.records.processor import IN_SYSTEM_CALL, OF_THE_STOPPER, Processor, first_processor
from tricolor.runtime.settings_keys import ASYNC_PREEMPT_OFF
from tricolor.runtime.system.clock import TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while, sleep_while_for, wake_sleepers
from tricolor.runtime.system.lock import acquire, parallel, release

SIGNAL_URGENT: Final = 23
SPINS: Final = 200
"""Looks before a thread sleeps, 5 to 10 us: most threads stop, and most stops end, within that time."""
ASK_AGAIN_NS: Final = 50_000
FREEZE_NS: Final = 10_000_000


@libc
def pthread_kill(thread: u64, signal: i32) -> i32: ...


# --- Asking a thread to yield -----------------------------------------------------------------------


@kernel
def running_machine(p: Processor) -> Machine:
    """The thread that runs goroutines with the processor; null if none does, or one that has only been started."""
    owner = atomic_load(p.owner, "acquire")
    if owner == 0 or owner == to_addr(OF_THE_STOPPER) or to_u64(owner) & IN_SYSTEM_CALL != 0:
        return null(Machine)
    m = as_struct(Machine, owner)
    return m if atomic_load(m.limit_address, "acquire") != 0 else null(Machine)


@kernel
def ask_to_yield(p: Processor, m: Machine) -> None:
    """Asks for a yield at the next call. On the system stack the limit that the goroutine will have is changed."""
    atomic_store(p.preempt, 1, "relaxed")
    atomic_store(memory_at(u64, m.limit_address), PREEMPT, "relaxed")
    if atomic_load(m.system_stack, "relaxed") == 0:
        atomic_store(m.goroutine_limit, PREEMPT, "relaxed")


@kernel
def interrupt(m: Machine) -> None:
    """Has a signal stop the goroutine that the thread runs, wherever it is; nothing happens while the thread is in a kernel."""
    if settings[ASYNC_PREEMPT_OFF] == 0 and atomic_load(m.system_stack, "relaxed") != 0:
        pthread_kill(m.thread, SIGNAL_URGENT)


# --- Stopping ---------------------------------------------------------------------------------------


@kernel
def is_stopping() -> bool:
    """Whether a thread stops the world, or has stopped it."""
    return atomic_load(scheduler.stop_number, "acquire") & 1 != 0


@kernel
def _stands_still(p: Processor) -> bool:
    """Whether no thread runs goroutines with the processor. Takes it from a thread in a system call."""
    owner = atomic_load(p.owner, "acquire")
    if owner == 0 or owner == to_addr(OF_THE_STOPPER) or atomic_load(p.stopped_at, "acquire") == scheduler.stop_number:
        return True
    return to_u64(owner) & IN_SYSTEM_CALL != 0 and atomic_compare_exchange(p.owner, owner, to_addr(OF_THE_STOPPER), "acq_rel")


@kernel
def _ask(p: Processor) -> None:
    m = running_machine(p)
    if not is_null(m):
        ask_to_yield(p, m)
        interrupt(m)


@kernel
def _wait_for(p: Processor) -> None:
    """Waits until the processor stands still."""
    looks: u64 = 0
    pause = stack_struct(TimeSpec)
    pause.seconds = 0
    pause.nanoseconds = ASK_AGAIN_NS
    while True:
        news = atomic_load(scheduler.stop_news, "acquire")
        if _stands_still(p):
            return
        looks += 1
        if looks < SPINS:
            spin_hint()
            continue
        sleep_while_for(field_address(scheduler.stop_news), to_i64(to_u64(news)), pause)
        # The request may have been lost, or the goroutine was in a kernel.
        if not _stands_still(p):
            _ask(p)


@kernel
def try_stop_world() -> bool:
    """Stops the world; False if another thread stops it. The caller holds no lock, and has a processor."""
    check(1, machine.locks == 0 or parallel.value == 0, "try_stop_world: the goroutine is pinned")
    if not atomic_compare_exchange(scheduler.stopper, null(Machine), machine.self, "acq_rel"):
        return False
    acquire(scheduler.lock, RANK_SCHEDULER)
    atomic_store(scheduler.stop_number, scheduler.stop_number + 1, "seq_cst")
    release(scheduler.lock)
    mine = machine.processor
    each = first_processor
    while not is_null(each):
        if each is not mine and not _stands_still(each):
            _ask(each)
        each = each.all_link
    each = first_processor
    while not is_null(each):
        if each is not mine:
            _wait_for(each)
        each = each.all_link
    check_world_stopped()
    return True


@kernel
def check_world_stopped() -> None:
    """Invariant 2."""
    each = first_processor
    while not is_null(each):
        still = each is machine.processor or _stands_still(each)
        check(1, still, "check_world_stopped: a processor runs goroutines while the world is stopped")
        each = each.all_link


@kernel
def freeze_world() -> None:
    """Stops all other threads for good, as far as they can be stopped within FREEZE_NS: the program ends.

    The caller may hold locks. Another thread that stops the world waits for this one, for ever.
    """
    if parallel.value == 0:
        return
    atomic_compare_exchange(scheduler.stopper, null(Machine), machine.self, "acq_rel")
    atomic_or(scheduler.stop_number, 1, "seq_cst")
    deadline = nanotime() + FREEZE_NS
    each = first_processor
    while not is_null(each):
        asked_ns: i64 = 0
        while each is not machine.processor and not _stands_still(each) and nanotime() < deadline:
            if nanotime() - asked_ns > ASK_AGAIN_NS:
                asked_ns = nanotime()
                _ask(each)
            spin_hint()
        each = each.all_link


@kernel
def world_is_started() -> None:
    """From here on threads get processors again, and another one may stop the world. The caller wakes those that wait."""
    atomic_store(scheduler.stopper, null(Machine), "relaxed")
    atomic_store(scheduler.stop_number, scheduler.stop_number + 1, "release")


@kernel
def start_world() -> None:
    """Lets all others go on after try_stop_world()."""
    check(1, scheduler.stopper is machine.self, "start_world: another thread has stopped the world")
    if restarter.value == 0:
        # A heap without a scheduler.
        world_is_started()
    else:
        call_address(restarter.value, (), None)


@kernel
def wait_for_start() -> None:
    """Waits, while a thread stops the world, until it starts it again. The scheduler calls it, with no goroutine running."""
    while True:
        number = atomic_load(scheduler.stop_number, "acquire")
        if number & 1 == 0:
            return
        atomic_store(machine.processor.stopped_at, number, "release")
        atomic_add(scheduler.stop_news, 1, "acq_rel")
        wake_sleepers(field_address(scheduler.stop_news), 1)
        looks: u64 = 0
        while atomic_load(scheduler.stop_number, "acquire") == number:
            looks += 1
            if looks < SPINS:
                spin_hint()
            else:
                sleep_while(field_address(scheduler.stop_number), to_i64(to_u64(number)))
