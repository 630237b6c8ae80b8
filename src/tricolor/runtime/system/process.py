"""What package runtime asks of the system besides memory and time."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    i32,
    i64,
    kernel,
    libc,
    load_i32,
    population_count_u64,
    size_of,
    stack_struct,
    store_u8,
    systemstack,
    text,
    to_i32,
    to_u8,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.system.output import write, write_error
from tricolor.runtime.system.seed import random_u64, seed

MASK_WORDS: Final = 128
"""For 8192 CPUs, the most that Linux can be built for on x86-64."""
F_GETFD: Final = 1
O_RDWR: Final = 2


class AffinityMask(Struct):
    """A bit for each CPU."""

    words: Array[u64, MASK_WORDS]


@libc
def sched_yield() -> i32: ...


@libc
def getrandom(into: addr, length: u64, flags: u32) -> i64: ...


@libc
def sched_getaffinity(process: i32, length_bytes: u64, mask: AffinityMask) -> i32: ...


@libc
def __errno_location() -> addr: ...


@libc
def fcntl(descriptor: i32, command: i32, argument: i64) -> i32: ...


@libc
def open(path: addr, flags: i32, mode: u32) -> i32: ...


@kernel
def open_standard_files() -> None:
    """Opens /dev/null for each standard stream that is closed. Otherwise a file that the program opens would receive what it prints."""
    path, _ = text("/dev/null\0")
    for descriptor in range(3):
        if fcntl(to_i32(descriptor), F_GETFD, 0) < 0:
            open(path, O_RDWR, 0)


@kernel
def error_number() -> i32:
    """Errno of the calling thread."""
    return load_i32(__errno_location())


@systemstack("runtime.write1")
def write1(descriptor: u64, text: addr, length_bytes: i32) -> i32:
    """write(2): bytes written, or the negative errno."""
    wrote = write(to_i32(descriptor), text, to_u64(length_bytes))
    if wrote < 0:
        return -error_number()
    return to_i32(wrote)


@systemstack("runtime.writeerror")
def write_text_error(text: addr, length_bytes: i32) -> i32:
    """write(2) to standard error: bytes written, or the negative errno."""
    wrote = write_error(text, to_u64(length_bytes))
    if wrote < 0:
        return -error_number()
    return to_i32(wrote)


@systemstack("runtime.fillrandom")
def fill_random(into: addr, length_bytes: i64) -> bool:
    """Fills memory with random bytes; False if the system has none."""
    done: u64 = 0
    if unlikely(seed.on != 0):
        while done < to_u64(length_bytes):
            store_u8(into + done, to_u8(random_u64() & 0xFF))
            done += 1
        return True
    while done < to_u64(length_bytes):
        got = getrandom(into + done, to_u64(length_bytes) - done, 0)
        if got <= 0:
            return False
        done += to_u64(got)
    return True


@systemstack("runtime.ncpu")
def processors() -> i32:
    """CPUs on which the calling thread may run, at least 1."""
    mask = stack_struct(AffinityMask)
    count: u64 = 0
    if sched_getaffinity(0, size_of(AffinityMask), mask) == 0:
        for word in range(MASK_WORDS):
            count += population_count_u64(mask.words[word])
    return to_i32(max(count, 1))


@systemstack("runtime.yieldthread")
def yield_thread() -> None:
    """Lets another thread run."""
    sched_yield()
