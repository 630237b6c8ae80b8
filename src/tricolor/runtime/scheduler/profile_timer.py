"""The timer of a CPU profile: SIGPROF after each so many nanoseconds of processor time that the process has used.

Linux sends the signal to the thread that uses the time, so one timer serves all threads.

Source:
    setitimer(2); Go 1.27.3 runtime/signal_unix.go (setProcessCPUProfilerTimer).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, addr, global_value, i32, i64, kernel, libc, null, stack_struct, u32
from tricolor.runtime.scheduler.signals import HANDLER_FLAGS, SIGNAL_PROFILE, set_action, set_default

TIMER_PROFILE: Final = 2
US_PER_SECOND: Final = 1_000_000

# 1 while the timer runs.
_running = global_value(u32)


class TimerValue(Struct):
    """struct itimerval: two durations in seconds and microseconds."""

    interval_seconds: i64
    interval_us: i64
    first_seconds: i64
    first_us: i64


@libc
def setitimer(which: i32, value: TimerValue, old: TimerValue) -> i32: ...


@kernel
def start_profile_timer(handler: addr, hz: i64) -> None:
    """Calls the handler ``hz`` times for each second of processor time."""
    set_action(SIGNAL_PROFILE, handler, HANDLER_FLAGS)
    value = stack_struct(TimerValue)
    value.interval_seconds = 1 // hz
    value.interval_us = US_PER_SECOND // hz % US_PER_SECOND
    value.first_seconds = value.interval_seconds
    value.first_us = value.interval_us
    _running.value = 1
    setitimer(TIMER_PROFILE, value, null(TimerValue))


@kernel
def stop_profile_timer() -> None:
    """No more signals come. One that is under way does nothing."""
    if _running.value == 0:
        return
    value = stack_struct(TimerValue)
    setitimer(TIMER_PROFILE, value, null(TimerValue))
    set_default(SIGNAL_PROFILE)
    _running.value = 0
