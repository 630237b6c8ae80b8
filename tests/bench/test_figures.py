"""Figures, ratios and limits, with runs that no program made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import bench.__main__ as command
from bench.figures import Figure, Row, Run, RunFault, make_rows, parse_figures, scaling_rows
from bench.measure import last_line, run
from bench.workloads import Limit, Workload


def printed(text: str, wall: float = 1.0, peak: float = 100.0) -> Run:
    return Run(wall, peak, text)


def rows_of(limit: Limit, theirs: Sequence[float], ours: Sequence[float], procs: int = 1) -> Row:
    """The row of the figure f of a program that printed these values."""
    workload = Workload("w", (), (), (limit,), prints_figures=True)
    pairs = [(printed(f"f {a} ns\n"), printed(f"f {b} ns\n")) for a, b in zip(theirs, ours, strict=True)]
    return make_rows(workload, procs, pairs)[0]


def test_a_line_is_a_name_a_value_and_a_unit() -> None:
    assert parse_figures("start 1.5e+03 ns\np99.9 0 us\n") == [Figure("start", 1500, "ns"), Figure("p99.9", 0, "us")]


@pytest.mark.parametrize("line", ["start 5", "start fast ns", "start 5 ns each", "  "])
def test_another_line_is_a_fault(line: str) -> None:
    with pytest.raises(RunFault, match=line):
        parse_figures(line + "\n")


def test_a_row_has_the_medians_their_ratio_and_the_range_of_the_pairs() -> None:
    row = rows_of(Limit("f"), [10, 20, 40], [9, 5, 10])
    assert (row.go, row.tricolor, row.ratio, row.lowest, row.highest) == (20, 9, 0.45, 0.25, 0.9)
    assert (row.limits, row.over) == ("", False)


@pytest.mark.parametrize(("ours", "over"), [(9, False), (10, False), (11, True)])
def test_less_is_better_unless_said(ours: float, over: bool) -> None:
    row = rows_of(Limit("f", 0.5, 0.5), [20], [ours])
    assert (row.limits, row.over) == ("<= 0.5", over)


@pytest.mark.parametrize(("ours", "over"), [(21, True), (22, False), (90, False)])
def test_more_may_be_better(ours: float, over: bool) -> None:
    row = rows_of(Limit("f", 1.1, 1.1, more_is_better=True), [20], [ours])
    assert (row.limits, row.over, row.more_is_better) == (">= 1.1", over, True)


@pytest.mark.parametrize(("ours", "over"), [(20, False), (20.5, True)])
def test_a_value_has_a_limit_of_its_own(ours: float, over: bool) -> None:
    row = rows_of(Limit("f", value=20), [1], [ours])
    assert (row.limits, row.over) == ("<= 20 ns", over)


def test_both_limits_count() -> None:
    assert not rows_of(Limit("f", 0.5, 0.5, value=20), [40], [20]).over
    assert rows_of(Limit("f", 0.5, 0.5, value=20), [60], [21]).over
    assert rows_of(Limit("f", 0.5, 0.5, value=20), [30], [20]).over


def test_two_processors_have_limits_of_their_own() -> None:
    limit = Limit("f", 0.8, 1.0)
    assert rows_of(limit, [10], [9], procs=1).over
    assert not rows_of(limit, [10], [9], procs=2).over
    assert not rows_of(Limit("f", 0.8), [10], [90], procs=2).over


def test_there_is_no_ratio_to_zero_and_it_meets_no_limit() -> None:
    row = rows_of(Limit("f"), [0, 0], [5, 5])
    assert (row.ratio, row.lowest, row.over) == (None, None, False)
    assert rows_of(Limit("f", 1.0, 1.0), [0], [5]).over


def test_wall_and_peak_are_measured_from_outside() -> None:
    workload = Workload("w", (), (), (Limit("wall", 0.4), Limit("peak", 1.1)))
    rows = make_rows(workload, 1, [(printed("5\n", 10, 100), printed("5\n", 3, 120))])
    assert [(r.figure, r.unit, r.ratio, r.over) for r in rows] == [("wall", "s", 0.3, False), ("peak", "MB", 1.2, True)]


def test_a_program_that_prints_figures_has_no_wall_time() -> None:
    workload = Workload("w", (), (), (), prints_figures=True)
    assert [row.figure for row in make_rows(workload, 1, [(printed("f 1 ns"), printed("f 1 ns"))])] == ["f", "peak"]


def test_outputs_must_be_the_same() -> None:
    with pytest.raises(RunFault, match="outputs differ"):
        make_rows(Workload("w", (), (), ()), 1, [(printed("5\n"), printed("6\n"))])


def test_all_runs_print_the_same_figures_and_those_with_a_limit() -> None:
    workload = Workload("w", (), (), (Limit("g", 1.0),), prints_figures=True)
    with pytest.raises(RunFault, match="another g, peak"):
        make_rows(workload, 1, [(printed("f 1 ns"), printed("g 1 ns"))])
    with pytest.raises(RunFault, match="no run printed g"):
        make_rows(workload, 1, [(printed("f 1 ns"), printed("f 1 ns"))])


@pytest.mark.parametrize(("on_two", "over"), [(16, True), (17, False)])
def test_a_second_processor_must_bring_something(on_two: float, over: bool) -> None:
    workload = Workload("w", (), (), (Limit("f", more_is_better=True, scaling=1.7),), prints_figures=True)
    one = make_rows(workload, 1, [(printed("f 5 GB/s"), printed("f 10 GB/s"))])
    two = make_rows(workload, 2, [(printed("f 6 GB/s"), printed(f"f {on_two} GB/s"))])
    (row,) = scaling_rows(workload, one, two)
    assert (row.procs, row.go, row.tricolor, row.limits, row.over) == ("2/1", 1.2, on_two / 10, ">= 1.7 times", over)


class Fakes:
    """Stands for ``measure``: Tricolor's value of ``new`` by number of processors."""

    def __init__(self, ours: dict[int, float]) -> None:
        self.ours = ours
        self.asked: list[tuple[str, Sequence[str], int]] = []

    def measure(self, workload: Workload, arguments: Sequence[str], runs: int, procs: Sequence[int]) -> dict[int, list[tuple[Run, Run]]]:
        self.asked.append((workload.name, arguments, runs))
        if workload.name == "broken":
            raise RunFault("it ended with status 2: out of [memory]")
        return {n: [(printed("new 10 ns"), printed(f"new {self.ours[n]} ns"))] * runs for n in procs}


