"""Reads the monotonic clock and the time since 1970, and waits until a given time."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, i32, i64, kernel, libc, null, stack_struct, systemstack, to_i32

CLOCK_REALTIME: Final = 0
CLOCK_MONOTONIC: Final = 1
TIMER_ABSTIME: Final = 1
NS_PER_SECOND: Final = 1_000_000_000


class TimeSpec(Struct):
    """C's struct timespec: a duration or a point of time."""

    seconds: i64
    nanoseconds: i64


@libc
def clock_gettime(clock: i32, into: TimeSpec) -> i32: ...


@libc
def clock_nanosleep(clock: i32, flags: i32, until: TimeSpec, remaining: TimeSpec) -> i32: ...


@systemstack("runtime.nanotime")
def nanotime() -> i64:
    """Nanoseconds of CLOCK_MONOTONIC."""
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_MONOTONIC, time)
    return time.seconds * NS_PER_SECOND + time.nanoseconds


@systemstack("runtime.walltime")
def walltime() -> tuple[i64, i32]:
    """Seconds since 1970, and nanoseconds."""
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_REALTIME, time)
    return time.seconds, to_i32(time.nanoseconds)


@kernel
def wall_ns() -> i64:
    """Nanoseconds since 1970."""
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_REALTIME, time)
    return time.seconds * NS_PER_SECOND + time.nanoseconds


@kernel
def wait_until(when_ns: i64) -> None:
    """Lets the thread sleep until the monotonic clock reaches the time, or until a signal arrives."""
    until = stack_struct(TimeSpec)
    until.seconds = when_ns // NS_PER_SECOND
    until.nanoseconds = when_ns % NS_PER_SECOND
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, null(TimeSpec))
