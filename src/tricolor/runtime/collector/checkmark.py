"""Checkmark: marks again by a plain method and compares; for GODEBUG=gccheckmark=1 and for tests.

How: it uses a bitmap of its own with a bit for each word of the arena, no prefetching and no queue. It starts from the roots that
push() logged, since a second scan of the stacks would find other words, and from what objects with finalizers hold. Every object that it reaches MUST have a mark. If the program
did not run while the collector marked, it MUST reach every object that has one; if it did run, the marked objects
count as roots too, so that no marked object may point to one without mark.

Source:
    Go 1.27.3 runtime/mcheckmark.go; MMTk's sanity collector.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    global_struct,
    global_value,
    is_null,
    kernel,
    load_addr,
    text,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.bits import set_bit, test_bit
from tricolor.runtime.allocator.heap_types import STATE_IN_USE, mheap
from tricolor.runtime.allocator.marks import count_marks, is_marked
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.allocator.spans import elem_index, find_object, span_of, span_record
from tricolor.runtime.collector.mark import push_pointers
from tricolor.runtime.collector.roots import logged_bytes, root_log
from tricolor.runtime.collector.specials import FINALIZER
from tricolor.runtime.collector.work import empty_stack
from tricolor.runtime.records.mark_work import MarkWork
from tricolor.runtime.system.memory import OS_PAGE_BYTES, release
from tricolor.runtime.system.output import put, put_hex, put_number
from tricolor.runtime.system.stop import fatal

words_seen = global_value(addr)
own_memory = global_value(addr)
own_stack = global_struct(MarkWork)


@kernel
def check_marks(is_exact: bool) -> None:
    """Marks again and compares; ends the process if the results differ. Called when marking is done, before process_specials().

    ``is_exact``: the program did not run since marking began, so that no garbage may be marked.
    """
    table_bytes = (mheap.arena_pages << PAGE_SHIFT) >> 6
    if to_u64(words_seen.value) == 0:
        words_seen.value = reserve_table(table_bytes)
        own_memory.value = reserve_table((mheap.arena_pages << PAGE_SHIFT) + OS_PAGE_BYTES)
    else:
        release(words_seen.value, table_bytes)
    own_stack.start = own_memory.value
    own_stack.limit = own_memory.value + (mheap.arena_pages << PAGE_SHIFT)
    empty_stack(own_stack)
    reached: u64 = 0
    logged: u64 = 0
    while logged < logged_bytes.value:
        # A register may hold the address after an allocated object: that of free memory in a run that was claimed then.
        root = load_addr(root_log.value + logged)
        if find_object(root) != 0:
            reached += visit_all(root)
        logged += 8
    reached += visit_finalized()
    if is_exact:
        if reached != count_marked():
            fatal(*text("checkmark: marks that nothing reaches"))
    else:
        visit_marked()
    logged_bytes.value = 0


@kernel
def visit_finalized() -> u64:
    """Visits what objects with finalizers hold, which are roots though the objects may be garbage; gives how many objects are new."""
    reached: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE and span.bitmap != 0:
            each = span.specials
            while not is_null(each):
                if each.kind == FINALIZER:
                    push_pointers(own_stack, span, span.start + elem_index(span, each.object) * span.elem_bytes)
                    reached += visit_pushed()
                each = each.next
    return reached


@kernel
def visit_all(pointer: addr) -> u64:
    """Visits what an address leads to; gives how many objects are new."""
    return visit(pointer) + visit_pushed()


@kernel
def visit_pushed() -> u64:
    """Visits what the addresses on the stack lead to; gives how many objects are new."""
    reached: u64 = 0
    while own_stack.top != own_stack.bottom:
        own_stack.top = own_stack.top - 8
        reached += visit(load_addr(own_stack.top))
    return reached


@kernel
def visit_marked() -> None:
    """Visits all marked objects: those that were allocated while the collector marked are in no other way known as roots."""
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            for elem in range(span.nelems):
                if is_marked(span, elem):
                    visit_all(span.start + elem * span.elem_bytes)


@kernel
def visit(pointer: addr) -> u64:
    """Visits the object in which an address lies; gives 1 if it is new, else 0."""
    span = span_of(pointer)
    if is_null(span):
        return 0
    elem = elem_index(span, pointer)
    if elem >= span.nelems:
        return 0
    base = span.start + elem * span.elem_bytes
    at = (base - mheap.arena_start) >> 3
    if test_bit(words_seen.value, at):
        return 0
    set_bit(words_seen.value, at)
    if not is_marked(span, elem):
        put(*text("runtime: object 0x"))
        put_hex(to_u64(base))
        put(*text(" of "))
        put_number(span.elem_bytes)
        put(*text(" bytes\n"))
        fatal(*text("checkmark found unmarked object"))
    if span.bitmap != 0:
        push_pointers(own_stack, span, base)
    return 1


@kernel
def count_marked() -> u64:
    """Marked elems of all spans."""
    marked: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            marked += count_marks(span)
    return marked
