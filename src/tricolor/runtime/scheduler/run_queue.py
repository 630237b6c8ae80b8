"""The run queue of a processor: goroutines that can run, in order of arrival, and ``run_next`` before them.

A goroutine that was just made or woken takes ``run_next``, so that it runs as soon as the running one parks. The one that
was there before goes to the end of the queue.

Invariants:
    1. A goroutine that is queued MUST be runnable, and neither among the sleepers nor in ``run_next`` or at the end of the queue
       already. Otherwise it would run twice. Checked by make_ready() and enqueue().

Source:
    Go 1.27.3 runtime/proc.go (runqput, runqget).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import check, inline, is_null, kernel, null, unlikely
from tricolor.runtime.records.goroutine import RUNNABLE, WAITING, G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.system.clock import nanotime

SAMPLE_EVERY: Final = 64
"""Go takes every eighth. A look at the clock costs as much as half a switch."""


@inline
def enqueue(p: Processor, g: G) -> None:
    """Puts a runnable goroutine at the end of the queue."""
    check(2, g.status == RUNNABLE, "enqueue: the goroutine is not runnable")
    check(2, g.timer_index == 0, "enqueue: the goroutine is among the sleepers")
    check(2, g is not p.run_next and g is not p.run_tail, "enqueue: the goroutine is in the queue already")
    g.link = null(G)
    if is_null(p.run_head):
        p.run_head = g
    else:
        p.run_tail.link = g
    p.run_tail = g


@kernel
def enqueue_all(p: Processor, list: G) -> None:
    """Puts the goroutines of a list by ``link`` at the end of the queue."""
    g = list
    while not is_null(g):
        following = g.link
        enqueue(p, g)
        g = following


@inline
def take_next(p: Processor) -> G:
    """Takes the goroutine that runs next; null if none can run."""
    g = p.run_next
    if not is_null(g):
        p.run_next = null(G)
        return g
    g = p.run_head
    if not is_null(g):
        p.run_head = g.link
        if is_null(g.link):
            p.run_tail = g.link
    return g


@inline
def sample_ready(p: Processor, g: G) -> None:
    """Notes which goroutine became runnable, and when: one of every SAMPLE_EVERY, and one at a time."""
    p.ready_tick += 1
    if unlikely(p.ready_tick % SAMPLE_EVERY == 0) and is_null(p.sampled):
        p.sampled = g
        p.sampled_ns = nanotime()


@inline
def make_ready(g: G) -> None:
    """Makes a waiting goroutine the next to run. It must not be among the sleepers."""
    check(2, g.status == WAITING, "make_ready: the goroutine does not wait")
    check(2, g.timer_index == 0, "make_ready: the goroutine is among the sleepers")
    p = machine.processor
    g.status = RUNNABLE
    sample_ready(p, g)
    before = p.run_next
    p.run_next = g
    if not is_null(before):
        enqueue(p, before)
