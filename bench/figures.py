"""Figures of runs, and what follows from them: medians, ratios, and which limit is exceeded."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from bench.workloads import Limit, Workload


class RunFault(Exception):
    """A program failed, or did not print what it should."""


@final
@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str


@final
@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program: ``wall`` in seconds, ``peak`` resident memory in MB, and what it printed."""

    wall: float
    peak: float
    output: str


@final
@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one figure on both sides, the ratio of Tricolor's to real Go's, and the range of the ratios of all pairs.

    Ratios are None where real Go's figure is zero. ``limits`` are in words; ``over``: one of them is exceeded.
    """

    workload: str
    procs: str
    figure: str
    unit: str
    go: float
    tricolor: float
    ratio: float | None
    lowest: float | None
    highest: float | None
    more_is_better: bool
    limits: str
    over: bool


def parse_figures(output: str) -> list[Figure]:
    """Read lines ``name value unit``. Raises RunFault at any other line."""
    figures: list[Figure] = []
    for line in output.splitlines():
        match line.split():
            case [name, value, unit]:
                try:
                    figures.append(Figure(name, float(value), unit))
                except ValueError:
                    raise RunFault(f"{line!r} holds no number") from None
            case _:
                raise RunFault(f"{line!r} is not a line of name, value and unit")
    return figures


def figures_of(workload: Workload, run: Run) -> list[Figure]:
    """What the program printed, if it prints figures, and what the bench measured. The start and end of programs that print are no result."""
    printed = parse_figures(run.output) if workload.prints_figures else [Figure("wall", run.wall, "s")]
    return [*printed, Figure("peak", run.peak, "MB")]


def ratio_of(ours: float, theirs: float) -> float | None:
    return ours / theirs if theirs else None


def make_rows(workload: Workload, procs: int, pairs: Sequence[tuple[Run, Run]]) -> list[Row]:
    """A row for each figure. Each pair is a run of real Go and a run of Tricolor.

    Raises RunFault if a run lacks a figure that another has or that has a limit, or if outputs that are no figures differ.
    """
    if not workload.prints_figures and len({run.output for pair in pairs for run in pair}) > 1:
        raise RunFault("the outputs differ")
    sides = [[figures_of(workload, pair[side]) for pair in pairs] for side in (0, 1)]
    names = [figure.name for figure in sides[0][0]]
    for figures in sides[0] + sides[1]:
        if [figure.name for figure in figures] != names:
            raise RunFault(f"one run printed the figures {', '.join(names)}, another {', '.join(figure.name for figure in figures)}")
    limits = {limit.figure: limit for limit in workload.limits}
    if missing := limits.keys() - set(names):
        raise RunFault(f"no run printed {', '.join(sorted(missing))}, which has a limit")
    rows: list[Row] = []
    for i, name in enumerate(names):
        theirs, ours = ([figures[i].value for figures in side] for side in sides)
        limit = limits.get(name, Limit(name))
        rows.append(compare(workload.name, procs, limit, sides[0][0][i].unit, theirs, ours))
    return rows


def compare(workload: str, procs: int, limit: Limit, unit: str, theirs: list[float], ours: list[float]) -> Row:
    """Compare the values of one figure, which came in pairs."""
    go, tricolor = statistics.median(theirs), statistics.median(ours)
    ratio = ratio_of(tricolor, go)
    ratios = [r for a, b in zip(theirs, ours, strict=True) if (r := ratio_of(b, a)) is not None]
    words: list[str] = []
    over = False
    wanted = limit.ratio_on(procs)
    if wanted is not None:
        words.append(f"{'>=' if limit.more_is_better else '<='} {wanted:g}")
        over |= ratio is None or exceeds(ratio, wanted, limit.more_is_better)
    if limit.value is not None:
        words.append(f"{'>=' if limit.more_is_better else '<='} {limit.value:g} {unit}")
        over |= exceeds(tricolor, limit.value, limit.more_is_better)
    return Row(
        workload,
        str(procs),
        limit.figure,
        unit,
        go,
        tricolor,
        ratio,
        min(ratios, default=None),
        max(ratios, default=None),
        limit.more_is_better,
        ", ".join(words),
        over,
    )


def exceeds(value: float, limit: float, more_is_better: bool) -> bool:
    return value < limit if more_is_better else value > limit


def scaling_rows(workload: Workload, on_one: Sequence[Row], on_two: Sequence[Row]) -> list[Row]:
    """How much faster each side is with two processors than with one, for the figures that have a limit for it."""
    rows: list[Row] = []
    for limit in workload.limits:
        if limit.scaling is None:
            continue
        one = next(row for row in on_one if row.figure == limit.figure)
        two = next(row for row in on_two if row.figure == limit.figure)
        go, tricolor = ratio_of(two.go, one.go), ratio_of(two.tricolor, one.tricolor)
        if go is None or tricolor is None:
            raise RunFault(f"{limit.figure} is zero")
        over = exceeds(tricolor, limit.scaling, limit.more_is_better)
        words = f">= {limit.scaling:g} times"
        ratio = ratio_of(tricolor, go)
        rows.append(Row(workload.name, "2/1", limit.figure, "times", go, tricolor, ratio, ratio, ratio, True, words, over))
    return rows
