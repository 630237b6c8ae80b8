"""A budget of allocations is written, read and compared exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tricolor.base.errors import UsageError
from tricolor.gotest.allocations import Count, differences, read_budget, read_counts, write_budget

COUNTS = {("p", "TestA"): Count(3, 48), ("p", "BenchmarkB/sub"): Count(1, 16), ("q", "TestC"): Count(0, 0)}


def test_a_budget_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "budget"
    assert read_budget(path) is None
    write_budget(path, COUNTS)
    assert read_budget(path) == COUNTS
    assert path.read_text().splitlines()[1:] == ["p BenchmarkB/sub 1 16", "p TestA 3 48", "q TestC 0 0"]


def test_counts_come_from_the_binarys_file_and_from_lines_of_benchmarks(tmp_path: Path) -> None:
    (tmp_path / "counts").write_text("TestA 3 48\n")
    printed = b"goos: linux\nBenchmarkB/sub \t     100\t        10.00 ns/op\t   2.00 x/op\t      16 B/op\t       1 allocs/op\nPASS\n"
    assert read_counts("p", tmp_path / "counts", printed) == {("p", "TestA"): Count(3, 48), ("p", "BenchmarkB/sub"): Count(1, 16)}
    assert read_counts("p", tmp_path / "none", b"PASS\n") == {}


def test_each_difference_is_one_line_and_a_test_that_did_not_run_is_none() -> None:
    changed = {("p", "TestA"): Count(5, 64), ("q", "TestC"): Count(0, 8), ("q", "TestNew"): Count(1, 8)}
    assert differences(COUNTS, changed) == [
        "p TestA: 5 objects, 64 B; the budget is 3 objects, 48 B (+2 objects)",
        "q TestC: 0 objects, 8 B; the budget is 0 objects, 0 B (+8 B)",
        "q TestNew: 1 object, 8 B, not in the budget",
    ]
    assert differences(COUNTS, COUNTS) == []


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "budget").write_text("# head\n\nsome text\n")
    with pytest.raises(UsageError, match=r"budget:3: this is no line of a budget: some text"):
        read_budget(tmp_path / "budget")
