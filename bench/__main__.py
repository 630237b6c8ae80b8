"""Command line of the benchmarks. The exit status is 1 if a figure is over its limit, a program fails or outputs differ."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import final

from rich.console import Console
from rich.table import Table

import bench
from bench.figures import Row, Run, RunFault, make_rows, scaling_rows
from bench.measure import measure
from bench.workloads import WORKLOADS, Workload


@final
@dataclass(frozen=True, slots=True)
class Report:
    """``faults`` holds a line for each workload that gave no rows."""

    rows: list[Row] = field(default_factory=list[Row])
    faults: list[str] = field(default_factory=list[str])

    @property
    def exit_status(self) -> int:
        return 1 if self.faults or any(row.over for row in self.rows) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen workloads and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", help="workloads to measure; default: all")
    parser.add_argument("--runs", type=int, default=5, help="number of pairs of runs")
    parser.add_argument("--procs", default="1", help="GOMAXPROCS; 1,2 measures with one and with two and compares them")
    parser.add_argument("--small", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument("--json", help="write the rows to this file")
    options = parser.parse_args(arguments)
    chosen = [w for w in WORKLOADS if not options.names or w.name in options.names]
    unknown = set(options.names) - {w.name for w in WORKLOADS}
    if unknown:
        parser.error(f"unknown workload {', '.join(sorted(unknown))}: use {', '.join(w.name for w in WORKLOADS)}")
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    try:
        procs = sorted({int(n) for n in options.procs.split(",")})
    except ValueError:
        procs = []
    if not procs or procs[0] < 1:
        parser.error(f"--procs: {options.procs!r} is not a list of numbers from 1 on")
    report = Report()
    for workload in chosen:
        print(f"measuring {workload.name}", file=sys.stderr, flush=True)
        add(report, workload, workload.small if options.small else workload.arguments, options.runs, procs)
    print_table(report)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(row) for row in report.rows], indent=1) + "\n")
    return report.exit_status


def add(report: Report, workload: Workload, arguments: Sequence[str], runs: int, procs: Sequence[int]) -> None:
    """Measure one workload, and put its rows or its fault into the report."""
    try:
        add_rows(report, workload, measure(workload, arguments, runs, procs))
    except RunFault as fault:
        report.faults.append(f"{workload.name}: {fault}")


def add_rows(report: Report, workload: Workload, pairs: dict[int, list[tuple[Run, Run]]]) -> None:
    rows = {procs: make_rows(workload, procs, runs) for procs, runs in pairs.items()}
    for some in rows.values():
        report.rows.extend(some)
    if 1 in rows and 2 in rows:
        report.rows.extend(scaling_rows(workload, rows[1], rows[2]))


def print_table(report: Report) -> None:
    """Print medians and ratios. Below 1 Tricolor is better, except where the table says that more is better."""
    table = Table("workload", "procs", "figure", "go", "tricolor", "unit", "ratio", "min..max", "limit", "", box=None)
    for row in report.rows:
        table.add_row(
            row.workload,
            row.procs,
            row.figure + (" (more is better)" if row.more_is_better else ""),
            f"{row.go:.4g}",
            f"{row.tricolor:.4g}",
            row.unit,
            ratio_text(row.ratio),
            f"{ratio_text(row.lowest)}..{ratio_text(row.highest)}",
            row.limits,
            "over" if row.over else "",
        )
    console = Console(width=140)
    console.print(table)
    for fault in report.faults:
        console.print(f"FAILED {fault}", markup=False, highlight=False)


def ratio_text(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


if __name__ == "__main__":
    sys.exit(main())
