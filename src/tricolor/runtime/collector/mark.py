"""Mark: marks what can be reached from the pushed roots, a part at a time.

How: an address that is popped from the mark stack is prefetched and waits in a first-in first-out queue of 16 places, so that
the memory of its object has arrived when its turn comes. The span has the pointer bitmap of elements of up to 512 bytes,
so for these the loop has no calls. A pushed address may be any address: drain() ignores what lies in no element of a span.

Phases of drain(), for each address::

    1. exchange  take the oldest address from the queue, put the newest of the mark stack in its place
    2. find      find its span and its elem
    3. test      stop if the elem has its mark; else set it
    4. push      push the pointers in the element

A large object is scanned in parts of OBLET_BYTES: drain() puts its span into the list ``marker.grey_large``, and scan_part()
pushes the pointers in the next part.

A full mark stack: an address that does not fit is not pushed. Its object is marked at once, and rescan() later pushes the
pointers in it. The stack of a program is never full (MARK_STACK_WORDS is 0, and no code compares with its end); tests run
with one of two places.

Invariants:
    1. Between slices every marked object whose pointers were not pushed MUST be in the list of large objects or in the range for
       the rescan. Otherwise an object that it points to would be freed. Checked by check_marks().

Source:
    Cher, Hosking, Vitek, "Software prefetching for mark-sweep" (ISMM 2004); Go 1.27.3 runtime/mgcmark.go.

Differs from Go:
    One thread marks. Bitmaps belong to spans.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    count_trailing_zeros_u64,
    field_address,
    global_array,
    is_null,
    kernel,
    likely,
    load_addr,
    load_u8,
    load_u64,
    offset_of,
    population_count_u64,
    prefetch,
    store_addr,
    store_u64,
    to_u64,
    u64,
)
from tricolor.runtime.abi_types import KIND_ARRAY, TFLAG_MASK_ON_DEMAND, GoArrayType, GoType
from tricolor.runtime.allocator.bits import bit_mask, bit_word
from tricolor.runtime.allocator.heap_types import STATE_IN_USE, Span, mheap
from tricolor.runtime.allocator.marks import is_marked, mark_side
from tricolor.runtime.allocator.sizes import (
    HEADER_BYTES,
    KIND_ALL_POINTERS,
    KIND_BITMAP,
    KIND_HEADER,
    KIND_TYPED,
    MARK_STACK_WORDS,
    OBLET_BYTES,
    PAGE_SHIFT,
)
from tricolor.runtime.allocator.spans import elem_index, span_record
from tricolor.runtime.collector.roots import mark_later, marker

QUEUE_PLACES = 16
NO_BUDGET = 0xFFFF_FFFF_FFFF_FFFF
queue = global_array(u64, QUEUE_PLACES)


@kernel
def drain(budget: u64) -> bool:
    """Marks until the mark stack is empty, or ``budget`` addresses were taken from it; True if it is empty.

    Cost: a visit of each object, and a push of each pointer in them.
    """
    arena = mheap.arena_start
    length_bytes = mheap.top_pages << PAGE_SHIFT
    table = mheap.span_table
    side = offset_of(Span, "bits") + mark_side()
    bottom = mheap.mark_stack
    top = marker.top
    places = field_address(queue)
    marked: u64 = 0
    scanned: u64 = 0
    at: u64 = 0
    idle: u64 = 0
    left = budget
    while True:
        # 1. Exchange.
        place = places + (at & (QUEUE_PLACES - 1)) * 8
        at += 1
        pointer = load_addr(place)
        if likely(top != bottom and left != 0):
            left -= 1
            top = top - 8
            entering = load_addr(top)
            prefetch(entering)
            store_addr(place, entering)
            idle = 0
        else:
            store_u64(place, 0)
            idle += 1
            if idle > QUEUE_PLACES:
                break
        # 2. Find.
        offset = pointer - arena
        if offset >= length_bytes:
            continue
        span = as_struct(Span, load_addr(table + (offset >> PAGE_SHIFT) * 8))
        if is_null(span):
            continue
        elem = elem_index(span, pointer)
        if elem >= span.nelems:
            continue
        # 3. Test.
        word = bit_word(address(span) + side, elem)
        bit = bit_mask(elem)
        marks = load_u64(word)
        if marks & bit != 0:
            continue
        store_u64(word, marks | bit)
        marked += span.elem_bytes
        # 4. Push.
        bits = span.bitmap
        if bits == 0:
            continue
        scanned += span.elem_bytes
        base = span.start + elem * span.elem_bytes
        # If the stack is bounded, push_pointers() takes the pointers that do not fit.
        fits = MARK_STACK_WORDS == 0 or top + population_count_u64(bits) * 8 <= marker.limit
        if likely(span.kind == KIND_BITMAP and fits):
            while bits != 0:
                found = load_addr(base + count_trailing_zeros_u64(bits) * 8)
                bits &= bits - 1
                # The word is stored in any case: a branch on whether it is a pointer would often be predicted wrongly.
                store_addr(top, found)
                top = top + (8 if found - arena < length_bytes else 0)
        elif span.elem_bytes > OBLET_BYTES:
            add_large(span)
        else:
            top = push_pointers(span, base, top)
    marker.top = top
    marker.marked_bytes += marked
    marker.scanned_bytes += scanned
    return top == bottom


# --- Large objects ----------------------------------------------------------------------------------


@kernel
def add_large(span: Span) -> None:
    """Notes that the parts of a large object have to be scanned."""
    span.grey_from = span.start
    span.grey_next = marker.grey_large
    marker.grey_large = span


@kernel
def scan_part() -> None:
    """Pushes the pointers in the next part of a large object."""
    span = marker.grey_large
    low = span.grey_from
    high = low + part_bytes(span)
    end = span.start + span.elem_bytes
    if high >= end:
        high = end
        marker.grey_large = span.grey_next
        span.grey_from = 0
    else:
        span.grey_from = high
    if span.kind == KIND_TYPED:
        marker.top = push_typed(as_struct(GoType, span.large_type), low, high, marker.top)
    else:
        marker.top = push_words(low, high, marker.top)


@kernel
def part_bytes(span: Span) -> u64:
    """Length of the parts in which a large object is scanned: whole values."""
    if span.kind != KIND_TYPED:
        return OBLET_BYTES
    value_bytes = max(value_type(as_struct(GoType, span.large_type)).size_bytes, 1)
    return max(OBLET_BYTES // value_bytes, 1) * value_bytes


# --- A full mark stack ------------------------------------------------------------------------------


@kernel
def rescan() -> None:
    """Pushes the pointers in all marked objects of the range of those that did not fit, and marks what they reach.

    What does not fit is marked and noted for the next rescan. Each object is noted only once, so the rescans end. Cost: a
    visit of each span and of each marked object in the range.
    """
    low = marker.rescan_low
    high = marker.rescan_high
    marker.rescan_low = 0
    marker.rescan_high = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state != STATE_IN_USE or span.bitmap == 0 or span.start > high or span.start + (span.pages << PAGE_SHIFT) <= low:
            continue
        for elem in range(span.nelems):
            base = span.start + elem * span.elem_bytes
            if base >= low and base <= high and is_marked(span, elem):
                marker.top = push_pointers(span, base, marker.top)
                drain(NO_BUDGET)


# --- The pointers in an element ---------------------------------------------------------------------


@kernel
def push_pointers(span: Span, base: addr, top: addr) -> addr:
    """Pushes the pointers in one element of any kind; gives the new top of the mark stack."""
    if span.kind == KIND_BITMAP:
        bits = span.bitmap
        while bits != 0:
            found = load_addr(base + count_trailing_zeros_u64(bits) * 8)
            bits &= bits - 1
            top = push_if_heap(found, top)
        return top
    if span.kind == KIND_ALL_POINTERS:
        return push_words(base, base + span.elem_bytes, top)
    if span.kind == KIND_HEADER:
        type = as_struct(GoType, load_addr(base))
        # The element was claimed, but its type is not stored yet: it holds nothing.
        if is_null(type):
            return top
        return push_typed(type, base + HEADER_BYTES, base + span.elem_bytes, top)
    return push_typed(as_struct(GoType, span.large_type), base, base + span.elem_bytes, top)


@kernel
def push_if_heap(found: addr, top: addr) -> addr:
    """Pushes an address if it lies in the heap."""
    if found - mheap.arena_start < mheap.top_pages << PAGE_SHIFT:
        if MARK_STACK_WORDS != 0 and top == marker.limit:
            mark_later(found)
            return top
        store_addr(top, found)
        return top + 8
    return top


@kernel
def push_words(low: addr, high: addr, top: addr) -> addr:
    """Pushes every word of a range that is an address in the heap."""
    arena = mheap.arena_start
    length_bytes = mheap.top_pages << PAGE_SHIFT
    at = low
    out = top
    if MARK_STACK_WORDS != 0:
        while at < high:
            out = push_if_heap(load_addr(at), out)
            at = at + 8
        return out
    while at < high:
        found = load_addr(at)
        if found - arena < length_bytes:
            store_addr(out, found)
            out = out + 8
        at = at + 8
    return out


@kernel
def value_type(type: GoType) -> GoType:
    """A row of arrays is a row of their elements, whose bitmap is shorter: the type of those."""
    one = type
    while one.kind == KIND_ARRAY:
        one = as_struct(GoArrayType, address(one)).elem
    return one


@kernel
def push_typed(type: GoType, low: addr, high: addr, top: addr) -> addr:
    """Pushes the pointers in a row of values of a type."""
    one = value_type(type)
    mask = one.gc_data
    if one.flags & TFLAG_MASK_ON_DEMAND != 0 and to_u64(mask) != 0:
        mask = load_addr(mask)
    if one.pointer_bytes == 0 or one.size_bytes == 0:
        return top
    if to_u64(mask) == 0:
        return push_words(low, high, top)
    words = one.pointer_bytes >> 3
    size_bytes = one.size_bytes
    at = low
    out = top
    while at + size_bytes <= high:
        byte: u64 = 0
        while byte * 8 < words:
            bits = to_u64(load_u8(mask + byte))
            while bits != 0:
                word = byte * 8 + count_trailing_zeros_u64(bits)
                bits &= bits - 1
                out = push_if_heap(load_addr(at + word * 8), out)
            byte += 1
        at = at + size_bytes
    return out
