"""Segments of stacks: where they come from, and how their memory goes back to the system.

Sizes are powers of two from 2 KiB; order n has 2 KiB << n. Those of up to 64 KiB (orders 0 to 5) are cut from *blocks* of 64 KiB, of which
each has segments of one order. Larger ones are mapped one by one.

Terms:
    slab      4 MiB at a multiple of 4 MiB: 64 blocks. The first holds the records of the others, so that the address of a segment leads to
              the record of its block
    full      a block that has no segment to give
    idle      a block of which no segment is used, and which holds memory of the system
    empty     a block without memory: never used, or given back

How: a processor keeps some free segments of each small order (``Processor.segments``), which it takes and frees without a lock. When it has
none it takes half as many as it may keep from the blocks, and gives half back when it has too many, and all after each cycle. The blocks have a lock. A block
whose last segment is freed becomes idle, and may serve another order next. As many blocks as were idle during a whole cycle, which the program did
not miss, are given back to the system in the background (``release_surplus``).

Invariants:
    1. A block MUST be in the list of its order while it has segments to give, and in no list while it is full. Otherwise segments would be
       lost, or given twice. Checked by check_blocks().
    2. ``used`` of a block MUST be the number of its segments that were cut and are not in its free list. Otherwise memory in use would
       be given back to the system. Checked by check_blocks().

Source:
    Go 1.27.3 runtime/stack.go (stackpool, stackcache, stackalloc, stackfree, freeStackSpans).

Differs from Go:
    The blocks are not pages of the heap. Go gives the blocks that became idle to the heap after each cycle.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Embed,
    Struct,
    addr,
    address,
    as_struct,
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    check,
    field_address,
    global_struct,
    is_null,
    kernel,
    memory_at,
    null,
    size_of,
    to_addr,
    to_u32,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.scavenge import scavenging
from tricolor.runtime.lock_ranks import RANK_STACKS
from tricolor.runtime.records.goroutine import GUARD_BYTES, SEGMENT_HEADER_BYTES, Segment
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import LEAST_SEGMENT_BYTES, counters
from tricolor.runtime.records.processor import CACHED_ORDERS, SegmentCache
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.lock import Lock, acquire, holds
from tricolor.runtime.system.lock import release as release_lock
from tricolor.runtime.system.memory import release, reserve, unreserve

SEGMENT_ORDERS: Final = 6
LARGEST_POOLED_BYTES: Final = LEAST_SEGMENT_BYTES << (SEGMENT_ORDERS - 1)
BLOCK_BYTES: Final = LARGEST_POOLED_BYTES
BLOCK_SHIFT: Final = 16
SEGMENTS_OF_BLOCK: Final = BLOCK_BYTES // LEAST_SEGMENT_BYTES
"""Of order 0; each further order has half as many."""
# The records take one page of each slab. Larger slabs need more address space at once, smaller ones more calls of mmap.
SLAB_BYTES: Final = 4 << 20
# A processor keeps at most 64 KiB of each order. With fewer segments it needs the lock more often, more of them lie unused.
CACHED_SEGMENTS: Final = SEGMENTS_OF_BLOCK


class Block(Struct):
    """The record of a block."""

    free: Segment
    next: "Block"
    """In the list of its order, of idle ones, or of empty ones."""
    previous: "Block"
    """In the list of its order only."""
    used: u32
    """Segments that were cut and are not in ``free``."""
    cut: u32
    """Segments that were cut so far; the rest of the block was not touched."""
    order: u32


class Blocks(Struct):
    """All blocks."""

    lock: Embed[Lock]
    partial: Array[Block, SEGMENT_ORDERS]
    """Blocks of each order that have segments to give."""
    idle: Block
    idle_count: u64
    idle_least: u64
    """The least number of idle blocks since trim_idle() was called last."""
    surplus: u64
    """Idle blocks that the background may give back to the system."""
    trims: u64
    """Calls of trim_idle()."""
    empty: Block
    slab: addr
    """The block that was never used and is next, and the end of its slab."""
    slab_end: addr


blocks = global_struct(Blocks)


# --- Blocks, under the lock -----------------------------------------------------------------------


@kernel
def _block_of(segment: Segment) -> Block:
    """The block in which a segment lies."""
    where = to_u64(address(segment))
    number = (where & (SLAB_BYTES - 1)) >> BLOCK_SHIFT
    return as_struct(Block, to_addr((where & ~(SLAB_BYTES - 1)) + number * size_of(Block)))


@kernel
def _start_of(block: Block) -> addr:
    """The address of a block's memory."""
    where = to_u64(address(block))
    slab = where & ~(SLAB_BYTES - 1)
    return to_addr(slab + ((where - slab) // size_of(Block) << BLOCK_SHIFT))


@kernel
def _new_slab() -> bool:
    """Reserves a slab; False if the system refuses."""
    start = reserve(0, 2 * SLAB_BYTES)
    if start == 0:
        return False
    before = (0 - to_u64(start)) & (SLAB_BYTES - 1)
    if before != 0:
        unreserve(start, before)
    slab = start + before
    unreserve(slab + SLAB_BYTES, SLAB_BYTES - before)
    blocks.slab = slab + BLOCK_BYTES
    blocks.slab_end = slab + SLAB_BYTES
    return True


@kernel
def _take_block(order: u64) -> Block:
    """A block without segments, which becomes the first of its order; null if the system has no memory."""
    block = blocks.idle
    if not is_null(block):
        blocks.idle = block.next
        blocks.idle_count -= 1
        blocks.idle_least = min(blocks.idle_least, blocks.idle_count)
    else:
        block = blocks.empty
        if not is_null(block):
            blocks.empty = block.next
        else:
            if blocks.slab == blocks.slab_end and not _new_slab():
                return null(Block)
            block = _block_of(as_struct(Segment, blocks.slab))
            blocks.slab = blocks.slab + BLOCK_BYTES
        atomic_add(scavenging.stack_bytes, BLOCK_BYTES, "relaxed")
    block.order = to_u32(order)
    block.free = null(Segment)
    block.used = 0
    block.cut = 0
    _link(block)
    return block


@kernel
def _link(block: Block) -> None:
    """Puts the block into the list of its order."""
    first = blocks.partial[block.order]
    block.previous = null(Block)
    block.next = first
    if not is_null(first):
        first.previous = block
    blocks.partial[block.order] = block


@kernel
def _unlink(block: Block) -> None:
    """Takes the block out of the list of its order."""
    if is_null(block.previous):
        blocks.partial[block.order] = block.next
    else:
        block.previous.next = block.next
    if not is_null(block.next):
        block.next.previous = block.previous


@kernel
def _is_full(block: Block) -> bool:
    """Whether the block has no segment to give."""
    return is_null(block.free) and block.cut == SEGMENTS_OF_BLOCK >> block.order


@kernel
def _take_segment(order: u64) -> Segment:
    """A free segment; null if the system has no memory."""
    block = blocks.partial[order]
    if is_null(block):
        block = _take_block(order)
        if is_null(block):
            return null(Segment)
    segment = block.free
    if is_null(segment):
        segment = as_struct(Segment, _start_of(block) + to_u64(block.cut) * (LEAST_SEGMENT_BYTES << order))
        block.cut += 1
    else:
        block.free = segment.next
    block.used += 1
    if _is_full(block):
        _unlink(block)
    return segment


@kernel
def _give_segment(segment: Segment) -> None:
    """Frees a segment."""
    block = _block_of(segment)
    check(1, block.used != 0, "_give_segment: the block has no segment in use")
    was_full = _is_full(block)
    segment.next = block.free
    block.free = segment
    block.used -= 1
    if block.used == 0:
        if not was_full:
            _unlink(block)
        block.next = blocks.idle
        blocks.idle = block
        blocks.idle_count += 1
    elif was_full:
        _link(block)


# --- The segments that a processor keeps ----------------------------------------------------------


@kernel
def _refill(cache: SegmentCache, order: u64) -> None:
    """Takes half as many segments as the processor may keep, or fewer if memory is exhausted."""
    wanted: u64 = (CACHED_SEGMENTS >> order) // 2
    acquire(blocks.lock, RANK_STACKS)
    while cache.counts[order] < wanted:
        segment = _take_segment(order)
        if is_null(segment):
            break
        segment.next = cache.free[order]
        cache.free[order] = segment
        cache.counts[order] += 1
    release_lock(blocks.lock)


@kernel
def give_back(cache: SegmentCache, order: u64, kept: u64) -> None:
    """Gives segments to the blocks until the processor keeps that many."""
    acquire(blocks.lock, RANK_STACKS)
    while cache.counts[order] > kept:
        segment = cache.free[order]
        cache.free[order] = segment.next
        cache.counts[order] -= 1
        _give_segment(segment)
    release_lock(blocks.lock)


@kernel
def _own_cache() -> SegmentCache:
    """What the calling thread's processor keeps; nothing at first after trim_idle(), so that it keeps no block from being idle."""
    cache = machine.processor.segments
    trims = atomic_load(blocks.trims, "relaxed")
    if unlikely(cache.trims != trims):
        cache.trims = trims
        for order in range(CACHED_ORDERS):
            if cache.counts[order] != 0:
                give_back(cache, order, 0)
    return cache


@kernel
def _order(size_bytes: u64) -> u64:
    order: u64 = 0
    while (LEAST_SEGMENT_BYTES << order) < size_bytes:
        order += 1
    return order


@kernel
def _take(order: u64) -> Segment:
    """A free segment; null if memory is exhausted."""
    if order >= CACHED_ORDERS:
        acquire(blocks.lock, RANK_STACKS)
        segment = _take_segment(order)
        release_lock(blocks.lock)
        return segment
    cache = _own_cache()
    if cache.counts[order] == 0:
        _refill(cache, order)
    segment = cache.free[order]
    if not is_null(segment):
        cache.free[order] = segment.next
        cache.counts[order] -= 1
    return segment


@kernel
def _map(size_bytes: u64) -> Segment:
    """Memory for a segment that is larger than a block; null if the system has none."""
    segment = as_struct(Segment, reserve(0, size_bytes))
    if not is_null(segment):
        atomic_add(scavenging.stack_bytes, size_bytes, "relaxed")
    return segment


# --- For stacks -----------------------------------------------------------------------------------


@kernel
def raise_to(counter: addr, value: u64) -> None:
    """Stores the value in the counter if it is greater than what stands there."""
    while True:
        old = atomic_load(memory_at(u64, counter), "relaxed")
        if old >= value or atomic_compare_exchange(memory_at(u64, counter), old, value, "relaxed"):
            return


@kernel
def segment_new(size_bytes: u64) -> Segment:
    """A segment of exactly that size, a power of two from 2 KiB; not zeroed. Ends the program if memory is exhausted."""
    segment = _take(_order(size_bytes)) if size_bytes <= LARGEST_POOLED_BYTES else _map(size_bytes)
    if unlikely(is_null(segment)):
        out_of_memory()
    start = address(segment)
    segment.limit = to_u64(start) + SEGMENT_HEADER_BYTES + GUARD_BYTES
    segment.top = start + size_bytes
    segment.previous = null(Segment)
    segment.next = null(Segment)
    segment.previous_fp = 0
    segment.usable_bytes = size_bytes - SEGMENT_HEADER_BYTES - GUARD_BYTES
    segment.size_bytes = size_bytes
    segment.total_bytes = size_bytes
    in_use = atomic_add(counters.segment_bytes, size_bytes, "relaxed") + size_bytes
    raise_to(field_address(counters.segment_bytes_peak), in_use)
    # The first segment is a whole stack.
    raise_to(field_address(counters.largest_stack_bytes), size_bytes)
    return segment


@kernel
def segment_free(segment: Segment) -> None:
    """Frees a segment that nothing refers to."""
    size = segment.size_bytes
    atomic_add(counters.segment_bytes, 0 - size, "relaxed")
    if size > LARGEST_POOLED_BYTES:
        unreserve(address(segment), size)
        atomic_add(scavenging.stack_bytes, 0 - size, "relaxed")
        return
    order = _order(size)
    if order >= CACHED_ORDERS:
        acquire(blocks.lock, RANK_STACKS)
        _give_segment(segment)
        release_lock(blocks.lock)
        return
    cache = _own_cache()
    segment.next = cache.free[order]
    cache.free[order] = segment
    cache.counts[order] += 1
    if cache.counts[order] > CACHED_SEGMENTS >> order:
        give_back(cache, order, (CACHED_SEGMENTS >> order) // 2)


# --- Giving memory back ---------------------------------------------------------------------------


@kernel
def release_idle(count: u64) -> u64:
    """Gives up to that many idle blocks back to the system; gives how many. No lock is held during the system calls."""
    released: u64 = 0
    length_bytes: u64 = BLOCK_BYTES
    while released < count:
        acquire(blocks.lock, RANK_STACKS)
        block = blocks.idle
        if not is_null(block):
            blocks.idle = block.next
            blocks.idle_count -= 1
            blocks.idle_least = min(blocks.idle_least, blocks.idle_count)
        release_lock(blocks.lock)
        if is_null(block):
            break
        release(_start_of(block), length_bytes)
        atomic_add(scavenging.stack_bytes, 0 - length_bytes, "relaxed")
        acquire(blocks.lock, RANK_STACKS)
        block.next = blocks.empty
        blocks.empty = block
        release_lock(blocks.lock)
        released += 1
    return released


@kernel
def idle_bytes() -> u64:
    """Memory of blocks of which no segment is used."""
    return atomic_load(blocks.idle_count, "relaxed") * BLOCK_BYTES


@kernel
def trim_idle() -> None:
    """Notes how many blocks were idle all the time since the last call: these are not missed if they are released. Called once in a cycle."""
    atomic_add(blocks.trims, 1, "relaxed")
    _own_cache()
    acquire(blocks.lock, RANK_STACKS)
    blocks.surplus = blocks.idle_least
    blocks.idle_least = blocks.idle_count
    release_lock(blocks.lock)


@kernel
def surplus_blocks() -> u64:
    """Blocks that release_surplus() may give back, at most."""
    return atomic_load(blocks.surplus, "relaxed")


@kernel
def release_surplus() -> u64:
    """Gives one of the blocks back that trim_idle() has found; gives its bytes, 0 if there is none. Only one thread calls it at a time."""
    left = surplus_blocks()
    if left == 0:
        return 0
    atomic_store(blocks.surplus, left - 1, "relaxed")
    return release_idle(1) * BLOCK_BYTES


@kernel
def check_blocks() -> None:
    """Invariants 1 and 2, for the blocks in the lists of the orders. The caller holds the lock."""
    check(2, holds(blocks.lock), "check_blocks: the lock of the blocks is not held")
    for order in range(SEGMENT_ORDERS):
        block = blocks.partial[order]
        while not is_null(block):
            check(1, to_u64(block.order) == order, "check_blocks: a block is in the list of another order")
            check(1, not _is_full(block), "check_blocks: a full block is in the list")
            check(1, block.used != 0, "check_blocks: an unused block is not idle")
            free: u32 = 0
            segment = block.free
            while not is_null(segment):
                check(1, _block_of(segment) is block, "check_blocks: a free segment lies in another block")
                free += 1
                segment = segment.next
            check(1, free + block.used == block.cut, "check_blocks: the count of used segments is wrong")
            block = block.next
