"""Scavenging: gives the memory of free pages back to the system, and keeps the addresses.

Terms:
    held        pages of the heap that have memory of the system: in use, or free and dirty
    ready       all memory that the process has: held pages, stacks, tables
    released    free pages without memory

How: _release_run() takes the highest run of free dirty pages as if it were allocated, so that nobody else gets it, calls the system without
a lock, and frees the run as clean pages. The highest come first, since allocation takes the lowest. A chunk of which nearly all pages are
in use is left alone, unless the caller insists: its few free pages are likely to be used soon.

Who calls:
    background   a goroutine, with about 1 % of the processors (``collector.scavenger``), while one of the goals is exceeded
    eager        scavenge_for_span(): an allocation that makes the heap larger although it has free pages, or that would exceed the memory limit
    forced       debug.FreeOSMemory

Invariants:
    1. Pages MUST count as in use for the search while the system takes their memory. Otherwise an object in them would be lost. Checked by
       _free_released().
    2. ``mheap.released_pages`` MUST be the number of clean free pages below the top. Otherwise the process would hold more or less than
       its limit. Checked by check_pages().

Source:
    Go 1.27.3 runtime/mgcscavenge.go (scavengeOne, findScavengeCandidate), runtime/mheap.go (allocSpan).

Differs from Go:
    A run ends at a multiple of 64 pages, and huge pages are not kept together. Only the present use of a chunk counts, not that of the last cycle.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    atomic_add,
    atomic_exchange,
    atomic_load,
    check,
    count_leading_zeros_u64,
    global_struct,
    i64,
    kernel,
    load_u64,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.bits import ALL_ONES, count_bits, fill_bits, low_bits, run_of_ones
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.pages import WORD_PAGES, free_run
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import CHUNK_PAGES, PAGE_SHIFT
from tricolor.runtime.lock_ranks import RANK_HEAP
from tricolor.runtime.settings_keys import MEMORY_LIMIT
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import acquire_if_parallel, release_if_parallel
from tricolor.runtime.system.memory import release

NO_GOAL: Final = 0xFFFF_FFFF_FFFF_FFFF
DENSE_PAGES: Final = CHUNK_PAGES * 31 // 32
"""Pages in use that make a chunk dense. Fewer keep more memory, more release pages that are needed again soon."""


class Scavenging(Struct):
    """Goals, and what was done. All of it is about the process."""

    held_goal: u64
    """Bytes of the heap above which the background releases pages; NO_GOAL: any number."""
    ready_goal: u64
    """Bytes of the process above which it does."""
    below_page: u64
    """The background has looked at all pages from there on in this cycle."""
    is_limited: u32
    """1 while the collector has used too much time: allocations do not release pages then."""
    stack_bytes: u64
    """Memory that stacks hold."""
    background_bytes: u64
    """Released since the last line of GODEBUG=scavtrace,"""
    eager_bytes: u64
    """and by allocations."""
    background_ns: i64
    """Time of the background, ever."""
    assist_ns: i64
    """Time of allocations, ever."""
    counted_assist_ns: i64
    """The part of it that take_assist_time() has given."""


scavenging = global_struct(Scavenging, symbol_name="tricolor.scavenging")


@kernel
def held_bytes() -> u64:
    """Bytes of the heap that have memory of the system."""
    return (mheap.top_pages - mheap.released_pages) << PAGE_SHIFT


@kernel
def ready_bytes() -> u64:
    """Bytes that the process has from the system."""
    return held_bytes() + scavenging.stack_bytes + mheap.persistent_bytes


# --- One run of pages -----------------------------------------------------------------------------


@kernel
def _is_dense(word: u64) -> bool:
    """Whether nearly all pages of the chunk are in use."""
    chunk = word * WORD_PAGES // CHUNK_PAGES * CHUNK_PAGES
    return count_bits(mheap.used_bits, chunk, CHUNK_PAGES) >= DENSE_PAGES


@kernel
def _idle_pages(word: u64, below_page: u64) -> u64:
    """A bit for each page of the word that is free, dirty and below the page."""
    idle = load_u64(mheap.dirty_bits + word * 8) & ~load_u64(mheap.used_bits + word * 8)
    within = below_page - word * WORD_PAGES
    return idle & low_bits(within) if within < WORD_PAGES else idle


@kernel
def _find_idle(below_page: u64, forced: bool) -> u64:
    """The page after the highest free dirty one below a page; 0 if there is none. The caller holds no lock: it looks again."""
    word = (below_page + WORD_PAGES - 1) // WORD_PAGES
    while word > 0:
        word -= 1
        idle = _idle_pages(word, below_page)
        if idle == 0:
            continue
        if forced or not _is_dense(word):
            return word * WORD_PAGES + (WORD_PAGES - count_leading_zeros_u64(idle))
        word = word * WORD_PAGES // CHUNK_PAGES * (CHUNK_PAGES // WORD_PAGES)
    return 0


@kernel
def _take_run(end: u64) -> u64:
    """Takes the free dirty pages in a row that end there, within a word of the bitmap; gives how many."""
    word = (end - 1) // WORD_PAGES
    idle = _idle_pages(word, end)
    within = end - word * WORD_PAGES
    others = ~idle & low_bits(within)
    count: u64 = within if others == 0 else within - (WORD_PAGES - count_leading_zeros_u64(others))
    fill_bits(mheap.used_bits, end - count, count, ALL_ONES)
    return count


@kernel
def _free_released(first: u64, count: u64) -> None:
    """Frees pages that _take_run() took; they have no memory."""
    in_use = run_of_ones(mheap.used_bits, first) >= min(count, WORD_PAGES - first % WORD_PAGES)
    check(1, in_use, "_free_released: a page was freed while the system took its memory")
    fill_bits(mheap.dirty_bits, first, count, 0)
    free_run(first, count)
    mheap.released_pages += count


@kernel
def _release_run(below_page: u64, forced: bool) -> tuple[u64, u64]:
    """Gives the highest run below a page back to the system: first page and count, which is 0 if there is none."""
    end = below_page
    while True:
        end = _find_idle(end, forced)
        if end == 0:
            return 0, 0
        acquire_if_parallel(mheap.lock, RANK_HEAP)
        count = _take_run(end)
        release_if_parallel(mheap.lock)
        if count != 0:
            break
    first = end - count
    release(mheap.arena_start + (first << PAGE_SHIFT), count << PAGE_SHIFT)
    acquire_if_parallel(mheap.lock, RANK_HEAP)
    _free_released(first, count)
    release_if_parallel(mheap.lock)
    return first, count


# --- Who calls ------------------------------------------------------------------------------------


@kernel
def _go_on(wanted_bytes: u64) -> u64:
    """Releases at least that many bytes, if there are as many, going on where the last call ended; gives how many."""
    released: u64 = 0
    while released < wanted_bytes:
        first, count = _release_run(scavenging.below_page, False)
        scavenging.below_page = first
        if count == 0:
            break
        released += count << PAGE_SHIFT
    return released


@kernel
def begin_scavenging() -> None:
    """A cycle has freed pages: the background begins at the top again."""
    scavenging.below_page = mheap.top_pages


@kernel
def scavenge_background(wanted_bytes: u64) -> u64:
    """Releases at least that many bytes, if there are as many; gives how many."""
    began = nanotime()
    released = _go_on(wanted_bytes)
    scavenging.background_bytes += released
    scavenging.background_ns += nanotime() - began
    return released


@kernel
def scavenge_forced(wanted_bytes: u64) -> u64:
    """Releases at least that many bytes, if there are as many, from the top; gives how many."""
    released: u64 = 0
    below = mheap.top_pages
    while released < wanted_bytes:
        below, count = _release_run(below, True)
        if count == 0:
            break
        released += count << PAGE_SHIFT
    return released


@kernel
def scavenge_for_span(grown_pages: u64) -> None:
    """Called after pages were taken, of which so many lie above the former top: releases others instead.

    While the process exceeds its memory limit, as many as it exceeds it by; if the heap grew above its goal, at most as many as it grew.
    """
    over_limit: u64 = 0
    ready = ready_bytes()
    limit = to_u64(settings[MEMORY_LIMIT])
    if unlikely(ready > limit) and scavenging.is_limited == 0:
        over_limit = ready - limit
    over_goal: u64 = 0
    held = held_bytes()
    if grown_pages != 0 and unlikely(held > scavenging.held_goal):
        over_goal = min(held - scavenging.held_goal, grown_pages << PAGE_SHIFT)
    if unlikely(over_limit != 0 or over_goal != 0):
        _scavenge_eagerly(over_limit, over_goal)


@kernel
def take_assist_time() -> i64:
    """Time that allocations have spent since the last call."""
    now = atomic_load(scavenging.assist_ns, "relaxed")
    return now - atomic_exchange(scavenging.counted_assist_ns, now, "relaxed")


@kernel
def _scavenge_eagerly(forced_bytes: u64, wanted_bytes: u64) -> None:
    """Releases pages on behalf of an allocation, and counts the time."""
    began = nanotime()
    released = scavenge_forced(max(forced_bytes, wanted_bytes)) if forced_bytes != 0 else _go_on(wanted_bytes)
    atomic_add(scavenging.eager_bytes, released, "relaxed")
    atomic_add(scavenging.assist_ns, nanotime() - began, "relaxed")
