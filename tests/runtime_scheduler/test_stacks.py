"""Segmented stacks in compiled programs: growth, arguments and results across a change of segments, the limit."""

from __future__ import annotations

import re

import pytest

from tests.runtime_scheduler.conftest import STRESS, Finished, RunCase

RIGHT = Finished(0, "", "")


def test_recursion_a_million_deep_works(run_case: RunCase) -> None:
    assert run_case("deep") == RIGHT


@pytest.mark.parametrize("debug", ["", STRESS], ids=["plain", "stress"])
def test_arguments_and_results_survive_a_change_of_segments(run_case: RunCase, debug: str) -> None:
    assert run_case("arguments", debug=debug) == RIGHT


def test_a_frame_larger_than_any_segment_gets_one_of_its_own(run_case: RunCase) -> None:
    assert run_case("large") == RIGHT


@pytest.mark.parametrize(("case", "limit"), [("overflow", 1_000_000_000), ("max-stack", 1 << 17)])
def test_a_stack_over_the_limit_ends_the_program_as_go_does(run_case: RunCase, case: str, limit: int) -> None:
    done = run_case(case)
    assert done.status == 2
    first, place, rest = done.error.split("\n", 2)
    assert first == f"runtime: goroutine stack exceeds {limit}-byte limit"
    sp, low, high = (int(each, 16) for each in re.findall("0x[0-9a-f]+", place))
    assert place == f"runtime: sp={sp:#x} stack=[{low:#x}, {high:#x}]"
    assert low < sp < high
    assert rest.startswith("fatal error: stack overflow\n\ngoroutine 1 gp=0x")
    assert re.search(r"m=\d+ mp=0x[0-9a-f]+ \[running\]:\nmain\.deep\(\.\.\.\)\n", rest)


@pytest.mark.parametrize("debug", ["", "gcshrinkstackoff=1"])
def test_stacks_that_goroutines_do_not_use_any_more_are_freed(run_case: RunCase, debug: str) -> None:
    assert run_case("shrink", *debug.split(), debug=debug) == RIGHT


@pytest.mark.parametrize("debug", ["", "adaptivestackstart=0"])
def test_stacks_begin_with_what_others_use(run_case: RunCase, debug: str) -> None:
    assert run_case("start", *debug.split(), debug=debug) == RIGHT


@pytest.mark.parametrize("debug", ["", STRESS], ids=["plain", "stress"])
def test_segments_that_are_freed_and_entered_again_work(run_case: RunCase, debug: str) -> None:
    assert run_case("boundary", debug=debug) == RIGHT


def test_a_recovered_panic_goes_on_in_the_segment_of_the_function_that_defers(run_case: RunCase) -> None:
    assert run_case("recover") == RIGHT
