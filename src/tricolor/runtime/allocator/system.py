"""What the memory manager needs of the operating system, and text on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from tricolor.kernel.lang import (
    Struct,
    addr,
    field_address,
    global_array,
    global_struct,
    i32,
    i64,
    kernel,
    libc,
    store_u8,
    text,
    to_addr,
    to_u8,
    to_u64,
    u8,
    u64,
)

if TYPE_CHECKING:
    from tricolor.runtime.collector.trace import note_end

STANDARD_ERROR = 2
CLOCK_REALTIME = 0
CLOCK_MONOTONIC = 1
PROT_READ_WRITE = 3
MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022
MADV_DONTNEED = 4
OS_PAGE_BYTES = 4096
NS_PER_SECOND = 1_000_000_000
FATAL_STATUS = 2


class Timespec(Struct):
    """C's struct timespec."""

    seconds: i64
    nanoseconds: i64


timespec = global_struct(Timespec)
digits = global_array(u8, 32)


@libc
def mmap(hint: addr, length_bytes: u64, protection: i32, flags: i32, descriptor: i32, offset: i64) -> addr: ...


@libc
def madvise(start: addr, length_bytes: u64, advice: i32) -> i32: ...


@libc
def munmap(start: addr, length_bytes: u64) -> i32: ...


@libc
def clock_gettime(clock: i32, into: Timespec) -> i32: ...


@libc
def write(descriptor: i32, text: addr, length_bytes: u64) -> i64: ...


@libc
def _exit(status: i32) -> NoReturn: ...


@kernel
def reserve(hint: addr, length_bytes: u64) -> addr:
    """Address space that reads as zero and is committed by touch; 0 if the system refuses."""
    got = mmap(hint, length_bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
    if to_u64(got) == ~0:
        return to_addr(0)
    return got


@kernel
def release(start: addr, length_bytes: u64) -> None:
    """Gives the memory back to the system; it reads as zero afterwards."""
    madvise(start, length_bytes, MADV_DONTNEED)


@kernel
def now_ns() -> i64:
    """Monotonic time."""
    clock_gettime(CLOCK_MONOTONIC, timespec)
    return timespec.seconds * NS_PER_SECOND + timespec.nanoseconds


@kernel
def wall_ns() -> i64:
    """Time since 1970."""
    clock_gettime(CLOCK_REALTIME, timespec)
    return timespec.seconds * NS_PER_SECOND + timespec.nanoseconds


@kernel
def print_text(text: addr, length_bytes: u64) -> None:
    """Writes bytes to standard error."""
    write(STANDARD_ERROR, text, length_bytes)


@kernel
def print_number(value: u64, base: u64) -> None:
    """Writes an unsigned number in base 10 or 16, without prefix."""
    at: u64 = 32
    rest = value
    while True:
        at -= 1
        digit = rest % base
        store_u8(field_address(digits[at]), to_u8(digit + 48 if digit < 10 else digit + 87))
        rest = rest // base
        if rest == 0:
            break
    print_text(field_address(digits[at]), 32 - at)


@kernel
def fatal_out_of_memory(wanted_bytes: u64, used_bytes: u64) -> NoReturn:
    """Ends the process as Go does when the system gives no more memory."""
    print_text(*text("runtime: out of memory: cannot allocate "))
    print_number(wanted_bytes, 10)
    print_text(*text("-byte block ("))
    print_number(used_bytes, 10)
    print_text(*text(" in use)\n"))
    print_text(*text("fatal error: out of memory\n"))
    note_end()
    _exit(FATAL_STATUS)


@kernel
def fatal(message: addr, length_bytes: u64) -> NoReturn:
    """Ends the process with ``fatal error: MESSAGE``."""
    print_text(*text("fatal error: "))
    print_text(message, length_bytes)
    print_text(*text("\n"))
    _exit(FATAL_STATUS)
