"""The run queue of a processor: goroutines that can run, in order of arrival, and ``run_next`` before them.

A goroutine that was just made or woken takes ``run_next``, so that it runs as soon as the running one parks. The one that
was there before goes to the end of the queue. The queue is a ring; what finds no place goes, with half of the ring, into the queue
that all processors share.

The thread of the processor puts goroutines in, and any thread takes them out: the head moves by compare and exchange. A
processor without work steals half of another one's queue. It takes ``run_next`` only if the other does not start it soon.

Invariants:
    1. A goroutine that is queued MUST be runnable, and neither among the sleepers nor in ``run_next`` already. Otherwise it would run
       twice. Checked by make_counted_ready() (``waking``) and enqueue().

Source:
    Go 1.27.3 runtime/proc.go (runqput, runqget, runqgrab, runqsteal).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    address,
    as_struct,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_load,
    atomic_store,
    check,
    field_address,
    inline,
    is_null,
    kernel,
    null,
    prefetch,
    stack_struct,
    systemstack,
    to_u64,
    u32,
    unlikely,
)
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import RUNNABLE, SCANNED, G
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import QUEUE_PLACES, Processor
from tricolor.runtime.system.clock import TimeSpec, nanotime
from tricolor.runtime.system.futex import sleep_while_for
from tricolor.runtime.system.lock import acquire, parallel, release

SAMPLE_EVERY: Final = 64
"""Go takes every eighth. A look at the clock costs as much as half a switch."""
STEAL_PAUSE_NS: Final = 3_000
"""A processor mostly starts its ``run_next`` within that time; who takes it earlier only moves goroutines to and fro."""
MOST_SHARED: Final = 128
"""Goroutines that a processor takes from the shared queue at once."""
FRAME_LINES: Final = 5
"""Cache lines of a goroutine's stack that it needs when it goes on: the frames of a channel operation and of its caller."""


# --- The shared queue -----------------------------------------------------------------------------


@kernel
def shared_put(g: G) -> None:
    """Puts a runnable goroutine into the queue of all processors. The caller holds the scheduler's lock."""
    g.link = null(G)
    if scheduler.queue_count == 0:
        scheduler.queue_head = g
    else:
        scheduler.queue_tail.link = g
    scheduler.queue_tail = g
    atomic_store(scheduler.queue_count, scheduler.queue_count + 1, "relaxed")


