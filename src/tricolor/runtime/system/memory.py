"""Memory of the operating system: address space that is committed by touch, and small tables that are counted."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, global_value, i32, i64, kernel, libc, to_addr, to_u64, u64

PROTECTION_READ_WRITE: Final = 3
MAP_PRIVATE_ANONYMOUS_NORESERVE: Final = 0x4022
ADVICE_DONT_NEED: Final = 4
OS_PAGE_BYTES: Final = 4096
LAST_ADDRESS: Final = 0xFFFF_FFFF_FFFF_F000
"""Results of mmap above this address are error numbers."""

mapped_bytes = global_value(u64)
"""Bytes that map_memory() has given and unmap_memory() has not taken back."""


@libc
def mmap(hint: addr, length_bytes: u64, protection: i32, flags: i32, descriptor: i32, offset: i64) -> addr: ...


@libc
def munmap(start: addr, length_bytes: u64) -> i32: ...


@libc
def madvise(start: addr, length_bytes: u64, advice: i32) -> i32: ...


@kernel
def reserve(hint: addr, length_bytes: u64) -> addr:
    """Address space that reads as zero and is committed by touch; 0 if the system refuses. Not counted."""
    got = mmap(hint, length_bytes, PROTECTION_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
    if to_u64(got) > LAST_ADDRESS:
        return to_addr(0)
    return got


@kernel
def unreserve(start: addr, length_bytes: u64) -> None:
    """Gives address space of reserve() back."""
    munmap(start, length_bytes)


@kernel
def release(start: addr, length_bytes: u64) -> None:
    """Gives pages back to the system, and keeps the addresses; they read as zero afterwards."""
    madvise(start, length_bytes, ADVICE_DONT_NEED)


@kernel
def map_memory(length_bytes: u64) -> addr:
    """Zeroed memory, counted in ``mapped_bytes``; 0 if the system has none."""
    got = reserve(to_addr(0), length_bytes)
    if to_u64(got) != 0:
        mapped_bytes.value += length_bytes
    return got


@kernel
def unmap_memory(start: addr, length_bytes: u64) -> None:
    """Gives memory of map_memory() back."""
    mapped_bytes.value -= length_bytes
    munmap(start, length_bytes)
