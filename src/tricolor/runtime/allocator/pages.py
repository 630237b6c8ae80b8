"""Page heap: which pages of the arena are in spans; finds runs of free pages, lowest address first.

How: each page has a bit. Each chunk of 512 pages has an upper bound of its longest free run: a failed search of the
chunk lowers it, and freeing a page of the chunk resets it. Runs of up to 64 pages are found within a chunk;
the search for longer ones walks over all words. Who calls take_pages() or give_pages() holds the lock of the heap.

The last chunk is a reserve. A thread that finds the arena full while another one stops the world can neither collect nor wait for the
other's cycle: that waits for the thread to leave the runtime. It opens the reserve; the end of a cycle closes it again.

Invariants:
    1. A page MUST be in use exactly if the table has a span for it. Otherwise the marker would follow pointers
       into free pages, or two spans would overlap. Checked by check_pages().
    2. The bound of a chunk MUST NOT be below its longest free run. Otherwise memory would be lost. Checked
       by check_pages().
    3. A free page without dirty bit MUST read as zero. Otherwise Go code would see old data. Checked by check_pages().

Source:
    Go 1.27.3 runtime/mpagealloc.go (address-ordered first fit).

Differs from Go:
    One level of summary instead of five: a heap of 4 GiB has 1024 bounds of two bytes.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import PAGE_BYTES
from tricolor.kernel.lang import (
    check,
    kernel,
    load_u16,
    load_u64,
    store_u16,
    to_u16,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.bits import (
    ALL_ONES,
    count_bits,
    fill_bits,
    is_zero,
    run_of_ones,
    run_of_zeros,
    test_bit,
)
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.sizes import CHUNK_PAGES, PAGE_SHIFT, RESERVE_SHARE
from tricolor.runtime.lock_ranks import RANK_HEAP
from tricolor.runtime.system.lock import acquire_if_parallel, release_if_parallel

NONE = 0xFFFF_FFFF_FFFF_FFFF
WORD_PAGES = 64


@kernel
def take_pages(count: u64) -> u64:
    """Takes the first ``count`` free pages in a row; gives the index of the first, or NONE if the arena is full."""
    first = find_in_chunks(count) if count <= WORD_PAGES else find_long(count)
    if first == NONE:
        return NONE
    fill_bits(mheap.used_bits, first, count, ALL_ONES)
    mheap.pages_in_use += count
    end = first + count
    top = mheap.top_pages
    if first < top:
        # Clean free pages below the top were given back to the system; those above the top never came from it.
        within = min(end, top) - first
        mheap.released_pages -= within - count_bits(mheap.dirty_bits, first, within)
    else:
        # Pages that the search left out were never touched: clean and free, as if given back.
        mheap.released_pages += first - top
    mheap.top_pages = max(top, end)
    return first


@kernel
def find_in_chunks(count: u64) -> u64:
    """First fit within a chunk."""
    chunks = mheap.usable_pages // CHUNK_PAGES
    chunk = mheap.search_chunk
    while chunk < chunks:
        deficit = mheap.chunk_deficit + chunk * 2
        longest = CHUNK_PAGES - to_u64(load_u16(deficit))
        if longest >= count:
            first = find_in_chunk(chunk, count)
            if first != NONE:
                return first
        elif longest == 0 and chunk == mheap.search_chunk:
            mheap.search_chunk = chunk + 1
        chunk += 1
    return NONE


@kernel
def open_reserve() -> None:
    """Lets the last chunk of the arena be taken too."""
    acquire_if_parallel(mheap.lock, RANK_HEAP)
    mheap.usable_pages = mheap.arena_pages
    release_if_parallel(mheap.lock)


@kernel
def close_reserve() -> None:
    """Keeps what is free in the last chunk for the next time that no cycle can run. The world is stopped."""
    if mheap.arena_pages >= RESERVE_SHARE * CHUNK_PAGES:
        mheap.usable_pages = mheap.arena_pages - CHUNK_PAGES


@kernel
def find_in_chunk(chunk: u64, count: u64) -> u64:
    """First fit in one chunk; stores its longest free run if there is none."""
    first, longest = find_run(chunk * CHUNK_PAGES, (chunk + 1) * CHUNK_PAGES, count)
    if first == NONE:
        store_u16(mheap.chunk_deficit + chunk * 2, to_u16(CHUNK_PAGES - longest))
    return first


@kernel
def find_long(count: u64) -> u64:
    """First fit anywhere, for runs that may be longer than a chunk."""
    first, _longest = find_run(mheap.search_chunk * CHUNK_PAGES, mheap.usable_pages, count)
    return first


@kernel
def find_run(first: u64, end: u64, count: u64) -> tuple[u64, u64]:
    """The first ``count`` free pages in a row between two pages, or NONE; and the longest free run that was seen."""
    run: u64 = 0
    longest: u64 = 0
    at = first
    while at < end:
        free = run_of_zeros(mheap.used_bits, at)
        if free == 0:
            run = 0
            at += run_of_ones(mheap.used_bits, at)
        else:
            run += free
            at += free
            longest = max(longest, run)
            if run >= count:
                return at - run, longest
    return NONE, longest


@kernel
def give_pages(first: u64, count: u64) -> None:
    """Makes pages free and dirty."""
    fill_bits(mheap.dirty_bits, first, count, ALL_ONES)
    mheap.pages_in_use -= count
    free_run(first, count)


@kernel
def free_run(first: u64, count: u64) -> None:
    """Lets the search find pages."""
    fill_bits(mheap.used_bits, first, count, 0)
    chunk = first // CHUNK_PAGES
    last = (first + count - 1) // CHUNK_PAGES
    mheap.search_chunk = min(mheap.search_chunk, chunk)
    while chunk <= last:
        store_u16(mheap.chunk_deficit + chunk * 2, 0)
        chunk += 1


@kernel
def pages_are_dirty(first: u64, count: u64) -> bool:
    """Whether any of the pages may hold something else than zero."""
    return count_bits(mheap.dirty_bits, first, count) != 0


@kernel
def free_dirty_pages() -> u64:
    """Pages that are free but still held from the system."""
    return mheap.top_pages - mheap.pages_in_use - mheap.released_pages


@kernel
def check_pages() -> None:
    """Invariants 1 to 3, the counters of pages in use and of released pages."""
    used: u64 = 0
    released: u64 = 0
    run: u64 = 0
    for page in range(mheap.top_pages):
        if page & (CHUNK_PAGES - 1) == 0:
            run = 0
        in_use: u64 = 1 if test_bit(mheap.used_bits, page) else 0
        known: u64 = 1 if load_u64(mheap.span_table + page * 8) != 0 else 0
        check(1, in_use == known, "check_pages: used bit and span table disagree")
        used += in_use
        run = 0 if in_use != 0 else run + 1
        clean = in_use == 0 and not test_bit(mheap.dirty_bits, page)
        released += 1 if clean else 0
        check(3, not clean or is_zero(mheap.arena_start + (page << PAGE_SHIFT), PAGE_BYTES), "check_pages: a clean page is not zero")
        longest = CHUNK_PAGES - to_u64(load_u16(mheap.chunk_deficit + page // CHUNK_PAGES * 2))
        check(1, run <= longest, "check_pages: a chunk has a longer free run than its bound")
    check(1, used == mheap.pages_in_use, "check_pages: pages_in_use is wrong")
    check(1, released == mheap.released_pages, "check_pages: released_pages is wrong")
