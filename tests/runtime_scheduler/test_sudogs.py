"""Free sudogs: lists of processors that stay short, and a central list that loses none."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

import pytest

from tricolor.kernel.simulation.run import CheckFailedError, Simulation, simulate
from tricolor.runtime.scheduler.sudogs import LOCAL_MOST, MOVED, SLAB_BYTES

MODULES: Final = ("tricolor.runtime.scheduler.sudogs", "tricolor.runtime.records.machine")


@final
@dataclass(slots=True)
class Sudogs:
    """The free lists of two processors, each with a machine of its own."""

    simulation: Simulation
    machines: list[int] = field(default_factory=list[int])
    processors: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        for _ in range(2):
            machine, processor = (self.simulation.memory.map(self.simulation.struct(name).size_bytes) for name in ("Machine", "Processor"))
            for name, value in (("self", machine), ("processor", processor)):
                found = self.simulation.struct("Machine").field_named(name)
                assert found is not None
                self.simulation.memory.store(machine + found.offset_bytes, 8, value)
            self.machines.append(machine)
            self.processors.append(processor)

    def acquire(self, number: int) -> int:
        self.simulation.thread.base = self.machines[number]
        return int(self.simulation.call("sudog_acquire"))

    def release(self, number: int, sudog: int) -> None:
        self.simulation.thread.base = self.machines[number]
        self.simulation.call("sudog_release", sudog)

    def linked(self, first: int) -> Iterator[int]:
        while first != 0:
            yield first
            first = int(self.simulation.load_field("Sudog", first, "wait_link"))

    def free(self, number: int) -> list[int]:
        return list(self.linked(int(self.simulation.load_field("Processor", self.processors[number], "free_sudogs"))))

    def central(self) -> list[int]:
        place = self.simulation.globals["tricolor.runtime.scheduler.sudogs:central_sudogs"]
        return list(self.linked(int(self.simulation.load_field("CentralSudogs", place, "free"))))


@pytest.fixture
def sudogs() -> Sudogs:
    return Sudogs(simulate(list(MODULES)))


def test_an_empty_list_gets_records_from_the_central_one(sudogs: Sudogs) -> None:
    sudogs.acquire(0)
    assert len(sudogs.free(0)) == MOVED - 1


def test_records_that_travel_to_another_processor_come_back_through_the_central_list(sudogs: Sudogs) -> None:
    for _ in range(20 * LOCAL_MOST):
        sudogs.release(1, sudogs.acquire(0))
        assert len(sudogs.free(1)) <= LOCAL_MOST
    in_slab = SLAB_BYTES // sudogs.simulation.struct("Sudog").size_bytes
    assert len(sudogs.free(0)) + len(sudogs.free(1)) + len(sudogs.central()) == in_slab


def test_no_record_is_lost_or_given_out_twice(sudogs: Sudogs) -> None:
    chance = random.Random(1)
    taken: set[int] = set()
    for _ in range(6_000):
        if taken and chance.random() < 0.5:
            sudogs.release(chance.randrange(2), taken.pop())
        for _ in range(chance.choice([0, 0, 0, 4])):
            got = sudogs.acquire(chance.randrange(2))
            assert got not in taken
            taken.add(got)
    free = sudogs.free(0) + sudogs.free(1) + sudogs.central()
    assert len(free) == len(set(free))
    assert taken.isdisjoint(free)
    in_slab = SLAB_BYTES // sudogs.simulation.struct("Sudog").size_bytes
    assert (len(free) + len(taken)) % in_slab == 0


def test_a_record_that_is_in_a_queue_is_not_taken_back(sudogs: Sudogs) -> None:
    first, second = sudogs.acquire(0), sudogs.acquire(0)
    found = sudogs.simulation.struct("Sudog").field_named("next")
    assert found is not None
    sudogs.simulation.memory.store(first + found.offset_bytes, 8, second)
    with pytest.raises(CheckFailedError, match="check_free"):
        sudogs.release(0, first)
