"""Specials: finalizers, cleanups and weak handles, and what happens to them when their object dies.

How: a special is in a list of the span in which its object lies; ``mheap.special_bits`` says which spans have any. While
marking, the collector pushes what specials hold, also that of new ones: the closure of a finalizer or cleanup, a weak handle, and what the object of a finalizer points to, but not the object.
After marking, it treats every object without mark: it clears its weak handles; it queues its finalizer, and revives the object
for one more cycle; it queues the cleanups of objects that it does not revive.

One lock guards all lists. Only the program holds it, and the marker, for one span at a time. What happens after marking needs none: the
world is stopped. So a thread that loads a weak handle gets the object before its death is known, or 0.

Invariants:
    1. A special MUST be in the list of the span in which its object lies, and the bit of that span be set. Otherwise it would
       outlive the object. Checked by check_specials().
    2. What a queued special holds MUST be a root until a goroutine takes it. Otherwise a finalizer would get a freed
       object. Checked by check_specials().

Source:
    Go 1.27.3 runtime/mheap.go (specials), mfinal.go, mcleanup.go; mgcsweep.go for the order (weak handles
    before finalizers).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    as_struct,
    atomic_add,
    call_address,
    check,
    count_trailing_zeros_u64,
    global_struct,
    global_value,
    inline,
    is_null,
    kernel,
    load_u64,
    null,
    size_of,
    store_addr,
    systemstack,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.bits import clear_bit, set_bit, test_bit, words_for
from tricolor.runtime.allocator.heap_types import STATE_IN_USE, Span, Special, mheap
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.marks import is_marked, set_mark
from tricolor.runtime.allocator.mheap import persistent_alloc
from tricolor.runtime.allocator.spans import elem_index, find_object, span_number, span_of, span_record
from tricolor.runtime.collector.mark import push_pointers
from tricolor.runtime.collector.roots import in_heap, marker, push
from tricolor.runtime.collector.work import own_work
from tricolor.runtime.lock_ranks import RANK_SPECIALS
from tricolor.runtime.system.lock import Lock, acquire_if_parallel, release_if_parallel

FINALIZER = 1
CLEANUP = 2
WEAK = 3
WORDS_AT_ONCE = 16


class SpecialQueue(Struct):
    """Specials whose objects died, oldest first; records for use again; counters."""

    first: Special
    last: Special
    free: Special
    last_id: u64
    queued: u64
    under_way: u64
    """Kind of the special that was taken last, until the next is asked for; 0: none."""
    # Since the start, without those of the runtime itself.
    finalizers_queued: u64
    finalizers_executed: u64
    cleanups_queued: u64
    cleanups_executed: u64
    lock: Embed[Lock]
    """Guards all this, and the lists of all spans. While the world is stopped nobody needs it."""


specials = global_struct(SpecialQueue, symbol_name="tricolor.specials")
# Code that wakes the goroutine that waits for queued specials; called on the system stack after a cycle. 0: none.
queue_hook = global_value(addr, symbol_name="tricolor.specials_hook")


@kernel
def add_special(kind: u64, object: addr, holds: addr) -> Special:
    """Gives an object a special; null if the address is not in the heap. The caller holds the lock."""
    span = span_of(object)
    if is_null(span):
        return null(Special)
    made = specials.free
    if is_null(made):
        made = as_struct(Special, persistent_alloc(size_of(Special)))
    else:
        specials.free = made.next
    specials.last_id += 1
    made.kind = kind
    made.object = object
    made.closure = holds
    made.id = specials.last_id
    made.next = span.specials
    span.specials = made
    set_bit(mheap.special_bits, span_number(span))
    mheap.special_count += 1
    if is_marking.value != 0:
        push_held(span, made)
    return made


@kernel
def find_special(kind: u64, object: addr, id: u64) -> Special:
    """The special of that kind of an object; with that id unless it is 0; null if there is none. The caller holds the lock."""
    span = span_of(object)
    if is_null(span):
        return null(Special)
    found = span.specials
    while not is_null(found):
        if found.kind == kind and found.object == object and (id == 0 or found.id == id):
            return found
        found = found.next
    return found


@kernel
def remove_special(wanted: Special) -> None:
    """Takes a special out of its span's list. The caller holds the lock."""
    span = span_of(wanted.object)
    mheap.special_count -= 1
    if span.specials is wanted:
        span.specials = wanted.next
        return
    before = span.specials
    while before.next is not wanted:
        before = before.next
    before.next = wanted.next


