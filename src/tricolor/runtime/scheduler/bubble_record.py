"""A bubble in memory, and what wakes a goroutine of it. ``bubbles`` explains the counts."""

from __future__ import annotations

from tricolor.kernel.lang import Embed, Struct, addr, as_struct, global_value, i64, inline, systemstack, to_u32, to_u64, u8, u32, u64
from tricolor.runtime.lock_ranks import RANK_BUBBLE
from tricolor.runtime.records.goroutine import BUBBLE, REASON_DATED, G
from tricolor.runtime.scheduler.reasons import DURABLE_REASONS
from tricolor.runtime.system.lock import Lock, acquire, release


class Bubble(Struct):
    """The first fields of a bubble (goroot/files/runtime/synctest.go), an object of the Go heap. The lock guards all but ``id`` and ``due_ns``."""

    lock: Embed[Lock]
    total: u32
    """Goroutines of the bubble, the root among them while it serves the bubble."""
    running: u32
    """Those that do not wait durably."""
    active: u32
    """Other reasons why the bubble is not blocked."""
    root: G
    """The goroutine that advances the clock; null once the bubble has ended."""
    waiter: G
    """The goroutine in synctest.Wait; null: none."""
    main: G
    """The goroutine that runs the bubble's function."""
    id: u64
    now_ns: i64
    due_ns: i64
    """When the first timer is due; 0: there is none. Read atomically."""
    is_done: u8
    """1 once ``main`` has ended."""


shown_bubble = global_value(addr)
"""The bubble whose goroutines the trace of a panic shows, since the panic says that they wait for ever; 0: none."""


@inline
def is_durable(reason: u8) -> bool:
    """Whether a goroutine of a bubble that waits for this reason can be woken by the bubble only."""
    return (DURABLE_REASONS >> to_u64(reason & ~REASON_DATED)) & 1 != 0


@inline
def bubble_number(g: G) -> u32:
    """The lower half of the number of the goroutine's bubble; 0 outside of all bubbles."""
    if g.words[BUBBLE] == 0:
        return 0
    return to_u32(as_struct(Bubble, g.words[BUBBLE]).id)


@systemstack("tricolor.count_woken")
def count_woken(g: G) -> None:
    """A goroutine of a bubble is about to be made runnable."""
    if is_durable(g.reason):
        bubble = as_struct(Bubble, g.words[BUBBLE])
        acquire(bubble.lock, RANK_BUBBLE)
        bubble.running += 1
        release(bubble.lock)
