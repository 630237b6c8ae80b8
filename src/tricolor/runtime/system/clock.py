"""Reads the monotonic clock and the time since 1970."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, i32, i64, kernel, libc, stack_struct, systemstack, to_i32, unlikely
from tricolor.runtime.system.seed import seed, virtual_time

CLOCK_REALTIME: Final = 0
CLOCK_MONOTONIC: Final = 1
NS_PER_SECOND: Final = 1_000_000_000
VIRTUAL_EPOCH_NS: Final = 1_257_894_000 * NS_PER_SECOND
"""When the seeded mode's clock begins: 2009-11-10 23:00 UTC, as on Go's playground."""


class TimeSpec(Struct):
    """C's struct timespec: a duration or a point of time."""

    seconds: i64
    nanoseconds: i64


@libc
def clock_gettime(clock: i32, into: TimeSpec) -> i32: ...


@systemstack("runtime.nanotime")
def nanotime() -> i64:
    """Nanoseconds of CLOCK_MONOTONIC, or of the seeded mode's clock."""
    if unlikely(seed.on != 0):
        return virtual_time()
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_MONOTONIC, time)
    return time.seconds * NS_PER_SECOND + time.nanoseconds


@systemstack("runtime.walltime")
def walltime() -> tuple[i64, i32]:
    """Seconds since 1970, and nanoseconds."""
    if unlikely(seed.on != 0):
        now = VIRTUAL_EPOCH_NS + virtual_time()
        return now // NS_PER_SECOND, to_i32(now % NS_PER_SECOND)
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_REALTIME, time)
    return time.seconds, to_i32(time.nanoseconds)


@kernel
def wall_ns() -> i64:
    """Nanoseconds since 1970."""
    time = stack_struct(TimeSpec)
    clock_gettime(CLOCK_REALTIME, time)
    return time.seconds * NS_PER_SECOND + time.nanoseconds
