"""A kernel module that gives tests the steps of a cycle one by one, so that mutators can run between them."""

from __future__ import annotations

from tricolor.kernel.lang import addr, export
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.collector.barrier import begin_shading, end_shading, flush_barrier_buffers
from tricolor.runtime.collector.mark import mark_reachable
from tricolor.runtime.collector.pacing import set_goal
from tricolor.runtime.collector.roots import mark_roots, mark_words, stack_scanner
from tricolor.runtime.collector.sweep import sweep
from tricolor.runtime.records.processor import drop_all_spans, flush_mcaches


@export("steps.begin")
def begin() -> None:
    """Begins a cycle; roots are given by scan()."""
    stack_scanner.value = 0
    flush_mcaches()
    mark_roots()
    begin_shading()


@export("steps.scan")
def scan(low: addr, high: addr) -> None:
    mark_words(low, high)


@export("steps.drain")
def drain() -> None:
    mark_reachable()


@export("steps.flush")
def flush() -> None:
    flush_barrier_buffers()


@export("steps.end")
def end() -> None:
    """Frees what has no mark."""
    end_shading()
    drop_all_spans()
    sweep()
    set_goal(mheap.live)
