"""Random programs against a model: allocate, write, drop, collect; what is reachable stays as it is, the rest is freed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias, final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime import tiny_sizes
from tests.runtime.memory_native import Heap, Memory, Simulated
from tricolor.abi.sizeclasses import CLASS_BYTES, rounded_bytes

Shape: TypeAlias = tuple[int, list[int]]
SHAPES: list[Shape] = [
    (8, [0]), (16, [0, 1]), (16, [0]), (24, [0]), (32, [1, 3]), (40, [0, 4]), (64, [7]), (128, [0, 15]), (512, [0, 63]), (480, [33, 40, 59]), (264, [0, 31, 32]),
    (520, [0, 64]), (1000, [3, 124]), (4096, [0, 511]), (40000, [1, 4999]),
]  # fmt: skip
"""Sizes of values and the words in them that are pointers."""

REGISTERS = 6
PATTERN = 0x0123_4567_89AB_CDEF


@final
@dataclass(slots=True)
class Model:
    """An object as it should be: pointers by offset, one word of data where there is room for it."""

    address: int
    size: int
    offsets: list[int]
    data_offset: int | None
    data: int = 0
    pointers: dict[int, Model] = field(default_factory=dict["int", "Model"])


register = st.integers(0, REGISTERS - 1)
allocation = st.tuples(
    st.just("alloc"), st.sampled_from(range(len(SHAPES))), st.sampled_from([1, 1, 1, 2, 3, 7, 100]), st.booleans(), register
)
noscan = st.tuples(st.just("noscan"), st.sampled_from([1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 100, 33000]), register)
link = st.tuples(st.just("link"), register, st.integers(0, 10_000), register)
hide = st.tuples(st.just("hide"), register, st.integers(0, 10_000), register)
drop = st.tuples(st.just("drop"), register)
walk = st.tuples(st.just("walk"), register, st.integers(0, 10_000))
collect = st.tuples(st.just("collect"))
begin = st.tuples(st.just("begin"))
slice = st.tuples(st.just("slice"), st.sampled_from([1, 2, 3, 5, 20, 100]))
step = st.one_of(allocation, allocation, noscan, link, hide, hide, drop, walk, walk, begin, slice, slice, slice, collect)


TINY_SHAPES: list[Shape] = [
    (8, [0]), (16, [0, 1]), (16, [0]), (24, [0]), (32, [1, 3]), (40, [0, 4]), (64, [7]), (128, [0, 15]), (256, list(range(0, 32, 3))),
    (512, [0, 63]), (520, [0, 64]), (1000, [3, 124]), (2048, [0, 255]), (5000, [1, 624]),
]  # fmt: skip
"""The same for the constants of tiny_sizes: the last two are a header object of two pages and a large object."""


def tiny_rounded_bytes(size: int) -> int:
    """What the allocator takes for a small size under tiny_sizes."""
    return tiny_sizes.CLASS_BYTES[tiny_sizes.CLASS_OF_EIGHTHS[(size + 7) // 8]]


@cache
def descriptions(heap: Heap, is_tiny: bool) -> tuple[list[int], dict[int, int]]:
    """Type descriptors of all shapes, and layout headers of the small ones."""
    shapes, rounded = (TINY_SHAPES, tiny_rounded_bytes) if is_tiny else (SHAPES, rounded_bytes)
    layouts = {
        number: heap.layout(rounded(size), sum(1 << word for word in pointers))
        for number, (size, pointers) in enumerate(shapes)
        if size <= 512
    }
    return [heap.go_type(size, pointers) for size, pointers in shapes], layouts


@final
class Machine:
    """Runs the steps on the heap and on the model; registers are the roots."""

    def __init__(self, heap: Heap, is_tiny: bool = False) -> None:
        self.heap = heap
        self.shapes = TINY_SHAPES if is_tiny else SHAPES
        self.types, self.layouts = descriptions(heap, is_tiny)
        self.registers: list[Model | None] = [None] * REGISTERS
        self.objects: list[Model] = []

    def keep(self, register: int, made: Model | None) -> None:
        self.registers[register] = made
        self.heap.call("root", register, made.address if made else 0)

    def run(self, operation: tuple[object, ...]) -> None:
        match operation:
            case ("alloc", int(shape), int(count), bool(inline), int(register)):
                self.allocate(shape, count, inline, register)
            case ("noscan", int(size), int(register)):
                address = self.heap.call("malloc", size, 0)
                self.add(register, Model(address, size, [], 0 if size % 8 == 0 else None))
            case ("link" | "hide" as how, int(source), int(number), int(target)):
                owner = self.registers[source]
                if owner and owner.offsets:
                    self.link(owner, owner.offsets[number % len(owner.offsets)], self.registers[target])
                    # Hidden: only the owner holds it from here on.
                    if how == "hide" and source != target:
                        self.keep(target, None)
            case ("fill", int(source), int(number)):
                # Many pointers in one object, so that a small mark stack overflows inside it.
                owner = self.registers[source]
                for place, target in enumerate(self.registers if owner and owner.offsets else ()):
                    assert owner
                    self.link(owner, owner.offsets[(number + place) % len(owner.offsets)], target)
            case ("begin",):
                self.heap.call("begin")
            case ("slice", int(addresses)):
                self.heap.call("slice", addresses)
            case ("drop", int(register)):
                self.keep(register, None)
            case ("walk", int(register), int(number)):
                owner = self.registers[register]
                if owner and owner.offsets:
                    self.keep(register, owner.pointers.get(owner.offsets[number % len(owner.offsets)]))
            case _:
                self.collect()

    def allocate(self, shape: int, count: int, inline: bool, register: int) -> None:
        size, pointers = self.shapes[shape]
        if inline and count == 1 and shape in self.layouts:
            address = self.heap.call("alloc", self.layouts[shape])
        else:
            address = self.heap.call("malloc", size * count, self.types[shape])
        offsets = [index * size + word * 8 for index in range(count) for word in pointers]
        free = [each for each in range(0, size, 8) if each not in offsets]
        self.add(register, Model(address, size * count, offsets, free[0] if free else None))

    def add(self, register: int, made: Model) -> None:
        assert self.heap.read(made.address, made.size) == bytes(made.size), "memory is not zero"
        if made.data_offset is not None:
            made.data = PATTERN ^ made.address ^ len(self.objects)
            self.heap.store(made.address + made.data_offset, made.data)
        self.objects.append(made)
        self.keep(register, made)

    def link(self, owner: Model, offset: int, target: Model | None) -> None:
        self.heap.call("pointer", owner.address + offset, target.address if target else 0)
        owner.pointers.pop(offset, None)
        if target:
            owner.pointers[offset] = target

    def reachable(self) -> list[Model]:
        seen: dict[int, Model] = {}
        todo = [each for each in self.registers if each]
        while todo:
            each = todo.pop()
            if id(each) not in seen:
                seen[id(each)] = each
                todo.extend(each.pointers.values())
        return list(seen.values())

    def collect(self) -> None:
        self.heap.call("collect")
        self.heap.call("check")
        self.objects = self.reachable()
        self.compare()
        # Roots are exact, so that nothing else may be left: blocks that hold several tiny objects count once.
        blocks = {self.heap.call("find", each.address) for each in self.objects}
        assert self.heap.call("objects") == len(blocks), "garbage is left"

    def compare(self) -> None:
        ends = 0
        for each in sorted(self.objects, key=lambda one: one.address):
            assert each.address >= ends, "two objects overlap"
            ends = each.address + each.size
            assert self.heap.call("find", each.address) != 0, "a live object was freed"
            if each.data_offset is not None:
                assert self.heap.load(each.address + each.data_offset) == each.data, "data changed"
            for offset in each.offsets:
                target = each.pointers.get(offset)
                assert self.heap.load(each.address + offset) == (target.address if target else 0), "a pointer changed"


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(step, min_size=20, max_size=150))
def test_what_is_reachable_stays_and_the_rest_is_freed(heap: Memory, steps: list[tuple[object, ...]]) -> None:
    heap.clear()
    assert heap.call("objects") == 0
    machine = Machine(heap)
    for each in steps:
        machine.run(each)
    machine.collect()


tiny_step = st.one_of(
    st.tuples(st.just("alloc"), st.sampled_from(range(len(TINY_SHAPES))), st.sampled_from([1, 1, 1, 2, 3, 90]), st.booleans(), register),
    st.tuples(st.just("alloc"), st.sampled_from(range(8)), st.sampled_from([1, 1, 1, 2, 7]), st.booleans(), register),
    st.tuples(st.just("noscan"), st.sampled_from([1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 100, 3000]), register),
    st.tuples(st.just("fill"), register, st.integers(0, 10_000)),
    link, link, hide, hide, hide, drop, walk, walk, begin, begin, slice, slice, slice, slice, collect,
)  # fmt: skip


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(tiny_step, min_size=20, max_size=120))
def test_the_same_on_simulated_memory_with_tiny_constants(tiny: Simulated, steps: list[tuple[object, ...]]) -> None:
    tiny.clear()
    machine = Machine(tiny, is_tiny=True)
    for each in steps:
        machine.run(each)
        tiny.call("check")
    machine.collect()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(tiny_step, min_size=20, max_size=60))
def test_marks_with_full_mark_stacks_are_those_of_checkmark(tiny: Simulated, steps: list[tuple[object, ...]]) -> None:
    for key in (CHECKMARK, CLOBBER):
        tiny.call("configure", key, 1)
    try:
        tiny.clear()
        machine = Machine(tiny, is_tiny=True)
        for each in steps:
            machine.run(each)
        machine.collect()
    finally:
        for key in (CHECKMARK, CLOBBER):
            tiny.call("configure", key, 0)


small = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@small
@given(st.lists(step, min_size=5, max_size=30))
def test_the_same_on_simulated_memory(simulated: Simulated, steps: list[tuple[object, ...]]) -> None:
    simulated.clear()
    machine = Machine(simulated)
    for each in steps:
        machine.run(each)
    machine.collect()


CHECKMARK, CLOBBER, STRESS = 7, 6, 5


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(step, min_size=5, max_size=60))
def test_programs_run_the_same_when_every_allocation_collects(heap: Memory, steps: list[tuple[object, ...]]) -> None:
    for key in (CHECKMARK, CLOBBER, STRESS):
        heap.call("configure", key, 1)
    try:
        heap.clear()
        machine = Machine(heap)
        for each in steps:
            machine.run(each)
        machine.collect()
    finally:
        for key in (CHECKMARK, CLOBBER, STRESS):
            heap.call("configure", key, 0)


def test_every_size_class_gives_aligned_memory_that_does_not_overlap(heap: Memory) -> None:
    heap.call("configure", 1, -1)
    try:
        spans: list[tuple[int, int]] = []
        for size in CLASS_BYTES[1:]:
            for _ in range(3):
                address = heap.call("malloc", size, 0)
                assert address % 8 == 0
                assert heap.call("size", address) == size
                spans.append((address, address + size))
        spans.sort()
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    finally:
        heap.call("configure", 1, 100)


def test_checkmark_knows_that_finalizers_keep_what_their_objects_hold(heap: Memory) -> None:
    heap.call("configure", CHECKMARK, 1)
    pair = heap.go_type(16, [0])
    leaf, dead = heap.call("malloc", 32, 0), heap.call("malloc", 16, pair)
    heap.store(dead, leaf)
    assert heap.call("setfinalizer", dead, heap.call("malloc", 16, pair))
    heap.call("collect")
    assert heap.call("find", leaf) == leaf
    heap.call("configure", CHECKMARK, 0)


def test_checkmark_does_not_expect_marks_of_memory_that_a_run_has_not_given_out(heap: Memory) -> None:
    heap.call("configure", CHECKMARK, 1)
    try:
        heap.call("begin")
        cycles = heap.call("cycles")
        object = heap.call("malloc", 64, 0)
        # A register of a goroutine may hold the place of the next object.
        heap.call("root", 0, object + 64)
        while heap.call("cycles") == cycles:
            heap.call("slice", 1000)
    finally:
        heap.call("configure", CHECKMARK, 0)
        heap.call("root", 0, 0)
