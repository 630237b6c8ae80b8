"""Profiles that the program asks for: puts call stacks into records, and gives the records to package runtime.

Source:
    Go 1.27.3 runtime/mprof.go.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    export,
    field_address,
    function_address,
    i64,
    is_null,
    kernel,
    memory_copy,
    stack_struct,
    store_u64,
    systemstack,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.sampling import sample_hook
from tricolor.runtime.allocator.stack_records import HEAP_PROFILE, STACK_DEPTH, StackRecord, StackWords, heap_records, record_of
from tricolor.runtime.collector.samples import add_sample
from tricolor.runtime.pointer_stores import store_go_pointer
from tricolor.runtime.records.goroutine import DEAD, LABELS, G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.traceback import store_callers, store_goroutine


@kernel
def install_profiles() -> None:
    """Gives the allocator the code to call for each sampled object."""
    sample_hook.value = function_address(sample_object)


@export("tricolor.sample_object")
def sample_object(object: addr, size_bytes: u64) -> None:
    """Counts a sampled object at the stack of the running goroutine. What no goroutine allocates is not counted."""
    if is_null(machine.g):
        return
    stack = stack_struct(StackWords)
    words = field_address(stack.words)
    depth = store_callers(0, words, STACK_DEPTH)
    add_sample(object, record_of(HEAP_PROFILE, size_bytes, words, depth))


@systemstack("runtime.goroutinestacks")
def goroutine_stacks(into: addr, count: i64, labels: addr, most: i64) -> tuple[i64, i64]:
    """Stores the stack of the calling goroutine, then those of all others but the runtime's own: length and addresses.

    Stores their labels too, unless ``labels`` is 0. Gives how many words that needs, and the number of goroutines. If ``count`` words are
    not enough, or ``most`` labels, what was stored is not complete.
    """
    stack = stack_struct(StackWords)
    words = field_address(stack.words)
    needed: u64 = 0
    found: u64 = 0
    g = machine.g
    while not is_null(g):
        depth = store_goroutine(g, words, STACK_DEPTH)
        if needed + 1 + depth <= to_u64(count):
            store_u64(into + needed * 8, depth)
            memory_copy(into + (needed + 1) * 8, words, depth * 8)
        if labels != 0 and found < to_u64(most):
            store_go_pointer(labels + found * 8, g.words[LABELS])
        needed += 1 + depth
        found += 1
        g = next_shown(scheduler.all_goroutines if g is machine.g else g.all_link)
    return to_i64(needed), to_i64(found)


@kernel
def next_shown(first: G) -> G:
    """The first goroutine from here on that lives, does not run and is not the runtime's own; null if there is none."""
    g = first
    while not is_null(g) and (g.status == DEAD or g.system != 0 or g is machine.g):
        g = g.all_link
    return g


@systemstack("runtime.heaprecords")
def heap_profile() -> StackRecord:
    """The first record of the heap profile, up to date."""
    return heap_records()
