"""Results are kept by package and setting, and a page shows all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.stdtest.events import Comparison, Outcome
from tools.stdtest.results import Result, read_results, replaced, result_of, write_results
from tools.stdtest.table import page
from tricolor.base.errors import UsageError

WHOLE = Result("a", "default", 3, {}, whole=True, seconds=0.5, real_seconds=2.0, reason="")
BROKEN = Result("b", "GOMAXPROCS=4", 1, {"TestB": "fail"}, whole=False, seconds=0.0, real_seconds=0.0, reason="no")


def test_results_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "results"
    assert read_results(path) == []
    write_results(path, [BROKEN, WHOLE])
    assert read_results(path) == [WHOLE, BROKEN]


@pytest.mark.parametrize("line", [b"not json", b"[1]", b"3", b'{"package": "a"}', b"\xff"])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "results"
    write_results(path, [WHOLE])
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(UsageError, match=r"results:2: not a result"):
        read_results(path)


def test_a_result_replaces_one_of_the_same_package_and_setting_only() -> None:
    again = Result("b", "GOMAXPROCS=4", 1, {}, whole=True, seconds=0.0, real_seconds=0.0, reason="")
    other = Result("b", "default", 1, {}, whole=True, seconds=0.0, real_seconds=0.0, reason="")
    assert replaced([WHOLE, BROKEN], again) == [WHOLE, again]
    assert replaced([WHOLE, BROKEN], other) == [WHOLE, BROKEN, other]


def test_what_a_package_lost_is_kept_with_its_reason() -> None:
    real = Outcome({"TestA": "pass", "TestB": "pass", "TestC": "skip"}, "pass", 1.0, "ok")
    ours = Outcome({"TestA": "pass"}, "fail", 1.0, "died")
    assert result_of(Comparison("p", real, ours), "default") == Result("p", "default", 2, {"TestB": "not run"}, False, 0.0, 0.0, "died")
    assert result_of(Comparison("p", real, real), "default") == Result("p", "default", 2, {}, True, 1.0, 1.0, "")


def test_a_page_has_sums_rows_and_what_is_left() -> None:
    text = page([BROKEN, WHOLE], ["a", "b", "c"])
    assert "| `default` | 1 of 3 | 1 | 3 | 3 (100.00 %) | 0.25 of Go's in 1 packages |" in text
    assert "| `GOMAXPROCS=4` | 1 of 3 | 0 | 1 | 0 (0.00 %) | - |" in text
    assert "| a |  | 3 |" in text
    assert "| b | 0 of 1 |  |" in text
    assert "| b | TestB | `GOMAXPROCS=4` | fail | not known yet |" in text
    assert text.endswith("## Not run yet: 1 packages\n\nc\n")


def test_times_under_checks_are_not_compared() -> None:
    checked = Result("a", "GODEBUG=gcstress=1", 3, {}, whole=True, seconds=0.5, real_seconds=2.0, reason="")
    assert "| `GODEBUG=gcstress=1` | 1 of 1 | 1 | 3 | 3 (100.00 %) | - |" in page([checked], ["a"])


def test_a_page_of_whole_packages_says_so() -> None:
    text = page([WHOLE], ["a"])
    assert "Nothing of what was run." in text
    assert "Not run yet" not in text
