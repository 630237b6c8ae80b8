"""The limiter keeps the collector at half of the CPU time: one story after the other, in simulated time.

Source: Go 1.27.3 runtime/mgclimit_test.go.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import pytest

import tricolor.runtime.collector.limiter as limiter_module
from tricolor.kernel.simulation.run import CheckFailedError, Simulation, simulate

MODULE = "tricolor.runtime.collector.limiter"
TEXT = Path(limiter_module.__file__).read_text(encoding="utf-8")
PROCESSORS = 14
MS = 1_000_000
SECOND = 1000 * MS
CAPACITY = PROCESSORS * SECOND
BACKGROUND = 0.25


@final
class Limiter:
    """A limiter, and the time it lives in."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.address = simulation.memory.map(4096)
        self.now_ns = 0
        self.call("reset_capacity", 0, PROCESSORS)

    def call(self, name: str, *arguments: int) -> Any:
        return self.simulation.call(name, self.address, *arguments)

    def load(self, field: str) -> int:
        return int(self.simulation.load_field("Limiter", self.address, field))

    @property
    def fill(self) -> int:
        return self.load("fill")

    @property
    def limits(self) -> bool:
        return self.load("limiting") == 1

    def after(self, duration_ns: int, assists: float = 0.0, idle: float = 0.0) -> None:
        """Lets time pass, of which assists and idle processors took these shares, and updates."""
        self.call("add_assist_time", int(duration_ns * PROCESSORS * assists))
        self.call("add_idle_time", int(duration_ns * PROCESSORS * idle))
        self.now_ns += duration_ns
        self.call("update", self.now_ns)

    def transition(self, marks_after: bool, before_ns: int, duration_ns: int) -> None:
        """Stops the world for so long to begin or end marking."""
        self.now_ns += before_ns
        self.call("begin_transition", marks_after, self.now_ns)
        self.now_ns += duration_ns
        self.call("end_transition", self.now_ns)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate([MODULE])


@pytest.fixture
def limiter(simulation: Simulation) -> Limiter:
    return Limiter(simulation)


def mark(limiter: Limiter) -> Limiter:
    """Begins marking, and lets the bucket drain."""
    limiter.transition(True, 0, 0)
    limiter.after(100 * SECOND)
    assert limiter.fill == 0
    return limiter


def fill(limiter: Limiter) -> Limiter:
    """Fills the bucket to the brim."""
    mark(limiter).after(SECOND, assists=1 - BACKGROUND)
    assert limiter.fill == CAPACITY
    return limiter


def test_the_time_of_the_program_gives_no_credit(limiter: Limiter) -> None:
    for duration_ns in 10 * MS, SECOND, 3600 * SECOND:
        limiter.after(duration_ns)
        assert limiter.fill == 0
    limiter.transition(True, 0, 5)
    assert limiter.fill == 5 * PROCESSORS


def test_an_update_is_due_after_ten_milliseconds(limiter: Limiter) -> None:
    assert not limiter.call("needs_update", 10 * MS)
    assert limiter.call("needs_update", 10 * MS + 1)
    limiter.after(15 * MS)
    assert not limiter.call("needs_update", 16 * MS)


def test_a_stop_counts_for_all_processors(limiter: Limiter) -> None:
    limiter.transition(True, 109 * MS, 2 * MS + 1000)
    assert limiter.fill == (2 * MS + 1000) * PROCESSORS