WORKLOADS = (
    Workload("good", ("1000",), ("1",), (Limit("new", 0.6, 0.6),), prints_figures=True),
    Workload("broken", (), (), ()),
)


def bench_with(monkeypatch: pytest.MonkeyPatch, fakes: Fakes, *arguments: str) -> int:
    monkeypatch.setattr(command, "measure", fakes.measure)
    monkeypatch.setattr(command, "WORKLOADS", WORKLOADS)
    return command.main(arguments)


def test_the_exit_status_says_whether_a_limit_is_exceeded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_with(monkeypatch, Fakes({1: 6}), "good") == 0
    assert "over" not in capsys.readouterr().out
    assert bench_with(monkeypatch, Fakes({1: 7}), "good") == 1
    assert "over" in capsys.readouterr().out
    assert bench_with(monkeypatch, Fakes({1: 6, 2: 7}), "good", "--procs", "1,2") == 1


def test_a_program_that_fails_is_a_line_and_the_others_still_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench_with(monkeypatch, Fakes({1: 6})) == 1
    out = capsys.readouterr().out
    assert "FAILED broken: it ended with status 2: out of [memory]" in out
    assert "<= 0.6" in out


def test_sizes_runs_and_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fakes = Fakes({1: 5})
    bench_with(monkeypatch, fakes, "good", "--runs", "7", "--json", str(tmp_path / "rows.json"))
    bench_with(monkeypatch, fakes, "good", "--small")
    assert fakes.asked == [("good", ("1000",), 7), ("good", ("1",), 5)]
    row = json.loads((tmp_path / "rows.json").read_text())[0]
    assert (row["figure"], row["ratio"], row["over"], row["more_is_better"]) == ("new", 0.5, False, False)


@pytest.mark.parametrize("arguments", [("other",), ("--runs", "0"), ("--procs", "0"), ("--procs", "two"), ("--procs", "1,")])
def test_a_wrong_command_line_is_refused(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        bench_with(monkeypatch, Fakes({1: 5}), *arguments)
    assert refused.value.code == 2


def test_a_run_has_time_memory_and_output_and_may_fail() -> None:
    done = run(["/bin/sh", "-c", "sleep 0.05; echo $GOMAXPROCS"], 2)
    assert done.output == "2\n"
    assert done.wall >= 0.05
    assert done.peak > 0
    with pytest.raises(RunFault, match=r"status 3: two$"):
        run(["/bin/sh", "-c", "echo one >&2; echo two >&2; exit 3"], 1)
    assert last_line(b"") == "it printed nothing"
