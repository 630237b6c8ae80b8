"""mheap: where the heap and its tables lie, and memory that is never freed.

Source:
    Go 1.27.3 runtime/malloc.go (mallocinit, persistentalloc).

Differs from Go:
    It reserves 256 GiB of address space at once (less if the system refuses) instead of arenas of 64 MiB, so that one
    load leads from an address to its span.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    atomic_add,
    inline,
    kernel,
    likely,
    size_of,
    text,
    to_addr,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.heap_types import Span, mheap
from tricolor.runtime.allocator.scavenge import NO_GOAL, scavenging
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import (
    ARENA_HINT,
    CHUNK_PAGES,
    DEFAULT_ARENA_BYTES,
    HEAP_MINIMUM_BYTES,
    MIN_ARENA_BYTES,
    PAGE_SHIFT,
    RESERVE_SHARE,
)
from tricolor.runtime.lock_ranks import RANK_PERSISTENT
from tricolor.runtime.settings_keys import ADAPTIVE_STACK_START, ARENA_BYTES, GC_PERCENT, MEMORY_LIMIT, PAST_END
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import acquire, parallel, release
from tricolor.runtime.system.memory import OS_PAGE_BYTES, reserve, unreserve
from tricolor.runtime.system.stop import fatal, fatal_out_of_memory

SPARE_BYTES = 256 << 20
PERSISTENT_CHUNK_BYTES = 256 * 1024
DEFAULT_GC_PERCENT = 100
NO_LIMIT = 0x7FFF_FFFF_FFFF_FFFF


@inline
def add_live(change_bytes: u64) -> None:
    """Changes the live counter; wraps for less. Several threads do so at once."""
    if likely(parallel.value == 0):
        mheap.live += change_bytes
    else:
        atomic_add(mheap.live, change_bytes, "relaxed")


@inline
def add_black(change_bytes: u64) -> None:
    """Changes the counter of what was allocated black, as add_live() does."""
    atomic_add(mheap.black_bytes, change_bytes, "relaxed")


@kernel
def reserve_table(length_bytes: u64) -> addr:
    """Address space for a table of the heap. Ends the process if the system refuses."""
    table = reserve(to_addr(0), length_bytes)
    if to_u64(table) == 0:
        fatal(*text("cannot reserve heap metadata"))
    return table


@kernel
def fits_with_tables(arena_bytes: u64) -> bool:
    """Whether the system gives address space for an arena, its tables, as much for the marker, and the rest of the process."""
    # The marker pushes an address at most once for each word of the heap.
    tables = arena_bytes + (arena_bytes >> PAGE_SHIFT) * (size_of(Span) + 16) + SPARE_BYTES
    probe = reserve(to_addr(0), arena_bytes + tables)
    if to_u64(probe) == 0:
        return False
    unreserve(probe, arena_bytes + tables)
    return True


@kernel
def heap_init() -> None:
    """Reserves the arena and its tables. Does nothing if the heap has started. Called before a second thread allocates."""
    if to_u64(mheap.arena_start) != 0:
        return
    mheap.started_ns = nanotime()
    wanted: u64 = DEFAULT_ARENA_BYTES if settings[ARENA_BYTES] == 0 else to_u64(settings[ARENA_BYTES])
    while wanted > MIN_ARENA_BYTES and not fits_with_tables(wanted):
        wanted = wanted // 2
    arena = reserve(to_addr(ARENA_HINT), wanted)
    if to_u64(arena) == 0:
        fatal_out_of_memory(wanted, 0)
    skew = (0 - to_u64(arena)) & ((1 << PAGE_SHIFT) - 1)
    mheap.arena_start = arena + skew
    # Whole chunks only: the rest at the end stays unused.
    pages = ((wanted - skew) >> PAGE_SHIFT) // CHUNK_PAGES * CHUNK_PAGES
    mheap.arena_pages = pages
    mheap.usable_pages = pages if pages < RESERVE_SHARE * CHUNK_PAGES else pages - CHUNK_PAGES
    mheap.span_table = reserve_table(pages * 8)
    mheap.used_bits = reserve_table(pages // 8 + OS_PAGE_BYTES)
    mheap.dirty_bits = reserve_table(pages // 8 + OS_PAGE_BYTES)
    mheap.chunk_deficit = reserve_table(pages // CHUNK_PAGES * 2 + OS_PAGE_BYTES)
    mheap.span_records = reserve_table(pages * size_of(Span))
    mheap.special_bits = reserve_table(pages // 8 + OS_PAGE_BYTES)
    settings[GC_PERCENT] = DEFAULT_GC_PERCENT
    settings[MEMORY_LIMIT] = NO_LIMIT
    settings[PAST_END] = 1
    settings[ADAPTIVE_STACK_START] = 1
    scavenging.held_goal = NO_GOAL
    scavenging.ready_goal = NO_GOAL
    mheap.trigger = HEAP_MINIMUM_BYTES
    mheap.goal = HEAP_MINIMUM_BYTES


@kernel
def persistent_alloc(size_bytes: u64) -> addr:
    """Zeroed memory outside the heap, aligned to 16 bytes, never freed nor scanned."""
    rounded = (size_bytes + 15) & ~15
    acquire(mheap.persistent_lock, RANK_PERSISTENT)
    out = cut_persistent(rounded)
    release(mheap.persistent_lock)
    return out


@kernel
def cut_persistent(rounded: u64) -> addr:
    """The body of persistent_alloc(), while it holds the lock."""
    if rounded > PERSISTENT_CHUNK_BYTES // 4:
        mheap.persistent_bytes += rounded
        return reserve_table(rounded)
    if unlikely(rounded > mheap.persistent_left):
        mheap.persistent = reserve_table(PERSISTENT_CHUNK_BYTES)
        mheap.persistent_left = PERSISTENT_CHUNK_BYTES
        mheap.persistent_bytes += PERSISTENT_CHUNK_BYTES
    out = mheap.persistent
    mheap.persistent = out + rounded
    mheap.persistent_left -= rounded
    return out
