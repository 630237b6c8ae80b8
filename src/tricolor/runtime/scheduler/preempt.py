"""Preemption: a monitor thread asks a goroutine to yield when it has run for 10 ms while others wait.

It stores PREEMPT into the ``%fs:112`` of the thread that runs goroutines, so that the next function prologue there enters
__morestack, which yields. The store is lost if the scheduler sets the limit at the same moment; the monitor
repeats it 10 ms later. Code that calls no function is not preempted.

Source:
    Go 1.27.3 runtime/proc.go (sysmon, retake).
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.stack_limit import PREEMPT
from tricolor.kernel.lang import (
    addr,
    atomic_load,
    atomic_store,
    export,
    field_address,
    function_address,
    global_value,
    i32,
    is_null,
    kernel,
    libc,
    memory_at,
    stack_struct,
    u64,
)
from tricolor.runtime.records.machine import first_machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.signals import SignalMask, block_signals, restore_mask
from tricolor.runtime.system.clock import TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while_for, wake_sleepers

# Go's value. Shorter slices cost more switches, longer ones delay the other goroutines.
SLICE_NS: Final = 10_000_000
MONITOR_NONE: Final = 0
MONITOR_RUNS: Final = 1
MONITOR_FAILED: Final = 2

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


@export("tricolor.monitor")
def monitor(argument: addr) -> addr:
    """The monitor thread: ends when ``scheduler.running`` is 0.

    It has no machine of its own, so it reaches those of the threads that run goroutines through the list.
    """
    running = field_address(scheduler.running)
    slice_time = stack_struct(TimeSpec)
    slice_time.nanoseconds = SLICE_NS
    while atomic_load(scheduler.running, "acquire") != 0:
        sleep_while_for(running, 1, slice_time)
        each = first_machine
        while not is_null(each):
            p = each.processor
            if _should_yield(p):
                atomic_store(p.preempt, 1, "relaxed")
                atomic_store(memory_at(u64, each.limit_address), PREEMPT, "relaxed")
            each = each.all_link
    return 0


@kernel
def start_monitor() -> None:
    """Starts the monitor thread, which takes no signals."""
    scheduler.monitor_state = MONITOR_RUNS
    mask = stack_struct(SignalMask)
    block_signals(mask)
    if pthread_create(field_address(_thread), 0, function_address(monitor), 0) != 0:
        scheduler.monitor_state = MONITOR_FAILED
    restore_mask(mask)


@kernel
def stop_monitor() -> None:
    """Ends the monitor thread and waits for it."""
    atomic_store(scheduler.running, 0, "release")
    if scheduler.monitor_state == MONITOR_RUNS:
        wake_sleepers(field_address(scheduler.running), 1)
        pthread_join(_thread.value, 0)
    scheduler.monitor_state = MONITOR_NONE
