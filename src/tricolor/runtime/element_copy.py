"""Functions that LLVM calls where it turns a loop of word-sized ``unordered`` accesses into one copy.

Each word is copied by one access: libc's memmove uses vector moves and ``rep movs``, which keep naturally aligned words of up to 8 bytes
whole on x86-64. They run on goroutines' stacks, as the memcpy that LLVM inserts does, and need no stack of their own.

LLVM makes such a call of a loop that stores pointers only while no write barrier is in the loop: with the barrier's test in it, LLVM
does not recognize the loop as a copy.

Source: LLVM Language Reference, "llvm.memcpy.element.unordered.atomic".
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, export, memory_copy, u64


@export("__llvm_memcpy_element_unordered_atomic_1")
def memcpy_1(target: addr, source: addr, length_bytes: u64) -> None:
    """Copies bytes."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memcpy_element_unordered_atomic_2")
def memcpy_2(target: addr, source: addr, length_bytes: u64) -> None:
    """Copies 2-byte words."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memcpy_element_unordered_atomic_4")
def memcpy_4(target: addr, source: addr, length_bytes: u64) -> None:
    """Copies 4-byte words."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memcpy_element_unordered_atomic_8")
def memcpy_8(target: addr, source: addr, length_bytes: u64) -> None:
    """Copies 8-byte words."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memmove_element_unordered_atomic_1")
def memmove_1(target: addr, source: addr, length_bytes: u64) -> None:
    """Moves bytes."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memmove_element_unordered_atomic_2")
def memmove_2(target: addr, source: addr, length_bytes: u64) -> None:
    """Moves 2-byte words."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memmove_element_unordered_atomic_4")
def memmove_4(target: addr, source: addr, length_bytes: u64) -> None:
    """Moves 4-byte words."""
    memory_copy(target, source, length_bytes)


@export("__llvm_memmove_element_unordered_atomic_8")
def memmove_8(target: addr, source: addr, length_bytes: u64) -> None:
    """Moves 8-byte words."""
    memory_copy(target, source, length_bytes)