def test_marking_alone_takes_a_quarter_and_the_bucket_drains(limiter: Limiter) -> None:
    limiter.transition(True, 109 * MS, 2 * MS + 1000)
    drained = (2 * MS + 1000) * PROCESSORS - PROCESSORS
    limiter.after(drained // PROCESSORS * 2)
    assert limiter.fill == PROCESSORS
    limiter.after(SECOND)
    assert limiter.fill == 0


@pytest.mark.parametrize(("assists", "filled"), [(0.5 - BACKGROUND, 0.0), (1 - BACKGROUND, 1.0), (0.0, 0.0)])
def test_the_bucket_fills_with_what_exceeds_half(limiter: Limiter, assists: float, filled: float) -> None:
    mark(limiter).after(10 * MS, assists)
    assert limiter.fill == int(filled * 10 * MS * PROCESSORS)
    assert not limiter.limits


def test_idle_time_is_nobodys(limiter: Limiter) -> None:
    mark(limiter).after(10 * MS, idle=0.75)
    assert limiter.fill == 10 * MS * PROCESSORS // 4


def test_a_full_bucket_limits_until_the_program_has_had_more_than_half(limiter: Limiter) -> None:
    assert fill(limiter).limits
    assert limiter.load("overflow") == 0
    limiter.after(SECOND, assists=0.5 - BACKGROUND)
    assert limiter.limits
    assert limiter.load("overflow") == 0
    limiter.after(SECOND)
    assert not limiter.limits
    assert limiter.fill == CAPACITY // 2


def test_what_does_not_fit_the_bucket_is_counted(limiter: Limiter) -> None:
    fill(limiter).after(SECOND)
    limiter.after(SECOND, assists=1 - BACKGROUND)
    assert limiter.limits
    assert limiter.load("overflow") == CAPACITY // 2
    limiter.call("add_assist_time", int(MS * PROCESSORS * (1 - BACKGROUND)))
    limiter.transition(False, MS, 5 * MS)
    assert limiter.load("overflow") == CAPACITY // 2 + 6 * MS * PROCESSORS


def test_assists_that_a_cycle_left_over_count_before_it_ends(limiter: Limiter) -> None:
    mark(limiter).call("add_assist_time", int(MS * PROCESSORS * (1 - BACKGROUND)))
    limiter.transition(False, MS, 0)
    assert limiter.fill == MS * PROCESSORS
    limiter.after(MS)
    assert limiter.fill == 0


def test_the_capacity_follows_the_number_of_processors(limiter: Limiter) -> None:
    fill(limiter).transition(False, 0, 0)
    limiter.call("reset_capacity", limiter.now_ns, PROCESSORS + 10)
    assert (limiter.fill, limiter.limits) == (CAPACITY, False)
    limiter.call("reset_capacity", limiter.now_ns, PROCESSORS - 10)
    assert (limiter.fill, limiter.limits) == ((PROCESSORS - 10) * SECOND, True)
    assert limiter.load("overflow") == 0


def test_the_cycle_that_began_to_limit_is_known(limiter: Limiter) -> None:
    field = limiter.simulation.struct("Limiter").field_named("cycle")
    assert field is not None
    limiter.simulation.memory.store(limiter.address + field.offset_bytes, 8, 7)
    assert mark(limiter).load("last_enabled_cycle") == 0
    assert fill_again(limiter).load("last_enabled_cycle") == 7


def fill_again(limiter: Limiter) -> Limiter:
    limiter.after(SECOND, assists=1 - BACKGROUND)
    return limiter


def test_an_update_in_a_transition_is_refused(limiter: Limiter) -> None:
    limiter.call("begin_transition", True, 0)
    with pytest.raises(CheckFailedError, match="a transition runs"):
        limiter.call("update", 1)


def test_a_bucket_with_more_than_its_capacity_is_refused(limiter: Limiter) -> None:
    field = limiter.simulation.struct("Limiter").field_named("fill")
    assert field is not None
    limiter.simulation.memory.store(limiter.address + field.offset_bytes, 8, CAPACITY + 1)
    with pytest.raises(CheckFailedError, match="more than its capacity"):
        limiter.after(1)


MUTANTS = (
    ("collector += to_i64(to_f64(total) * BACKGROUND_SHARE)", "pass"),
    ("total - idle - collector, collector", "total - collector, collector"),
    ("change = collector_ns - program_ns", "change = collector_ns - program_ns // 2"),
    ("room <= to_u64(change)", "room < to_u64(change)"),
    ("state.overflow += to_u64(change) - room", "state.overflow += to_u64(change)"),
    ("state.limiting = 0", "pass"),
    ("(now_ns - state.updated_ns) * state.processors)", "now_ns - state.updated_ns)"),
    ("if change < 0 and state.fill <= to_u64(-change):", "if change < 0 and state.fill < 1:"),
)


@pytest.mark.parametrize(("right", "wrong"), MUTANTS, ids=[f"{right} / {wrong}" for right, wrong in MUTANTS])
def test_a_wrong_limiter_is_found(right: str, wrong: str) -> None:
    assert right in TEXT
    simulation = simulate([MODULE], texts={MODULE: TEXT.replace(right, wrong)})
    with pytest.raises((AssertionError, CheckFailedError)):
        tell_all(simulation)


def tell_all(simulation: Simulation) -> None:
    """Runs the stories above, each with a limiter of its own."""
    for story in (
        test_the_time_of_the_program_gives_no_credit,
        test_a_stop_counts_for_all_processors,
        test_idle_time_is_nobodys,
        test_marking_alone_takes_a_quarter_and_the_bucket_drains,
        test_a_full_bucket_limits_until_the_program_has_had_more_than_half,
        test_what_does_not_fit_the_bucket_is_counted,
    ):
        story(Limiter(simulation))
