"""Slices of marking: what a processor does until its time or budget is used up, or nothing is left.

How: a slice pops from the stack of its processor. When that is empty it takes a block of another one, the next part of a large object, or the next
roots: globals, specials, goroutines. If there is none of these it flushes the write barrier's buffer. While other slices are under way, it then waits
a little for a block that they give. ``alone`` says that nobody else runs Go code or marks: there is one processor, or the world is stopped.
Then the slice looks into the buffers and onto the stacks of all processors itself.

Source:
    Go 1.27.3 runtime/mgcmark.go (gcDrain), runtime/mgcwork.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import atomic_add, atomic_load, i64, is_null, kernel, spin_hint, to_u64, u64
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.collector.barrier import flush_barrier_buffer, flush_barrier_buffers
from tricolor.runtime.collector.mark import drain, scan_part
from tricolor.runtime.collector.roots import mark_late_stacks, mark_some_globals, mark_some_stacks, marker
from tricolor.runtime.collector.specials import mark_some_specials
from tricolor.runtime.collector.work import gather, share, take_block, work
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.mark_work import MarkWork
from tricolor.runtime.records.world import is_stopping
from tricolor.runtime.settings_keys import MARK_STEP
from tricolor.runtime.system.clock import nanotime

MORE_LEFT: Final = 0
"""Time or budget are used up."""
OTHERS_MARK: Final = 1
"""What is left is in the hands of others: slices under way, or goroutines that run and have to be scanned. Or another thread stops the world."""
NOTHING_LEFT: Final = 2

WAIT_NS: Final = 30_000
"""How long a slice waits for a block: some steps of the marker. More costs time of the processor, less makes shapes with few branches slower."""


@kernel
def find_more(w: MarkWork, alone: bool) -> bool:
    """Finds more to mark, once the mark stack is empty; False if there is nothing."""
    if scan_part(w) or mark_some_globals() or mark_some_specials() or mark_some_stacks() or mark_late_stacks():
        return True
    if alone:
        flush_barrier_buffers()
        gather(w)
    else:
        flush_barrier_buffer(machine.processor)
    return w.top != w.bottom or take_block(w)


@kernel
def wait_for_work(w: MarkWork) -> u64:
    """Waits a little until another slice gives a block or a large object; then MORE_LEFT. NOTHING_LEFT if all who mark wait.

    Who waits does not count as active. That may be wrong for a moment, so the stop that follows looks again.
    """
    atomic_add(work.hungry, 1, "relaxed")
    atomic_add(work.active, ~0, "seq_cst")
    until = nanotime() + WAIT_NS
    outcome: u64 = OTHERS_MARK
    while True:
        if atomic_load(work.block_count, "relaxed") != 0 or not is_null(atomic_load(work.grey_large, "relaxed")):
            atomic_add(work.active, 1, "seq_cst")
            if take_block(w) or scan_part(w):
                atomic_add(work.hungry, ~0, "relaxed")
                return MORE_LEFT
            atomic_add(work.active, ~0, "seq_cst")
        if atomic_load(work.active, "seq_cst") == 0:
            outcome = NOTHING_LEFT if is_null(marker.late) else OTHERS_MARK
            break
        if nanotime() >= until:
            break
        spin_hint()
    atomic_add(work.active, 1, "seq_cst")
    atomic_add(work.hungry, ~0, "relaxed")
    return outcome


@kernel
def mark_until(w: MarkWork, usual_step: u64, deadline: i64, budget: u64, alone: bool) -> u64:
    """Marks until nothing is left, or the time or the budget of scanned bytes is used up; says which.

    ``usual_step``: addresses between two looks at the clock, at most DRAIN_STEP.
    """
    begin = w.scanned_bytes
    step = usual_step if settings[MARK_STEP] == 0 else min(to_u64(settings[MARK_STEP]), usual_step)
    if not alone:
        mark_late_stacks()
    while True:
        if drain(w, step):
            # A block that nothing is taken from would wander between slices that have no time left.
            if take_block(w):
                continue
            if not find_more(w, alone):
                if alone:
                    return NOTHING_LEFT
                outcome = wait_for_work(w)
                if outcome != MORE_LEFT:
                    return outcome
                continue
        elif not alone:
            share(w)
        if not alone and is_stopping():
            return OTHERS_MARK
        if w.scanned_bytes - begin >= budget or settings[MARK_STEP] != 0 or nanotime() >= deadline:
            return MORE_LEFT
