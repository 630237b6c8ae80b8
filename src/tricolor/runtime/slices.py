"""Slices and memory moves: what compiled Go code calls for append, copy, and values that do not fit registers.

Source:
    Go 1.27.3 runtime/slice.go (growth), runtime/msize.go (rounding), runtime/mbarrier.go (typed moves).
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import MAX_SMALL_BYTES
from tricolor.kernel.lang import (
    addr,
    as_struct,
    field_address,
    go_function,
    goroutine,
    i64,
    inline,
    memory_compare,
    memory_copy,
    memory_zero,
    to_i64,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.mcentral import size_class_of
from tricolor.runtime.allocator.sizes import HEADER_BYTES, MAX_BITMAP_BYTES, PAGE_SHIFT
from tricolor.runtime.allocator.spans import class_bytes
from tricolor.runtime.mutator.alloc import MAX_ALLOC_BYTES
from tricolor.runtime.mutator.malloc import alloc_any, alloc_noscan, product_overflows, zero_base
from tricolor.runtime.mutator.requests import want_type
from tricolor.runtime.pointer_stores import clear_go_values, copy_go_values

# A slice with a smaller capacity doubles when it grows; a larger one grows by a quarter and a bit.
DOUBLING_CAP = 256
PAGE_MASK = (1 << PAGE_SHIFT) - 1


@go_function("runtime.panicgrowslice")
def panicgrowslice() -> None: ...


@inline
def round_up_size(size_bytes: u64, noscan: bool) -> u64:
    """The size to which an array can grow within its element of Go's heap, without the header word."""
    if size_bytes <= MAX_SMALL_BYTES - HEADER_BYTES:
        header: u64 = 0 if noscan or size_bytes <= MAX_BITMAP_BYTES else HEADER_BYTES
        return to_u64(class_bytes[size_class_of(size_bytes + header)]) - header
    return (size_bytes + PAGE_MASK) & ~PAGE_MASK


@inline
def next_capacity(new_length: i64, old_capacity: i64) -> i64:
    """Capacity wanted for append, before rounding."""
    double = old_capacity + old_capacity
    if new_length > double:
        return new_length
    if old_capacity < DOUBLING_CAP:
        return double
    capacity = old_capacity
    while True:
        capacity += (capacity + 3 * DOUBLING_CAP) >> 2
        if to_u64(capacity) >= to_u64(new_length):
            break
    return new_length if capacity <= 0 else capacity


@goroutine("runtime.growslice")
def growslice(old: addr, new_length: i64, old_capacity: i64, added: i64, elem: addr) -> tuple[addr, i64, i64]:
    """A larger array with the old elements.

    The slice has ``new_length`` elements, of which the last ``added`` are for the caller to fill.
    """
    type = as_struct(GoType, elem)
    elem_bytes = type.size_bytes
    if unlikely(new_length < 0):
        panicgrowslice()
    if elem_bytes == 0:
        return field_address(zero_base), new_length, new_length
    wanted = to_u64(next_capacity(new_length, old_capacity))
    if unlikely(product_overflows(elem_bytes, wanted)):
        panicgrowslice()
    noscan = type.pointer_bytes == 0
    room = round_up_size(elem_bytes * wanted, noscan)
    capacity = room if elem_bytes == 1 else room // elem_bytes
    length_bytes = capacity * elem_bytes
    if unlikely(length_bytes > MAX_ALLOC_BYTES):
        panicgrowslice()
    old_bytes = to_u64(new_length - added) * elem_bytes
    want_type(elem)
    if noscan:
        made = alloc_noscan(length_bytes, False)
        new_bytes = to_u64(new_length) * elem_bytes
        if length_bytes > MAX_SMALL_BYTES:
            memory_zero(made + new_bytes, length_bytes - new_bytes)
    else:
        made = alloc_any(length_bytes, elem, True)
    copy_go_values(type, made, old, old_bytes)
    return made, new_length, to_i64(capacity)


@goroutine("runtime.typedslicecopy")
def typedslicecopy(elem: addr, to: addr, to_length: i64, source: addr, source_length: i64) -> i64:
    """copy() of slices whose elements hold pointers."""
    count = min(to_length, source_length)
    if count <= 0:
        return 0
    type = as_struct(GoType, elem)
    copy_go_values(type, to, source, to_u64(count) * type.size_bytes)
    return count


@goroutine("runtime.typedmemmove")
def typedmemmove(type: addr, to: addr, source: addr) -> None:
    """Copies one value."""
    what = as_struct(GoType, type)
    if to != source:
        copy_go_values(what, to, source, what.size_bytes)


@goroutine("runtime.typedmemclr")
def typedmemclr(type: addr, where: addr) -> None:
    """Zeroes one value."""
    what = as_struct(GoType, type)
    clear_go_values(what, where, what.size_bytes)


@goroutine("runtime.memmove")
def memmove(to: addr, source: addr, length_bytes: u64) -> None:
    """Copies bytes; the areas may overlap."""
    memory_copy(to, source, length_bytes)


@goroutine("runtime.memclrNoHeapPointers")
def memclr(where: addr, length_bytes: u64) -> None:
    """Zeroes bytes."""
    memory_zero(where, length_bytes)


@goroutine("runtime.memequal")
def memequal(left: addr, right: addr, length_bytes: u64) -> bool:
    """Whether the bytes are equal."""
    return left == right or memory_compare(left, right, length_bytes) == 0
