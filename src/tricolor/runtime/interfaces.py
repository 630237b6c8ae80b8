"""Boxing: values that become the data word of an interface.

Source:
    Go 1.27.3 runtime/iface.go (convT64 and its kind).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    extern_global,
    field_address,
    goroutine,
    store_u64,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.mutator.malloc import alloc_noscan, alloc_pointer_first
from tricolor.runtime.mutator.requests import BOX_OF_BYTES, BOX_OF_NUMBER, BOX_OF_TEXT, want_type
from tricolor.runtime.pointer_stores import store_go_pointer
from tricolor.runtime.strings import small_numbers

SMALL_NUMBERS = 256
STRING_BYTES = 16
SLICE_BYTES = 24

zero_value = extern_global("runtime.zeroVal", u64)


@goroutine("runtime.convT64")
def conv_t64(value: u64) -> addr:
    """A box for eight bytes without pointers."""
    if value < SMALL_NUMBERS:
        return field_address(small_numbers) + value * 8
    want_type(to_addr(BOX_OF_NUMBER))
    box = alloc_noscan(8, False)
    store_u64(box, value)
    return box


@goroutine("runtime.convTstring")
def conv_t_string(data: addr, length: u64) -> addr:
    """A box for a string."""
    if length == 0:
        return field_address(zero_value)
    want_type(to_addr(BOX_OF_TEXT))
    box = alloc_pointer_first(STRING_BYTES)
    store_go_pointer(box, data)
    store_u64(box + 8, length)
    return box


@goroutine("runtime.convTslice")
def conv_t_slice(data: addr, length: u64, capacity: u64) -> addr:
    """A box for a slice."""
    if to_u64(data) == 0:
        return field_address(zero_value)
    want_type(to_addr(BOX_OF_BYTES))
    box = alloc_pointer_first(SLICE_BYTES)
    store_go_pointer(box, data)
    store_u64(box + 8, length)
    store_u64(box + 16, capacity)
    return box
