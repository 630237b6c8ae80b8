"""mcentral: the layouts of the program, and for each the spans that have free elements.

How: codegen writes index 0 into the header of a layout. The first allocation replaces it by the index of

* the noscan entry of the size class, if no word is a pointer;
* the entry for all pointers, if every word is one;
* else the entry with the same size and bitmap. A hash finds it; central_for() creates it if it does not exist.

Layouts and the type cache are read without a lock, also by inlined code. So an entry is complete before an index or a pointer that leads to it
is stored, it never changes, and what the type cache says of a type is one word. Each list of spans has a lock, which is held
for a few instructions; a thread holds no other lock of the allocator meanwhile.

Invariants:
    1. A span MUST be in at most one partial list, and only while it has free elements and is in no mcache.
       Otherwise two cells would give out the same memory. Checked by check_central().

Source:
    Go 1.27.3 runtime/mcentral.go.

Differs from Go:
    Each sweep rebuilds the lists, lowest address first.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import CLASS_OF_EIGHTHS
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_load,
    atomic_store,
    check,
    const_table,
    inline,
    is_null,
    kernel,
    load_u8,
    load_u32,
    load_u64,
    memory_at,
    null,
    to_u32,
    to_u64,
    u8,
    u16,
    u32,
    u64,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.bits import ALL_ONES, low_bits
from tricolor.runtime.allocator.heap_types import Central, Span, centrals, layout_hash, mheap, type_cache
from tricolor.runtime.allocator.mheap import heap_init
from tricolor.runtime.allocator.sizes import (
    ALL_POINTERS_BASE,
    CLAIM_ELEMS,
    FIRST_BITMAP_LAYOUT,
    FIRST_SPAN_PAGES,
    HEADER_BASE,
    KIND_ALL_POINTERS,
    KIND_BITMAP,
    KIND_HEADER,
    LAYOUT_BITS,
    MAX_ELEMS,
    MAX_LAYOUTS,
    NOSCAN_BASE,
    NUM_CLASSES,
    PAGE_SHIFT,
    SPAN_PAGES,
    TYPE_CACHE_SLOTS,
)
from tricolor.runtime.allocator.spans import class_bytes, division_magic, new_span, span_of
from tricolor.runtime.lock_ranks import RANK_CENTRAL, RANK_LAYOUTS
from tricolor.runtime.system.lock import acquire_if_parallel, release_if_parallel

class_of_eighths = const_table(u8, CLASS_OF_EIGHTHS)
span_pages = const_table(u16, SPAN_PAGES)
first_span_pages = const_table(u16, FIRST_SPAN_PAGES)
claim_elems = const_table(u16, CLAIM_ELEMS)

HASH_FACTOR = 0x9E37_79B9_7F4A_7C15
HASH_SHIFT = 52


@inline
def size_class_of(size_bytes: u64) -> u64:
    """Size class of a small size (at most 32768 bytes)."""
    return to_u64(class_of_eighths[(size_bytes + 7) >> 3])


@kernel
def init_central(index: u64, size_class: u64, kind: u64, bitmap: u64) -> Central:
    """Fills in an entry."""
    central = centrals[index]
    central.elem_bytes = to_u32(class_bytes[size_class])
    central.index = to_u32(index)
    central.bitmap = bitmap
    central.kind = to_u32(kind)
    central.size_class = to_u32(size_class)
    central.claim_elems = to_u64(claim_elems[size_class])
    return central


@kernel
def init_layouts() -> None:
    """Starts the heap and makes the entries that every program has. Called before a second thread allocates."""
    heap_init()
    if mheap.layout_count != 0:
        return
    mheap.layout_count = FIRST_BITMAP_LAYOUT
    for size_class in range(1, NUM_CLASSES):
        words = to_u64(class_bytes[size_class]) >> 3
        init_central(NOSCAN_BASE + size_class, size_class, KIND_BITMAP, 0)
        kind: u64 = KIND_BITMAP if words <= 64 else KIND_ALL_POINTERS
        init_central(ALL_POINTERS_BASE + size_class, size_class, kind, low_bits(words))
        init_central(HEADER_BASE + size_class, size_class, KIND_HEADER, ALL_ONES)


@kernel
def central_for(size_class: u64, bitmap: u64) -> Central:
    """The entry of a size class of at most 512 bytes and a pointer bitmap."""
    words = to_u64(class_bytes[size_class]) >> 3
    if bitmap == 0:
        return centrals[NOSCAN_BASE + size_class]
    if bitmap == low_bits(words):
        return centrals[ALL_POINTERS_BASE + size_class]
    found = find_layout(size_class, bitmap)
    if is_null(found):
        acquire_if_parallel(mheap.layout_lock, RANK_LAYOUTS)
        # Another thread may have made it meanwhile.
        found = find_layout(size_class, bitmap)
        if is_null(found):
            found = make_layout(size_class, bitmap)
        release_if_parallel(mheap.layout_lock)
    return found


@inline
def hash_slot(size_class: u64, bitmap: u64) -> u64:
    """The place of a layout in the hash table."""
    return ((bitmap + size_class) * HASH_FACTOR) >> HASH_SHIFT


@kernel
def find_layout(size_class: u64, bitmap: u64) -> Central:
    """The entry in the hash table; null if there is none. Needs no lock: an entry is complete before it is in the table, and stays."""
    found = atomic_load(layout_hash[hash_slot(size_class, bitmap)], "acquire")
    while not is_null(found) and (found.bitmap != bitmap or to_u64(found.size_class) != size_class):
        found = found.hash_next
    return found


@kernel
def make_layout(size_class: u64, bitmap: u64) -> Central:
    """Makes an entry, while the caller holds the lock of the layouts."""
    if mheap.layout_count >= MAX_LAYOUTS:
        # The marker then looks at words that are no pointers too; it ignores what points outside the heap.
        return centrals[ALL_POINTERS_BASE + size_class]
    made = init_central(mheap.layout_count, size_class, KIND_BITMAP, bitmap)
    mheap.layout_count += 1
    slot = hash_slot(size_class, bitmap)
    made.hash_next = layout_hash[slot]
    atomic_store(layout_hash[slot], made, "release")
    return made


@kernel
def central_of(layout: addr) -> Central:
    """The entry of a layout header; stores its index in the header. Threads that do so at once store the same index."""
    index = to_u64(load_u32(layout + 4))
    if index == 0:
        if mheap.layout_count == 0:
            init_layouts()
        elem_bytes = to_u64(load_u32(layout))
        central = central_for(size_class_of(elem_bytes), load_u64(layout + 8))
        check(1, to_u64(central.elem_bytes) == elem_bytes, "central_of: elem_bytes of a layout is no size class")
        atomic_store(memory_at(u32, layout + 4), central.index, "release")
        return central
    return centrals[index]


@kernel
def type_bitmap(type: GoType) -> u64:
    """Pointer bitmap of a type of at most 64 words."""
    words = type.pointer_bytes >> 3
    bytes_left = (words + 7) >> 3
    mask = type.gc_data
    bitmap: u64 = 0
    for at in range(bytes_left):
        bitmap |= to_u64(load_u8(mask + at)) << (at * 8)
    return bitmap & low_bits(words)


@kernel
def is_all_pointers(type: GoType) -> bool:
    """Whether every word of a value is a pointer (of at most 63 words; the marker scans larger ones by their type)."""
    words = type.size_bytes >> 3
    if type.pointer_bytes != type.size_bytes or words > 63:
        return False
    return type_bitmap(type) == (1 << words) - 1


@kernel
def array_bitmap(type: GoType, size_bytes: u64, elem_bytes: u64) -> u64:
    """Pointer bitmap of an element full of values of the type.

    Memory after the last value is zero, so bits there do no harm, and arrays of any length share one layout.
    """
    one = type_bitmap(type)
    step = type.size_bytes >> 3
    words = elem_bytes >> 3
    bitmap: u64 = 0
    at: u64 = 0
    while at < words:
        bitmap |= one << at
        at += step
    return bitmap & low_bits(words)


@inline
def cache_slot(type: addr) -> u64:
    """The place of a type in the type cache."""
    return (to_u64(type) >> 5) & (TYPE_CACHE_SLOTS - 1)


@inline
def cached_layout(type: addr) -> u64:
    """Index of the layout of one value of a type, from the type cache; MAX_LAYOUTS or more if it is not there.

    An entry is one word, so that a reader never takes the layout of another type.
    """
    return atomic_load(type_cache[cache_slot(type)], "relaxed") - (to_u64(type) << LAYOUT_BITS)


@kernel
def layout_of_type(type: addr) -> addr:
    """Layout of one value of a type with pointers, of at most 512 bytes.

    The type cache keeps it if the type is never freed.
    """
    if mheap.layout_count == 0:
        init_layouts()
    go_type = as_struct(GoType, type)
    size_class = size_class_of(go_type.size_bytes)
    elem_bytes = to_u64(class_bytes[size_class])
    bitmap = array_bitmap(go_type, go_type.size_bytes, elem_bytes)
    central = central_for(size_class, bitmap)
    # A type that reflect made may be freed, and another type may get its address.
    if is_null(span_of(type)):
        atomic_store(type_cache[cache_slot(type)], (to_u64(type) << LAYOUT_BITS) + to_u64(central.index), "release")
    return address(central)


@kernel
def take_span(central: Central) -> Span:
    """A span with free elements for the mcache; null if the arena is full."""
    acquire_if_parallel(central.lock, RANK_CENTRAL)
    span = central.partial
    pages = to_u64(first_span_pages[central.size_class] if central.span_count == 0 else span_pages[central.size_class])
    if not is_null(span):
        central.partial = span.next
        span.next = null(Span)
        span.in_list = 0
        span.cached = 1
    release_if_parallel(central.lock)
    return new_span_of(central, pages) if is_null(span) else span


@kernel
def new_span_of(central: Central, pages: u64) -> Span:
    """A new span of the layout for the mcache; null if the arena is full."""
    elem_bytes = to_u64(central.elem_bytes)
    span = new_span(pages, elem_bytes, min((pages << PAGE_SHIFT) // elem_bytes, MAX_ELEMS))
    if is_null(span):
        return span
    span.magic = to_u64(division_magic[central.size_class])
    span.bitmap = central.bitmap
    span.kind = central.kind
    span.index = central.index
    span.size_class = central.size_class
    span.cached = 1
    acquire_if_parallel(central.lock, RANK_CENTRAL)
    central.span_count += 1
    release_if_parallel(central.lock)
    return span


@kernel
def put_span(span: Span) -> None:
    """Makes a span with free elements the next one that the layout allocates from."""
    check(1, span.in_list == 0 and span.cached == 0, "put_span: the span is in a list or in an mcache")
    central = centrals[to_u64(span.index)]
    acquire_if_parallel(central.lock, RANK_CENTRAL)
    span.next = central.partial
    span.in_list = 1
    central.partial = span
    release_if_parallel(central.lock)


@kernel
def forget_span(span: Span) -> None:
    """The span of a layout is about to be freed."""
    central = centrals[to_u64(span.index)]
    acquire_if_parallel(central.lock, RANK_CENTRAL)
    central.span_count -= 1
    release_if_parallel(central.lock)


@kernel
def check_central(index: u64) -> None:
    """Invariant 1."""
    central = centrals[index]
    span = central.partial
    count: u64 = 0
    while not is_null(span):
        check(1, span.in_list == 1 and span.cached == 0, "check_central: a span in a list is not marked so")
        check(1, to_u64(span.index) == index, "check_central: a span is in the list of another layout")
        check(1, span.allocated < span.nelems, "check_central: a span in a list is full")
        count += 1
        check(1, count <= central.span_count, "check_central: a list has more spans than the layout")
        span = span.next
