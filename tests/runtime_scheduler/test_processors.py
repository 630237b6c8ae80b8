"""Goroutines on several processors, in compiled programs."""

from __future__ import annotations

import pytest

from tests.runtime_scheduler.conftest import Finished, RunCase

RIGHT = Finished(0, "", "")
FOUR = "processors=4"


@pytest.mark.parametrize("case", ["together", "resize", "mixture", "forest"])
def test_goroutines_run_on_several_processors(run_case: RunCase, case: str) -> None:
    assert run_case(case, debug=FOUR) == RIGHT


@pytest.mark.parametrize("case", ["mixture", "forest"])
def test_what_goroutines_on_several_processors_hold_stays_alive(run_case: RunCase, case: str) -> None:
    assert run_case(case, debug=f"{FOUR},gcstress=200,clobberfree=1,gccheckmark=1") == RIGHT


def test_goroutines_are_stopped_anywhere_on_several_processors(run_case: RunCase) -> None:
    assert run_case("mixture", debug=f"{FOUR},gcpreempt=300") == RIGHT


@pytest.mark.parametrize("debug", ["", FOUR])
def test_a_goroutine_stays_on_its_thread(run_case: RunCase, debug: str) -> None:
    assert run_case("locked", debug=debug) == RIGHT


def test_a_deadlock_is_found_although_a_goroutine_has_a_thread(run_case: RunCase) -> None:
    done = run_case("lock-dead")
    assert (done.status, done.error.splitlines()[0]) == (2, "fatal error: all goroutines are asleep - deadlock!")
