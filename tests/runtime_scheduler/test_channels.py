"""Channels and select in compiled programs."""

from __future__ import annotations

import pytest

from tests.runtime_scheduler.conftest import STRESS, Finished, RunCase

RIGHT = Finished(0, "", "")


@pytest.mark.parametrize("debug", ["", STRESS], ids=["plain", "stress"])
@pytest.mark.parametrize("capacity", [0, 1, 7, 2000])
def test_values_arrive_in_order_and_close_ends_them(run_case: RunCase, capacity: int, debug: str) -> None:
    assert run_case("in-order", str(capacity), debug=debug) == RIGHT


@pytest.mark.parametrize("debug", ["", STRESS], ids=["plain", "stress"])
def test_elements_with_pointers_survive_collections(run_case: RunCase, debug: str) -> None:
    assert run_case("pointers", debug=debug) == RIGHT


def test_select_waits_for_several_and_chooses_fairly(run_case: RunCase) -> None:
    assert run_case("select") == RIGHT


def test_operations_that_would_wait_are_refused_without_blocking(run_case: RunCase) -> None:
    assert run_case("refuse") == RIGHT


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("close nil", "close of nil channel"),
        ("close twice", "close of closed channel"),
        ("send", "send on closed channel"),
        ("select", "send on closed channel"),
        ("make", "makechan: size out of range"),
    ],
)
def test_misuse_panics(run_case: RunCase, operation: str, text: str) -> None:
    done = run_case("misuse", operation)
    assert done.status == 2
    assert done.error.startswith(f"panic: {text}\n\ngoroutine 1 [running]:\nmain.misuse(...)\n")
