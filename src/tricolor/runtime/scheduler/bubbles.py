"""Bubbles of testing/synctest: finds out when all goroutines of a bubble wait for each other or for the bubble's clock.

Terms:
    bubble     a group of goroutines with a clock of its own; a goroutine belongs to the bubble of the one that made it.
    root       the goroutine that made the bubble. It waits while the others run, and advances the clock when all are blocked.
    durable    a wait that only another goroutine of the bubble or its clock can end. Waits for mutexes, descriptors and system calls
               are not durable, since something outside may end them.
    blocked    all goroutines of the bubble wait durably.

How: ``running`` counts the goroutines that do not wait durably. It is incremented before a goroutine is made runnable, and decremented after
one has parked. So it may be too high for a moment, and never too low. Who makes it 0 wakes one goroutine: the root if a timer is due, else
the one in synctest.Wait if there is one, else the root, which advances the clock or sees that the bubble has ended. That
goroutine is counted under the same lock, so that nobody else finds the bubble blocked.

Invariants:
    1. A goroutine MUST be parked before it stops to count as running. Otherwise it would be woken before it waits.
       Checked by make_counted_ready().
    2. ``running`` MUST NOT exceed ``total``. Otherwise the bubble would never be found blocked. Checked by check_counts().

Source:
    Go 1.27.3 runtime/synctest.go.

Differs from Go:
    Go counts a change of state before the goroutine has parked, and keeps the bubble active meanwhile. Here it is counted afterwards.
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, as_struct, atomic_load, check, is_null, kernel, null, systemstack, u8
from tricolor.runtime.lock_ranks import RANK_BUBBLE
from tricolor.runtime.records.goroutine import BUBBLE, G
from tricolor.runtime.scheduler.bubble_record import Bubble, is_durable, shown_bubble
from tricolor.runtime.scheduler.waking import make_counted_ready
from tricolor.runtime.system.lock import acquire, release


@kernel
def check_counts(bubble: Bubble) -> None:
    """Invariant 2. The caller holds the lock."""
    check(2, bubble.running <= bubble.total, "check_counts: more goroutines of a bubble run than exist")


@kernel
def _take_woken(bubble: Bubble) -> G:
    """The goroutine that must be woken if the bubble is blocked, counted as running; null if it is not. The caller holds the lock."""
    check_counts(bubble)
    if bubble.running != 0 or bubble.active != 0 or is_null(bubble.root):
        return null(G)
    bubble.running = 1
    due_ns = atomic_load(bubble.due_ns, "relaxed")
    is_due = due_ns != 0 and due_ns <= bubble.now_ns
    return bubble.root if is_due or is_null(bubble.waiter) else bubble.waiter


@kernel
def _release_and_wake(bubble: Bubble) -> None:
    """Releases the lock, and wakes who must be woken if the bubble is blocked."""
    woken = _take_woken(bubble)
    release(bubble.lock)
    if not is_null(woken):
        make_counted_ready(woken)


@kernel
def count_parked(bubble: addr, reason: u8) -> None:
    """A goroutine of the bubble has parked for that reason. It may run again by now: the caller knows both from before."""
    if is_durable(reason):
        of = as_struct(Bubble, bubble)
        acquire(of.lock, RANK_BUBBLE)
        of.running -= 1
        _release_and_wake(of)


@kernel
def count_begun(g: G) -> None:
    """A goroutine was made in a bubble, with the reason for which it waits."""
    bubble = as_struct(Bubble, g.words[BUBBLE])
    acquire(bubble.lock, RANK_BUBBLE)
    bubble.total += 1
    if not is_durable(g.reason):
        bubble.running += 1
    release(bubble.lock)


@kernel
def count_ended(g: G) -> None:
    """The running goroutine ends, which is in a bubble."""
    bubble = as_struct(Bubble, g.words[BUBBLE])
    acquire(bubble.lock, RANK_BUBBLE)
    bubble.total -= 1
    bubble.running -= 1
    if bubble.main is g:
        bubble.main = null(G)
        bubble.is_done = 1
    _release_and_wake(bubble)


@systemstack("runtime.bubblerelease")
def bubblerelease(bubble: Bubble) -> None:
    """Takes back one of the other reasons why the bubble is not blocked (``active``)."""
    acquire(bubble.lock, RANK_BUBBLE)
    bubble.active -= 1
    _release_and_wake(bubble)


@systemstack("runtime.showbubble")
def showbubble(bubble: addr) -> None:
    """The trace of the panic that ends the program shows the goroutines of the bubble."""
    shown_bubble.value = bubble
