"""A kernel module that gives tests the steps of a cycle one by one, so that mutators can run between them."""

from __future__ import annotations

from tricolor.kernel.lang import addr, export
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.sizes import DRAIN_STEP
from tricolor.runtime.collector.barrier import begin_shading, end_shading, flush_barrier_buffers
from tricolor.runtime.collector.mark import drain
from tricolor.runtime.collector.pacing import set_goal
from tricolor.runtime.collector.roots import begin_roots, mark_words, stack_scanner
from tricolor.runtime.collector.sweep import begin_sweep, finish_sweep
from tricolor.runtime.collector.work import marked_bytes, own_work, take_block
from tricolor.runtime.records.processor import drop_all_spans, flush_mcaches


@export("steps.begin")
def begin() -> None:
    """Begins a cycle; roots are given by scan()."""
    stack_scanner.value = 0
    finish_sweep()
    flush_mcaches()
    mheap.black_bytes = 0
    begin_roots()
    begin_shading()


@export("steps.scan")
def scan(low: addr, high: addr) -> None:
    mark_words(low, high)


@export("steps.mark")
def mark() -> None:
    """Marks one object, or takes a block of work."""
    if drain(own_work(), 1):
        take_block(own_work())


@export("steps.drain")
def drain_all() -> None:
    """Marks all that the mark stack leads to."""
    while not drain(own_work(), DRAIN_STEP) or take_block(own_work()):
        pass


@export("steps.flush")
def flush() -> None:
    flush_barrier_buffers()


@export("steps.end")
def end() -> None:
    """Frees what has no mark."""
    flush_mcaches()
    end_shading()
    drop_all_spans()
    begin_sweep(marked_bytes() + mheap.black_bytes)
    finish_sweep()
    set_goal(mheap.live)
