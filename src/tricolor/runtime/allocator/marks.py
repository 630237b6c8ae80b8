"""The two bitmaps of a span, its *sides*: one bit per elem on each.

Terms:
    allocated side   the elems that were live after the last cycle; with ``free_index`` it tells which elems are allocated
    mark side        zero when marking begins; the marker sets the bits of the elems that it reaches

How: ``mheap.allocated_side`` is the offset of the allocated side within ``Span.bits``, 0 or SIDE_BYTES, for all spans at
once. While the collector marks, several processors change the bits of one word: they do it by atomic accesses. At the end of marking the sides swap roles: what was marked is what is allocated. The sweep visits each span later, and
clears its mark side, which still holds what was allocated before. Until then ``free_index`` says nothing: ``is_swept``.
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, atomic_or, field_address, inline, kernel, memory_at, u64
from tricolor.runtime.allocator.bits import bit_mask, bit_word, clear_shared_bits, count_bits, set_shared_bits, test_bit
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
def is_swept(span: Span) -> bool:
    """Whether the sweep has visited the span since the last cycle."""
    return span.epoch == mheap.epoch


@inline
def is_allocated(span: Span, elem: u64) -> bool:
    """Whether the elem was given out and not freed since (invariant 2 of heap_types)."""
    return test_bit(allocated_bits(span), elem) or (elem < span.free_index and is_swept(span))


@inline
def is_marked(span: Span, elem: u64) -> bool:
    """Whether the marker has reached the elem."""
    return test_bit(mark_bits(span), elem)


@inline
def set_mark(span: Span, elem: u64) -> None:
    """Marks an elem, but nothing that it points to."""
    atomic_or(memory_at(u64, bit_word(mark_bits(span), elem)), bit_mask(elem), "relaxed")


@kernel
def count_marks(span: Span) -> u64:
    """Elems that are marked."""
    return count_bits(mark_bits(span), 0, span.nelems)


@kernel
def set_marks(span: Span, first: u64, count: u64) -> None:
    """Marks elems in a row that nothing points to yet. Markers on other threads may set other marks of the span."""
    set_shared_bits(mark_bits(span), first, count)


@kernel
def clear_marks(span: Span, first: u64, count: u64) -> None:
    """Takes back the marks of elems in a row that were never given out. Markers may set other marks of the span."""
    clear_shared_bits(mark_bits(span), first, count)


@kernel
def count_allocated(span: Span) -> u64:
    """Elems that are allocated."""
    first = span.free_index if is_swept(span) else 0
    return first + count_bits(allocated_bits(span), first, span.nelems - first)
