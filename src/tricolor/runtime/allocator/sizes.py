"""Constants of the heap: spans and runs by size class (plain Python: the kernels import the numbers).

Units: bytes, or pages of 8 KiB where a name says so.

Differs from Go: spans of small classes have 4 pages (Go: 1). Longer spans mean fewer records and longer runs; shorter ones
take less memory for a layout with few objects. Therefore the first span of a layout has one page.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import CLASS_BYTES, PAGE_BYTES

PAGE_SHIFT = 13
NUM_CLASSES = len(CLASS_BYTES)
MAX_ELEMS = 2048
"""Elements of the fullest span, and bits of a side."""

HEADER_BYTES = 8
MAX_BITMAP_BYTES = 512
"""A 64-bit pointer bitmap describes elements up to this size; larger ones have a header word or hold only pointers."""

CLAIM_BYTES = 4096
"""Runs are at most this long: memory of longer ones would leave the first-level cache between zeroing and use."""

FIRST_SPAN_MAX_ELEM = 1024


def _pages_for(elem_bytes: int) -> int:
    if elem_bytes == 0:
        return 0
    pages = max(1, MAX_ELEMS * elem_bytes // PAGE_BYTES) if elem_bytes <= 8 else 4
    while pages * PAGE_BYTES % elem_bytes * 8 > pages * PAGE_BYTES or pages * PAGE_BYTES < elem_bytes:
        pages += 1
    return pages


SPAN_PAGES: tuple[int, ...] = tuple(_pages_for(each) for each in CLASS_BYTES)
"""Pages of a span, by class: four (two for elements of 8 bytes), or more if over one eighth would be wasted at its end."""

FIRST_SPAN_PAGES: tuple[int, ...] = tuple(
    min(1, pages) if elem <= FIRST_SPAN_MAX_ELEM else pages for elem, pages in zip(CLASS_BYTES, SPAN_PAGES, strict=True)
)
"""Pages of the first span of a layout."""

DIVISION_MAGIC: tuple[int, ...] = tuple((1 << 32) // each + 1 if each else 0 for each in CLASS_BYTES)
"""``(offset * magic) >> 32`` is ``offset // size`` for every offset in a span."""

CLAIM_ELEMS: tuple[int, ...] = tuple(max(1, CLAIM_BYTES // each) if each else 0 for each in CLASS_BYTES)
"""Elements claimed at a time, by class."""

# Layout indexes: noscan classes, classes of all pointers, classes with a header word, then layouts with a bitmap.
NOSCAN_BASE = 0
ALL_POINTERS_BASE = NUM_CLASSES
HEADER_BASE = 2 * NUM_CLASSES
FIRST_BITMAP_LAYOUT = 3 * NUM_CLASSES
MAX_LAYOUTS = 8192
LAYOUT_HASH_SLOTS = 4096
TYPE_CACHE_SLOTS = 1024
LAYOUT_BITS = 13
"""Of the index of a layout: MAX_LAYOUTS is at most 1 << LAYOUT_BITS."""

HEAP_MINIMUM_BYTES = 4 << 20
"""Least heap goal at GOGC=100. A larger one means fewer cycles in small programs; a smaller one less memory."""

MARK_STACK_WORDS = 1 << 17
"""Places of a processor's mark stack: more than DRAIN_ROOM_WORDS and KEEP_WORDS together, twice. What does not fit goes into blocks."""

KEEP_WORDS = 8192
"""A step of the marker begins with at most so many words on the stack, which fit into the second-level cache. With fewer, more are copied
into blocks and back."""

BLOCK_WORDS = 1022
"""Words of a block of work that processors share: with its head 8 KiB. At most MARK_STACK_WORDS."""

DRAIN_STEP = 512
"""Addresses that are taken from the mark stack between two looks at the clock: some 10 us."""

DRAIN_ROOM_WORDS: int = (DRAIN_STEP + 32) * 64
"""Words that a step pushes by pointer bitmaps at most, with those that wait in the queues; 0: every push looks whether there is room."""

PUSH_STEP_WORDS = 4096
"""Words of an object that are pushed between two looks whether there is room. At most half of MARK_STACK_WORDS."""

BARRIER_WORDS = 512
"""Places of a barrier buffer, an even number: more mean fewer flushes, and more work in the stop that ends marking."""

OBLET_BYTES = 128 << 10
"""The marker scans larger objects in parts of this size, so that no slice is long. At least MAX_SMALL_BYTES."""

# How the marker finds pointers in an element of a span.
KIND_BITMAP = 0
KIND_ALL_POINTERS = 1
KIND_HEADER = 2
KIND_TYPED = 3
"""One large object; its element type is in the span."""

# Where the heap begins if the system allows it, as in Go: addresses like 0xc000012345.
ARENA_HINT = 0xC0_0000_0000
DEFAULT_ARENA_BYTES = 256 << 30
MIN_ARENA_BYTES = 64 << 20
CHUNK_PAGES = 512
"""Pages of a chunk (4 MiB): the unit of the page heap's summary."""
RESERVE_SHARE = 16
"""An arena of at least so many chunks has a reserve of one (``pages``)."""
