"""Machines and processors: how a thread starts, gets a processor, waits without one, and hands one over.

A thread needs a processor to run goroutines. One that finds no goroutine gives its processor up (``processor_give_up``) and waits
(``processor_wait``). As long as there is an idle processor, one of the waiting threads is the *poller*: it sleeps until the first
sleeper of all processors is due, and then takes the processor. All others sleep in the list of idle machines until a thread that has
a processor to give chooses one of them (``thread_for``), or makes a new one.

Who makes a goroutine runnable while a processor is idle calls wake_processor(): a thread gets the processor and looks for work, *spinning*.
One that spins is enough: when it finds work, it wakes the next one. Before it gives up it stops spinning first and then looks once
more, and whoever adds work looks at the number of spinning threads after that. So one of the two sees the other.

Invariants:
    1. ``scheduler.lock`` MUST be held while the lists, the shared queue and the poller are used. Otherwise two threads would take the
       same processor or goroutine. Checked by check_locked().
    2. Every processor MUST be in the list of idle ones, retired, or owned by a machine or the thread that stops the world. Otherwise
       goroutines would wait for ever. Checked by check_processors().
    3. A thread without a processor MUST NOT touch the heap, or the queues of a processor. Otherwise it would race with the thread that
       has it. ``machine.processor`` is null there, so that it would fault. No check sees that.
    4. While the world is stopped, an idle processor MUST stay idle. Otherwise a goroutine would run. Checked by check_world_stopped().

Source:
    Go 1.27.3 runtime/proc.go (newm, startm, stopm, handoffp, pidleput, wakep, checkdead).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    check,
    export,
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
    systemstack,
    text,
    to_addr,
    to_u64,
)
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.machine import Machine, first_machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import OF_THE_STOPPER, Processor, first_processor
from tricolor.runtime.records.world import is_stopping, world_is_started
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.netpoll import poll_interrupt, poll_sleep
from tricolor.runtime.scheduler.run_queue import has_runnable
from tricolor.runtime.scheduler.signals import SignalMask, block_signals, program_mask, restore_mask, use_alternate_stack
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
ALL_THREADS: Final = 0x7FFF_FFFF

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
        check(2, each.retired == 0, "check_processors: an idle processor is retired")
        each = each.idle_link


@kernel
def idle_processor_put(p: Processor) -> None:
    """Nobody has the processor from here on."""
    check_locked()
    atomic_store(p.owner, 0, "release")
    p.idle_since_ns = nanotime()
    p.idle_link = scheduler.idle_processors
    scheduler.idle_processors = p
    atomic_store(scheduler.idle_processor_count, scheduler.idle_processor_count + 1, "seq_cst")
    check_processors()


@kernel
def _unlink_idle(p: Processor, before: Processor) -> None:
    """Takes a processor out of the list of idle ones; ``before`` is the one before it, null for the first."""
    check_locked()
    if is_null(before):
        scheduler.idle_processors = p.idle_link
    else:
        before.idle_link = p.idle_link
    atomic_store(scheduler.idle_processor_count, scheduler.idle_processor_count - 1, "relaxed")
    scheduler.slept_ns += nanotime() - p.idle_since_ns


@kernel
def idle_processor_take() -> Processor:
    """A processor that nobody has, for the calling thread; null if there is none, or the world is stopped."""
    p = scheduler.idle_processors
    if is_null(p) or is_stopping():
        return null(Processor)
    _unlink_idle(p, null(Processor))
    atomic_store(p.owner, address(machine), "release")
    return p


@kernel
def _idle_machine_take() -> Machine:
    """A thread that sleeps without a processor; null if there is none."""
    m = scheduler.idle_machines
    if not is_null(m):
        scheduler.idle_machines = m.idle_link
        scheduler.idle_machine_count -= 1
    return m


@kernel
def _machine_new() -> Machine:
    """The record of a new thread."""
    m = as_struct(Machine, reserve(0, size_of(Machine)))
    if is_null(m):
        fatal(*text("out of memory"))
    scheduler.machine_count += 1
    m.all_link = first_machine.all_link
    atomic_store(first_machine.all_link, m, "release")
    return m


@kernel
def thread_for(p: Processor) -> Machine:
    """Gives the processor to a thread that sleeps, or to a new one. The caller releases the lock and then calls machine_go()."""
    check_locked()
    m = _idle_machine_take()
    if is_null(m):
        m = _machine_new()
    m.given = p
    atomic_store(p.owner, address(m), "release")
    return m


@kernel
def thread_for_idle() -> Machine:
    """Gives an idle processor to a thread; null if there is none. As thread_for()."""
    p = scheduler.idle_processors
    if is_null(p) or is_stopping():
        return null(Machine)
    _unlink_idle(p, null(Processor))
    return thread_for(p)


@kernel
def thread_for_work() -> Machine:
    """As thread_for_idle(), for a processor that has something to do at once."""
    if is_stopping():
        return null(Machine)
    before = null(Processor)
    p = scheduler.idle_processors
    while not is_null(p):
        if can_run(p) or is_marking.value != 0:
            _unlink_idle(p, before)
            return thread_for(p)
        before = p
        p = p.idle_link
    return null(Machine)


# --- Having a processor ---------------------------------------------------------------------------


@kernel
def processor_use(p: Processor) -> None:
    """The calling thread, which owns the processor, runs goroutines with it from here on."""
    machine.processor = p


@kernel
def machine_go(m: Machine) -> None:
    """Wakes or starts a thread that was given a processor."""
    if atomic_load(m.limit_address, "acquire") == 0:
        machine_start(m)
        return
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
    """When the first sleeper of all processors is due; NEVER if nobody sleeps, or only in vain."""
    until: i64 = NEVER
    each = first_processor
    while not is_null(each):
        when = atomic_load(each.sleepers.first_wake, "relaxed")
        if when >= 0 and (until < 0 or when < until):
            until = when
        each = each.all_link
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
def _is_last() -> bool:
    """Whether no thread is left that could make a goroutine run."""
    return scheduler.idle_machine_count + scheduler.locked_waiting == scheduler.machine_count


@kernel
def _stop() -> None:
    """Sleeps until another thread gives a processor. The caller holds the lock, which is released."""
    machine.idle_link = scheduler.idle_machines
    scheduler.idle_machines = machine.self
    scheduler.idle_machine_count += 1
    atomic_store(machine.note, 0, "relaxed")
    last = _is_last()
    release(scheduler.lock)
    if last:
        deadlock()
    _machine_sleep(NEVER)
    machine.processor = machine.given


@kernel
def processor_wait() -> None:
    """Waits until the thread has a processor. Ends the program if no goroutine can ever run again."""
    while True:
        acquire(scheduler.lock, RANK_SCHEDULER)
        # Without an idle processor nobody need watch anything: the thread that makes one idle comes here too.
        if not is_null(scheduler.idle_processors) and not is_stopping():
            if scheduler.queue_count != 0:
                p = idle_processor_take()
                release(scheduler.lock)
                processor_use(p)
                return
            until = first_wake()
            if until != NEVER or atomic_load(scheduler.poll_waiters, "relaxed") != 0:
                if is_null(scheduler.poller):
                    if _poll(until):
                        return
                    continue
                if until != NEVER and (scheduler.poller_until == NEVER or until < scheduler.poller_until):
                    poller_wake()
        _stop()
        return


@kernel
def wait_for_own_goroutine(following: Machine) -> None:
    """Sleeps until another thread gives a processor, with which the thread runs the goroutine that is locked to it.

    ``following``: a thread that was given the processor, or null. The caller holds the lock, which is released.
    """
    scheduler.locked_waiting += 1
    last = is_null(following) and _is_last()
    release(scheduler.lock)
    if last:
        deadlock()
    if not is_null(following):
        machine_go(following)
    _machine_sleep(NEVER)
    machine.processor = machine.given


@kernel
def processor_give_up() -> bool:
    """Gives the processor up, for the thread has nothing to run; False if there is something after all, or the world is being stopped."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    if scheduler.queue_count != 0 or is_stopping():
        release(scheduler.lock)
        return False
    idle_processor_put(machine.processor)
    release(scheduler.lock)
    machine.processor = null(Processor)
    return True


