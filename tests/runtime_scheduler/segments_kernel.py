"""Test driver of ``scheduler.segments``: threads that take and free segments at random."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    address,
    as_struct,
    export,
    is_null,
    kernel,
    load_u64,
    set_thread_struct,
    size_of,
    store_u64,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.scavenge import scavenging
from tricolor.runtime.lock_ranks import RANK_STACKS
from tricolor.runtime.records.goroutine import Segment
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.process import counters
from tricolor.runtime.records.processor import CACHED_ORDERS, Processor
from tricolor.runtime.scheduler.segments import (
    SEGMENT_HEADER_BYTES,
    blocks,
    check_blocks,
    give_back,
    release_surplus,
    segment_free,
    segment_new,
    trim_idle,
)
from tricolor.runtime.system.lock import acquire, release
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.seed import FACTOR, STEP

HELD: Final = 96
"""Segments that a thread holds at once."""
SIZES: Final = 7
FREED: Final = 0x0DEAD


@export("test.begin")
def begin() -> None:
    """Gives the calling thread a machine and a processor."""
    m = as_struct(Machine, reserve(0, size_of(Machine)))
    set_thread_struct(machine, m)
    machine.processor = as_struct(Processor, reserve(0, size_of(Processor)))


@kernel
def tag(segment: Segment, value: u64) -> None:
    """Writes to both ends of the segment's memory."""
    store_u64(address(segment) + SEGMENT_HEADER_BYTES, value)
    store_u64(segment.top - 8, value)


@kernel
def is_tagged(segment: Segment, value: u64) -> bool:
    """Whether both ends are as tag() left them."""
    return load_u64(address(segment) + SEGMENT_HEADER_BYTES) == value and load_u64(segment.top - 8) == value


@export("test.churn")
def churn(seed: u64, rounds: u64) -> u64:
    """Takes and frees segments; gives how many were not as the thread had left them."""
    held = reserve(0, HELD * 8)
    random = seed
    wrong: u64 = 0
    for count in range(rounds + HELD):
        random = random * FACTOR + STEP
        slot = held + (random >> 33) % HELD * 8 if count < rounds else held + (count - rounds) * 8
        segment = as_struct(Segment, to_addr(load_u64(slot)))
        if not is_null(segment):
            wrong += 0 if is_tagged(segment, to_u64(slot)) else 1
            tag(segment, FREED)
            segment_free(segment)
            store_u64(slot, 0)
        elif count < rounds:
            segment = segment_new(2048 << (random >> 45) % SIZES)
            tag(segment, to_u64(slot))
            store_u64(slot, to_u64(address(segment)))
    return wrong


@export("test.new")
def new(size_bytes: u64) -> u64:
    """A segment."""
    return to_u64(address(segment_new(size_bytes)))


@export("test.free")
def free(segment: u64) -> None:
    """Frees it."""
    segment_free(as_struct(Segment, to_addr(segment)))


@export("test.flush")
def flush() -> None:
    """Empties the processor's lists."""
    for order in range(CACHED_ORDERS):
        give_back(machine.processor.segments, order, 0)


@export("test.check")
def check_all() -> u64:
    """Checks the blocks; gives how many are idle."""
    acquire(blocks.lock, RANK_STACKS)
    check_blocks()
    idle = blocks.idle_count
    release(blocks.lock)
    return idle


@export("test.trim")
def trim() -> u64:
    """Gives back the blocks that were idle since the last call; gives how many."""
    trim_idle()
    released: u64 = 0
    while release_surplus() != 0:
        released += 1
    return released


@export("test.in_use")
def in_use() -> u64:
    """Bytes of segments in use."""
    return counters.segment_bytes


@export("test.mapped")
def mapped() -> u64:
    """Bytes of the system."""
    return scavenging.stack_bytes
