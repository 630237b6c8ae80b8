"""The monitor thread: it makes a goroutine yield that has run for up to 10 ms while others wait, and takes processors from threads
that are in a system call.

It looks every 4 ms which goroutine runs on each processor. One that has run for a while is asked first: the monitor stores PREEMPT into the
``%fs:112`` of its thread, so that the next function prologue there enters __morestack, which yields. If the goroutine calls nothing, the monitor
sends SIGURG, which stops it between two instructions (``interruption``), and sends it again until it works. A store into the limit is lost if
the scheduler or a thunk sets it at the same moment; the monitor repeats it as well.

While the collector marks, the monitor asks each processor for a slice of marking every 2 ms.

GODEBUG=asyncpreemptoff=1 leaves out the signals. GODEBUG=gcpreempt=N sends one every N microseconds, whatever runs.

A thread that blocks in a system call loses its processor to another thread at the second look that finds it in the same call.
Looks are 20 us apart at first, and after a time without such a call up to 10 ms.

Source:
    Go 1.27.3 runtime/proc.go (sysmon, retake).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    atomic_load,
    atomic_store,
    export,
    field_address,
    function_address,
    global_struct,
    global_value,
    i32,
    i64,
    is_null,
    kernel,
    libc,
    set_thread_struct,
    stack_struct,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import IN_SYSTEM_CALL, Processor, first_processor
from tricolor.runtime.records.world import SIGNAL_URGENT, ask_to_yield, interrupt, pthread_kill, running_machine
from tricolor.runtime.scheduler.helpers import wake_helpers
from tricolor.runtime.scheduler.machines import hand_over, no_thread, poller_wake, wake_idle_processor
from tricolor.runtime.scheduler.netpoll import poll_look
from tricolor.runtime.scheduler.run_queue import has_runnable, shared_put
from tricolor.runtime.scheduler.signals import SignalMask, block_signals, restore_mask
from tricolor.runtime.settings_keys import ASYNC_PREEMPT_OFF, STOP_EVERY_US
from tricolor.runtime.system.clock import TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while_for, wake_sleepers
from tricolor.runtime.system.lock import acquire, release

# A goroutine that runs while others wait is stopped within LOOK_NS + STOP_NS, 10 ms as in Go. Shorter times cost more switches and
# more work of the monitor, longer ones delay the other goroutines.
LOOK_NS: Final = 4_000_000
ASK_NS: Final = 4_000_000
STOP_NS: Final = 5_500_000
AGAIN_NS: Final = 100_000
NS_PER_US: Final = 1000
# While the collector marks it gets a slice of 0.5 ms in each such time: a quarter.
COLLECTOR_EVERY_NS: Final = 2_000_000
SLICE_NS: Final = 10_000_000
"""Between two looks at descriptors while all threads are busy, and the longest pause."""
# Go's value. A shorter pause takes more time of a processor, a longer one lets goroutines wait behind a system call.
FIRST_PAUSE_NS: Final = 20_000
QUIET_LOOKS: Final = 50
"""Looks without a blocked system call before the pauses grow."""
MONITOR_NONE: Final = 0
MONITOR_RUNS: Final = 1

_thread = global_value(u64)
# What the monitor calls looks at the machine of its thread.
_machine = global_struct(Machine)


@libc
def pthread_create(thread: addr, attributes: addr, function: addr, argument: addr) -> i32: ...


@libc
def pthread_join(thread: u64, result: addr) -> i32: ...


@kernel
def _is_waited_for(p: Processor) -> bool:
    """Whether another goroutine could run on the processor."""
    if has_runnable(p) or atomic_load(scheduler.queue_count, "relaxed") != 0:
        return True
    when = atomic_load(p.sleepers.first_wake, "relaxed")
    return when >= 0 and when <= nanotime()


@kernel
def _look_at(p: Processor, m: Machine, now: i64) -> i64:
    """Preempts the goroutine that runs there, if it has run for long and others wait; gives when to look again, in nanoseconds from now."""
    if p.schedule_tick != p.monitor_tick:
        p.monitor_tick = p.schedule_tick
        p.monitor_ns = now
        return LOOK_NS
    ran_ns = now - p.monitor_ns
    if ran_ns < ASK_NS or not _is_waited_for(p):
        return LOOK_NS
    ask_to_yield(p, m)
    if settings[ASYNC_PREEMPT_OFF] != 0:
        return LOOK_NS
    if ran_ns < STOP_NS:
        return STOP_NS - ran_ns
    interrupt(m)
    # Kernel code ends soon, or takes long: then looking less often costs it less.
    return min(AGAIN_NS + (ran_ns - STOP_NS) // 4, LOOK_NS)


@kernel
def _look(now: i64) -> i64:
    """Looks at all processors that run goroutines; gives when to look again, in nanoseconds from now."""
    again: i64 = LOOK_NS
    if settings[STOP_EVERY_US] != 0:
        again = min(again, settings[STOP_EVERY_US] * NS_PER_US)
    p = first_processor
    while not is_null(p):
        m = running_machine(p)
        if not is_null(m):
            again = min(again, _look_at(p, m, now))
            if settings[STOP_EVERY_US] != 0:
                pthread_kill(m.thread, SIGNAL_URGENT)
        p = p.all_link
    return again


@kernel
def _ask_for_slices() -> None:
    """Asks all processors for a slice of marking; with a signal where the last request still stands."""
    p = first_processor
    while not is_null(p):
        m = running_machine(p)
        if not is_null(m):
            is_late = atomic_load(p.collector_due, "relaxed") != 0
            atomic_store(p.collector_due, 1, "relaxed")
            ask_to_yield(p, m)
            if is_late:
                interrupt(m)
        p = p.all_link


@kernel
def _look_at_descriptors() -> None:
    """Lets goroutines run whose descriptors are ready, while all threads are busy."""
    if atomic_load(scheduler.poll_waiters, "relaxed") == 0:
        return
    g = poll_look()
    acquire(scheduler.lock, RANK_SCHEDULER)
    while not is_null(g):
        following = g.link
        shared_put(g)
        g = following
    poller_wake()
    release(scheduler.lock)
    wake_idle_processor()


@kernel
def _retake(p: Processor) -> bool:
    """Takes the processor from a thread that has been in a system call since the last look, and gives it to another one."""
    owner = atomic_load(p.owner, "acquire")
    calls = p.system_calls
    stays = to_u64(owner) & IN_SYSTEM_CALL != 0 and calls == p.monitor_calls
    p.monitor_calls = calls
    return stays and hand_over(p, owner)


@kernel
def _retake_all() -> bool:
    """Whether a thread lost its processor."""
    any_taken = False
    p = first_processor
    while not is_null(p):
        any_taken = _retake(p) or any_taken
        p = p.all_link
    return any_taken


@export("tricolor.monitor")
def monitor(argument: addr) -> addr:
    """The monitor thread: ends when ``scheduler.running`` is 0.

    Its machine is in no list: it never runs goroutines.
    """
    set_thread_struct(machine, _machine)
    running = field_address(scheduler.running)
    pause = stack_struct(TimeSpec)
    pause.nanoseconds = FIRST_PAUSE_NS
    quiet: u64 = 0
    looks_ns: i64 = 0
    descriptors_ns: i64 = 0
    collected_ns: i64 = 0
    while atomic_load(scheduler.running, "acquire") != 0:
        sleep_while_for(running, 1, pause)
        quiet = 0 if _retake_all() else quiet + 1
        if quiet < QUIET_LOOKS:
            pause.nanoseconds = FIRST_PAUSE_NS
        else:
            longest: i64 = COLLECTOR_EVERY_NS if is_marking.value != 0 else SLICE_NS
            pause.nanoseconds = min(pause.nanoseconds * 2, longest)
        now = nanotime()
        if is_marking.value != 0 and now - collected_ns >= COLLECTOR_EVERY_NS:
            collected_ns = now
            _ask_for_slices()
        if now >= looks_ns:
            looks_ns = now + _look(now)
        if now - descriptors_ns >= SLICE_NS:
            descriptors_ns = now
            _look_at_descriptors()
            wake_helpers(now)
        pause.nanoseconds = min(pause.nanoseconds, looks_ns - now)
    return 0


@kernel
def start_monitor() -> None:
    """Starts the monitor thread, which takes no signals. Ends the program if that is not possible."""
    scheduler.monitor_state = MONITOR_RUNS
    mask = stack_struct(SignalMask)
    block_signals(mask)
    error = pthread_create(field_address(_thread), 0, function_address(monitor), 0)
    restore_mask(mask)
    if error != 0:
        no_thread(error)


@kernel
def stop_monitor() -> None:
    """Ends the monitor thread and waits for it."""
    atomic_store(scheduler.running, 0, "release")
    if scheduler.monitor_state == MONITOR_RUNS:
        wake_sleepers(field_address(scheduler.running), 1)
        pthread_join(_thread.value, 0)
    scheduler.monitor_state = MONITOR_NONE