@kernel
def processor_leave() -> None:
    """Gives up a processor that was retired while the thread waited for the start of the world, and waits for another one."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    atomic_store(machine.processor.owner, 0, "release")
    release(scheduler.lock)
    machine.processor = null(Processor)
    processor_wait()


# --- Waking ---------------------------------------------------------------------------------------


@kernel
def wake_idle_processor() -> None:
    """Has a thread look for work with an idle processor, if there is one and no thread looks already. The caller may have no machine."""
    if not atomic_compare_exchange(scheduler.spinning, 0, 1, "seq_cst"):
        return
    acquire(scheduler.lock, RANK_SCHEDULER)
    m = thread_for_idle()
    if is_null(m):
        release(scheduler.lock)
        atomic_add(scheduler.spinning, -1, "seq_cst")
        return
    m.spinning = 1
    release(scheduler.lock)
    machine_go(m)


@systemstack("tricolor.wake_processor")
def wake_processor() -> None:
    """As wake_idle_processor(), for a goroutine."""
    wake_idle_processor()


@kernel
def note_sleeper(when: i64) -> None:
    """Has a thread without work watch a new sleeper, since the processor on which it sleeps may be busy when it is due."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    nobody = is_null(scheduler.poller)
    if not nobody and (scheduler.poller_until == NEVER or when < scheduler.poller_until):
        poller_wake()
    release(scheduler.lock)
    if nobody:
        wake_idle_processor()


