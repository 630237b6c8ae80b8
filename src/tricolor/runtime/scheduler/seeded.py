"""The scheduler's choices in the seeded mode (``system.seed``)."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import as_struct, is_null, kernel, null, to_u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import QUEUE_PLACES, Processor
from tricolor.runtime.scheduler.run_queue import take_run_next
from tricolor.runtime.system.seed import jump_to, random_below

LONGEST_RUN_BITS: Final = 10
"""A goroutine yields after at most 2**LONGEST_RUN_BITS calls of functions. Short runs find races in few instructions, long ones let a
goroutine get ahead; all powers of two are equally likely."""


@kernel
def begin_seeded() -> None:
    """The calling thread, which is the only one that runs goroutines, obeys the mode."""
    machine.seeded = 1
    machine.processor.random = random_below(1 << 31)


@kernel
def choose(p: Processor) -> G:
    """Takes any of the goroutines that can run, and decides for how long it runs; null if none can."""
    machine.calls_left = random_below(1 << random_below(LONGEST_RUN_BITS + 1)) + 1
    queued = to_u64(p.run_tail - p.run_head)
    count = queued if is_null(p.run_next) else queued + 1
    if count == 0:
        return null(G)
    at = random_below(count)
    if at == queued:
        return take_run_next(p)
    # The first of the queue takes the place of the one that is taken.
    place = (to_u64(p.run_head) + at) % QUEUE_PLACES
    chosen = p.run_queue[place]
    p.run_queue[place] = p.run_queue[to_u64(p.run_head) % QUEUE_PLACES]
    p.run_head += 1
    return as_struct(G, chosen)


@kernel
def jump_to_sleeper(p: Processor) -> bool:
    """Sets the clock to the time of the first sleeper; False if nobody sleeps."""
    if p.sleepers.first_wake < 0:
        return False
    jump_to(p.sleepers.first_wake)
    return True
