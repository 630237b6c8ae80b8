"""A kernel module that gives tests the steps of a cycle one by one, so that mutators can run between them."""

from __future__ import annotations

from tricolor.kernel.lang import addr, export, is_null
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.collector.barrier import begin_shading, end_shading, flush_barrier_buffers
from tricolor.runtime.collector.mark import drain, rescan
from tricolor.runtime.collector.pacing import set_goal
from tricolor.runtime.collector.roots import begin_roots, mark_words, marker, stack_scanner
from tricolor.runtime.collector.sweep import begin_sweep, finish_sweep
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
    """Marks one object, or begins a rescan."""
    if drain(1) and not is_null(marker.rescan_high):
        rescan()


@export("steps.drain")
def drain_all() -> None:
    """Marks all that the mark stack leads to."""
    while not drain(~0) or not is_null(marker.rescan_high):
        if not is_null(marker.rescan_high):
            rescan()


@export("steps.flush")
def flush() -> None:
    flush_barrier_buffers()


@export("steps.end")
def end() -> None:
    """Frees what has no mark."""
    flush_mcaches()
    end_shading()
    drop_all_spans()
    begin_sweep(marker.marked_bytes + mheap.black_bytes)
    finish_sweep()
    set_goal(mheap.live)
