"""Weak handles (package weak): a word on the heap that holds an address until the object there dies.

The collector clears the word (``collector.specials``).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, load_u64, store_addr, systemstack, to_addr, unlikely
from tricolor.runtime.allocator.marking import marking
from tricolor.runtime.collector.barrier import shade
from tricolor.runtime.collector.specials import keep_weak_handle, weak_handle_of
from tricolor.runtime.mutator.malloc import alloc_in_kernel

HANDLE_BYTES: Final = 16
"""A smaller one might share a block with small objects, and keep alive the one that it is for."""


@systemstack("runtime.weakhandle")
def weak_handle(object: addr) -> addr:
    """The handle of an address in an object: a word that holds the address until the object dies, then 0."""
    present = weak_handle_of(object)
    if present != 0:
        return present
    # No lock is held here: the allocation may collect.
    handle = alloc_in_kernel(HANDLE_BYTES, to_addr(0))
    store_addr(handle, object)
    return keep_weak_handle(object, handle)


@systemstack("runtime.weakload")
def weak_load(handle: addr) -> addr:
    """The address that a handle holds; 0 if its object is dead.

    Handles are cleared while the world is stopped, and so no other thread is in here.
    """
    object = to_addr(load_u64(handle))
    # The collector does not follow the handle: a goroutine whose stack was scanned may get the only pointer to the object.
    if unlikely(marking.value != 0):
        shade(to_addr(0), object)
    return object
