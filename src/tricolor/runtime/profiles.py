"""Profiles that the program asks for: puts call stacks into records, and gives the records to package runtime.

Source:
    Go 1.27.3 runtime/mprof.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    export,
    field_address,
    function_address,
    is_null,
    kernel,
    stack_struct,
    systemstack,
    u64,
)
from tricolor.runtime.allocator.sampling import sample_hook
from tricolor.runtime.allocator.stack_records import HEAP_PROFILE, StackRecord, heap_records, record_of
from tricolor.runtime.collector.samples import add_sample
from tricolor.runtime.records.machine import machine
from tricolor.runtime.scheduler.traceback import store_callers

# Go's default of GODEBUG=profstackdepth.
STACK_DEPTH: Final = 128


class StackWords(Struct):
    """Room for the return addresses of a call stack."""

    words: Array[u64, STACK_DEPTH]


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


@systemstack("runtime.heaprecords")
def heap_profile() -> StackRecord:
    """The first record of the heap profile, up to date."""
    return heap_records()
