"""A channel in memory, and its length and capacity, which compiled Go code inlines."""

from __future__ import annotations

from tricolor.kernel.lang import Embed, Struct, addr, atomic_load, i64, inline, is_null, to_i64, u8, u32, u64
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.records.goroutine import Sudog
from tricolor.runtime.system.lock import Lock


class WaitQueue(Struct):
    """Sudogs in order of arrival."""

    first: Sudog
    last: Sudog


class Channel(Struct):
    """A channel."""

    count: u64
    capacity: u64
    buffer: addr
    timer: addr
    """The timer that sends to it (timeTimer in goroot/files/runtime/time.go), for which len and cap are 0; 0: none does."""
    elem_bytes: u32
    bubble: u32
    """Number of the bubble (``scheduler.bubbles``) in which the channel was made; 0: outside of all. Only its goroutines may use the channel."""
    closed: u8
    has_pointers: u8
    lock: Embed[Lock]
    """Guards all that changes after the channel was made, while several processors may run."""
    elem_type: GoType
    send_at: u64
    """Place in the buffer where the next element goes, and from which the next one comes."""
    receive_at: u64
    receivers: Embed[WaitQueue]
    senders: Embed[WaitQueue]


@inline(symbol_name="runtime.chanlen")
def chanlen(channel: Channel) -> i64:
    """len(channel)."""
    if is_null(channel) or channel.timer != 0:
        return 0
    return to_i64(atomic_load(channel.count, "relaxed"))


@inline(symbol_name="runtime.chancap")
def chancap(channel: Channel) -> i64:
    """cap(channel)."""
    if is_null(channel) or channel.timer != 0:
        return 0
    return to_i64(channel.capacity)
