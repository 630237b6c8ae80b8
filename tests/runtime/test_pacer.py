"""The pacer in simulated time: Go's scenarios within Go's bounds, and each formula with numbers that a hand can check."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

import tricolor.runtime.collector.pacer as pacer_module
from tests.kernel.kernel_native import NativeModule
from tests.runtime.pacer_scenarios import HEAP_MINIMUM, LIMIT_GOAL, MIB, SCENARIOS
from tests.runtime.pacer_world import PACER, NativePacer, Scenario, SimulatedPacer, failure, native_module, simulated_module
from tricolor.kernel.simulation.run import CheckFailedError, Simulation

NO_LIMIT = 2**63 - 1
KIB = 1024
TEXT = Path(pacer_module.__file__).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulated_module()


@pytest.fixture(scope="module")
def module() -> NativeModule:
    return native_module()


@pytest.fixture
def pacer(simulation: Simulation) -> SimulatedPacer:
    made = SimulatedPacer(simulation)
    made.call("init", 100, NO_LIMIT)
    return made


def heap(pacer: SimulatedPacer, marked: int, scan: int, stack: int = 0, globals_bytes: int = 0) -> None:
    """Sets what the last cycle found."""
    for field, value in (("heap_marked", marked), ("last_heap_scan", scan), ("last_stack_scan", stack), ("globals_scan", globals_bytes)):
        pacer.store(field, value)
    pacer.simulation.call("commit", pacer.address, True)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_the_pacer_keeps_within_the_bounds_of_go(simulation: Simulation, module: NativeModule, scenario: Scenario) -> None:
    assert failure(NativePacer(module, simulation), scenario) == ""


def test_simulated_and_native_pacers_agree_to_the_last_bit(simulation: Simulation, module: NativeModule) -> None:
    for scenario in SCENARIOS[6], SCENARIOS[15]:
        one, other = SimulatedPacer(simulation), NativePacer(module, simulation)
        assert failure(one, scenario) == failure(other, scenario) == ""
        size_bytes = simulation.struct("Pacer").size_bytes
        assert simulation.memory.read(one.address, size_bytes) == ctypes.string_at(other.address, size_bytes)


MUTANTS = (
    ("extra = (p.heap_marked + p.last_stack_scan + p.globals_scan)", "extra = p.heap_marked"),
    ("goal = headroom if goal < headroom or goal - headroom < headroom else goal - headroom", "pass"),
    ("return max(goal, p.heap_marked)", "return goal"),
    ("if by_limit < goal:", "if by_limit < 0:"),
    ("most = max(most, goal - HEAP_MINIMUM_BYTES)", "pass"),
    ("most = distance * MOST_TRIGGER_PARTS + p.heap_marked", "most = goal"),
    ("wanted = least if p.runway > goal else goal - p.runway", "wanted = most"),
    ("return p.last_heap_scan + p.last_stack_scan + p.globals_scan", "return p.last_heap_scan"),
    ("p.cons_mark * (1.0 - GOAL_SHARE) / GOAL_SHARE * to", "p.cons_mark * to"),
    ("goal = min(extended_goal(p, goal, expected, most), hard_goal(p, goal))", "pass"),
    ("(1.0 + to_f64(percent) / 100.0) * to_f64(goal)", "1.0 * to_f64(goal)"),
    ("remaining = to_f64(max(expected - work, LEAST_WORK_BYTES))", "remaining = to_f64(expected)"),
    ("runway = to_f64(max(goal - live, 1))", "runway = to_f64(max(goal - to_i64(p.triggered), 1))"),
    ("share = BACKGROUND_SHARE + to_f64(p.assist_ns)", "share = BACKGROUND_SHARE + 0.0 * to_f64(p.assist_ns)"),
    ("/ (work * (1.0 - share))", "/ work"),
    ("if p.last_cons_mark[each] > p.cons_mark:", "if p.last_cons_mark[each] > p.cons_mark * 1000.0:"),
    ("p.last_heap_scan = p.heap_scan_work", "pass"),
    ("p.last_stack_scan = p.stack_scan_work", "pass"),
)


@pytest.mark.parametrize(("right", "wrong"), MUTANTS, ids=[wrong for _, wrong in MUTANTS])
def test_a_wrong_formula_leaves_the_bounds_of_go(simulation: Simulation, right: str, wrong: str) -> None:
    assert TEXT.count(right) == 1
    module = native_module({PACER: TEXT.replace(right, wrong)})
    assert any(failure(NativePacer(module, simulation), each) for each in SCENARIOS)


# --- What no scenario of Go's reaches ---------------------------------------------------------------


@pytest.mark.parametrize(("percent", "marked", "goal"), [(100, MIB, HEAP_MINIMUM), (50, 0, HEAP_MINIMUM // 2), (0, 3 * MIB, 3 * MIB)])
def test_the_goal_is_at_least_the_heap_minimum(pacer: SimulatedPacer, percent: int, marked: int, goal: int) -> None:
    pacer.call("init", percent, NO_LIMIT)
    heap(pacer, marked, marked)
    assert pacer.call("goal") == goal


def test_a_cycle_that_begins_late_still_has_a_goal_above_its_begin(pacer: SimulatedPacer) -> None:
    heap(pacer, 10 * MIB, 0)
    pacer.store("heap_live", 30 * MIB)
    pacer.call("start", 0, 1)
    assert pacer.call("goal") == 30 * MIB + 64 * KIB


def test_a_limit_that_is_exceeded_does_not_move_for_a_late_cycle(pacer: SimulatedPacer) -> None:
    pacer.call("init", 100, 15 * MIB)
    heap(pacer, 10 * MIB, 0)
    pacer.store("heap_live", 30 * MIB)
    pacer.call("start", 0, 1)
    assert pacer.call("goal") == 14 * MIB


def test_even_the_longest_runway_leaves_seventy_percent_of_the_way_to_the_goal(pacer: SimulatedPacer) -> None:
    pacer.store("cons_mark", 1e9)
    heap(pacer, 64 * MIB, 64 * MIB)
    assert pacer.call("trigger") == 64 * MIB + 45 * MIB


def test_what_is_not_swept_moves_trigger_and_goal_up(pacer: SimulatedPacer) -> None:
    heap(pacer, 4 * MIB, 0)
    pacer.store("heap_live", 9 * MIB)
    pacer.simulation.call("commit", pacer.address, False)
    assert pacer.call("trigger") == pacer.call("goal") == 10 * MIB


@pytest.mark.parametrize(
    ("limit", "held", "free", "alloc", "goal"),
    [
        (30 * MIB, 0, 0, 0, 29 * MIB),
        (512 * MIB, 0, 0, 0, LIMIT_GOAL),
        (30 * MIB, 20 * MIB, 8 * MIB, 10 * MIB, 27 * MIB),
        (30 * MIB, 33 * MIB, 8 * MIB, 23 * MIB, 24 * MIB),
        (30 * MIB, 60 * MIB, 0, 20 * MIB, 10 * MIB),
        (3 * MIB // 2, 0, 0, 0, 10 * MIB),
    ],
)
def test_the_limit_less_overhead_and_headroom_is_the_goal(
    pacer: SimulatedPacer, limit: int, held: int, free: int, alloc: int, goal: int
) -> None:
    pacer.call("init", -1, limit)
    for field, value in (("mapped_ready", held), ("heap_free", free), ("heap_alloc", alloc)):
        pacer.store(field, value)
    heap(pacer, 10 * MIB, 0)
    assert pacer.call("goal") == goal


def test_idle_workers_count_for_the_collector_and_not_against_the_program(pacer: SimulatedPacer) -> None:
    heap(pacer, 4 * MIB, 4 * MIB)
    pacer.store("heap_live", 7 * MIB)
    pacer.call("start", 1000, 4)
    pacer.call("work", 3 * MIB, 0, MIB, 0, 0)
    pacer.store("idle_ns", 2000)
    pacer.call("end", 4 * MIB, 1000, 3000, 4)
    # 2000 ns on 4 processors: a quarter and an eighth for workers and assists, a quarter for idle workers.
    assert pacer.load("cons_mark") == 3 * (0.25 + 0.125 + 0.25) / (1 - 0.25 - 0.125)


def test_a_cycle_without_allocation_leaves_cons_mark_alone(pacer: SimulatedPacer) -> None:
    heap(pacer, 4 * MIB, 4 * MIB)
    pacer.store("heap_live", 7 * MIB)
    pacer.store("cons_mark", 0.5)
    pacer.call("start", 0, 1)
    pacer.call("work", 0, 0, MIB, 0, 0)
    pacer.call("end", 4 * MIB, 0, 1000, 1)
    assert pacer.load("cons_mark") == 0.5


def test_assists_that_take_all_time_leave_cons_mark_finite(pacer: SimulatedPacer) -> None:
    heap(pacer, 4 * MIB, 4 * MIB)
    pacer.store("heap_live", 7 * MIB)
    pacer.call("start", 0, 1)
    pacer.call("work", MIB, 0, MIB, 0, 0)
    pacer.call("end", 4 * MIB, 1000, 1000, 1)
    assert pacer.load("cons_mark") == pytest.approx(999)


def test_a_heap_above_its_goal_leaves_a_tenth_to_finish_all_that_may_be_live(pacer: SimulatedPacer) -> None:
    heap(pacer, 10 * MIB, 10 * MIB)
    pacer.store("heap_live", 19 * MIB)
    pacer.store("heap_scan", 30 * MIB)
    pacer.call("start", 0, 1)
    ratio = pacer.call("work", 2 * MIB, 0, 5 * MIB, 0, 0)
    assert ratio == (30 - 5) * MIB / (22 * MIB - 21 * MIB)


def test_a_growing_heap_keeps_the_assist_ratio_up_to_the_hard_goal(pacer: SimulatedPacer) -> None:
    heap(pacer, 10 * MIB, 10 * MIB)
    pacer.store("heap_live", 15 * MIB)
    pacer.store("heap_scan", 20 * MIB)
    pacer.call("start", 0, 1)
    assert pacer.call("work", 0, 0, 12 * MIB, 0, 0) == (20 - 12) / (15 + 5 / 10 * 20 - 15)
    pacer.store("heap_scan", 200 * MIB)
    assert pacer.call("work", 0, 0, 0, 0, 0) == (200 - 12) / (2 * 20 - 15)


def test_a_forced_cycle_without_goal_asks_for_little(pacer: SimulatedPacer) -> None:
    pacer.call("init", -1, NO_LIMIT)
    heap(pacer, 10 * MIB, 10 * MIB)
    pacer.store("heap_live", 15 * MIB)
    pacer.call("start", 0, 1)
    assert 0 < pacer.load("assist_work_per_byte") < 1e-9


def test_the_trigger_of_a_short_cycle_is_the_goal(pacer: SimulatedPacer) -> None:
    pacer.store("slice_ns", 500_000)
    pacer.store("cons_mark", 10.0)
    heap(pacer, 64 * MIB, 500_000)
    early = 64 * MIB + 45 * MIB
    assert early < pacer.call("trigger") < 128 * MIB, "the rate is not known"
    pacer.store("mark_rate", 1.0)
    assert early < pacer.call("trigger") < 128 * MIB, "the work fills a slice"
    pacer.store("mark_rate", 1.01)
    assert pacer.call("trigger") == pacer.call("goal") == 128 * MIB


def test_the_rate_of_marking_is_that_of_the_last_cycle(pacer: SimulatedPacer) -> None:
    heap(pacer, 4 * MIB, 4 * MIB)
    pacer.store("heap_live", 7 * MIB)
    pacer.call("start", 0, 1)
    pacer.call("work", 0, 0, 4500, 0, 0)
    for field in "share_ns", "idle_ns":
        pacer.store(field, 1000)
    pacer.call("end", 4 * MIB, 1000, 9000, 1)
    assert pacer.load("mark_rate") == 1.5


def test_a_cycle_must_start_before_it_is_revised_and_must_not_start_twice(pacer: SimulatedPacer) -> None:
    with pytest.raises(CheckFailedError, match="no cycle runs"):
        pacer.call("work", 1, 0, 0, 0, 0)
    pacer.call("start", 0, 1)
    with pytest.raises(CheckFailedError, match="a cycle runs"):
        pacer.call("start", 0, 1)
