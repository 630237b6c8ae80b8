"""Goroutines in compiled programs: queueing, sleeping, preemption, the ends of a program."""

from __future__ import annotations

from tests.runtime_scheduler.conftest import STRESS, Finished, RunCase

RIGHT = Finished(0, "", "")


def test_goroutines_run_and_their_records_are_used_again(run_case: RunCase) -> None:
    assert run_case("many") == RIGHT


def test_sleepers_wake_in_order_of_their_times(run_case: RunCase) -> None:
    assert run_case("sleep", debug=STRESS) == RIGHT


def test_a_busy_goroutine_is_preempted(run_case: RunCase) -> None:
    assert run_case("busy") == RIGHT


def test_a_deadlock_ends_the_program_with_a_trace(run_case: RunCase) -> None:
    done = run_case("block")
    assert done.status == 2
    assert done.error.startswith("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n")


def test_a_fault_is_reported_and_ends_the_program(run_case: RunCase) -> None:
    done = run_case("fault")
    assert done.status == 2
    assert done.error.startswith("unexpected fault address 0x1000\nfatal error: fault\n[signal SIGSEGV: segmentation violation")


def test_the_exit_status_is_given_from_any_goroutine(run_case: RunCase) -> None:
    assert run_case("exit") == Finished(7, "", "")
