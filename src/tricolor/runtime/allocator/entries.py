"""Entries for package runtime that only need the allocator: find an object, get memory outside the heap."""

from __future__ import annotations

from tricolor.kernel.lang import addr, store_u64, systemstack, to_u64, u64
from tricolor.runtime.allocator.mheap import persistent_alloc
from tricolor.runtime.allocator.sizes import HEADER_BYTES, KIND_HEADER
from tricolor.runtime.allocator.spans import find_object, span_of


@systemstack("runtime.findobject")
def go_find_object(where: addr, size: addr) -> addr:
    """Start of the heap object in which an address lies, and its size unless ``size`` is 0; 0 if there is none."""
    base = find_object(where)
    if to_u64(base) == 0:
        return base
    span = span_of(base)
    length_bytes = span.elem_bytes
    if span.kind == KIND_HEADER:
        base = base + HEADER_BYTES
        length_bytes -= HEADER_BYTES
    if to_u64(size) != 0:
        store_u64(size, length_bytes)
    return base


@systemstack("runtime.persistentalloc")
def go_persistent_alloc(size_bytes: u64) -> addr:
    """Zeroed memory outside the heap that is never freed nor scanned."""
    return persistent_alloc(size_bytes)
