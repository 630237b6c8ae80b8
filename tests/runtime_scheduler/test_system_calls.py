"""System calls that block, and descriptors that goroutines wait for, in compiled programs."""

from __future__ import annotations

import pytest

from tests.runtime_scheduler.conftest import STRESS, Finished, RunCase

RIGHT = Finished(0, "", "")


@pytest.mark.parametrize("debug", ["", STRESS])
@pytest.mark.parametrize("case", ["calls", "pipes", "deadlines", "closing"])
def test_a_goroutine_that_waits_for_the_system_lets_others_run(run_case: RunCase, case: str, debug: str) -> None:
    assert run_case(case, debug=debug) == RIGHT


def test_what_a_blocked_call_reads_or_writes_stays_alive(run_case: RunCase) -> None:
    assert run_case("buffers", debug="clobberfree=1,gccheckmark=1") == RIGHT


def test_the_program_ends_although_a_call_blocks(run_case: RunCase) -> None:
    assert run_case("exit-call") == Finished(7, "", "")


def test_traces_show_a_goroutine_in_a_system_call(run_case: RunCase) -> None:
    assert run_case("in-call") == RIGHT


def test_a_thread_that_cannot_be_started_ends_the_program(run_case: RunCase) -> None:
    done = run_case("calls", stack_bytes=1 << 46)
    assert done.status == 2
    assert done.error.startswith("runtime: failed to create new OS thread (have 0 already; errno=11)\n")
    assert done.error.endswith("fatal error: newosproc\n")
