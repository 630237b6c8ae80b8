"""What a channel is in memory."""

from __future__ import annotations

from tricolor.kernel.lang import Embed, Struct, addr, u8, u64
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.scheduler.goroutine_record import Sudog


class WaitQueue(Struct):
    """Sudogs in order of arrival."""

    first: Sudog
    last: Sudog


class Channel(Struct):
    """A channel."""

    count: u64
    capacity: u64
    buffer: addr
    elem_bytes: u64
    closed: u8
    has_pointers: u8
    is_timer: u8
    """A timer sends to it: len and cap are 0 for the program, and who waits for it is not deadlocked."""
    elem_type: GoType
    send_at: u64
    """Place in the buffer where the next element goes, and from which the next one comes."""
    receive_at: u64
    receivers: Embed[WaitQueue]
    senders: Embed[WaitQueue]
