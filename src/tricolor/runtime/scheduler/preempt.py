"""Preemption: a thread that asks a goroutine which has run for 10 ms while others wait to yield.

It stores PREEMPT into the ``%fs:112`` of the thread that runs goroutines, so that the next function prologue there enters
__morestack, which yields. A store that falls into a moment when the scheduler itself sets the limit is lost, and repeated
10 ms later. Code that calls no function is not preempted.

Source:
    Go 1.27.3 runtime/proc.go (sysmon, retake).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    atomic_load_u32,
    atomic_store_u32,
    atomic_store_u64,
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
    null,
    u64,
)
from tricolor.runtime.scheduler.machine import PREEMPT, machine
from tricolor.runtime.scheduler.signals import block_signals, unblock_signals
from tricolor.runtime.scheduler.system import TimeSpec, nanotime

# Shorter slices cost switches, longer ones delay the others; it is Go's.
SLICE_NS: Final = 10_000_000
FUTEX_NUMBER: Final = 202
FUTEX_WAIT_PRIVATE: Final = 128
FUTEX_WAKE_PRIVATE: Final = 129

_slice = global_struct(TimeSpec)
_thread = global_value(u64)


@libc
def pthread_create(thread: addr, attributes: addr, function: addr, argument: addr) -> i32: ...


@libc
def pthread_join(thread: u64, result: addr) -> i32: ...


@libc
def syscall(number: i64, word: addr, operation: i64, value: i64, timeout: TimeSpec) -> i64: ...


@export("tricolor.monitor")
def monitor(argument: addr) -> addr:
    """The monitor thread: ends when ``machine.running`` is 0."""
    switches: u64 = machine.tick
    while atomic_load_u32(field_address(machine.running), "acquire") != 0:
        syscall(FUTEX_NUMBER, field_address(machine.running), FUTEX_WAIT_PRIVATE, 1, _slice)
        waits = not is_null(machine.run_head) or not is_null(machine.run_next)
        if not waits:
            when = machine.first_wake
            waits = when >= 0 and when <= nanotime()
        if waits and machine.tick - switches < 2:
            atomic_store_u32(field_address(machine.yield_wanted), 1, "relaxed")
            atomic_store_u64(machine.limit_address, PREEMPT, "relaxed")
        switches = machine.tick
    return 0


@kernel
def start_monitor() -> None:
    """Starts the monitor thread, which takes no signals."""
    machine.monitor_started = 1
    _slice.seconds = 0
    _slice.nanoseconds = SLICE_NS
    block_signals()
    if pthread_create(field_address(_thread), 0, function_address(monitor), 0) != 0:
        machine.monitor_started = 2
    unblock_signals()


@kernel
def stop_monitor() -> None:
    """Ends the monitor thread and waits for it."""
    atomic_store_u32(field_address(machine.running), 0, "release")
    if machine.monitor_started == 1:
        syscall(FUTEX_NUMBER, field_address(machine.running), FUTEX_WAKE_PRIVATE, 1, null(TimeSpec))
        pthread_join(_thread.value, 0)
    machine.monitor_started = 0
