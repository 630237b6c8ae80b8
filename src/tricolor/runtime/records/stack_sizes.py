"""How large stacks begin: with what a stack uses on average, so that most need no second segment.

How: each scan of a goroutine counts what it uses of its stack. At the end of a cycle the average, and what a segment needs besides, rounded up to
a power of two, becomes the size of the first segment of new goroutines. The main goroutine is not counted: it has a large first segment
of its own, and says nothing about the others.

Source:
    Go 1.27.3 runtime/stack.go (gcComputeStartingStackSize).

Differs from Go:
    The size is at most 64 KiB, since a first segment never becomes smaller. Go counts the main goroutine as well.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import is_null, kernel, u64
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.records.goroutine import GUARD_BYTES, SEGMENT_HEADER_BYTES
from tricolor.runtime.records.process import LEAST_SEGMENT_BYTES, scheduler
from tricolor.runtime.records.processor import Processor, first_processor
from tricolor.runtime.settings_keys import ADAPTIVE_STACK_START

LARGEST_START_BYTES: Final = 64 << 10


@kernel
def count_scanned_stack(p: Processor, used_bytes: u64) -> None:
    """Counts a stack that a thread with that processor has scanned."""
    p.segments.scanned_bytes += used_bytes
    p.segments.scanned_stacks += 1


@kernel
def adapt_starting_size() -> None:
    """Sets how large stacks begin, and forgets the stacks counted so far. The world is stopped."""
    used: u64 = 0
    stacks: u64 = 0
    p = first_processor
    while not is_null(p):
        used += p.segments.scanned_bytes
        stacks += p.segments.scanned_stacks
        p.segments.scanned_bytes = 0
        p.segments.scanned_stacks = 0
        p = p.all_link
    size: u64 = LEAST_SEGMENT_BYTES
    if stacks != 0 and settings[ADAPTIVE_STACK_START] != 0:
        wanted = min(used // stacks + SEGMENT_HEADER_BYTES + GUARD_BYTES, LARGEST_START_BYTES)
        while size < wanted:
            size *= 2
    scheduler.starting_stack_bytes = size
