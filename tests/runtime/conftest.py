"""One native heap for all tests of the memory manager."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runtime.memory_native import Memory, Simulated

PAST_END = 9


@pytest.fixture(scope="session")
def native_heap() -> Memory:
    """A heap with all checks compiled in; roots are exact."""
    made = Memory(1 << 32)
    made.call("configure", PAST_END, 0)
    return made


@pytest.fixture
def heap(native_heap: Memory) -> Iterator[Memory]:
    """The heap, empty before; checked and emptied after the test."""
    native_heap.call("enter")
    native_heap.clear()
    yield native_heap
    native_heap.call("check")
    native_heap.clear()


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    """The same heap on simulated memory."""
    made = Simulated(1 << 32)
    made.call("configure", PAST_END, 0)
    return made


@pytest.fixture(scope="session")
def tiny() -> Simulated:
    """A heap with the constants of tiny_sizes, on simulated memory, with all checks compiled in."""
    replaced: tuple[str, ...] = ("tricolor.runtime.allocator.sizes", "tricolor.abi.sizeclasses")
    made = Simulated(0, substitutes=dict.fromkeys(replaced, "tests.runtime.tiny_sizes"))
    made.call("configure", PAST_END, 0)
    return made
