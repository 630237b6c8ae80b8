"""Stack segments: where they come from, how a stack grows, which parts of it are in use.

Sizes are powers of two from 2 KiB. Up to 64 KiB (orders 0 to 5) they are cut from slabs of 1 MiB and kept in one free
list for each order; larger ones are mapped one by one. A goroutine's segments form a list from the first one: those up to
``g.segment`` are in use, those after it are kept for the next call that needs them, until a collection
frees them (``scan_from``).

Invariants:
    1. ``segment.limit`` MUST be at least SEGMENT_HEADER_BYTES + GUARD_BYTES above the segment. Otherwise code that
       runs without comparing (thunks, memcpy, __morestack) would overwrite the header. Checked by check_segment().
    2. ``previous_fp`` of every segment in use but the first MUST be the frame of the __morestack that entered it.
       Otherwise the collector would miss a part of the stack. Checked by check_segment().

Source:
    Go 1.27.3 runtime/stack.go for the sizes and the limit of 1,000,000,000 bytes.

Differs from Go:
    Go copies a stack to a larger one; here it continues in another segment, and pointers into it stay valid.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    check,
    field_address,
    function_address,
    global_array,
    is_null,
    kernel,
    memory_zero,
    null,
    store_addr,
    systemstack,
    to_addr,
    to_u64,
    u64,
    unlikely,
)
from tricolor.kernel.registers import SAVED_BYTES, SAVED_R12_OFFSET, SAVED_RETURN_OFFSET
from tricolor.runtime.records.goroutine import DEAD, FRAME_SLACK_BYTES, GUARD_BYTES, SEGMENT_HEADER_BYTES, G, Segment
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import counters
from tricolor.runtime.scheduler.context import goroutine_start
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.stops import out_of_memory, stack_overflow
from tricolor.runtime.system.memory import map_memory, unmap_memory

FIRST_SEGMENT_BYTES: Final = 2048
# There is one main goroutine, most programs recurse on it, and a call over the end of a segment costs some 20 ns each time.
MAIN_SEGMENT_BYTES: Final = 64 << 10
SEGMENT_ORDERS: Final = 6
LARGEST_POOLED_BYTES: Final = 2048 << (SEGMENT_ORDERS - 1)
# Larger slabs cost nothing until touched; smaller ones would mean more calls of mmap.
SLAB_BYTES: Final = 1 << 20
STACK_LIMIT_BYTES: Final = 1_000_000_000
# Above the saved registers of a new goroutine there are two zero words, which end the chain of frames.
END_BYTES: Final = 16
WORD_BYTES: Final = 8
# Below its stack pointer a function that calls nothing may use this much.
RED_ZONE_BYTES: Final = 128

GROW_IN_PLACE: Final = 0
GROW_YIELD: Final = 1


class SegmentPool(Struct):
    """Free segments of one order, and the unused rest of a slab."""

    free: Segment
    bump: addr
    bump_end: addr


class StackRange(Struct):
    """A part of a goroutine's memory that may contain pointers; stack_range_next moves it to the next part."""

    low: addr
    high: addr
    segment: Segment
    state: u64


_pools = global_array(u64, 3 * SEGMENT_ORDERS)


@kernel
def _pool(order: u64) -> SegmentPool:
    return as_struct(SegmentPool, field_address(_pools[3 * order]))


@kernel
def _order(size_bytes: u64) -> u64:
    order: u64 = 0
    while (FIRST_SEGMENT_BYTES << order) < size_bytes:
        order += 1
    return order


@kernel
def segment_new(size_bytes: u64) -> Segment:
    """A segment of exactly that size, a power of two from 2 KiB; not zeroed. Ends the program if memory is exhausted."""
    start: addr = 0
    if size_bytes <= LARGEST_POOLED_BYTES:
        pool = _pool(_order(size_bytes))
        if not is_null(pool.free):
            segment = pool.free
            pool.free = segment.next
            start = address(segment)
        else:
            if pool.bump + size_bytes > pool.bump_end or pool.bump == 0:
                pool.bump = map_memory(SLAB_BYTES)
                if pool.bump == 0:
                    out_of_memory()
                pool.bump_end = pool.bump + SLAB_BYTES
                counters.mapped_bytes += SLAB_BYTES
            start = pool.bump
            pool.bump = pool.bump + size_bytes
    else:
        start = map_memory(size_bytes)
        if start == 0:
            out_of_memory()
        counters.mapped_bytes += size_bytes
    made = as_struct(Segment, start)
    made.limit = to_u64(start) + SEGMENT_HEADER_BYTES + GUARD_BYTES
    made.top = start + size_bytes
    made.previous = null(Segment)
    made.next = null(Segment)
    made.previous_fp = 0
    made.usable_bytes = size_bytes - SEGMENT_HEADER_BYTES - GUARD_BYTES
    made.size_bytes = size_bytes
    made.total_bytes = size_bytes
    counters.segment_bytes += size_bytes
    counters.segment_bytes_peak = max(counters.segment_bytes_peak, counters.segment_bytes)
    # The first segment is a whole stack.
    counters.largest_stack_bytes = max(counters.largest_stack_bytes, size_bytes)
    return made


