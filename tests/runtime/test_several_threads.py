"""Several threads, each with a processor, use one heap at once: allocation, sweep, specials. The world is stopped between rounds.

Objects are checked while others allocate: they are zero at first, and nobody else's. After each round all checks of the heap must hold.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.runtime.memory_native import Descriptor as TypeDescriptor
from tests.runtime.memory_native import Memory, bitmap_bytes

THREADS = 4
GC_PERCENT, PAST_END = 1, 9
FINALIZER, CLEANUP = 1, 2
CACHE_STRIDE = 32 * 1024
"""Types at this distance share a place of the type cache."""
SHAPES = ((16, (0,)), (16, (0, 1)), (24, (1,)), (32, (0, 3)), (48, (2,)), (64, (0, 2, 5)), (128, (7,)), (512, (1, 63)), (640, (2,)))
BITMAPS = tuple((96, tuple(word for word in range(12) if number >> word & 1)) for number in range(1, 240))
SEVERAL: dict[str, tuple[Any, ...]] = {
    "start": (None, ctypes.c_uint32),
    "marking": (ctypes.c_uint32,),
    "rich": (None,),
    "hammer": (ctypes.c_uint64, *[ctypes.c_uint64] * 4),
    "drop": (ctypes.c_uint64, ctypes.c_uint64),
    "specials": (ctypes.c_uint64, *[ctypes.c_uint64] * 5),
    "take": (ctypes.c_uint64, *[ctypes.c_uint64] * 2),
}
Call = Callable[..., Any]


class Threads:
    """A heap, threads that use it, and the types of what they allocate."""

    def __init__(self) -> None:
        self.heap = Memory(1 << 33, modules=["tests.runtime.threads_kernel"], more_symbols=[f"threads.{name}" for name in SEVERAL])
        self.heap.call("configure", PAST_END, 0)
        self.heap.call("configure", GC_PERCENT, -1)
        self.functions = {
            name: ctypes.CFUNCTYPE(*signature)(self.heap.loaded.addresses[f"threads.{name}"]) for name, signature in SEVERAL.items()
        }
        self.pool = ThreadPoolExecutor(THREADS)
        self.room = ctypes.create_string_buffer((len(SHAPES) + len(BITMAPS) + 1) * CACHE_STRIDE)
        self.masks: list[Any] = []
        self.call("start", 1)

    def call(self, name: str, *arguments: int) -> Any:
        return self.functions[name](*arguments)

    def on_all(self, name: str, *arguments: int) -> list[int]:
        """Runs a function on all threads at once, with the thread's number before the arguments."""

        def run(number: int) -> int:
            return self.call(name, number, *arguments)

        return list(self.pool.map(run, range(THREADS)))

    def types(self, shapes: Sequence[tuple[int, tuple[int, ...]]], stride: int) -> Any:
        """Descriptors at a distance from each other."""
        start = ctypes.addressof(self.room)
        places = [start + number * stride for number in range(len(shapes))]
        for place, (size, pointers) in zip(places, shapes, strict=True):
            data, words = bitmap_bytes(pointers)
            self.masks.append(ctypes.create_string_buffer(data))
            made = TypeDescriptor(size, words * 8, kind=25, gc_data=ctypes.addressof(self.masks[-1]))
            ctypes.memmove(place, ctypes.addressof(made), ctypes.sizeof(made))
        return (ctypes.c_uint64 * len(places))(*places)

    def mark(self) -> None:
        """Runs a cycle up to the end of marking: the spans are swept by the allocations that follow."""
        self.heap.call("begin")
        while self.call("marking"):
            self.heap.call("slice", 100_000)

    def round(self, types: Any, count: int) -> None:
        """All threads allocate; then the heap is checked."""
        assert self.on_all("hammer", count, ctypes.addressof(types), len(types)) == [0] * THREADS
        self.heap.call("check")


@pytest.fixture(scope="module")
def threads() -> Threads:
    return Threads()


@pytest.fixture
def running(threads: Threads) -> Any:
    """The threads, with an empty heap before and after."""
    yield threads
    assert [threads.call("drop", number) for number in range(THREADS)] == [0] * THREADS
    threads.heap.clear()
    assert threads.heap.call("objects") == 0
    threads.heap.call("check")


def test_threads_allocate_side_by_side_and_sweep_what_a_cycle_left(running: Threads) -> None:
    types = running.types(SHAPES, 64)
    for _ in range(3):
        running.round(types, 30_000)
        running.mark()


def test_objects_that_are_allocated_while_the_collector_marks_are_black(running: Threads) -> None:
    types = running.types(SHAPES, 64)
    for _ in range(3):
        running.heap.call("begin")
        running.call("rich")
        running.round(types, 20_000)
        running.mark()
        assert [running.call("drop", number) for number in range(THREADS)] == [0] * THREADS


def test_threads_find_the_layouts_of_types_that_share_a_place_of_the_cache(running: Threads) -> None:
    types = running.types(BITMAPS, CACHE_STRIDE)
    running.round(types, 20_000)


def test_threads_agree_on_the_weak_handle_and_the_finalizer_of_an_object(running: Threads) -> None:
    node = running.types([(16, (0,))], 64)[0]
    count = 5000
    objects = (ctypes.c_uint64 * count)(*(running.heap.call("malloc", 16, node) for _ in range(count)))
    handles, finalizers = (ctypes.c_uint64 * count)(), (ctypes.c_uint64 * count)()
    addresses = [ctypes.addressof(each) for each in (objects, handles, finalizers)]
    assert running.on_all("specials", addresses[0], count, *addresses[1:]) == [0] * THREADS
    running.heap.call("check")
    assert list(finalizers) == [1] * count
    taken = take_all(running)
    assert taken == {(FINALIZER, each, addresses[0] + at * 8): 1 for at, each in enumerate(objects)}, "cleanups wait for the finalizers"
    ended = take_all(running)
    assert ended == {(CLEANUP, 0, addresses[0] + at * 8): THREADS // 2 for at in range(count)}, "half of the threads stop theirs"
    assert all(running.heap.load(handle) == 0 for handle in handles)


def take_all(threads: Threads) -> Counter[tuple[int, int, int]]:
    """Collects, and takes what is queued on all threads at once: how often each."""
    threads.heap.call("collect")
    rooms = [(ctypes.c_uint64 * 30_000)() for _ in range(THREADS)]

    def take(number: int) -> int:
        return threads.call("take", number, ctypes.addressof(rooms[number]))

    counts = list(threads.pool.map(take, range(THREADS)))
    return Counter(
        (room[at * 3], room[at * 3 + 1], room[at * 3 + 2]) for room, count in zip(rooms, counts, strict=True) for at in range(count)
    )
