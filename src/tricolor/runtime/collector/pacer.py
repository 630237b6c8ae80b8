"""Pacer: the heap size at which the next cycle begins.

Formulas (M marked bytes, S stack bytes, G bytes of globals, g = GOGC)::

    heap minimum   4 MiB * g / 100
    goal by GOGC   max(M + (M + S + G) * g / 100, heap minimum)                    no limit if g < 0
    goal by limit  limit - (non-heap + overage), less 3 % (at least 1 MiB) of headroom, at least M
    goal           the lesser of both
    trigger        the goal: the world is stopped, so no runway is needed

Source:
    Go 1.27.3 runtime/mgcpacer.go.

Differs from Go:
    The trigger is the goal. Go triggers earlier, by as much as it expects the program to allocate while it marks.
"""

from __future__ import annotations

from tricolor.kernel.lang import kernel, to_u64, u64
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.mheap import NO_LIMIT
from tricolor.runtime.allocator.pages import free_dirty_pages
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import HEAP_MINIMUM_BYTES, PAGE_SHIFT
from tricolor.runtime.collector.roots import marker
from tricolor.runtime.settings_keys import GC_PERCENT, MEMORY_LIMIT

LIMIT_HEADROOM_BYTES = 1 << 20
NO_GOAL = 0xFFFF_FFFF_FFFF_FFFF
# What the program can allocate at least between two cycles, even over the memory limit. With less it would only collect.
LEAST_RUNWAY_BYTES = 64 << 10


@kernel
def percent_goal(marked: u64) -> u64:
    """Heap goal by GOGC."""
    percent = settings[GC_PERCENT]
    if percent < 0:
        return NO_GOAL
    extra = (marked + marker.stack_bytes + marker.global_bytes) * to_u64(percent) // 100
    return max(marked + extra, HEAP_MINIMUM_BYTES * to_u64(percent) // 100)


@kernel
def mapped_ready_bytes() -> u64:
    """Memory that the process holds: heap pages that were not given back, stacks, tables."""
    heap = (mheap.top_pages - mheap.released_pages) << PAGE_SHIFT
    return heap + marker.stack_bytes + mheap.persistent_bytes


@kernel
def limit_goal(marked: u64) -> u64:
    """Heap goal by GOMEMLIMIT."""
    limit = to_u64(settings[MEMORY_LIMIT])
    if settings[MEMORY_LIMIT] == NO_LIMIT:
        return NO_GOAL
    ready = mapped_ready_bytes()
    in_use = mheap.pages_in_use << PAGE_SHIFT
    free = free_dirty_pages() << PAGE_SHIFT
    unused = in_use - min(mheap.live, in_use)
    non_heap = ready - min(ready, free + mheap.live)
    overage = ready - limit if ready > limit else 0
    # Free memory within spans serves new objects: it is no burden.
    burden = non_heap - min(non_heap, unused) + overage
    if burden >= limit:
        return marked
    goal = limit - burden
    headroom = max(goal // 100 * 3, LIMIT_HEADROOM_BYTES)
    goal = headroom if goal < headroom or goal - headroom < headroom else goal - headroom
    return max(goal, marked)


@kernel
def set_goal(marked: u64) -> None:
    """Sets the goal and the trigger after a cycle, or after a setting changed."""
    by_limit = limit_goal(marked)
    by_percent = percent_goal(marked)
    goal = min(by_limit, by_percent)
    if by_limit < by_percent:
        goal = max(goal, marked + LEAST_RUNWAY_BYTES)
    mheap.goal = goal
    mheap.trigger = goal
