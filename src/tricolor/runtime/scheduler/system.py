"""What the scheduler asks of the system: memory, time, output, threads, signals."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    addr,
    global_struct,
    i32,
    i64,
    kernel,
    libc,
    load_i32,
    systemstack,
    to_i32,
    to_u64,
    u32,
    u64,
)

PROTECTION_READ_WRITE: Final = 3
MAP_PRIVATE_ANONYMOUS: Final = 0x22
MAP_NO_RESERVE: Final = 0x4000
CLOCK_REALTIME: Final = 0
CLOCK_MONOTONIC: Final = 1
TIMER_ABSTIME: Final = 1
STANDARD_ERROR: Final = 2
NANOSECONDS: Final = 1_000_000_000


class TimeSpec(Struct):
    """A duration or a point of time."""

    seconds: i64
    nanoseconds: i64


@libc
def mmap(hint: addr, length: u64, protection: i32, flags: i32, descriptor: i32, offset: i64) -> addr: ...


@libc
def munmap(start: addr, length: u64) -> i32: ...


@libc
def write(descriptor: i32, text: addr, length: u64) -> i64: ...


@libc
def clock_gettime(clock: i32, into: TimeSpec) -> i32: ...


@libc
def clock_nanosleep(clock: i32, flags: i32, until: TimeSpec, remaining: TimeSpec) -> i32: ...


@libc
def _exit(code: i32) -> None: ...


@libc
def getpid() -> i32: ...


@libc
def sched_yield() -> i32: ...


@libc
def getrandom(into: addr, length: u64, flags: u32) -> i64: ...


@kernel
def map_memory(length_bytes: u64) -> addr:
    """Zeroed memory from the system; 0 if there is none."""
    got = mmap(0, length_bytes, PROTECTION_READ_WRITE, MAP_PRIVATE_ANONYMOUS | MAP_NO_RESERVE, -1, 0)
    if to_u64(got) > 0xFFFF_FFFF_FFFF_F000:
        return 0
    return got


@kernel
def unmap_memory(start: addr, length_bytes: u64) -> None:
    """Gives memory of map_memory back."""
    munmap(start, length_bytes)


# --- What package runtime asks for ------------------------------------------------------------------

_time = global_struct(TimeSpec)
PROCESSORS_ONLINE: Final = 84


@libc
def sysconf(name: i32) -> i64: ...


@libc
def __errno_location() -> addr: ...


@systemstack("runtime.nanotime")
def nanotime() -> i64:
    """Nanoseconds of CLOCK_MONOTONIC."""
    clock_gettime(CLOCK_MONOTONIC, _time)
    return _time.seconds * NANOSECONDS + _time.nanoseconds


@systemstack("runtime.walltime")
def walltime() -> tuple[i64, i32]:
    """Seconds since 1970, and nanoseconds."""
    clock_gettime(CLOCK_REALTIME, _time)
    return _time.seconds, to_i32(_time.nanoseconds)


@systemstack("runtime.write1")
def write1(descriptor: u64, text: addr, length_bytes: i32) -> i32:
    """write(2): bytes written, or the negative errno."""
    wrote = write(to_i32(descriptor), text, to_u64(length_bytes))
    if wrote < 0:
        return -load_i32(__errno_location())
    return to_i32(wrote)


@systemstack("runtime.fillrandom")
def fill_random(into: addr, length_bytes: i64) -> bool:
    """Fills memory with random bytes; False if the system has none."""
    done: u64 = 0
    while done < to_u64(length_bytes):
        got = getrandom(into + done, to_u64(length_bytes) - done, 0)
        if got <= 0:
            return False
        done += to_u64(got)
    return True


@systemstack("runtime.ncpu")
def processors() -> i32:
    """Processors of the machine."""
    return to_i32(sysconf(PROCESSORS_ONLINE))


@systemstack("runtime.yieldthread")
def yield_thread() -> None:
    """Lets another thread run."""
    sched_yield()
