"""Goroutines of the runtime that work in the background: memory goes back to the system, and cycles begin by time."""

from __future__ import annotations

import pytest

from tests.runtime_scheduler.conftest import STRESS, Finished, RunCase

RIGHT = Finished(0, "", "")


@pytest.mark.parametrize("debug", ["", STRESS.replace("gcstress=1,", "")], ids=["plain", "checked"])
def test_memory_that_the_heap_does_not_need_goes_back_in_the_background(run_case: RunCase, debug: str) -> None:
    assert run_case("released", debug=debug) == RIGHT


def test_a_cycle_begins_when_there_was_none_for_long(run_case: RunCase) -> None:
    done = run_case("periodic", debug="gcperiod=100,gctrace=1")
    assert (done.status, done.output) == (0, "")
    assert done.error.count("GC forced\n") >= 3
    assert done.error.count("(forced)\n") == 1, "only runtime.GC counts as forced"


def test_no_cycle_begins_by_time_while_the_collector_is_off(run_case: RunCase) -> None:
    assert "cycles" in run_case("periodic", debug="gcperiod=100", gogc="off").output


def test_a_sleeping_scavenger_does_not_hide_a_deadlock(run_case: RunCase) -> None:
    done = run_case("stuck", timeout_seconds=60)
    assert done.status == 2
    assert "fatal error: all goroutines are asleep - deadlock!" in done.error