@kernel
def can_run(p: Processor) -> bool:
    """Whether a goroutine could run on the processor at once: one in its queue or in the shared one, or a sleeper that is due."""
    if has_runnable(p) or atomic_load(scheduler.queue_count, "relaxed") != 0:
        return True
    when = atomic_load(p.sleepers.first_wake, "relaxed")
    return when >= 0 and when <= nanotime()


@kernel
def has_work(p: Processor) -> bool:
    """Whether a processor that nobody runs goroutines with has something to do."""
    if can_run(p) or p.sleepers.first_wake >= 0 or is_marking.value != 0:
        return True
    return is_null(scheduler.poller) and atomic_load(scheduler.poll_waiters, "relaxed") != 0


@export("tricolor.restart_processors")
def restart_processors() -> None:
    """Starts the world again: threads that wait go on, and processors that have work and no thread get one."""
    acquire(scheduler.lock, RANK_SCHEDULER)
    someone_waits = False
    each = first_processor
    while not is_null(each):
        someone_waits = someone_waits or each.stopped_at == scheduler.stop_number
        if each.owner == to_addr(OF_THE_STOPPER):
            idle_processor_put(each)
        each = each.all_link
    world_is_started()
    release(scheduler.lock)
    if someone_waits:
        wake_sleepers(field_address(scheduler.stop_number), ALL_THREADS)
    while scheduler.idle_processor_count != 0:
        acquire(scheduler.lock, RANK_SCHEDULER)
        m = thread_for_work()
        release(scheduler.lock)
        if is_null(m):
            break
        machine_go(m)
    if scheduler.idle_processor_count != 0:
        wake_idle_processor()


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
def hand_over(p: Processor, owner: addr) -> bool:
    """Takes a processor from its owner, which is in a system call, and gives it to another thread, if there is anything to run or to wait for.

    False if the owner has come back, or the world is being stopped. The caller may have no machine.
    """
    acquire(scheduler.lock, RANK_SCHEDULER)
    if is_stopping() or not atomic_compare_exchange(p.owner, owner, 0, "acq_rel"):
        release(scheduler.lock)
        return False
    m = null(Machine)
    if has_work(p):
        m = thread_for(p)
    else:
        idle_processor_put(p)
    release(scheduler.lock)
    if not is_null(m):
        machine_go(m)
    return True


@kernel
def machine_begin(m: Machine) -> None:
    """What a new thread does first: it gets its machine and a stack for signal handlers."""
    set_thread_struct(machine, m)
    m.thread = pthread_self()
    atomic_store(m.limit_address, thread_pointer() + THREAD_LIMIT_OFFSET, "release")
    use_alternate_stack()
    restore_mask(program_mask)