@kernel
def free_special(done: Special) -> None:
    """Keeps the record for use again. The caller holds the lock."""
    done.next = specials.free
    done.object = to_addr(0)
    done.closure = to_addr(0)
    specials.free = done


# --- Entries for package runtime ------------------------------------------------------------------


@inline
def lock_specials() -> None:
    """Acquires the lock of all specials."""
    acquire_if_parallel(specials.lock, RANK_SPECIALS)


@inline
def unlock_specials() -> None:
    """Releases it."""
    release_if_parallel(specials.lock)


@systemstack("runtime.setfinalizer")
def set_finalizer(object: addr, closure: addr) -> bool:
    """Queues the closure when the object dies; closure 0 removes the finalizer. False if the object already has one."""
    lock_specials()
    present = find_special(FINALIZER, object, 0)
    fits = is_null(present) or to_u64(closure) == 0
    if to_u64(closure) == 0:
        if not is_null(present):
            remove_special(present)
            free_special(present)
    elif is_null(present):
        add_special(FINALIZER, object, closure)
    unlock_specials()
    return fits


@systemstack("runtime.addcleanup")
def add_cleanup(object: addr, closure: addr) -> u64:
    """Queues the closure when the object dies; gives an id for stopcleanup."""
    lock_specials()
    made = add_special(CLEANUP, object, closure)
    id = 0 if is_null(made) else made.id
    unlock_specials()
    return id


@systemstack("runtime.stopcleanup")
def stop_cleanup(object: addr, id: u64) -> None:
    """Cancels a cleanup that is not queued yet."""
    lock_specials()
    # The object may be dead, and its span another one by now: an id is never used twice.
    present = find_special(CLEANUP, object, id)
    if not is_null(present):
        remove_special(present)
        free_special(present)
    unlock_specials()


@systemstack("runtime.specialsleft")
def specials_left() -> bool:
    """Whether a finalizer or cleanup is queued or runs."""
    lock_specials()
    left = not is_null(specials.first) or specials.under_way != 0
    unlock_specials()
    return left


@kernel
def weak_handle_of(object: addr) -> addr:
    """The weak handle of an address in an object; 0 if it has none."""
    lock_specials()
    present = find_special(WEAK, object, 0)
    handle = to_addr(0) if is_null(present) else present.closure
    unlock_specials()
    return handle


@kernel
def keep_weak_handle(object: addr, handle: addr) -> addr:
    """Makes this the handle of the address, unless another thread was faster; gives the handle that counts."""
    lock_specials()
    present = find_special(WEAK, object, 0)
    kept = handle
    if is_null(present):
        add_special(WEAK, object, handle)
    else:
        kept = present.closure
    unlock_specials()
    return kept


@kernel
def take_queued(object: addr, closure: addr) -> u64:
    """Takes the oldest queued special: stores its object and closure, and gives its kind; 0 if there is none."""
    lock_specials()
    count_executed()
    first = specials.first
    kind: u64 = 0
    if not is_null(first):
        kind = first.kind
        take_first(first, object, closure)
    unlock_specials()
    return kind


@kernel
def take_first(first: Special, object: addr, closure: addr) -> None:
    """Takes the first special from the queue, and stores its object and closure. The caller holds the lock."""
    specials.first = first.next
    if is_null(first.next):
        specials.last = null(Special)
    specials.queued -= 1
    store_addr(object, first.object)
    store_addr(closure, first.closure)
    # The goroutine that takes them may have been scanned already.
    if is_marking.value != 0:
        push_address(first.object)
        push_address(first.closure)
    specials.under_way = first.kind
    free_special(first)


@kernel
def count_executed() -> None:
    """Counts the special that was taken last. Finalizers and cleanups run one after another: it has been executed. The caller holds the lock."""
    if specials.under_way == FINALIZER:
        specials.finalizers_executed += 1
    elif specials.under_way == CLEANUP:
        specials.cleanups_executed += 1
    specials.under_way = 0


# --- Phases of a cycle ----------------------------------------------------------------------------


@kernel
def mark_queued_roots() -> None:
    """Pushes what queued specials hold. The world is stopped."""
    queued = specials.first
    while not is_null(queued):
        push_address(queued.closure)
        push_address(queued.object)
        queued = queued.next


