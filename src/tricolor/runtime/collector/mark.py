"""Mark: marks what can be reached from the pushed roots, a part at a time.

How: most of the time goes into waiting for memory, so drain() asks for it before it needs it. An address goes through two queues, first in and
first out. In the first one it waits for the span record and the mark bits, in the second for the object itself. What is marked already, and
what holds no pointers, does not come to the second one: their objects are never touched. The span has the pointer bitmap of elements of up
to 512 bytes, so for these the loop has no calls. A pushed address may be any address: drain() ignores what lies in no element of a span.

Phases of drain(), for each address::

    1. look up   pop it from the mark stack, find and prefetch its span record; into the first queue, whose oldest address goes on
    2. mark      stop if its elem has its mark, else set it; prefetch the object; into the second queue, whose oldest object goes on
    3. scan      push the pointers in the object

When the stack is empty, or the budget used up, the queues run empty.

Several processors mark at once, each with a stack and a queue of its own (``work``). A mark is tested first without an atomic
access, since most objects that are reached again have one; then an atomic access sets it, so that one processor gets the object. While
only one processor may run, plain ones do.

A large object is scanned in parts of OBLET_BYTES: drain() puts its span into the list ``work.grey_large``, and scan_part()
pushes the pointers in the next part.

The mark stack has room for all that DRAIN_STEP addresses can push by pointer bitmaps, so the loop does not compare with its end; what
pushes more does. Tests run with a stack of two places (DRAIN_ROOM_WORDS is 0), where every push compares.

Invariants:
    1. Between slices every marked object whose pointers were not pushed MUST be in the list of large objects.
       Otherwise an object that it points to would be freed. Checked by check_marks().
    2. An object MUST be marked by one processor only. Otherwise its bytes would count twice. Checked by check_heap().

Source:
    Cher, Hosking, Vitek, "Software prefetching for mark-sweep" (ISMM 2004); Go 1.27.3 runtime/mgcmark.go.

Differs from Go:
    Bitmaps belong to spans.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.sizeclasses import MAX_SMALL_BYTES
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    atomic_or,
    check,
    count_trailing_zeros_u64,
    field_address,
    is_null,
    kernel,
    likely,
    load_addr,
    load_u8,
    load_u64,
    memory_at,
    offset_of,
    prefetch,
    stack_struct,
    store_addr,
    store_u64,
    to_addr,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.abi_types import KIND_ARRAY, GoArrayType, GoType
from tricolor.runtime.allocator.bits import bit_mask, bit_word
from tricolor.runtime.allocator.heap_types import Span, mheap
from tricolor.runtime.allocator.marks import mark_side
from tricolor.runtime.allocator.sizes import (
    DRAIN_ROOM_WORDS,
    DRAIN_STEP,
    HEADER_BYTES,
    KEEP_WORDS,
    KIND_ALL_POINTERS,
    KIND_BITMAP,
    KIND_HEADER,
    KIND_TYPED,
    OBLET_BYTES,
    PAGE_SHIFT,
    PUSH_STEP_WORDS,
)
from tricolor.runtime.allocator.spans import elem_index
from tricolor.runtime.collector.typed_rows import Row, find_row, has_mask
from tricolor.runtime.collector.work import keep_newest, make_room, push_word, waiting_words, work
from tricolor.runtime.lock_ranks import RANK_MARK_WORK
from tricolor.runtime.records.mark_work import QUEUE_PLACES, MarkWork
from tricolor.runtime.system.lock import acquire_if_parallel, parallel, release_if_parallel

QUEUE_MASK: Final = QUEUE_PLACES - 1


@kernel
def drain(w: MarkWork, budget: u64) -> bool:
    """Marks until the mark stack is empty, or ``budget`` addresses were taken from it, at most DRAIN_STEP; True if it is empty.

    Cost: a visit of each object, and a push of each pointer in them.
    """
    check(1, DRAIN_ROOM_WORDS == 0 or budget <= DRAIN_STEP, "drain: the step is longer than the stack has room for")
    arena = mheap.arena_start
    length_bytes = mheap.top_pages << PAGE_SHIFT
    table = mheap.span_table
    side = offset_of(Span, "bits") + mark_side()
    is_parallel = parallel.value != 0
    if waiting_words(w) > KEEP_WORDS or w.top + DRAIN_ROOM_WORDS * 8 > w.limit:
        keep_newest(w, KEEP_WORDS // 2)
    bottom = w.bottom
    top = w.top
    looked_up = field_address(w.looked_up)
    to_scan = field_address(w.to_scan)
    marked: u64 = 0
    scanned: u64 = 0
    # The queues: where the next address goes, and how many are in them.
    at: u64 = 0
    looking: u64 = 0
    scan_at: u64 = 0
    scans: u64 = 0
    left = budget
    while True:
        base = to_addr(0)
        pointer = base
        record = base
        if likely(top != bottom and left != 0):
            # 1. Look up. In a full queue the newest address takes the place of the oldest.
            left -= 1
            top = top - 8
            entering = load_addr(top)
            offset = entering - arena
            if offset >= length_bytes:
                continue
            found_record = load_addr(table + (offset >> PAGE_SHIFT) * 8)
            if found_record == 0:
                continue
            prefetch(found_record)
            prefetch(found_record + side)
            place = looked_up + (at & QUEUE_MASK) * 16
            pointer = load_addr(place)
            record = load_addr(place + 8)
            store_addr(place, entering)
            store_addr(place + 8, found_record)
            at += 1
            if unlikely(looking != QUEUE_PLACES):
                looking += 1
                continue
        elif looking != 0:
            place = looked_up + ((at - looking) & QUEUE_MASK) * 16
            pointer = load_addr(place)
            record = load_addr(place + 8)
            looking -= 1
        elif scans != 0:
            place = to_scan + ((scan_at - scans) & QUEUE_MASK) * 16
            base = load_addr(place)
            record = load_addr(place + 8)
            scans -= 1
        else:
            break
        if base == 0:
            # 2. Mark.
            tested = as_struct(Span, record)
            elem = elem_index(tested, pointer)
            if elem >= tested.nelems:
                continue
            word = bit_word(record + side, elem)
            bit = bit_mask(elem)
            marks = load_u64(word)
            if marks & bit != 0:
                continue
            if is_parallel:
                if atomic_or(memory_at(u64, word), bit, "relaxed") & bit != 0:
                    continue
            else:
                store_u64(word, marks | bit)
            marked += tested.elem_bytes
            if tested.bitmap == 0:
                continue
            scanned += tested.elem_bytes
            entering = tested.start + elem * tested.elem_bytes
            prefetch(entering)
            place = to_scan + (scan_at & QUEUE_MASK) * 16
            base = load_addr(place)
            found_record = load_addr(place + 8)
            store_addr(place, entering)
            store_addr(place + 8, record)
            record = found_record
            scan_at += 1
            if unlikely(scans != QUEUE_PLACES):
                scans += 1
                continue
        # 3. Scan.
        span = as_struct(Span, record)
        if likely(span.kind == KIND_BITMAP and DRAIN_ROOM_WORDS != 0):
            bits = span.bitmap
            while bits != 0:
                found = load_addr(base + count_trailing_zeros_u64(bits) * 8)
                bits &= bits - 1
                # The word is stored in any case: a branch on whether it is a pointer would often be predicted wrongly.
                store_addr(top, found)
                top = top + (8 if found - arena < length_bytes else 0)
        elif span.elem_bytes > MAX_SMALL_BYTES:
            add_large(span)
        else:
            w.top = top
            push_pointers(w, span, base)
            if DRAIN_ROOM_WORDS != 0 and w.top + DRAIN_ROOM_WORDS * 8 > w.limit:
                make_room(w)
            bottom = w.bottom
            top = w.top
    w.top = top
    w.marked_bytes += marked
    w.scanned_bytes += scanned
    return top == bottom


# --- Large objects ----------------------------------------------------------------------------------


@kernel
def add_large(span: Span) -> None:
    """Notes that the parts of a large object have to be scanned."""
    span.grey_from = span.start
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    span.grey_next = work.grey_large
    work.grey_large = span
    release_if_parallel(work.lock)


@kernel
def scan_part(w: MarkWork) -> bool:
    """Pushes the pointers in the next part of a large object; False if no part is left."""
    if is_null(work.grey_large):
        return False
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    span = work.grey_large
    if is_null(span):
        release_if_parallel(work.lock)
        return False
    low = span.grey_from
    high = low + part_bytes(span)
    end = span.start + span.elem_bytes
    if high >= end:
        high = end
        work.grey_large = span.grey_next
        span.grey_from = 0
    else:
        span.grey_from = high
    release_if_parallel(work.lock)
    push_part(w, span, low, high)
    return True


@kernel
def push_part(w: MarkWork, span: Span, low: addr, high: addr) -> None:
    """Pushes the pointers in a part of a large object."""
    if span.kind == KIND_TYPED:
        push_typed(w, as_struct(GoType, span.large_type), low, high)
    else:
        push_words(w, low, high)


@kernel
def part_bytes(span: Span) -> u64:
    """Length of the parts in which a large object is scanned: whole values."""
    if span.kind != KIND_TYPED:
        return OBLET_BYTES
    value_bytes = max(value_type(as_struct(GoType, span.large_type)).size_bytes, 1)
    return max(OBLET_BYTES // value_bytes, 1) * value_bytes


# --- The pointers in an element ---------------------------------------------------------------------


@kernel
def push_pointers(w: MarkWork, span: Span, base: addr) -> None:
    """Pushes the pointers in one element of any kind."""
    if span.kind == KIND_BITMAP:
        bits = span.bitmap
        while bits != 0:
            push_if_heap(w, load_addr(base + count_trailing_zeros_u64(bits) * 8))
            bits &= bits - 1
    elif span.kind == KIND_ALL_POINTERS:
        push_words(w, base, base + span.elem_bytes)
    elif span.kind == KIND_HEADER:
        type = as_struct(GoType, load_addr(base))
        # The element was claimed, but its type is not stored yet: it holds nothing.
        if not is_null(type):
            push_typed(w, type, base + HEADER_BYTES, base + span.elem_bytes)
    else:
        push_typed(w, as_struct(GoType, span.large_type), base, base + span.elem_bytes)


@kernel
def push_if_heap(w: MarkWork, found: addr) -> None:
    """Pushes an address if it lies in the heap."""
    if found - mheap.arena_start < mheap.top_pages << PAGE_SHIFT:
        push_word(w, found)


@kernel
def push_words(w: MarkWork, low: addr, high: addr) -> None:
    """Pushes every word of a range that is an address in the heap."""
    arena = mheap.arena_start
    length_bytes = mheap.top_pages << PAGE_SHIFT
    at = low
    while at < high:
        end = at + min(high - at, PUSH_STEP_WORDS * 8)
        if w.top + PUSH_STEP_WORDS * 8 > w.limit:
            make_room(w)
        out = w.top
        while at < end:
            found = load_addr(at)
            if found - arena < length_bytes:
                store_addr(out, found)
                out = out + 8
            at = at + 8
        w.top = out


@kernel
def value_type(type: GoType) -> GoType:
    """A row of arrays is a row of their elements, whose bitmap is shorter: the type of those."""
    one = type
    while one.kind == KIND_ARRAY:
        one = as_struct(GoArrayType, address(one)).elem
    return one


@kernel
def push_typed(w: MarkWork, type: GoType, low: addr, high: addr) -> None:
    """Pushes the pointers in a row of values of a type."""
    one = value_type(type)
    if one.pointer_bytes == 0 or one.size_bytes == 0:
        return
    if has_mask(one):
        push_row(w, one, low, high)
        return
    at = low
    while at + one.size_bytes <= high:
        push_parts(w, one, at)
        at = at + one.size_bytes


@kernel
def push_parts(w: MarkWork, type: GoType, base: addr) -> None:
    """Pushes the pointers in one value of a type without bitmap."""
    row = stack_struct(Row)
    at = base
    while at < base + type.pointer_bytes:
        find_row(row, type, base, at)
        if not is_null(row.type):
            push_row(w, row.type, row.start, row.end)
        at = row.end


@kernel
def push_row(w: MarkWork, one: GoType, low: addr, high: addr) -> None:
    """Pushes the pointers in a row of values of a type with a bitmap."""
    mask = one.gc_data
    words = one.pointer_bytes >> 3
    size_bytes = one.size_bytes
    at = low
    while at + size_bytes <= high:
        byte: u64 = 0
        while byte * 8 < words:
            bits = to_u64(load_u8(mask + byte))
            while bits != 0:
                word = byte * 8 + count_trailing_zeros_u64(bits)
                bits &= bits - 1
                push_if_heap(w, load_addr(at + word * 8))
            byte += 1
        at = at + size_bytes
