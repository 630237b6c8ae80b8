"""Machines and processors: how a thread starts, gets a processor, waits without one, and hands one over.

A thread needs a processor to run goroutines. One that finds no goroutine gives its processor up (``processor_give_up``) and waits
(``processor_wait``). As long as there is an idle processor, one of the waiting threads is the *poller*: it sleeps until the first
sleeper of all processors is due, and then takes the processor. All others sleep in the list of idle machines until a thread that has
a processor to give chooses one of them (``hand_over``), or makes a new one.

Invariants:
    1. ``scheduler.lock`` MUST be held while the lists, the shared queue and the poller are used. Otherwise two threads would take the
       same processor or goroutine. Checked by check_locked().
    2. Every processor MUST be in the list of idle ones, owned by a machine, or in the hands of the monitor thread. Otherwise goroutines
       would wait for ever. Checked by check_processors().
    3. A thread without a processor MUST NOT touch the heap, or the queues of a processor. Otherwise it would race with the thread that
       has it. ``machine.processor`` is null there, so that it would fault. No check sees that.

Source:
    Go 1.27.3 runtime/proc.go (newm, startm, stopm, handoffp, pidleput, checkdead).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_load,
    atomic_store,
    check,
    field_address,
    global_value,
    i32,
    i64,
    is_null,
    kernel,
    null,
    set_thread_struct,
    size_of,
    stack_struct,
    text,
    to_u64,
)
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import Machine, first_machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.netpoll import poll_interrupt, poll_sleep
from tricolor.runtime.scheduler.signals import SignalMask, block_signals, program_mask, restore_mask, use_alternate_stack
from tricolor.runtime.scheduler.sleepers import sleeps_in_vain
from tricolor.runtime.scheduler.stops import deadlock
from tricolor.runtime.system.clock import NS_PER_SECOND, TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while, sleep_while_for, wake_sleepers
from tricolor.runtime.system.lock import acquire, holds, release
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.output import put, put_number
from tricolor.runtime.system.stop import fatal
from tricolor.runtime.system.thread import pthread_self, start_thread

TRY_AGAIN: Final = 11
"""EAGAIN: the system starts no more threads."""
NEVER: Final = -1

# Where a new thread begins: tricolor.machine_thread, which stands above this module.
thread_start = global_value(addr)


# --- Lists, under the lock ------------------------------------------------------------------------


@kernel
def check_locked() -> None:
    """Invariant 1."""
    check(2, holds(scheduler.lock), "check_locked: the scheduler's lock is not held")


@kernel
def check_processors() -> None:
    """Invariant 2, as far as it can be seen: idle processors have no owner."""
    each = scheduler.idle_processors
    while not is_null(each):
        check(2, each.owner == 0, "check_processors: an idle processor has an owner")
        each = each.idle_link


@kernel
def idle_processor_put(p: Processor) -> None:
    """Nobody has the processor from here on."""
    check_locked()
    atomic_store(p.owner, 0, "release")
    p.idle_since_ns = nanotime()
    p.idle_link = scheduler.idle_processors
    scheduler.idle_processors = p
    check_processors()


@kernel
def idle_processor_take() -> Processor:
    """A processor that nobody has; null if there is none."""
    check_locked()
    p = scheduler.idle_processors
    if not is_null(p):
        scheduler.idle_processors = p.idle_link
        scheduler.slept_ns += nanotime() - p.idle_since_ns
    return p


@kernel
def shared_put(g: G) -> None:
    """Puts a runnable goroutine into the queue of all processors."""
    check_locked()
    g.link = null(G)
    if scheduler.queue_count == 0:
        scheduler.queue_head = g
    else:
        scheduler.queue_tail.link = g
    scheduler.queue_tail = g
    scheduler.queue_count += 1


@kernel
def shared_take() -> G:
    """Takes a goroutine from the queue of all processors; null if there is none."""
    if atomic_load(scheduler.queue_count, "relaxed") == 0:
        return null(G)
    acquire(scheduler.lock, RANK_SCHEDULER)
    g = null(G)
    if scheduler.queue_count != 0:
        g = scheduler.queue_head
        scheduler.queue_head = g.link
        scheduler.queue_count -= 1
    release(scheduler.lock)
    return g


# --- Having a processor ---------------------------------------------------------------------------


@kernel
def processor_use(p: Processor) -> None:
    """The calling thread runs goroutines with the processor from here on."""
    machine.processor = p
    atomic_store(p.owner, address(machine), "release")


@kernel
def machine_wake(m: Machine, p: Processor) -> None:
    """Gives a processor to a thread that sleeps or starts."""
    m.given = p
    atomic_store(p.owner, address(m), "release")
    atomic_store(m.note, 1, "release")
    wake_sleepers(field_address(m.note), 1)


@kernel
def _machine_sleep(until: i64) -> None:
    """Sleeps until another thread wakes this one, or until the time (NEVER: no time)."""
    word = field_address(machine.note)
    while atomic_load(machine.note, "acquire") == 0:
        if until == NEVER:
            sleep_while(word, 0)
        else:
            left = until - nanotime()
            if left <= 0:
                break
            duration = stack_struct(TimeSpec)
            duration.seconds = left // NS_PER_SECOND
            duration.nanoseconds = left % NS_PER_SECOND
            sleep_while_for(word, 0, duration)
    atomic_store(machine.note, 0, "relaxed")


@kernel
def first_wake() -> i64:
    """When the first sleeper of all idle processors is due; NEVER if nobody sleeps, or only in vain. A thread that has a processor
    looks after its sleepers itself."""
    until: i64 = NEVER
    each = scheduler.idle_processors
    while not is_null(each):
        when = each.sleepers.first_wake
        if when >= 0 and (until < 0 or when < until) and not sleeps_in_vain(each.sleepers):
            until = when
        each = each.idle_link
    return until


@kernel
def poller_wake() -> None:
    """Lets the poller look again, if there is one: what it waits for has changed."""
    check_locked()
    poller = scheduler.poller
    if is_null(poller):
        return
    if scheduler.epoll != 0:
        poll_interrupt()
    else:
        atomic_store(poller.note, 1, "release")
        wake_sleepers(field_address(poller.note), 1)


@kernel
def _poller_sleep(until: i64) -> None:
    """Sleeps until the time, poller_wake(), or until a descriptor is ready."""
    if scheduler.epoll == 0:
        _machine_sleep(until)
    elif until == NEVER:
        poll_sleep(NEVER)
    else:
        poll_sleep(max(until - nanotime(), 0))


@kernel
def _poll(until: i64) -> bool:
    """The thread is the poller until that time, or until it is woken; then it takes an idle processor: False if there is none.

    The caller holds the lock, which is released.
    """
    scheduler.poller = machine.self
    scheduler.poller_until = until
    atomic_store(machine.note, 0, "relaxed")
    release(scheduler.lock)
    _poller_sleep(until)
    acquire(scheduler.lock, RANK_SCHEDULER)
    scheduler.poller = null(Machine)
    p = idle_processor_take()
    release(scheduler.lock)
    if is_null(p):
        return False
    processor_use(p)
    return True


@kernel
def _stop() -> None:
    """Sleeps until another thread gives a processor. The caller holds the lock, which is released."""
    machine.idle_link = scheduler.idle_machines
    scheduler.idle_machines = machine.self
    scheduler.idle_machine_count += 1
    atomic_store(machine.note, 0, "relaxed")
    none_runs = scheduler.idle_machine_count == scheduler.machine_count
    release(scheduler.lock)
    if none_runs:
        deadlock()
    _machine_sleep(NEVER)
    machine.processor = machine.given


@kernel
def processor_wait() -> None:
    """Waits until the thread has a processor. Ends the program if no goroutine can ever run again."""
    while True:
        acquire(scheduler.lock, RANK_SCHEDULER)
        until = first_wake()
        polls = not is_null(scheduler.idle_processors) and atomic_load(scheduler.poll_waiters, "relaxed") != 0
        if until != NEVER or polls:
            if is_null(scheduler.poller):
                if _poll(until):
                    return
                continue
            if until != NEVER and (scheduler.poller_until == NEVER or until < scheduler.poller_until):
                poller_wake()
        _stop()
        return


@kernel
def processor_give_up() -> bool:
    """Gives the processor up, for the thread has nothing to run; False if there is something in the shared queue after all."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    if scheduler.queue_count != 0:
        release(scheduler.lock)
        return False
    idle_processor_put(machine.processor)
    release(scheduler.lock)
    machine.processor = null(Processor)
    return True


