"""The two bitmaps of a span, its *sides*: one bit per elem on each.

Terms:
    allocated side   the elems that were live after the last cycle; with ``free_index`` it tells which elems are allocated
    mark side        zero between cycles; the marker sets the bits of the elems that it reaches

How: ``mheap.allocated_side`` is the offset of the allocated side within ``Span.bits``, 0 or SIDE_BYTES, for all spans at
once. The sweep swaps the roles of the sides: what was marked is what is allocated.
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, field_address, inline, kernel, u64
from tricolor.runtime.allocator.bits import count_bits, set_bit, test_bit
from tricolor.runtime.allocator.heap_types import SIDE_BYTES, Span, mheap


@inline
def mark_side() -> u64:
    """Offset of the mark side within ``Span.bits``, in bytes."""
    return SIDE_BYTES - mheap.allocated_side


@inline
def allocated_bits(span: Span) -> addr:
    """Address of the allocated side."""
    return field_address(span.bits) + mheap.allocated_side


@inline
def mark_bits(span: Span) -> addr:
    """Address of the mark side."""
    return field_address(span.bits) + mark_side()


@inline
def is_allocated(span: Span, elem: u64) -> bool:
    """Whether the elem was given out and not freed since (invariant 2 of heap_types)."""
    return elem < span.free_index or test_bit(allocated_bits(span), elem)


@inline
def is_marked(span: Span, elem: u64) -> bool:
    """Whether the marker has reached the elem."""
    return test_bit(mark_bits(span), elem)


@inline
def set_mark(span: Span, elem: u64) -> None:
    """Marks an elem, but nothing that it points to."""
    set_bit(mark_bits(span), elem)


@kernel
def count_marks(span: Span) -> u64:
    """Elems that are marked."""
    return count_bits(mark_bits(span), 0, span.nelems)


@kernel
def count_allocated(span: Span) -> u64:
    """Elems that are allocated."""
    return span.free_index + count_bits(allocated_bits(span), span.free_index, span.nelems - span.free_index)
