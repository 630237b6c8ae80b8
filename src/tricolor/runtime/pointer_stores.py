"""Stores of Go pointers by the runtime itself: into heap objects, and into the stacks of goroutines that wait.

How it works: ``store_go_pointer``, ``copy_go_values`` and ``clear_go_values`` are to the runtime what the door of
``codegen.memory`` is to compiled Go code. While the collector marks they shade what they overwrite and what they store
(``collector.barrier``); the type tells where the pointers are. No signal stops kernels, so bulk operations need no window.

A channel operation that copies an element to the stack of a goroutine that waits goes through here as well: that stack may be scanned
already, and the sender's not yet.

What goes another way, and why it may:

* Bytes without pointers: ``runtime.memmove`` and ``runtime.memclrNoHeapPointers`` by contract with their Go callers, the text of
  strings, boxed numbers, arrays of ``noscan`` elements.
* Records outside the heap that hold Go pointers: the words of a goroutine's record, deferred calls, ``Sudog.elem``, specials, the
  closure on a new goroutine's stack. The collector scans all of them as roots; create() shades the closure.
* The address in a weak handle, which the collector does not follow. ``weak_load`` makes a strong pointer of it, and shades it.

Invariants:
    1. Other modules of the runtime MUST NOT store a Go pointer into an object of the heap. Otherwise a write barrier would miss it.
       Checked by tests/runtime/test_pointer_stores.py, which lists each function that copies or clears memory itself.

Source: Go 1.27.3 runtime/mbarrier.go.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    inline,
    likely,
    load_addr,
    load_u64,
    memory_copy,
    memory_zero,
    store_addr,
    store_u64,
    to_addr,
    u64,
    unlikely,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.marking import marking
from tricolor.runtime.collector.barrier import shade, shade_values


@inline
def store_go_pointer(slot: addr, value: addr) -> None:
    """Stores one pointer."""
    old = load_addr(slot)
    store_addr(slot, value)
    if unlikely(marking.value != 0):
        shade(old, value)


@inline
def copy_go_values(type: GoType, target: addr, source: addr, length_bytes: u64) -> None:
    """Copies values of the type that fill so many bytes; the areas may overlap."""
    if unlikely(marking.value != 0):
        shade_values(type, target, source, length_bytes)
    memory_copy(target, source, length_bytes)


@inline
def copy_go_value(type: GoType, target: addr, source: addr, length_bytes: u64) -> None:
    """Copies one value, which is fast if it is a single word."""
    if unlikely(marking.value != 0):
        shade_values(type, target, source, length_bytes)
    if likely(length_bytes == 8):
        store_u64(target, load_u64(source))
    else:
        memory_copy(target, source, length_bytes)


@inline
def clear_go_values(type: GoType, target: addr, length_bytes: u64) -> None:
    """Zeroes values of the type that fill so many bytes."""
    if unlikely(marking.value != 0):
        shade_values(type, target, to_addr(0), length_bytes)
    memory_zero(target, length_bytes)
