"""Sampled objects: a list of those that the heap profile watches, so that it can count those that die.

How: when marking has ended, and finalizers have revived what they revive, an object without mark is dead. Its record counts
it, and the list forgets it. The list is no root. A heap has one sampled object for each SAMPLE_BYTES that live, so
the walk is short at the usual rate; at rate 1 it visits every object.

Invariants:
    1. An object in the list MUST be allocated. Otherwise the death of another object at its address would be counted for it.
       Checked by check_samples().

Source:
    Go 1.27.3 runtime/mheap.go (specialprofile), mprof.go (mProf_Free, mProf_NextCycle).

Differs from Go:
    Go keeps a special in the span for each; here one list needs no visit of the spans.
"""

from __future__ import annotations

from tricolor.kernel.lang import Embed, Struct, addr, as_struct, check, global_struct, is_null, kernel, null, size_of, to_u64
from tricolor.runtime.allocator.marks import is_marked
from tricolor.runtime.allocator.mheap import persistent_alloc
from tricolor.runtime.allocator.spans import elem_index, find_object, span_of
from tricolor.runtime.allocator.stack_records import StackRecord, count_alloc, count_free, profile_cycle
from tricolor.runtime.lock_ranks import RANK_PROFILES
from tricolor.runtime.system.lock import Lock, acquire, release


class Sample(Struct):
    """A sampled object."""

    next: "Sample"
    object: addr
    record: StackRecord


class Samples(Struct):
    """All sampled objects that live, and free records."""

    first: Sample
    free: Sample
    lock: Embed[Lock]


samples = global_struct(Samples)


@kernel
def add_sample(object: addr, record: StackRecord) -> None:
    """Counts an object that was just allocated, and watches it."""
    acquire(samples.lock, RANK_PROFILES)
    made = samples.free
    if is_null(made):
        made = as_struct(Sample, persistent_alloc(size_of(Sample)))
    else:
        samples.free = made.next
    made.object = object
    made.record = record
    made.next = samples.first
    samples.first = made
    release(samples.lock)
    count_alloc(record)


@kernel
def end_profile_cycle() -> None:
    """Counts the sampled objects that died. Called once in each cycle, when no more marks will be set and nothing is swept yet,
    while the world is stopped."""
    kept = null(Sample)
    each = samples.first
    # The order does not matter: the list is rebuilt in reverse order.
    while not is_null(each):
        following = each.next
        span = span_of(each.object)
        if is_marked(span, elem_index(span, each.object)):
            each.next = kept
            kept = each
        else:
            count_free(each.record)
            each.next = samples.free
            samples.free = each
        each = following
    samples.first = kept
    profile_cycle.value += 1


@kernel
def check_samples() -> None:
    """Invariant 1; between cycles, while the world is stopped."""
    each = samples.first
    while not is_null(each):
        check(1, to_u64(find_object(each.object)) != 0, "check_samples: a sampled object is free")
        each = each.next
