"""Workers and assists: who marks while the program runs, and for how long.

Terms:
    dedicated worker   marks until the cycle ends: one for every four processors
    fractional worker  marks while its processor has given it less than its share of the time since the cycle began
    idle worker        marks since its processor has nothing else to do
    balance            bytes that a mutator may still allocate before it must assist; negative: its debt

How: a mutator that allocates while marking pays from its balance. When that is used up, it first takes scan work that workers have done
(the credit), then marks itself. It marks at least 64 KiB, so that most allocations do not have to.

Source:
    Go 1.27.3 runtime/mgcpacer.go (assignWaitingGCWorker, markWorkerStop, idleMarkWorkers), runtime/mgcmark.go (gcAssistAlloc).

Differs from Go:
    A fractional worker marks for at most one slice of 0.5 ms at a time, so that it needs no goal of its own to stop at. An assist pays for no more
    than the runway: in Go other threads end the cycle meanwhile, here a program with one goroutine may have no other that marks.
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

WORKER_NONE: Final = 0
WORKER_DEDICATED: Final = 1
WORKER_FRACTIONAL: Final = 2
WORKER_IDLE: Final = 3
WORKER_ASSIST: Final = 4
"""A mutator that assists."""
LEAST_ASSIST_BYTES: Final = 64 << 10
"""Scan work of an assist at least. More means fewer but longer assists."""
HALF_BITS: Final = 32
HALF_MASK: Final = (1 << HALF_BITS) - 1


# --- Workers --------------------------------------------------------------------------------------


@kernel
def assign_worker(p: Pacer, now_ns: i64, fractional_ns: u64) -> u64:
    """Which worker a processor has to run before it runs a goroutine; ``fractional_ns`` of this cycle it gave to workers already.

    stop_worker() must follow for a dedicated one when it stops.
    """
    while True:
        needed = atomic_load(p.dedicated_workers_needed, "relaxed")
        if needed <= 0:
            break
        if atomic_compare_exchange(p.dedicated_workers_needed, needed, needed - 1, "relaxed"):
            return WORKER_DEDICATED
    if p.fractional_share == 0.0:
        return WORKER_NONE
    elapsed = now_ns - p.mark_start_ns
    if elapsed > 0 and to_f64(fractional_ns) / to_f64(elapsed) > p.fractional_share:
        return WORKER_NONE
    return WORKER_FRACTIONAL


@kernel
def count_work(p: Pacer, worker: u64, work_bytes: u64, duration_ns: u64) -> None:
    """Counts the time of a slice, and makes the work of all but assists credit for them."""
    if worker == WORKER_ASSIST:
        atomic_add(p.assist_ns, duration_ns, "relaxed")
        return
    atomic_add(p.bg_scan_credit, to_i64(work_bytes), "relaxed")
    if worker == WORKER_DEDICATED:
        atomic_add(p.dedicated_ns, duration_ns, "relaxed")
    elif worker == WORKER_FRACTIONAL:
        atomic_add(p.fractional_ns, duration_ns, "relaxed")
    else:
        check(1, worker == WORKER_IDLE, "count_work: unknown kind of worker")
        atomic_add(p.idle_ns, duration_ns, "relaxed")


@kernel
def stop_worker(p: Pacer, worker: u64) -> None:
    """A worker stops: another processor may run one in its place."""
    if worker == WORKER_DEDICATED:
        atomic_add(p.dedicated_workers_needed, 1, "relaxed")
    elif worker == WORKER_IDLE:
        remove_idle_worker(p)


@kernel
def set_most_idle_workers(p: Pacer, most: u64) -> None:
    """Sets how many idle workers there may be; more than that may be at work and stop by themselves."""
    while True:
        both = atomic_load(p.idle_workers, "relaxed")
        if atomic_compare_exchange(p.idle_workers, both, most << HALF_BITS | both & HALF_MASK, "relaxed"):
            return


@kernel
def needs_idle_worker(p: Pacer) -> bool:
    """Whether add_idle_worker() might succeed."""
    both = atomic_load(p.idle_workers, "relaxed")
    return both & HALF_MASK < both >> HALF_BITS


@kernel
def add_idle_worker(p: Pacer) -> bool:
    """Whether the caller may mark as an idle worker; it then calls stop_worker() at the end."""
    while True:
        both = atomic_load(p.idle_workers, "relaxed")
        if both & HALF_MASK >= both >> HALF_BITS:
            return False
        if atomic_compare_exchange(p.idle_workers, both, both + 1, "relaxed"):
            return True


@kernel
def remove_idle_worker(p: Pacer) -> None:
    """An idle worker stops."""
    both = atomic_add(p.idle_workers, ~0, "relaxed")
    check(1, both & HALF_MASK != 0, "remove_idle_worker: there is none")


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
