"""The heap's constants for tests on simulated memory: few classes, small spans, short runs, a mark stack and a barrier buffer of two
places.

It stands in for tricolor.runtime.allocator.sizes and tricolor.abi.sizeclasses. Every path that production takes once in
megabytes is taken within some allocations: new spans, refills, cycles that the heap goal starts, full layout and type
caches, full mark stacks.
"""

from __future__ import annotations

from tricolor.runtime.allocator import sizes

# Sizes above 512 bytes have a header word; the largest span has two pages.
CLASS_BYTES = (0, 8, 16, 24, 32, 48, 64, 128, 256, 512, 1024, 2048)
MAX_SMALL_BYTES = 2048
CLASS_OF_EIGHTHS = tuple(
    next(at for at, size in enumerate(CLASS_BYTES) if size >= eighths * 8) for eighths in range(MAX_SMALL_BYTES // 8 + 1)
)

PAGE_SHIFT = 12
PAGE_BYTES = 1 << PAGE_SHIFT
NUM_CLASSES = len(CLASS_BYTES)
MAX_ELEMS = 70
"""More than a word of the bitmaps has bits."""

SPAN_PAGES = tuple(0 if each == 0 else 2 if each >= 1024 else 1 for each in CLASS_BYTES)
FIRST_SPAN_PAGES = tuple(min(1, each) for each in SPAN_PAGES)
DIVISION_MAGIC = tuple((1 << 32) // each + 1 if each else 0 for each in CLASS_BYTES)
CLAIM_ELEMS = tuple(0 if each == 0 else 3 if each <= 64 else 1 for each in CLASS_BYTES)

NOSCAN_BASE = 0
ALL_POINTERS_BASE = NUM_CLASSES
HEADER_BASE = 2 * NUM_CLASSES
FIRST_BITMAP_LAYOUT = 3 * NUM_CLASSES
MAX_LAYOUTS = FIRST_BITMAP_LAYOUT + 4
"""Programs with more than four other layouts share those of all pointers."""

LAYOUT_HASH_SLOTS = sizes.LAYOUT_HASH_SLOTS
TYPE_CACHE_SLOTS = 2
LAYOUT_BITS = sizes.LAYOUT_BITS
CHUNK_PAGES = 64
RESERVE_SHARE = sizes.RESERVE_SHARE
MIN_ARENA_BYTES = 1 << 16
DEFAULT_ARENA_BYTES = 1 << 21
HEAP_MINIMUM_BYTES = 4096
MARK_STACK_WORDS = 2
KEEP_WORDS = 2
BLOCK_WORDS = 2
DRAIN_STEP = sizes.DRAIN_STEP
DRAIN_ROOM_WORDS = 0
PUSH_STEP_WORDS = 1
BARRIER_WORDS = 2
OBLET_BYTES = 2048

HEADER_BYTES = sizes.HEADER_BYTES
MAX_BITMAP_BYTES = sizes.MAX_BITMAP_BYTES
ARENA_HINT = sizes.ARENA_HINT
KIND_BITMAP = sizes.KIND_BITMAP
KIND_ALL_POINTERS = sizes.KIND_ALL_POINTERS
KIND_HEADER = sizes.KIND_HEADER
KIND_TYPED = sizes.KIND_TYPED
