"""Stacks: how they grow and shrink, which parts of them are in use. ``segments`` says where the segments come from.

A goroutine's segments form a list from the first one: those up to ``g.segment`` are in use, those after it are kept for the next call that
needs them, until the collector frees them: a cycle leaves one, and the next cycle frees that one if it was not used meanwhile. A dead goroutine
keeps its first segment until the next cycle.

Invariants:
    1. ``segment.limit`` MUST be at least SEGMENT_HEADER_BYTES + GUARD_BYTES above the segment. Otherwise code that
       runs without comparing (thunks, memcpy, __morestack) would overwrite the header. Checked by check_segment().
    2. ``previous_fp`` of every segment in use but the first MUST be the frame of the __morestack that entered it.
       Otherwise the collector would miss a part of the stack. Checked by check_segment().

Source:
    Go 1.27.3 runtime/stack.go for the sizes and the limit of 1,000,000,000 bytes.

Differs from Go:
    Go copies a stack to a larger one; here it continues in another segment, and pointers into it stay valid. The first segment
    never becomes smaller.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    atomic_add,
    atomic_exchange,
    atomic_load,
    atomic_store,
    check,
    field_address,
    function_address,
    is_null,
    kernel,
    memory_zero,
    null,
    spin_hint,
    store_addr,
    systemstack,
    to_addr,
    to_u64,
    u64,
    unlikely,
)
from tricolor.kernel.registers import SAVED_BYTES, SAVED_R12_OFFSET, SAVED_RETURN_OFFSET
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.records.goroutine import (
    DEAD,
    FRAME_SLACK_BYTES,
    GUARD_BYTES,
    SCANNED,
    SEGMENT_HEADER_BYTES,
    G,
    Segment,
    begin_scan,
    end_scan,
)
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import STACK_CEILING_BYTES, counters, scheduler
from tricolor.runtime.records.stack_sizes import count_scanned_stack
from tricolor.runtime.scheduler.context import goroutine_start
from tricolor.runtime.scheduler.segments import LARGEST_POOLED_BYTES, raise_to, segment_free, segment_new
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.stops import stack_overflow
from tricolor.runtime.settings_keys import SHRINK_STACK_OFF
from tricolor.runtime.system.lock import parallel

# There is one main goroutine, most programs recurse on it, and a call over the end of a segment costs some 20 ns each time.
MAIN_SEGMENT_BYTES: Final = 64 << 10
# Above the saved registers of a new goroutine there are two zero words, which end the chain of frames.
END_BYTES: Final = 16
WORD_BYTES: Final = 8
# Below its stack pointer a function that calls nothing may use this much.
RED_ZONE_BYTES: Final = 128

NOT_ENTERED: Final = 1
"""``previous_fp`` of a segment that the collector found unused; __morestack overwrites it."""

GROW_IN_PLACE: Final = 0
GROW_YIELD: Final = 1


class StackRange(Struct):
    """A part of a goroutine's memory that may contain pointers; stack_range_next moves it to the next part."""

    low: addr
    high: addr
    segment: Segment
    state: u64


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
def stack_retire(g: G) -> None:
    """The goroutine has ended. It keeps its first segment, if that has the size of others, until shrink_stack()."""
    first = g.first_segment
    g.segment = first
    if not is_null(first.next):
        free_after(first)
    if first.size_bytes != scheduler.starting_stack_bytes:
        segment_free(first)
        g.first_segment = null(Segment)
    atomic_store(g.sp, 0, "release")


@kernel
def stack_prepare(g: G, closure: addr) -> None:
    """Prepares a dead goroutine's stack so that resuming it calls the closure."""
    claims = is_marking.value != 0 and parallel.value != 0
    while claims and not begin_scan(g):
        spin_hint()
    if is_null(g.first_segment):
        g.first_segment = segment_new(scheduler.starting_stack_bytes)
    segment = g.first_segment
    g.segment = segment
    g.morestack_fp = 0
    end = segment.top - END_BYTES
    g.sp = end - SAVED_BYTES
    memory_zero(g.sp, SAVED_BYTES + END_BYTES)
    store_addr(g.sp + SAVED_R12_OFFSET, closure)
    store_addr(g.sp + SAVED_RETURN_OFFSET, function_address(goroutine_start))
    if claims:
        end_scan(g)


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
    if segment.total_bytes + size > min(scheduler.stack_limit_bytes, STACK_CEILING_BYTES):
        g.morestack_fp = fp
        stack_overflow(to_u64(fp) + 16, segment)
    made = segment_new(size)
    made.previous = segment
    made.total_bytes = segment.total_bytes + size
    segment.next = made
    atomic_add(counters.stack_growths, 1, "relaxed")
    raise_to(field_address(counters.largest_stack_bytes), made.total_bytes)
    return address(made)


@systemstack("runtime.setmaxstack")
def set_max_stack(length_bytes: u64) -> u64:
    """Sets how large a stack may become; gives the previous limit. Stacks that are larger already do not grow any more."""
    return atomic_exchange(scheduler.stack_limit_bytes, length_bytes, "relaxed")


# --- For the collector ----------------------------------------------------------------------------


@kernel
def stack_range_first(g: G, cursor: StackRange) -> bool:
    """Sets the cursor to the first range of memory to scan for the goroutine; False if there is none.

    The running goroutine's stack is scanned from ``machine.goroutine_sp``: call it from ``@systemstack`` code only.
    """
    if g.status & ~SCANNED == DEAD:
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
def shrink_stack(g: G) -> None:
    """Frees what a goroutine that was just scanned does not need: all but one of the segments after the last in use, and that one too if
    it was not entered since the last cycle; all of a dead goroutine's stack. So a loop that crosses a boundary needs no new memory."""
    if g.status & ~SCANNED == DEAD:
        # While sp is not 0, the goroutine ends or is being made.
        if atomic_load(g.sp, "acquire") == 0 and not is_null(g.first_segment):
            segment_free(g.first_segment)
            g.first_segment = null(Segment)
        return
    segment = g.segment
    if g is not scheduler.all_goroutines:
        below = segment.total_bytes - segment.size_bytes
        count_scanned_stack(machine.processor, below + (segment.top - _innermost(g)))
    spare = segment.next
    if is_null(spare) or settings[SHRINK_STACK_OFF] != 0:
        return
    if not is_null(spare.next):
        free_after(spare)
    if spare.previous_fp == NOT_ENTERED:
        free_after(segment)
    else:
        spare.previous_fp = NOT_ENTERED


@kernel
def check_segment(segment: Segment, low: addr) -> None:
    """Invariants 1 and 2: ``low``, where the part in use begins, lies in the segment."""
    header = address(segment) + SEGMENT_HEADER_BYTES
    check(1, segment.limit >= to_u64(header) + GUARD_BYTES, "check_segment: the limit leaves no room below it")
    check(1, low > header and low <= segment.top, "check_segment: the frame by which the segment was left lies in another one")