# --- Handing over ---------------------------------------------------------------------------------


@kernel
def no_thread(error: i32) -> NoReturn:
    """The system starts no more threads."""
    put(*text("runtime: failed to create new OS thread (have "))
    put_number(scheduler.machine_count)
    put(*text(" already; errno="))
    put_number(to_u64(error))
    put(*text(")\n"))
    if error == TRY_AGAIN:
        put(*text("runtime: may need to increase max user processes (ulimit -u)\n"))
    fatal(*text("newosproc"))


@kernel
def machine_start(m: Machine) -> None:
    """Starts the thread of a machine. Ends the program if that is not possible."""
    mask = stack_struct(SignalMask)
    block_signals(mask)
    error = start_thread(thread_start.value, address(m))
    restore_mask(mask)
    if error != 0:
        no_thread(error)


@kernel
def hand_over(p: Processor) -> None:
    """Gives a processor that was just taken from a thread to another thread, if there is anything to run or to wait for.

    The caller may have no machine.
    """
    acquire(scheduler.lock, RANK_SCHEDULER)
    has_work = not is_null(p.run_next) or not is_null(p.run_head) or p.sleepers.first_wake >= 0
    polls = is_null(scheduler.poller) and atomic_load(scheduler.poll_waiters, "relaxed") != 0
    if not has_work and not polls and scheduler.queue_count == 0:
        idle_processor_put(p)
        release(scheduler.lock)
        return
    m = scheduler.idle_machines
    if not is_null(m):
        scheduler.idle_machines = m.idle_link
        scheduler.idle_machine_count -= 1
        release(scheduler.lock)
        machine_wake(m, p)
        return
    m = as_struct(Machine, reserve(0, size_of(Machine)))
    if is_null(m):
        fatal(*text("out of memory"))
    scheduler.machine_count += 1
    m.all_link = first_machine.all_link
    atomic_store(first_machine.all_link, m, "release")
    release(scheduler.lock)
    m.given = p
    atomic_store(p.owner, address(m), "release")
    machine_start(m)


@kernel
def machine_begin(m: Machine) -> None:
    """What a new thread does first: it gets its machine and a stack for signal handlers."""
    set_thread_struct(machine, m)
    m.thread = pthread_self()
    atomic_store(m.limit_address, thread_pointer() + THREAD_LIMIT_OFFSET, "release")
    use_alternate_stack()
    restore_mask(program_mask)
