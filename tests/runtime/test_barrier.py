"""What the write barrier shades, on simulated memory with a barrier buffer of two places and with a large one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import pytest

from tests.runtime.memory_native import Simulated
from tricolor.kernel.simulation.run import CheckFailedError, simulate
from tricolor.runtime.settings_keys import BARRIER

NODE = 32
PUSH = "tricolor.runtime.collector.roots:push"
SIZES = ("tricolor.runtime.allocator.sizes", "tricolor.abi.sizeclasses")


@final
class Heap:
    """A heap whose mark stack is a list of Python."""

    def __init__(self, substitutes: dict[str, str]) -> None:
        self.pushed: list[int] = []
        self.simulation = simulate(
            ["tests.runtime.driver_kernel"], check_level=3, substitutes=substitutes, fakes={PUSH: self.pushed.append}
        )
        self.call("start", 0)

    def call(self, name: str, *arguments: int) -> int:
        return self.simulation.call(f"test.{name}", *arguments)

    def before_the_cycle(self, name: str, *arguments: int) -> int:
        """A call as if it came before the cycle: it allocates white objects."""
        flag = self.simulation.globals["tricolor.is_marking"]
        before = self.simulation.memory.load(flag, 4)
        self.simulation.memory.store(flag, 4, 0)
        result = self.call(name, *arguments)
        self.simulation.memory.store(flag, 4, before)
        return result

    def object(self) -> int:
        """An object without pointers."""
        return self.before_the_cycle("malloc", NODE, 0)

    def objects(self, count: int) -> list[int]:
        return [self.object() for _ in range(count)]

    def slots(self, *values: int) -> int:
        """Address of slots outside the heap that hold the values."""
        place = self.simulation.memory.map(4096)
        for number, value in enumerate(values):
            self.simulation.memory.store(place + number * 8, 8, value)
        return place

    def words(self, place: int, count: int) -> list[int]:
        return [self.simulation.memory.load(place + number * 8, 8) for number in range(count)]

    def type(self, size_bytes: int, pointers: list[int]) -> int:
        return Simulated.go_type(self, size_bytes, pointers)  # pyright: ignore[reportArgumentType]

    def shaded(self) -> list[int]:
        """What was shaded since the last time."""
        self.simulation.call("flush_barrier_buffers")
        found, self.pushed[:] = list(self.pushed), []
        return found


@pytest.fixture(scope="module", params=["large", "tiny"])
def whole(request: pytest.FixtureRequest) -> Heap:
    return Heap(dict.fromkeys(SIZES, "tests.runtime.tiny_sizes") if request.param == "tiny" else {})


@pytest.fixture
def heap(whole: Heap) -> Iterator[Heap]:
    """The heap while a cycle marks."""
    whole.simulation.call("begin_shading")
    yield whole
    whole.shaded()
    whole.simulation.call("end_shading")


def test_a_store_shades_what_it_overwrites_and_what_it_stores(heap: Heap) -> None:
    old, new = heap.objects(2)
    slot = heap.slots(old)
    heap.simulation.call("store_go_pointer", slot, new)
    assert heap.words(slot, 1) == [new]
    assert heap.shaded() == [old, new]


def test_null_and_addresses_outside_the_heap_are_dropped(heap: Heap) -> None:
    slot = heap.slots(0)
    heap.simulation.call("store_go_pointer", slot, slot)
    assert heap.shaded() == []


def test_an_object_with_a_mark_is_not_pushed_again(heap: Heap) -> None:
    old, new = heap.objects(2)
    span = heap.simulation.call("span_of", old)
    elem = heap.simulation.call("elem_index", span, old)
    heap.simulation.call("set_mark", span, elem)
    heap.simulation.call("store_go_pointer", heap.slots(old), new)
    assert heap.shaded() == [new]
    word = heap.simulation.call("mark_bits", span) + elem // 64 * 8
    heap.simulation.memory.store(word, 8, 0)


def test_a_copy_shades_by_the_bitmap_of_the_type_before_it_moves(heap: Heap) -> None:
    values = heap.objects(8)
    source, target = heap.slots(*values[:4]), heap.slots(*values[4:])
    pair = heap.type(16, [1])
    heap.simulation.call("copy_go_values", pair, target, source, 32)
    assert heap.words(target, 4) == values[:4]
    assert heap.shaded() == [values[5], values[7], values[1], values[3]]


def test_a_copy_of_one_word_shades_both_pointers(heap: Heap) -> None:
    old, new = heap.objects(2)
    target = heap.slots(old)
    heap.simulation.call("copy_go_value", heap.type(8, [0]), target, heap.slots(new), 8)
    assert heap.words(target, 1) == [new]
    assert heap.shaded() == [old, new]


def test_a_clear_shades_what_it_overwrites(heap: Heap) -> None:
    values = heap.objects(3)
    target = heap.slots(*values)
    heap.simulation.call("clear_go_values", heap.type(24, [0, 2]), target, 24)
    assert heap.words(target, 3) == [0, 0, 0]
    assert heap.shaded() == [values[0], values[2]]


def test_compiled_code_gives_bitmap_and_size_of_elements(heap: Heap) -> None:
    values = heap.objects(8)
    source, target = heap.slots(*values[:4]), heap.slots(*values[4:])
    heap.simulation.call("tricolor.shade_elements", 0b10, 16, target, source, 32)
    assert heap.shaded() == [values[5], values[7], values[1], values[3]]
    heap.simulation.call("tricolor.shade_elements", 0b01, 16, target, 0, 32)
    assert heap.shaded() == [values[4], values[6]]


def test_a_value_of_many_words_is_shaded_by_its_type(heap: Heap) -> None:
    values = heap.objects(5)
    place = heap.slots(*[0] * 90, *values)
    heap.simulation.call("tricolor.shade_values", heap.type(95 * 8, [90, 92, 94]), place, 0, 95 * 8)
    assert heap.shaded() == [values[0], values[2], values[4]]


def test_a_strong_pointer_made_of_a_weak_one_is_shaded(heap: Heap) -> None:
    object = heap.object()
    handle = heap.before_the_cycle("weakhandle", object)
    heap.shaded()
    assert heap.call("weakload", handle) == object
    assert heap.shaded() == [object]


def test_a_full_buffer_is_flushed(heap: Heap) -> None:
    stores = 3 * 512 // 2
    objects = heap.objects(2)
    for _ in range(stores):
        heap.simulation.call("tricolor.shade", *objects)
    assert len(heap.pushed) >= stores
    assert heap.shaded() == objects * stores


def test_a_pointer_to_free_memory_is_noticed(heap: Heap) -> None:
    first = heap.before_the_cycle("malloc", 48, 0)
    free = first + 48 * 8
    assert heap.before_the_cycle("find", first) == first
    assert heap.call("find", free) == 0
    heap.simulation.call("tricolor.shade_elements", 1, 8, heap.slots(first), 0, 8)
    with pytest.raises(CheckFailedError, match="check_shaded"):
        heap.simulation.call("tricolor.shade_elements", 1, 8, heap.slots(free), 0, 8)


def test_nothing_is_shaded_outside_of_cycles(whole: Heap) -> None:
    old, new = whole.objects(2)
    whole.simulation.call("store_go_pointer", whole.slots(old), new)
    assert whole.shaded() == []


def test_the_debug_setting_checks_what_is_shaded_outside_of_cycles_and_drops_it(whole: Heap) -> None:
    old, new = whole.objects(2)
    free = whole.call("malloc", 48, 0) + 48 * 8
    whole.call("configure", BARRIER, 1)
    whole.simulation.call("store_go_pointer", whole.slots(old), new)
    assert whole.shaded() == []
    with pytest.raises(CheckFailedError, match="check_shaded"):
        _store_and_flush(whole, whole.slots(free), new)
    whole.simulation.memory.store(_buffer(whole), 8, 0)
    whole.call("configure", BARRIER, 0)
    whole.simulation.call("store_go_pointer", whole.slots(free), new)
    assert whole.shaded() == []


def _store_and_flush(heap: Heap, slot: int, value: int) -> None:
    heap.simulation.call("store_go_pointer", slot, value)
    heap.shaded()


def _buffer(heap: Heap) -> int:
    found = heap.simulation.struct("Processor").field_named("barrier")
    assert found is not None
    return heap.simulation.globals["first_processor"] + found.offset_bytes


def test_a_cycle_must_not_end_with_a_full_buffer(heap: Heap) -> None:
    heap.simulation.memory.store(_buffer(heap), 8, 1)
    with pytest.raises(CheckFailedError, match="check_barrier_buffers"):
        heap.simulation.call("end_shading")
    heap.simulation.memory.store(_buffer(heap), 8, 0)
