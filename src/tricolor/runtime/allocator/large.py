"""Large objects: each has a span of its own, which says how the marker finds the pointers in it."""

from __future__ import annotations

from tricolor.kernel.lang import addr, as_struct, atomic_store, check, is_null, kernel, memory_zero, to_u32, to_u64, u64
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.bits import is_zero
from tricolor.runtime.allocator.heap_types import MCache, Span
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.marks import set_mark
from tricolor.runtime.allocator.mcentral import is_all_pointers
from tricolor.runtime.allocator.mheap import add_black, add_live
from tricolor.runtime.allocator.sizes import KIND_ALL_POINTERS, KIND_TYPED, PAGE_SHIFT
from tricolor.runtime.allocator.spans import new_span


@kernel
def new_large(cache: MCache, pages: u64, type: addr, zero: bool) -> Span:
    """A span with one object that fills it; null if the arena is full. The memory is zero if ``zero`` or if it has pointers."""
    length_bytes = pages << PAGE_SHIFT
    span = new_span(pages, length_bytes, 1)
    if is_null(span):
        return span
    set_large_type(span, type)
    # A large object with pointers must be zero even if the caller fills it: the marker may scan it before.
    if span.needzero != 0 and (zero or to_u64(type) != 0):
        memory_zero(span.start, length_bytes)
    check(3, not zero or is_zero(span.start, length_bytes), "new_large: memory that should be zero is not")
    span.allocated = 1
    if is_marking.value != 0:
        set_mark(span, 0)
        add_black(length_bytes)
    # From here on a marker on another thread takes the object for allocated.
    atomic_store(span.free_index, 1, "release")
    add_live(length_bytes)
    cache.is_used = 1
    cache.bytes_allocated += length_bytes
    cache.objects_allocated += 1
    return span


@kernel
def set_large_type(span: Span, type: addr) -> None:
    """Stores how the marker scans the object: no pointers, all pointers, or by its type."""
    if to_u64(type) == 0:
        span.bitmap = 0
    elif is_all_pointers(as_struct(GoType, type)):
        span.kind = to_u32(KIND_ALL_POINTERS)
        span.bitmap = ~0
    else:
        span.kind = to_u32(KIND_TYPED)
        span.bitmap = ~0
        span.large_type = type