@kernel
def segment_free(segment: Segment) -> None:
    """Frees a segment that nothing refers to."""
    size = segment.size_bytes
    counters.segment_bytes -= size
    if size > LARGEST_POOLED_BYTES:
        unmap_memory(address(segment), size)
        counters.mapped_bytes -= size
        return
    pool = _pool(_order(size))
    segment.next = pool.free
    pool.free = segment


@kernel
def free_after(segment: Segment) -> None:
    """Frees the segments after this one, which stays."""
    each = segment.next
    segment.next = null(Segment)
    while not is_null(each):
        following = each.next
        segment_free(each)
        each = following


@kernel
def stack_prepare(g: G, closure: addr) -> None:
    """Prepares the goroutine's stack so that resuming it calls the closure."""
    if is_null(g.first_segment):
        g.first_segment = segment_new(FIRST_SEGMENT_BYTES)
    segment = g.first_segment
    g.segment = segment
    g.morestack_fp = 0
    end = segment.top - END_BYTES
    g.sp = end - SAVED_BYTES
    memory_zero(g.sp, SAVED_BYTES + END_BYTES)
    store_addr(g.sp + SAVED_R12_OFFSET, closure)
    store_addr(g.sp + SAVED_RETURN_OFFSET, function_address(goroutine_start))


@systemstack("tricolor.grow_stack")
def grow_stack(frame_bytes: u64, argument_bytes: u64, fp: addr) -> addr:
    """Called by __morestack (its frame is ``fp``): a segment with room for the frame, or GROW_IN_PLACE or GROW_YIELD.

    GROW_IN_PLACE: the frame fits after all (the limit had asked for a yield). GROW_YIELD: yield, then ask again.
    """
    g = machine.g
    segment = g.segment
    if unlikely(machine.seeded != 0):
        if machine.calls_left == 0 and machine.locks == 0:
            g.morestack_fp = fp
            return GROW_YIELD
        machine.calls_left -= 1 if machine.calls_left != 0 else 0
    # While the goroutine pins its processor, the request to yield stays.
    elif machine.goroutine_limit != segment.limit and machine.locks == 0:
        machine.goroutine_limit = segment.limit
        g.morestack_fp = fp
        return GROW_YIELD
    g.morestack_fp = 0
    if to_u64(fp) + 16 - frame_bytes > segment.limit:
        return GROW_IN_PLACE
    needed = frame_bytes + argument_bytes + FRAME_SLACK_BYTES
    following = segment.next
    if not is_null(following):
        if following.usable_bytes >= needed:
            return address(following)
        free_after(segment)
    size = min(segment.size_bytes * 2, LARGEST_POOLED_BYTES)
    while size - SEGMENT_HEADER_BYTES - GUARD_BYTES < needed:
        size *= 2
    if segment.total_bytes + size > STACK_LIMIT_BYTES:
        g.morestack_fp = fp
        stack_overflow()
    made = segment_new(size)
    made.previous = segment
    made.total_bytes = segment.total_bytes + size
    segment.next = made
    counters.stack_growths += 1
    counters.largest_stack_bytes = max(counters.largest_stack_bytes, made.total_bytes)
    return address(made)


# --- For the collector ----------------------------------------------------------------------------


@kernel
def stack_range_first(g: G, cursor: StackRange) -> bool:
    """Sets the cursor to the first range of memory to scan for the goroutine; False if there is none.

    The running goroutine's stack is scanned from ``machine.goroutine_sp``: call it from ``@systemstack`` code only.
    """
    if g.status == DEAD:
        return False
    cursor.low = field_address(g.words)
    cursor.high = cursor.low + len(g.words) * WORD_BYTES
    cursor.segment = g.segment
    cursor.state = 0
    return True


@kernel
def _innermost(g: G) -> addr:
    """The lowest address of the goroutine's stack that is in use."""
    if g.interrupted != 0:
        return to_addr((as_struct(SignalContext, g.interrupted).rsp & ~7) - RED_ZONE_BYTES)
    return machine.goroutine_sp if g is machine.g else g.sp


@kernel
def stack_range_next(g: G, cursor: StackRange) -> bool:
    """Moves the cursor to the next range; False after the last one. Every range starts at a multiple of 8."""
    segment = cursor.segment
    if is_null(segment):
        return False
    if cursor.state == 0:
        cursor.low = _innermost(g)
        cursor.state = 1
    else:
        low = segment.previous_fp
        segment = segment.previous
        if is_null(segment):
            cursor.segment = segment
            return False
        cursor.low = low
    check_segment(segment, cursor.low)
    cursor.high = segment.top
    cursor.segment = segment
    return True


@kernel
def check_segment(segment: Segment, low: addr) -> None:
    """Invariants 1 and 2: ``low``, where the part in use begins, lies in the segment."""
    header = address(segment) + SEGMENT_HEADER_BYTES
    check(1, segment.limit >= to_u64(header) + GUARD_BYTES, "check_segment: the limit leaves no room below it")
    check(1, low > header and low <= segment.top, "check_segment: the frame by which the segment was left lies in another one")
