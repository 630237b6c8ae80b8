"""The monitor thread: it asks a goroutine to yield when it has run for 10 ms while others wait, and takes processors from threads
that are in a system call.

It stores PREEMPT into the ``%fs:112`` of the thread that runs goroutines, so that the next function prologue there enters
__morestack, which yields. The store is lost if the scheduler sets the limit at the same moment; the monitor
repeats it 10 ms later. Code that calls no function is not preempted.

A thread that blocks in a system call loses its processor to another thread at the second look that finds it in the same call.
Looks are 20 us apart at first, and after a time without such a call up to 10 ms.

Source:
    Go 1.27.3 runtime/proc.go (sysmon, retake).
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.stack_limit import PREEMPT
from tricolor.kernel.lang import (
    addr,
    as_struct,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    export,
    field_address,
    function_address,
    global_value,
    i32,
    i64,
    is_null,
    kernel,
    libc,
    memory_at,
    stack_struct,
    to_u64,
    u64,
)
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.machine import Machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import IN_SYSTEM_CALL, Processor, first_processor
from tricolor.runtime.scheduler.machines import hand_over, no_thread, poller_wake, shared_put
from tricolor.runtime.scheduler.netpoll import poll_look
from tricolor.runtime.scheduler.signals import SignalMask, block_signals, restore_mask
from tricolor.runtime.system.clock import TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while_for, wake_sleepers
from tricolor.runtime.system.lock import acquire, release

# Go's value. Shorter slices cost more switches, longer ones delay the other goroutines.
SLICE_NS: Final = 10_000_000
# Go's value. A shorter pause takes more time of a processor, a longer one lets goroutines wait behind a system call.
FIRST_PAUSE_NS: Final = 20_000
QUIET_LOOKS: Final = 50
"""Looks without a blocked system call before the pauses grow."""
MONITOR_NONE: Final = 0
MONITOR_RUNS: Final = 1

_thread = global_value(u64)


@libc
def pthread_create(thread: addr, attributes: addr, function: addr, argument: addr) -> i32: ...


@libc
def pthread_join(thread: u64, result: addr) -> i32: ...


@kernel
def _should_yield(p: Processor) -> bool:
    """Whether the same goroutine has run since the last look, while another one could run."""
    runs_on = p.schedule_tick - p.monitor_tick < 2
    p.monitor_tick = p.schedule_tick
    if not runs_on:
        return False
    if not is_null(p.run_head) or not is_null(p.run_next):
        return True
    when = p.sleepers.first_wake
    return when >= 0 and when <= nanotime()


@kernel
def _ask_for_yields() -> None:
    """Asks the goroutines that have run for too long to yield."""
    p = first_processor
    while not is_null(p):
        owner = atomic_load(p.owner, "acquire")
        if owner != 0 and to_u64(owner) & IN_SYSTEM_CALL == 0 and _should_yield(p):
            atomic_store(p.preempt, 1, "relaxed")
            limit = atomic_load(as_struct(Machine, owner).limit_address, "acquire")
            # 0: the thread has not begun yet.
            if limit != 0:
                atomic_store(memory_at(u64, limit), PREEMPT, "relaxed")
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


@kernel
def _retake(p: Processor) -> bool:
    """Takes the processor from a thread that has been in a system call since the last look, and gives it to another one."""
    owner = atomic_load(p.owner, "acquire")
    calls = p.system_calls
    stays = to_u64(owner) & IN_SYSTEM_CALL != 0 and calls == p.monitor_calls
    p.monitor_calls = calls
    if not stays or not atomic_compare_exchange(p.owner, owner, 0, "acq_rel"):
        return False
    hand_over(p)
    return True


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

    It has no machine of its own, so it reaches those of the threads that run goroutines through the list.
    """
    running = field_address(scheduler.running)
    pause = stack_struct(TimeSpec)
    pause.nanoseconds = FIRST_PAUSE_NS
    quiet: u64 = 0
    looked_ns: i64 = 0
    while atomic_load(scheduler.running, "acquire") != 0:
        sleep_while_for(running, 1, pause)
        quiet = 0 if _retake_all() else quiet + 1
        if quiet < QUIET_LOOKS:
            pause.nanoseconds = FIRST_PAUSE_NS
        else:
            pause.nanoseconds = min(pause.nanoseconds * 2, SLICE_NS)
        now = nanotime()
        if now - looked_ns >= SLICE_NS:
            looked_ns = now
            _ask_for_yields()
            _look_at_descriptors()
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