@kernel
def shared_take(p: Processor) -> G:
    """Takes a goroutine from the queue of all processors, and moves a fair share of it into the processor's; null if there is none."""
    if atomic_load(scheduler.queue_count, "relaxed") == 0:
        return null(G)
    acquire(scheduler.lock, RANK_SCHEDULER)
    count = scheduler.queue_count
    first = scheduler.queue_head
    if count != 0:
        places = QUEUE_PLACES - to_u64(p.run_tail - atomic_load(p.run_head, "acquire"))
        share = min(count, count // to_u64(scheduler.processor_count) + 1)
        most = min(MOST_SHARED, places + 1)
        taken = min(share, most)
        scheduler.queue_head = first.link
        tail = p.run_tail
        for _ in range(taken - 1):
            p.run_queue[to_u64(tail) % QUEUE_PLACES] = address(scheduler.queue_head)
            scheduler.queue_head = scheduler.queue_head.link
            tail += 1
        atomic_store(p.run_tail, tail, "release")
        atomic_store(scheduler.queue_count, count - taken, "relaxed")
    release(scheduler.lock)
    return first if count != 0 else null(G)


# --- Putting --------------------------------------------------------------------------------------


@systemstack("tricolor.overflow_queue")
def overflow_queue(p: Processor, g: G) -> bool:
    """Moves half of a full queue, and then the goroutine, into the shared queue; False if the queue is not full any more."""
    head = atomic_load(p.run_head, "acquire")
    count: u32 = QUEUE_PLACES // 2
    if p.run_tail - head < QUEUE_PLACES or not atomic_compare_exchange(p.run_head, head, head + count, "acq_rel"):
        return False
    acquire(scheduler.lock, RANK_SCHEDULER)
    # Nobody else writes to the places until the tail passes them.
    for at in range(count):
        shared_put(as_struct(G, p.run_queue[to_u64(head + at) % QUEUE_PLACES]))
    shared_put(g)
    release(scheduler.lock)
    return True


@inline
def enqueue(p: Processor, g: G) -> None:
    """Puts a runnable goroutine at the end of the queue of the calling thread's processor."""
    check(2, g.status & ~SCANNED == RUNNABLE, "enqueue: the goroutine is not runnable")
    check(2, g.timer_index == 0, "enqueue: the goroutine is among the sleepers")
    check(2, g is not p.run_next, "enqueue: the goroutine is in the queue already")
    while True:
        tail = p.run_tail
        if tail - atomic_load(p.run_head, "acquire") < QUEUE_PLACES:
            p.run_queue[to_u64(tail) % QUEUE_PLACES] = address(g)
            atomic_store(p.run_tail, tail + 1, "release")
            return
        if overflow_queue(p, g):
            return


@kernel
def enqueue_all(p: Processor, list: G) -> None:
    """Puts the goroutines of a list by ``link`` at the end of the queue."""
    g = list
    while not is_null(g):
        following = g.link
        enqueue(p, g)
        g = following


@inline
def take_run_next(p: Processor) -> G:
    """Takes ``run_next``; null if there is none."""
    g = atomic_load(p.run_next, "relaxed")
    if is_null(g):
        return g
    if parallel.value == 0:
        p.run_next = null(G)
        return g
    return g if atomic_compare_exchange(p.run_next, g, null(G), "acq_rel") else null(G)


@inline
def put_run_next(p: Processor, g: G) -> None:
    """Makes the goroutine the next to run; the one that was before goes to the end of the queue.

    With several processors this is a full barrier: who then looks whether anybody looks for work misses none (``machines``).
    """
    before = p.run_next
    if parallel.value == 0:
        p.run_next = g
    else:
        before = atomic_exchange(p.run_next, g, "seq_cst")
    if not is_null(before):
        enqueue(p, before)


@inline
def sample_ready(p: Processor, g: G) -> None:
    """Notes which goroutine became runnable, and when: one of every SAMPLE_EVERY, and one at a time."""
    p.ready_tick += 1
    # One that another processor has run is forgotten.
    if unlikely(p.ready_tick % SAMPLE_EVERY == 0) and (is_null(p.sampled) or p.sampled.status & ~SCANNED != RUNNABLE):
        p.sampled = g
        p.sampled_ns = nanotime()


# --- Taking ---------------------------------------------------------------------------------------


@inline
def prefetch_following(p: Processor, head: u32) -> None:
    """Asks for the memory of those who run soon: the newest frames and the segment of the next one, and the record of the one after it.

    Beyond the end of the queue there are old entries, whose records still exist, or zeros.
    """
    following = as_struct(G, p.run_queue[to_u64(head + 1) % QUEUE_PLACES])
    if not is_null(following):
        for line in range(FRAME_LINES):
            prefetch(following.sp + line * 64)
        prefetch(address(following.segment))
        prefetch(p.run_queue[to_u64(head + 2) % QUEUE_PLACES])


@inline
def take_next(p: Processor) -> G:
    """Takes the goroutine that runs next on the calling thread's processor; null if none can run."""
    g = take_run_next(p)
    if not is_null(g):
        return g
    while True:
        head = atomic_load(p.run_head, "acquire")
        if head == p.run_tail:
            return null(G)
        g = as_struct(G, p.run_queue[to_u64(head) % QUEUE_PLACES])
        prefetch_following(p, head)
        if parallel.value == 0:
            p.run_head = head + 1
            return g
        if atomic_compare_exchange(p.run_head, head, head + 1, "acq_rel"):
            return g


@kernel
def has_runnable(p: Processor) -> bool:
    """Whether a goroutine waits for the processor. Any thread may ask; the answer may be old."""
    return not is_null(atomic_load(p.run_next, "acquire")) or atomic_load(p.run_head, "acquire") != atomic_load(p.run_tail, "acquire")


# --- Stealing -------------------------------------------------------------------------------------


@kernel
def _pause() -> None:
    """Sleeps for STEAL_PAUSE_NS."""
    pause = stack_struct(TimeSpec)
    pause.seconds = 0
    pause.nanoseconds = STEAL_PAUSE_NS
    # Nobody wakes who sleeps on this word.
    sleep_while_for(field_address(pause.seconds), 0, pause)


@kernel
def _steal_run_next(victim: Processor) -> G:
    """Takes the other processor's ``run_next``, unless it starts it soon; null if it has none."""
    g = atomic_load(victim.run_next, "acquire")
    if is_null(g):
        return g
    if atomic_load(victim.owner, "relaxed") != 0:
        _pause()
        if atomic_load(victim.run_next, "acquire") is not g:
            return null(G)
    return g if atomic_compare_exchange(victim.run_next, g, null(G), "acq_rel") else null(G)


@kernel
def steal(p: Processor, victim: Processor, also_next: bool) -> G:
    """Takes half of another processor's queue into the calling thread's, which is empty; gives one of them, null if there was none."""
    while True:
        head = atomic_load(victim.run_head, "acquire")
        count = atomic_load(victim.run_tail, "acquire") - head
        count -= count // 2
        if count == 0:
            return _steal_run_next(victim) if also_next else null(G)
        # Head and tail were not read at once.
        if count > QUEUE_PLACES // 2:
            continue
        tail = p.run_tail
        for at in range(count):
            p.run_queue[to_u64(tail + at) % QUEUE_PLACES] = victim.run_queue[to_u64(head + at) % QUEUE_PLACES]
        if atomic_compare_exchange(victim.run_head, head, head + count, "acq_rel"):
            atomic_store(p.run_tail, tail + count - 1, "release")
            return as_struct(G, p.run_queue[to_u64(tail + count - 1) % QUEUE_PLACES])
