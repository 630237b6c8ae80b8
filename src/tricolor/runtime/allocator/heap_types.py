"""The heap's structures and the statics that hold them.

Terms:
    arena       the reserved range of addresses in which all pages lie
    span        a run of pages that holds elements of one layout
    elem        an object's place in a span
    layout      elem size and pointer bitmap; codegen writes the header of a layout, the allocator reads it
    side        one of the two bitmaps of a span; the sweep swaps their roles (``marks``)

Header of a layout (16 bytes, written by codegen, index 0 until the first allocation)::

    0   elem_bytes  u32   size of one element: a size class
    4   index       u32   of its mcentral and of its cell in the mcache
    8   bitmap      u64   bit i: word i holds a pointer

Invariants:
    1. ``free_index`` MUST NOT exceed ``nelems``. Otherwise an allocation would leave the span.
       Checked by check_span().
    2. An element MUST be allocated exactly if its bit is set on the allocated side or, in a swept span, it lies below
       ``free_index``. Otherwise the marker would mark, or the sweep free, what was never given out. Checked by check_span().
    3. While the collector does not mark, all bits of the mark side of a swept span MUST be zero. Otherwise the next cycle would
       skip live objects. Checked by check_span().

Source:
    Go 1.27.3 runtime/mheap.go, mcentral.go, mcache.go; Wingo, "Nofl" (arXiv 2503.16971).

Differs from Go:
    Spans belong to a layout (size class and pointer bitmap), so that an object needs no bitmap of its own.
    The mark bitmap of one cycle tells what is allocated until the next: the sweep visits spans, not elements.
"""

from __future__ import annotations

from tricolor.kernel.lang import Array, Embed, Struct, addr, global_array, global_struct, i64, u8, u32, u64
from tricolor.runtime.allocator.sizes import LAYOUT_HASH_SLOTS, MAX_LAYOUTS, NUM_CLASSES, TYPE_CACHE_SLOTS
from tricolor.runtime.system.lock import Lock

SIDE_BYTES = 256
LINE_WORDS = 8
STATE_FREE = 0
STATE_IN_USE = 1


class Special(Struct):
    """What to do when an object dies. The span of the object has a list of them, newest first."""

    next: "Special"
    object: addr
    kind: u64
    closure: addr
    id: u64


class Span(Struct):
    """A run of pages with elements of one layout. Marking needs only the bits and the first cache line of fields."""

    start: addr
    magic: u64
    elem_bytes: u64
    bitmap: u64
    nelems: u64
    kind: u32
    index: u32
    large_type: addr
    free_index: u64
    # Second cache line.
    next: "Span"
    specials: Special
    pages: u64
    allocated: u64
    size_class: u32
    state: u8
    needzero: u8
    in_list: u8
    cached: u8
    epoch: u64
    """``mheap.epoch`` when the span was made or swept: if they differ, the sweep has not come to the span yet."""
    grey_from: addr
    """Of a large object that is scanned in parts: where the next part begins; 0: none is waiting."""
    grey_next: "Span"
    bits: Array[u64, 64]


class ClassCounts(Struct):
    """Objects of one size class."""

    allocated: u64
    freed: u64


class Central(Struct):
    """mcentral: the spans of one layout that have free elements. Begins with a layout header."""

    elem_bytes: u32
    index: u32
    bitmap: u64
    kind: u32
    size_class: u32
    partial: Span
    span_count: u64
    claim_elems: u64
    hash_next: "Central"
    lock: Embed[Lock]
    """Guards ``partial``, ``span_count``, and ``next`` and ``in_list`` of the spans in the list."""
    unused: u32


class Cell(Struct):
    """The place of a layout in the mcache: free memory from cursor to limit, which is zero, and its span."""

    cursor: addr
    limit: addr
    span: Span
    until_sample: u64
    """Bytes from the limit to the next sampled object, plus one; 0: not drawn yet (``sampling``)."""


class MCache(Struct):
    """mcache: the runs from which a processor allocates without a lock."""

    cells: Array[Embed[Cell], MAX_LAYOUTS]
    tiny: addr
    tiny_offset: u64
    tiny_allocs: u64
    until_sample: u64
    """As in a cell, for large objects."""
    sampled_rate: i64
    """The rate of sampling for which the distances were drawn."""
    random: u64
    """State of the generator that draws them; 0: not seeded yet."""
    is_used: u32
    """0: no cell has a span, and nothing was counted since the last flush. So a stop takes no time for processors that stand idle."""
    # Counted here since the last flush.
    bytes_allocated: u64
    objects_allocated: u64
    objects_freed: u64
    counts: Array[Embed[ClassCounts], NUM_CLASSES]


class MHeap(Struct):
    """mheap: the pages, and the counters that the pacer and the statistics read.

    What changes all the time lies in other cache lines than what every thread reads.
    """

    arena_start: addr
    arena_pages: u64
    top_pages: u64
    """Pages from here on were never used."""
    span_table: addr
    """Span of each page."""
    used_bits: addr
    """A bit for each page: it is in a span."""
    dirty_bits: addr
    """A bit for each page: it may hold something else than zero."""
    chunk_deficit: addr
    """A u16 for each chunk: 512 minus an upper bound of its longest run of free pages."""
    span_records: addr
    layout_count: u64
    allocated_side: u64
    """Offset of the allocated side within ``Span.bits``, in bytes (``marks``)."""
    epoch: u64
    """Cycles whose marks are the allocated side; spans with a lower epoch are not swept yet."""
    special_bits: addr
    """A bit for each span record: the span may have specials."""
    trigger: u64
    goal: u64
    started_ns: i64
    """When the heap started."""
    gap: Array[u64, LINE_WORDS]
    # Atomic, in bytes unless said otherwise.
    live: u64
    black_bytes: u64
    """Allocated since marking began, and therefore black."""
    unswept: u64
    """Span records below this number may be unswept; 0: all spans are swept, or a thread is sweeping them."""
    bytes_allocated: u64
    """Ever allocated, as the three numbers after it; exact only after flush_mcaches()."""
    objects_allocated: u64
    objects_freed: u64
    seeds: u64
    """Generators of mcaches that were seeded."""
    special_count: u64
    """Under the lock of the specials, as the bits of spans with specials."""
    gap_after_counters: Array[u64, LINE_WORDS]
    layout_lock: Embed[Lock]
    """Guards the tables of layouts while they grow. They are read without it."""
    lock: Embed[Lock]
    """Guards pages, their bits and chunks, and records of spans. The table of spans is read without it."""
    usable_pages: u64
    """Pages that may be taken: all but the reserve at the end, or all of the arena while the reserve is open (``pages``)."""
    search_chunk: u64
    span_count: u64
    free_records: Span
    free_record_count: u64
    pages_in_use: u64
    released_pages: u64
    persistent_lock: Embed[Lock]
    """Guards the rest."""
    persistent: addr
    persistent_left: u64
    persistent_bytes: u64


mheap = global_struct(MHeap, symbol_name="tricolor.mheap")
centrals = global_array(Embed[Central], MAX_LAYOUTS)
layout_hash = global_array(Central, LAYOUT_HASH_SLOTS)
# For some types, by a hash of the address: the address shifted left by LAYOUT_BITS, plus the index of the layout (``mcentral``).
type_cache = global_array(u64, TYPE_CACHE_SLOTS)
# Ever; exact only after flush_mcaches().
class_counts = global_array(Embed[ClassCounts], NUM_CLASSES, symbol_name="tricolor.class_counts")
