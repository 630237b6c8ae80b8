"""Work of the marker: the mark stack of each processor, and blocks of addresses that any processor may take.

How: each processor pushes onto a stack of its own (``MarkWork``) and pops from it, without a lock. The stack is short: when it is full, and
before each step of the marker that finds more than KEEP_WORDS on it, the oldest words move into blocks of BLOCK_WORDS, in a list that all
processors share. A processor whose stack is empty takes a block. While one looks for a block and finds none it is *hungry*, and whoever
marks gives half of its stack, the older half: in a tree these lead to the largest parts. If a processor is idle it does the same, and has a
thread woken. When a slice ends beside others, what is left on the stack goes
into blocks too, so that no work waits for a processor that does something else. Only what a write barrier flushes outside of a
slice stays on the stack; the end of marking collects it (``gather``).

Invariants:
    1. A word MUST lie on one stack or in one block. Otherwise an object would not be marked, or garbage be pushed. Checked by
       check_marks().
    2. When marking ends, all stacks and the list of blocks MUST be empty. Otherwise what they lead to would be freed.
       Checked by check_no_work().

Source:
    Go 1.27.3 runtime/mgcwork.go (gcWork, balance, handoff).

Differs from Go:
    A processor has one stack of words, not two blocks, and pops without looking at a block's end.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    address,
    as_struct,
    atomic_add,
    atomic_load,
    atomic_store,
    call_address,
    check,
    global_struct,
    global_value,
    inline,
    is_null,
    kernel,
    memory_copy,
    null,
    size_of,
    store_addr,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.heap_types import Span
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.sizes import BLOCK_WORDS, MARK_STACK_WORDS
from tricolor.runtime.lock_ranks import RANK_MARK_WORK
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.mark_work import MarkWork
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import first_processor
from tricolor.runtime.system.lock import Lock, acquire_if_parallel, release_if_parallel

BLOCKS_AT_ONCE: Final = 64
"""Blocks for which address space is reserved together."""


class WorkBlock(Struct):
    """The head of a block; the words follow."""

    next: "WorkBlock"
    count: u64


class SharedWork(Struct):
    """What the processors that mark share."""

    lock: Embed[Lock]
    """Guards the lists, and how far the roots were given out (``roots.marker``)."""
    blocks: WorkBlock
    block_count: u64
    """Of ``blocks``; read without the lock."""
    free: WorkBlock
    unused: addr
    """Memory for blocks that were never used, and its end."""
    unused_end: addr
    grey_large: Span
    """Large objects of which parts are not scanned yet, by grey_next."""
    active: u64
    """Slices of marking under way, without those that are hungry."""
    hungry: u64
    """Those that look for a block."""


work = global_struct(SharedWork, symbol_name="tricolor.mark_work")
# Code of the scheduler that has a thread look for work with an idle processor; 0: none.
idle_waker = global_value(addr, symbol_name="tricolor.idle_waker")


@inline
def own_work() -> MarkWork:
    """The stack and counters of the calling thread's processor."""
    return machine.processor.mark


@inline
def waiting_words(w: MarkWork) -> u64:
    """Words on a stack."""
    return (w.top - w.bottom) >> 3


# --- The stack ------------------------------------------------------------------------------------


@kernel
def push_word(w: MarkWork, word: addr) -> None:
    """Puts an address on the stack."""
    if unlikely(w.top == w.limit):
        make_room(w)
    store_addr(w.top, word)
    w.top = w.top + 8


