"""Roots: pushes what globals hold by their bitmaps, and what stacks and other ranges hold conservatively.

Terms:
    conservative   every aligned word that points into an allocated object counts as a pointer, also into its middle

How: this module pushes roots a part at a time, between which the program may run: ``marker`` knows how far it came. The order
does not matter, since the write barrier shades every pointer that the program stores or overwrites. Several processors take different
parts: a part is taken under the lock of ``work``, and pushed without it. A stack word that points to the end of an object keeps that
object alive too: in a loop over its elements, LLVM may hold no other pointer to it.

Invariants:
    1. What a conservative word pushes MUST be allocated. Otherwise free memory would be marked, and lost
       until the next cycle. Checked by sweep_span(), which finds more marks than allocated elements.
    2. mark_words() MUST be called for every range that may hold the only pointer to an object: stacks with saved registers,
       records of the scheduler, queues. Otherwise a live object is freed. No check sees that: GODEBUG=gcstress=1,clobberfree=1
       makes such a program fail.

Source:
    Go 1.27.3 runtime/mgcmark.go (markroot, scanConservative); Boehm & Weiser 1988.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    atomic_add,
    call_address,
    check,
    count_trailing_zeros_u64,
    extern_global,
    field_address,
    global_struct,
    global_value,
    inline,
    is_null,
    kernel,
    load_addr,
    load_u8,
    load_u64,
    null,
    size_of,
    stack_struct,
    store_addr,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.marks import is_allocated
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.allocator.spans import elem_index, span_of
from tricolor.runtime.collector.typed_rows import Row, find_row
from tricolor.runtime.collector.work import begin_work, own_work, push_word, work
from tricolor.runtime.lock_ranks import RANK_MARK_WORK
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.settings_keys import CHECKMARK, PAST_END
from tricolor.runtime.system.lock import acquire_if_parallel, release_if_parallel

GLOBAL_PART_WORDS = 4096
NEXT_STACKS = 0
"""What the scanner of stacks has to scan: the next few goroutines, or those that ran elsewhere before."""
LATE_STACKS = 1


class DataRoot(Struct):
    """A global with pointers, as codegen lists it: up to its last pointer. It has a bitmap, or a type whose bitmap would be too long."""

    address: addr
    length_bytes: u64
    bitmap: addr
    type: GoType


class Marker(Struct):
    """How far the roots were given out to those that mark; under the lock of ``work``."""

    next_global: u64
    """The global to scan next, and the word in it."""
    next_word: u64
    next_special_word: u64
    """The word of ``mheap.special_bits`` to look at next."""
    next_goroutine: G
    """The goroutine that was given out last; null: none yet."""
    late: G
    """Goroutines that ran elsewhere when their turn came, by late_link; they still have to be scanned."""
    stacks_done: u32
    """1 once all goroutines were given out."""


data_roots = extern_global("tricolor.data_roots", DataRoot)
data_root_count = extern_global("tricolor.data_root_count", u64)
# For GODEBUG=gccheckmark=1: what push() got in this cycle.
root_log = global_value(addr)
logged_bytes = global_value(u64)
marker = global_struct(Marker, symbol_name="tricolor.marker")
# Code of the scheduler that scans the next few goroutines.
stack_scanner = global_value(addr, symbol_name="tricolor.stack_scanner")


# --- The mark stack ---------------------------------------------------------------------------------


@kernel
def log_root(pointer: addr) -> None:
    """Keeps a root for check_marks()."""
    if to_u64(root_log.value) == 0:
        root_log.value = reserve_table(mheap.arena_pages << PAGE_SHIFT)
    store_addr(root_log.value + atomic_add(logged_bytes.value, 8, "relaxed"), pointer)


@kernel
def push(pointer: addr) -> None:
    """Puts an address of the heap on the mark stack of the calling thread's processor."""
    if unlikely(settings[CHECKMARK] != 0):
        log_root(pointer)
    push_word(own_work(), pointer)


@inline
def in_heap(pointer: addr) -> bool:
    """Whether the address lies in a page of the arena that was ever used."""
    return (pointer - mheap.arena_start) < (mheap.top_pages << PAGE_SHIFT)


@kernel
def push_object(where: addr) -> bool:
    """Pushes the allocated object in which the address lies; False if there is none."""
    span = span_of(where)
    if is_null(span):
        return False
    elem = elem_index(span, where)
    if elem >= span.nelems or not is_allocated(span, elem):
        return False
    push(span.start + elem * span.elem_bytes)
    return True


@kernel
def push_conservative(where: addr) -> None:
    """Pushes the objects that a stack word may keep alive."""
    span = span_of(where)
    if not is_null(span):
        elem = elem_index(span, where)
        if elem < span.nelems and is_allocated(span, elem):
            start = span.start + elem * span.elem_bytes
            push(start)
            if start != where:
                return
    if settings[PAST_END] != 0:
        push_object(where - 1)