@kernel
def mark_some_specials() -> bool:
    """Pushes what the specials of the next few spans hold; False if none were left. Several threads do so at once."""
    words = words_for(mheap.span_count)
    if marker.next_special_word >= words:
        return False
    first = atomic_add(marker.next_special_word, WORDS_AT_ONCE, "relaxed")
    word = first
    while word < words and word < first + WORDS_AT_ONCE:
        bits = load_u64(mheap.special_bits + word * 8)
        while bits != 0:
            span = span_record(word * 64 + count_trailing_zeros_u64(bits))
            bits &= bits - 1
            if span.state == STATE_IN_USE:
                push_span_specials(span)
        word += 1
    return first < words


@kernel
def push_span_specials(span: Span) -> None:
    """Pushes what the specials of a span hold."""
    lock_specials()
    each = span.specials
    while not is_null(each):
        push_held(span, each)
        each = each.next
    unlock_specials()


@kernel
def push_held(span: Span, special: Special) -> None:
    """Pushes what a special holds: its closure, and what the object of a finalizer points to."""
    push_address(special.closure)
    if special.kind == FINALIZER and span.bitmap != 0:
        base = span.start + elem_index(span, special.object) * span.elem_bytes
        push_pointers(own_work(), span, base)


@kernel
def push_address(pointer: addr) -> None:
    """Pushes an address if it lies in the heap."""
    if in_heap(pointer):
        push(pointer)


@kernel
def process_specials() -> u64:
    """Between mark and sweep, while the world is stopped: treats the specials of objects without mark; gives how many it queued."""
    if mheap.special_count == 0:
        return 0
    before = specials.queued
    for word in range(words_for(mheap.span_count)):
        bits = load_u64(mheap.special_bits + word * 8)
        while bits != 0:
            number = word * 64 + count_trailing_zeros_u64(bits)
            bits &= bits - 1
            span = span_record(number)
            if span.state == STATE_IN_USE and not is_null(span.specials):
                process_span(span, WEAK)
                process_span(span, FINALIZER)
                process_span(span, CLEANUP)
            if span.state != STATE_IN_USE or is_null(span.specials):
                clear_bit(mheap.special_bits, number)
    return specials.queued - before


@kernel
def process_span(span: Span, kind: u64) -> None:
    """Treats the specials of one kind of the objects in a span that have no mark."""
    kept = null(Special)
    each = span.specials
    # The list is rebuilt in reverse order, and reversed again.
    while not is_null(each):
        following = each.next
        if each.kind == kind and not is_marked(span, elem_index(span, each.object)):
            mheap.special_count -= 1
            if kind == WEAK:
                store_addr(each.closure, to_addr(0))
                free_special(each)
            else:
                if kind == FINALIZER:
                    set_mark(span, elem_index(span, each.object))
                    own_work().marked_bytes += span.elem_bytes
                enqueue(each)
        else:
            each.next = kept
            kept = each
        each = following
    span.specials = null(Special)
    while not is_null(kept):
        following = kept.next
        kept.next = span.specials
        span.specials = kept
        kept = following


@kernel
def enqueue(special: Special) -> None:
    """Adds to the end of the queue."""
    special.next = null(Special)
    if special.kind == CLEANUP:
        special.object = to_addr(0)
    if is_null(specials.last):
        specials.first = special
    else:
        specials.last.next = special
    specials.last = special
    specials.queued += 1
    if special.kind == CLEANUP:
        specials.cleanups_queued += 1
    else:
        specials.finalizers_queued += 1


@kernel
def call_queue_hook() -> None:
    """Wakes the goroutine that waits for queued specials, if there are any."""
    if to_u64(queue_hook.value) != 0 and specials.queued != 0:
        call_address(queue_hook.value, (), None)


@kernel
def is_lost(pointer: addr) -> bool:
    """Whether the address lies in the heap, but in no allocated object."""
    return in_heap(pointer) and to_u64(find_object(pointer)) == 0


@kernel
def check_specials() -> None:
    """Invariants 1 and 2. The world is stopped."""
    queued = specials.first
    while not is_null(queued):
        check(1, not is_lost(queued.object), "check_specials: the object of a queued special is free")
        check(1, not is_lost(queued.closure), "check_specials: the closure of a queued special is free")
        queued = queued.next
    count: u64 = 0
    for number in range(mheap.span_count):
        span = span_record(number)
        if span.state == STATE_IN_USE:
            each = span.specials
            while not is_null(each):
                check(1, test_bit(mheap.special_bits, number), "check_specials: the bit of a span with specials is not set")
                check(1, span_of(each.object) is span, "check_specials: a special is in the list of another span")
                check(1, to_u64(find_object(each.object)) != 0, "check_specials: the object of a special is free")
                count += 1
                each = each.next
    check(1, count == mheap.special_count, "check_specials: special_count is wrong")
