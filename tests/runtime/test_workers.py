"""Workers and assists: how many there are, and what a mutator that allocates owes."""

from __future__ import annotations

from typing import Any, final

import pytest

from tricolor.kernel.simulation.run import Simulation, simulate
from tricolor.kernel.types import Float
from tricolor.runtime.collector.workers import (
    LEAST_ASSIST_BYTES,
    WORKER_ASSIST,
    WORKER_IDLE,
    WORKER_SHARE,
)

KIB = 1024
ALL_ONES = 2**64 - 1


@final
class Pacer:
    """A pacer in simulated memory."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.address = simulation.memory.map(4096)

    def call(self, name: str, *arguments: int) -> Any:
        return self.simulation.call(name, self.address, *arguments)

    def load(self, field: str) -> Any:
        return self.simulation.load_field("Pacer", self.address, field)

    def store(self, field: str, value: float) -> None:
        found = self.simulation.struct("Pacer").field_named(field)
        assert found is not None
        if isinstance(found.type, Float):
            self.simulation.memory.store_double(self.address + found.offset_bytes, value)
        else:
            self.simulation.memory.store(self.address + found.offset_bytes, 8, int(value))

    def start(self, processors: int, *, stops_world: bool = False) -> Pacer:
        self.call("start_cycle", 0, processors, stops_world)
        return self


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(["tricolor.runtime.collector.workers", "tricolor.runtime.collector.pacer"])


@pytest.fixture
def pacer(simulation: Simulation) -> Pacer:
    return Pacer(simulation)


@pytest.mark.parametrize(
    ("processors", "dedicated", "fractional"),
    [(1, 0, 0.25), (2, 0, 0.25), (3, 0, 0.25), (4, 1, 0), (5, 1, 0), (6, 1, 0.5 / 6), (7, 2, 0), (8, 2, 0), (16, 4, 0)],
)
def test_a_quarter_of_the_processors_is_divided_as_in_go(pacer: Pacer, processors: int, dedicated: int, fractional: float) -> None:
    pacer.start(processors)
    assert pacer.load("dedicated_workers_needed") == dedicated
    assert pacer.load("fractional_share") == pytest.approx(fractional)


def test_all_processors_mark_while_the_world_is_stopped(pacer: Pacer) -> None:
    pacer.start(6, stops_world=True)
    assert (pacer.load("dedicated_workers_needed"), pacer.load("fractional_share")) == (6, 0)


def test_slices_count_by_kind_and_only_those_of_workers_are_credit(pacer: Pacer) -> None:
    pacer.start(1)
    for at, kind in enumerate((WORKER_ASSIST, WORKER_SHARE, WORKER_IDLE)):
        pacer.call("count_work", kind, 10**at, 5 * 10**at)
    assert [pacer.load(f"{name}_ns") for name in ("assist", "share", "idle")] == [5, 50, 500]
    assert pacer.load("bg_scan_credit") == 110


def test_a_debt_is_paid_by_the_assist_ratio_and_at_least_64_kib(pacer: Pacer) -> None:
    pacer.store("assist_work_per_byte", 0.5)
    pacer.store("assist_bytes_per_work", 2.0)
    pacer.store("assist_runway", 1000 * KIB)
    assert pacer.call("assist_work", 1000) == LEAST_ASSIST_BYTES
    assert pacer.call("assist_work", 1000 * KIB) == 500 * KIB
    assert pacer.call("paid_bytes", 500 * KIB) == 1000 * KIB + 1


def test_an_assist_pays_for_no_more_than_the_runway(pacer: Pacer) -> None:
    pacer.store("assist_bytes_per_work", 1000.0)
    pacer.store("assist_runway", 1000 * KIB)
    assert pacer.call("paid_bytes", KIB) == 1000 * KIB + 1
    assert pacer.call("paid_bytes", 64 * KIB) == 1064 * KIB + 1


def test_credit_is_taken_once(pacer: Pacer) -> None:
    pacer.store("bg_scan_credit", 100)
    assert [pacer.call("take_credit", 70) for _ in range(3)] == [70, 30, 0]
    pacer.store("bg_scan_credit", ALL_ONES)
    assert pacer.call("take_credit", 70) == 0, "a debt gives nothing"
