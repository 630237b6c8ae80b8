"""Workers and assists: what marking beside the program costs, and who pays.

Terms:
    share     slices of 0.5 ms that the processors give to marking, a quarter of their time
    idle      slices of a processor that has nothing else to do
    assist    what a mutator marks that allocates faster than these do
    balance   bytes that a mutator may still allocate before it must assist; negative: its debt

How: a mutator that allocates while marking pays from its balance. When that is used up, it first takes scan work that workers have done
(the credit), then marks itself. It marks at least 64 KiB, so that most allocations do not have to.

Source:
    Go 1.27.3 runtime/mgcpacer.go (markWorkerStop), runtime/mgcmark.go (gcAssistAlloc).

Differs from Go:
    No processor is dedicated to marking until the cycle ends: each gives slices, so that none is lost to the program for long. An
    assist pays for no more than the runway: in Go other threads end the cycle meanwhile, here a program with one goroutine may
    have no other that marks.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    check,
    i64,
    kernel,
    to_f64,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.collector.pacer import Pacer

WORKER_SHARE: Final = 1
WORKER_IDLE: Final = 2
WORKER_ASSIST: Final = 3
"""A mutator that assists."""
LEAST_ASSIST_BYTES: Final = 64 << 10
"""Scan work of an assist at least. More means fewer but longer assists."""


# --- Workers --------------------------------------------------------------------------------------


@kernel
def count_work(p: Pacer, worker: u64, work_bytes: u64, duration_ns: u64) -> None:
    """Counts the time of a slice, and makes the work of all but assists credit for them."""
    if worker == WORKER_ASSIST:
        atomic_add(p.assist_ns, duration_ns, "relaxed")
        return
    atomic_add(p.bg_scan_credit, to_i64(work_bytes), "relaxed")
    if worker == WORKER_SHARE:
        atomic_add(p.share_ns, duration_ns, "relaxed")
    else:
        check(1, worker == WORKER_IDLE, "count_work: unknown kind of worker")
        atomic_add(p.idle_ns, duration_ns, "relaxed")


# --- Assists --------------------------------------------------------------------------------------


@kernel
def assist_work(p: Pacer, debt: u64) -> u64:
    """Scan work that pays for so many bytes, but at least 64 KiB of it."""
    return max(to_u64(p.assist_work_per_byte * to_f64(debt)), LEAST_ASSIST_BYTES)


@kernel
def take_credit(p: Pacer, work: u64) -> u64:
    """Takes up to so much of the workers' scan work; gives what it took."""
    while True:
        credit = atomic_load(p.bg_scan_credit, "relaxed")
        if credit <= 0:
            return 0
        taken = min(to_u64(credit), work)
        if atomic_compare_exchange(p.bg_scan_credit, credit, credit - to_i64(taken), "relaxed"):
            return taken


@kernel
def paid_bytes(p: Pacer, work: u64) -> i64:
    """What scan work adds to a balance; a byte more, so that rounding never leaves a debt.

    No more than the runway and a least assist: when little work is expected to be left, 64 KiB of work would pay for a multiple of the runway, and
    nobody would assist any more while the heap outgrows its goal.
    """
    paid = to_i64(p.assist_bytes_per_work * to_f64(work))
    return 1 + min(paid, to_i64(p.assist_runway + LEAST_ASSIST_BYTES))