@kernel
def mark_words(low: addr, high: addr) -> None:
    """Scans a range conservatively; ``low`` is a multiple of 8."""
    check(1, to_u64(low) & 7 == 0, "mark_words: the range does not start at a word")
    at = low
    start = mheap.arena_start
    # One word more than the heap: a word may point to the end of the last object.
    span_bytes = (mheap.top_pages << PAGE_SHIFT) + 8
    while at < high:
        word = load_addr(at)
        if word - start < span_bytes:
            push_conservative(word)
        at = at + 8


@kernel
def mark_stack_words(low: addr, high: addr) -> None:
    """As mark_words(), and counts the range as stack."""
    own_work().stack_bytes += high - low
    mark_words(low, high)


# --- Globals ----------------------------------------------------------------------------------------


@inline
def data_root(number: u64) -> DataRoot:
    """The global with that number."""
    return as_struct(DataRoot, field_address(data_roots) + number * size_of(DataRoot))


@kernel
def global_bytes() -> u64:
    """Bytes of the globals that hold pointers."""
    count: u64 = 0
    for number in range(data_root_count.value):
        count += data_root(number).length_bytes
    return count


@kernel
def mark_global_words(root: DataRoot, first_word: u64, end_word: u64) -> None:
    """Pushes what a part of a global points to; ``first_word`` is a multiple of 64."""
    if unlikely(root.bitmap == 0):
        mark_global_rows(root, root.address + first_word * 8, root.address + end_word * 8)
        return
    first = first_word
    while first < end_word:
        bits = load_u64(root.bitmap + (first >> 3))
        while bits != 0:
            at = first + count_trailing_zeros_u64(bits)
            bits &= bits - 1
            pointer = load_addr(root.address + at * 8)
            if in_heap(pointer):
                push(pointer)
        first += 64


@kernel
def mark_global_rows(root: DataRoot, low: addr, high: addr) -> None:
    """Pushes what a part of a global without bitmap points to: the pointers in the values that begin in the part."""
    row = stack_struct(Row)
    at = low
    while at < high:
        find_row(row, root.type, root.address, at)
        if not is_null(row.type):
            value = row.start
            while value < row.end and value < high:
                if value >= at:
                    mark_global_value(row.type, value)
                value = value + row.type.size_bytes
        at = row.end


@kernel
def mark_global_value(type: GoType, value: addr) -> None:
    """Pushes what one value in a global points to, by the bitmap of its type."""
    byte: u64 = 0
    while byte * 64 < type.pointer_bytes:
        bits = to_u64(load_u8(type.gc_data + byte))
        while bits != 0:
            pointer = load_addr(value + (byte * 8 + count_trailing_zeros_u64(bits)) * 8)
            bits &= bits - 1
            if in_heap(pointer):
                push(pointer)
        byte += 1


@kernel
def mark_globals(first: u64, first_word: u64, end: u64, end_word: u64) -> None:
    """Pushes what globals point to, from a word of one up to a word of another."""
    number = first
    word = first_word
    while number < end or word < end_word:
        root = data_root(number)
        stop = root.length_bytes >> 3 if number < end else end_word
        mark_global_words(root, word, stop)
        if number == end:
            return
        word = 0
        number += 1


@kernel
def mark_all_globals() -> None:
    """Pushes what all globals point to, whatever was given out before."""
    mark_globals(0, 0, data_root_count.value, 0)


@kernel
def mark_some_globals() -> bool:
    """Pushes what the next few globals point to; False if none were left."""
    words: u64 = 0
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    first = marker.next_global
    first_word = marker.next_word
    while words < GLOBAL_PART_WORDS and marker.next_global < data_root_count.value:
        length_words = data_root(marker.next_global).length_bytes >> 3
        here = min(length_words - marker.next_word, GLOBAL_PART_WORDS)
        words += here + 1
        marker.next_word += here
        if marker.next_word == length_words:
            marker.next_global += 1
            marker.next_word = 0
    end = marker.next_global
    end_word = marker.next_word
    release_if_parallel(work.lock)
    mark_globals(first, first_word, end, end_word)
    return words != 0


# --- Stacks -----------------------------------------------------------------------------------------


@kernel
def mark_some_stacks() -> bool:
    """Has the scheduler scan the next few goroutines; False if none were left."""
    if to_u64(stack_scanner.value) == 0 or marker.stacks_done != 0:
        return False
    call_address(stack_scanner.value, (u64,), u64, NEXT_STACKS)
    return True


@kernel
def mark_late_stacks() -> bool:
    """Has the scheduler scan goroutines that ran elsewhere when their turn came; False if none were left, or all still run."""
    return not is_null(marker.late) and call_address(stack_scanner.value, (u64,), u64, LATE_STACKS) != 0


@kernel
def begin_roots() -> None:
    """Begins with the first root, and empty mark stacks. The world is stopped."""
    begin_work()
    marker.next_global = 0
    marker.next_word = 0
    marker.next_special_word = 0
    marker.next_goroutine = null(G)
    marker.late = null(G)
    marker.stacks_done = 0
