"""mcentral: the layouts of the program, and for each the spans that have free elements.

How: codegen writes index 0 into the header of a layout. The first allocation replaces it by the index of

* the noscan entry of the size class, if no word is a pointer;
* the entry for all pointers, if every word is one;
* else the entry with the same size and bitmap. A hash finds it; central_for() creates it if it does not exist.

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
    check,
    const_table,
    inline,
    is_null,
    kernel,
    load_u8,
    load_u32,
    load_u64,
    null,
    store_u32,
    to_addr,
    to_u32,
    to_u64,
    u8,
    u16,
    u64,
)
from tricolor.runtime.abi_types import TFLAG_MASK_ON_DEMAND, GoType
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
    MAX_ELEMS,
    MAX_LAYOUTS,
    NOSCAN_BASE,
    NUM_CLASSES,
    PAGE_SHIFT,
    SPAN_PAGES,
    TYPE_CACHE_SLOTS,
)
from tricolor.runtime.allocator.spans import class_bytes, division_magic, new_span, span_of

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
    """Starts the heap and makes the entries that every program has."""
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
    slot = ((bitmap + size_class) * HASH_FACTOR) >> HASH_SHIFT
    found = layout_hash[slot]
    while not is_null(found):
        if found.bitmap == bitmap and to_u64(found.size_class) == size_class:
            return found
        found = found.hash_next
    if mheap.layout_count >= MAX_LAYOUTS:
        # The marker then looks at words that are no pointers too; it ignores what points outside the heap.
        return centrals[ALL_POINTERS_BASE + size_class]
    made = init_central(mheap.layout_count, size_class, KIND_BITMAP, bitmap)
    mheap.layout_count += 1
    made.hash_next = layout_hash[slot]
    layout_hash[slot] = made
    return made


@kernel
def central_of(layout: addr) -> Central:
    """The entry of a layout header; stores its index in the header."""
    index = to_u64(load_u32(layout + 4))
    if index == 0:
        if mheap.layout_count == 0:
            init_layouts()
        elem_bytes = to_u64(load_u32(layout))
        central = central_for(size_class_of(elem_bytes), load_u64(layout + 8))
        check(1, to_u64(central.elem_bytes) == elem_bytes, "central_of: elem_bytes of a layout is no size class")
        store_u32(layout + 4, central.index)
        return central
    return centrals[index]


@kernel
def type_bitmap(type: GoType) -> u64:
    """Pointer bitmap of a type of at most 64 words."""
    words = type.pointer_bytes >> 3
    bytes_left = (words + 7) >> 3
    mask = type.gc_data
    if to_u64(type.flags) & TFLAG_MASK_ON_DEMAND != 0:
        mask = to_addr(load_u64(mask))
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
        entry = type_cache[(to_u64(type) >> 5) & (TYPE_CACHE_SLOTS - 1)]
        entry.type = type
        entry.layout = address(central)
    return address(central)


@kernel
def take_span(central: Central) -> Span:
    """A span with free elements for the mcache; null if the arena is full."""
    span = central.partial
    if not is_null(span):
        central.partial = span.next
        span.next = null(Span)
        span.in_list = 0
        span.cached = 1
        return span
    size_class = to_u64(central.size_class)
    elem_bytes = to_u64(central.elem_bytes)
    pages = to_u64(first_span_pages[size_class] if central.span_count == 0 else span_pages[size_class])
    span = new_span(pages, elem_bytes, min((pages << PAGE_SHIFT) // elem_bytes, MAX_ELEMS))
    if is_null(span):
        return span
    span.magic = to_u64(division_magic[size_class])
    span.bitmap = central.bitmap
    span.kind = central.kind
    span.index = central.index
    span.size_class = central.size_class
    span.cached = 1
    central.span_count += 1
    return span


@kernel
def put_span(span: Span) -> None:
    """Makes a span with free elements the next one that the layout allocates from."""
    check(1, span.in_list == 0 and span.cached == 0, "put_span: the span is in a list or in an mcache")
    central = centrals[to_u64(span.index)]
    span.next = central.partial
    span.in_list = 1
    central.partial = span


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