@kernel
def make_room(w: MarkWork) -> None:
    """Makes half of the stack free."""
    if w.start == 0:
        w.start = reserve_table(MARK_STACK_WORDS * 8)
        w.limit = w.start + MARK_STACK_WORDS * 8
        w.bottom = w.start
        w.top = w.start
        return
    keep_newest(w, MARK_STACK_WORDS // 2)


@kernel
def keep_newest(w: MarkWork, most: u64) -> None:
    """Moves all but the ``most`` newest words into blocks, and the others to the start of the stack."""
    left = waiting_words(w)
    while left > most:
        count = min(left - most, BLOCK_WORDS)
        give_oldest(w, count)
        left -= count
    if w.bottom != w.start:
        memory_copy(w.start, w.bottom, left * 8)
        w.bottom = w.start
        w.top = w.start + left * 8


@kernel
def empty_stack(w: MarkWork) -> None:
    """Forgets what is on a stack, and sets its counters to zero: a cycle begins."""
    w.bottom = w.start
    w.top = w.start
    w.marked_bytes = 0
    w.scanned_bytes = 0
    w.stack_bytes = 0


# --- Blocks ---------------------------------------------------------------------------------------


@kernel
def _new_block() -> WorkBlock:
    """An empty block. The caller holds the lock."""
    block = work.free
    if not is_null(block):
        work.free = block.next
        return block
    block_bytes = size_of(WorkBlock) + BLOCK_WORDS * 8
    if work.unused == work.unused_end:
        work.unused = reserve_table(BLOCKS_AT_ONCE * block_bytes)
        work.unused_end = work.unused + BLOCKS_AT_ONCE * block_bytes
    block = as_struct(WorkBlock, work.unused)
    work.unused = work.unused + block_bytes
    return block


@kernel
def give_oldest(w: MarkWork, count: u64) -> None:
    """Moves the oldest words of a stack into a block for all; at most BLOCK_WORDS."""
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    block = _new_block()
    release_if_parallel(work.lock)
    memory_copy(address(block) + size_of(WorkBlock), w.bottom, count * 8)
    w.bottom = w.bottom + count * 8
    block.count = count
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    block.next = work.blocks
    work.blocks = block
    atomic_store(work.block_count, work.block_count + 1, "relaxed")
    release_if_parallel(work.lock)


@kernel
def take_block(w: MarkWork) -> bool:
    """Moves the words of a block onto the stack, which is empty; False if there is no block."""
    if atomic_load(work.block_count, "relaxed") == 0:
        return False
    if w.start == 0:
        make_room(w)
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    block = work.blocks
    if not is_null(block):
        work.blocks = block.next
        atomic_store(work.block_count, work.block_count - 1, "relaxed")
    release_if_parallel(work.lock)
    if is_null(block):
        return False
    check(1, w.top == w.bottom, "take_block: the stack is not empty")
    memory_copy(w.start, address(block) + size_of(WorkBlock), block.count * 8)
    w.bottom = w.start
    w.top = w.start + block.count * 8
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    block.next = work.free
    work.free = block
    release_if_parallel(work.lock)
    return True


@kernel
def share(w: MarkWork) -> None:
    """Gives the older half of the stack away if another processor looks for work, or is idle, and there is no block for it."""
    words = waiting_words(w)
    if words < 2:
        return
    if atomic_load(work.hungry, "relaxed") > atomic_load(work.block_count, "relaxed"):
        give_oldest(w, min(words // 2, BLOCK_WORDS))
    elif atomic_load(scheduler.idle_processor_count, "relaxed") != 0 and idle_waker.value != 0:
        if atomic_load(work.block_count, "relaxed") == 0:
            give_oldest(w, min(words // 2, BLOCK_WORDS))
        call_address(idle_waker.value, (), None)


# --- Slices and their end -------------------------------------------------------------------------


@kernel
def begin_work() -> None:
    """Empties all stacks: a cycle begins. The world is stopped."""
    check(1, is_null(work.blocks), "begin_work: the last cycle has left work")
    each = first_processor
    while not is_null(each):
        empty_stack(each.mark)
        each = each.all_link
    work.grey_large = null(Span)


@kernel
def enter_slice(w: MarkWork) -> None:
    """A slice of marking begins on the calling thread."""
    check(1, w.is_active == 0, "enter_slice: a slice inside a slice")
    w.is_active = 1
    atomic_add(work.active, 1, "seq_cst")


@kernel
def leave_slice(w: MarkWork) -> None:
    """A slice ends. Others see its end only after what it has given away."""
    w.is_active = 0
    atomic_add(work.active, ~0, "seq_cst")


@kernel
def gather(w: MarkWork) -> None:
    """Puts what lies on the stacks of all other processors into blocks. The world is stopped."""
    each = first_processor
    while not is_null(each):
        if address(each.mark) != address(w):
            keep_newest(each.mark, 0)
        each = each.all_link


@kernel
def check_no_work() -> None:
    """Invariant 2."""
    check(1, is_null(work.blocks) and is_null(work.grey_large), "check_no_work: marking ends with work left")
    each = first_processor
    while not is_null(each):
        check(1, each.mark.top == each.mark.bottom, "check_no_work: marking ends with words on a mark stack")
        each = each.all_link


@kernel
def marked_bytes() -> u64:
    """Bytes of the objects that all processors have marked in this cycle; exact while the world is stopped."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += each.mark.marked_bytes
        each = each.all_link
    return count


@kernel
def scanned_bytes() -> u64:
    """The same of those that hold pointers."""
    count: u64 = 0
    each = first_processor
    while not is_null(each):
        count += each.mark.scanned_bytes
        each = each.all_link
    return count
