"""What a processor marks with: its mark stack, its prefetch queues, and its counters of the cycle (``collector.work``)."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Array, Struct, addr, u32, u64

QUEUE_PLACES: Final = 16
"""Addresses that wait for memory in a queue: enough to hide its latency. A power of two."""


class MarkWork(Struct):
    """The mark stack lies from ``bottom``, its oldest word, to ``top``, the next free one; null until the processor first pushes."""

    bottom: addr
    top: addr
    start: addr
    """The memory for the stack, and its end."""
    limit: addr
    marked_bytes: u64
    """Of the objects that the processor has marked in this cycle; those allocated black are not among them."""
    scanned_bytes: u64
    """Of those that hold pointers."""
    stack_bytes: u64
    """Of goroutines' stacks."""
    is_active: u32
    """1 while a slice of marking runs on the processor."""
    looked_up: Array[u64, QUEUE_PLACES * 2]
    """Addresses, each with its span record, which is on its way to the cache."""
    to_scan: Array[u64, QUEUE_PLACES * 2]
    """Objects that were marked, each with its span record, whose memory is on its way."""
