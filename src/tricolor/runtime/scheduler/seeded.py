"""The scheduler's choices in the seeded mode (``system.seed``)."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import is_null, kernel, null, u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.run_queue import take_next
from tricolor.runtime.scheduler.sleepers import sleeps_in_vain
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
    count: u64 = 0 if is_null(p.run_next) else 1
    each = p.run_head
    while not is_null(each):
        count += 1
        each = each.link
    if count == 0:
        return null(G)
    at = random_below(count)
    if not is_null(p.run_next):
        if at == 0:
            return take_next(p)
        at -= 1
    before = null(G)
    each = p.run_head
    while at != 0:
        before = each
        each = each.link
        at -= 1
    if is_null(before):
        p.run_head = each.link
    else:
        before.link = each.link
    if is_null(each.link):
        p.run_tail = before
    return each


@kernel
def jump_to_sleeper(p: Processor) -> bool:
    """Sets the clock to the time of the first sleeper; False if nobody sleeps."""
    if p.sleepers.first_wake < 0 or sleeps_in_vain(p.sleepers):
        return False
    jump_to(p.sleepers.first_wake)
    return True
