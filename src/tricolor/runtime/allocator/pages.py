"""Page heap: which pages of the arena are in spans; runs of free pages, lowest address first.

How: one bit per page. A chunk of 512 pages has an upper bound of its longest free run, lowered when a
search of the chunk fails and reset when a page of it is freed. Runs of up to 64 pages lie within one chunk;
longer ones are searched word by word.

Invariants:
    1. A page is in use exactly if the table has a span for it. Otherwise the marker would follow pointers
       into free pages, or two spans would overlap. Checked by check_pages().
    2. The bound of a chunk MUST NOT be below its longest free run. Otherwise memory would be lost. Checked
       by check_pages().
    3. A free page without dirty bit reads as zero. Otherwise Go code would see old data.

Source:
    Go 1.27.3 runtime/mpagealloc.go (address-ordered first fit).

Differs from Go:
    One level of summary instead of five: a heap of 4 GiB has 1024 bounds of two bytes.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    check,
    count_trailing_zeros_u64,
    inline,
    kernel,
    load_u16,
    load_u64,
    population_count_u64,
    store_u16,
    store_u64,
    to_u16,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.sizes import CHUNK_PAGES, PAGE_SHIFT
from tricolor.runtime.system.memory import release

NONE = 0xFFFF_FFFF_FFFF_FFFF
WORD_PAGES = 64
CHUNK_WORDS = 8
ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF


@inline
def low_bits(count: u64) -> u64:
    """A mask of that many ones (0..64)."""
    return ALL_ONES if count >= 64 else (1 << count) - 1


@kernel
def set_bits(bits: addr, first: u64, count: u64, ones: u64) -> u64:
    """Sets (ones = all) or clears (0) a range; gives how many bits were set before."""
    before: u64 = 0
    at = first
    end = first + count
    while at < end:
        word = bits + (at >> 6) * 8
        low = at & 63
        here = min(64 - low, end - at)
        mask = low_bits(here) << low
        old = load_u64(word)
        before += population_count_u64(old & mask)
        store_u64(word, (old & ~mask) | (ones & mask))
        at += here
    return before


@kernel
def take_pages(count: u64) -> u64:
    """Index of the first of ``count`` free pages, which are in use from here on; NONE if the arena is full."""
    first = find_in_chunks(count) if count <= WORD_PAGES else find_long(count)
    if first == NONE:
        return NONE
    set_bits(mheap.used_bits, first, count, ALL_ONES)
    mheap.pages_in_use += count
    end = first + count
    top = mheap.top_pages
    if first < top:
        # Free pages that are clean were given back to the system; those above the top never came from it.
        within = min(end, top) - first
        mheap.released_pages -= within - count_bits(mheap.dirty_bits, first, within)
    else:
        # Pages that the search left out were never touched: clean and free, as if given back.
        mheap.released_pages += first - top
    mheap.top_pages = max(top, end)
    return first


@kernel
def count_bits(bits: addr, first: u64, count: u64) -> u64:
    """Bits that are set in a range."""
    found: u64 = 0
    at = first
    end = first + count
    while at < end:
        low = at & 63
        here = min(64 - low, end - at)
        found += population_count_u64((load_u64(bits + (at >> 6) * 8) >> low) & low_bits(here))
        at += here
    return found


@kernel
def find_in_chunks(count: u64) -> u64:
    """First fit within a chunk."""
    chunks = mheap.arena_pages // CHUNK_PAGES
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
def find_in_chunk(chunk: u64, count: u64) -> u64:
    """First fit in one chunk; notes its longest free run if there is none."""
    run: u64 = 0
    longest: u64 = 0
    start: u64 = 0
    base = chunk * CHUNK_PAGES
    at: u64 = 0
    while at < CHUNK_PAGES:
        low = at & 63
        rest = load_u64(mheap.used_bits + ((base + at) >> 6) * 8) >> low
        left = 64 - low
        if rest & 1 != 0:
            longest = max(longest, run)
            run = 0
            at += min(count_trailing_zeros_u64(~rest), left)
        else:
            free = min(count_trailing_zeros_u64(rest), left)
            if run == 0:
                start = at
            run += free
            at += free
            if run >= count:
                return base + start
    longest = max(longest, run)
    store_u16(mheap.chunk_deficit + chunk * 2, to_u16(CHUNK_PAGES - longest))
    return NONE


@kernel
def find_long(count: u64) -> u64:
    """First fit anywhere, for runs that may be longer than a chunk."""
    run: u64 = 0
    start: u64 = 0
    at = mheap.search_chunk * CHUNK_PAGES
    end = mheap.arena_pages
    while at < end:
        low = at & 63
        rest = load_u64(mheap.used_bits + (at >> 6) * 8) >> low
        left = 64 - low
        if rest & 1 != 0:
            run = 0
            at += min(count_trailing_zeros_u64(~rest), left)
        else:
            free = min(count_trailing_zeros_u64(rest), left)
            if run == 0:
                start = at
            run += free
            at += free
            if run >= count:
                return start
    return NONE


@kernel
def give_pages(first: u64, count: u64) -> None:
    """Takes pages back; they count as dirty."""
    set_bits(mheap.used_bits, first, count, 0)
    set_bits(mheap.dirty_bits, first, count, ALL_ONES)
    mheap.pages_in_use -= count
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
def release_free_pages(wanted_pages: u64) -> u64:
    """Gives up to that many free dirty pages back to the system, highest first; gives how many."""
    released: u64 = 0
    word = (mheap.top_pages + 63) >> 6
    while word > 0 and released < wanted_pages:
        word -= 1
        dirty_address = mheap.dirty_bits + word * 8
        idle = load_u64(dirty_address) & ~load_u64(mheap.used_bits + word * 8)
        store_u64(dirty_address, load_u64(dirty_address) & ~idle)
        released += population_count_u64(idle)
        while idle != 0:
            low = count_trailing_zeros_u64(idle)
            run = min(count_trailing_zeros_u64(~(idle >> low)), 64 - low)
            release(mheap.arena_start + ((word * 64 + low) << PAGE_SHIFT), run << PAGE_SHIFT)
            idle &= ~(low_bits(run) << low)
    mheap.released_pages += released
    return released


@kernel
def free_dirty_pages() -> u64:
    """Pages that are free but still held from the system."""
    return mheap.top_pages - mheap.pages_in_use - mheap.released_pages


@kernel
def check_pages() -> None:
    """Invariants 1 and 2, and the counter of pages in use."""
    used: u64 = 0
    run: u64 = 0
    for page in range(mheap.top_pages):
        if page & (CHUNK_PAGES - 1) == 0:
            run = 0
        in_use = (load_u64(mheap.used_bits + (page >> 6) * 8) >> (page & 63)) & 1
        known: u64 = 1 if load_u64(mheap.span_table + page * 8) != 0 else 0
        check(1, in_use == known, "check_pages: used bit and span table disagree")
        used += in_use
        run = 0 if in_use != 0 else run + 1
        longest = CHUNK_PAGES - to_u64(load_u16(mheap.chunk_deficit + page // CHUNK_PAGES * 2))
        check(1, run <= longest, "check_pages: a chunk has a longer free run than its bound")
    check(1, used == mheap.pages_in_use, "check_pages: pages_in_use is wrong")
