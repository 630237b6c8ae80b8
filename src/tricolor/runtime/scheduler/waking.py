"""Makes a goroutine that waits runnable."""

from __future__ import annotations

from tricolor.kernel.lang import atomic_load, check, inline, unlikely
from tricolor.runtime.records.goroutine import BUBBLE, RUNNABLE, SCANNED, WAITING, G, change_status
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.bubble_record import count_woken
from tricolor.runtime.scheduler.machines import wake_processor
from tricolor.runtime.scheduler.run_queue import put_run_next, sample_ready
from tricolor.runtime.system.lock import parallel


@inline
def let_others_help() -> None:
    """Has an idle processor look for work, if there is one and no thread looks already. Call it after put_run_next()."""
    if unlikely(
        parallel.value != 0
        and atomic_load(scheduler.idle_processor_count, "relaxed") != 0
        and atomic_load(scheduler.spinning, "relaxed") == 0
    ):
        wake_processor()


@inline
def make_ready(g: G) -> None:
    """Makes a waiting goroutine the next to run. It must not be among the sleepers."""
    if unlikely(g.words[BUBBLE] != 0):
        count_woken(g)
    make_counted_ready(g)


@inline
def make_counted_ready(g: G) -> None:
    """As make_ready(), for a goroutine that counts as running in its bubble, or has none."""
    check(2, g.status & ~SCANNED == WAITING, "make_ready: the goroutine does not wait")
    check(2, g.timer_index == 0, "make_ready: the goroutine is among the sleepers")
    change_status(g, WAITING, RUNNABLE)
    p = machine.processor
    sample_ready(p, g)
    put_run_next(p, g)
    let_others_help()
