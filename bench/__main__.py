"""Command line of the benchmarks. The exit status is 1 if a ratio exceeds its limit or outputs differ."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from rich.console import Console
from rich.table import Table

from bench.workloads import WORKLOADS, Workload


@final
@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program; times in seconds."""

    wall: float
    cpu: float
    output: bytes


@final
@dataclass(frozen=True, slots=True)
class Result:
    """The median times, and the ratios of Tricolor to Go: the median, lowest and highest of all pairs of runs."""

    name: str
    go_seconds: float
    tricolor_seconds: float
    ratio: float
    lowest: float
    highest: float
    limit: float
    same_output: bool


def main() -> int:
    """Measure the chosen workloads and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="workloads to measure; default: all")
    parser.add_argument("--runs", type=int, default=5, help="number of pairs of runs that count")
    parser.add_argument("--procs", type=int, default=1, help="GOMAXPROCS")
    parser.add_argument("--json", help="write the results to this file")
    options = parser.parse_args()
    chosen = [w for w in WORKLOADS if not options.names or w.name in options.names]
    unknown = set(options.names) - {w.name for w in WORKLOADS}
    if unknown:
        parser.error(f"unknown workload {', '.join(sorted(unknown))}: use {', '.join(w.name for w in WORKLOADS)}")
    results = [measure(workload, options.runs, options.procs) for workload in chosen]
    print_table(results)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(r) for r in results], indent=1) + "\n")
    return 0 if all(r.ratio <= r.limit and r.same_output for r in results) else 1


def measure(workload: Workload, runs: int, procs: int) -> Result:
    """Run real Go and Tricolor in turn. The first run of each compiles and does not count."""
    tools = Path(sys.executable).parent
    environment = os.environ | {"GOMAXPROCS": str(procs)}
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / workload.name
        subprocess.run([tools / "go", "build", "-o", binary, workload.source], check=True)
        go = [str(binary), *workload.arguments]
        tricolor = [
            shutil.which("tricolor", path=str(tools)) or "tricolor",
            "run",
            str(workload.source),
            *workload.arguments,
        ]
        first = (run(go, environment), run(tricolor, environment))
        pairs = [(run(go, environment), run(tricolor, environment)) for _ in range(runs)]
    ratios = sorted(ours.wall / theirs.wall for theirs, ours in pairs)
    return Result(
        workload.name,
        statistics.median(theirs.wall for theirs, _ in pairs),
        statistics.median(ours.wall for _, ours in pairs),
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        workload.limit,
        all(theirs.output == ours.output for theirs, ours in [first, *pairs]),
    )


def run(command: list[str], environment: dict[str, str]) -> Run:
    """Time one run. Raises CalledProcessError if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.stderr.write(done.stderr.decode("utf-8", "replace")[-2000:])
        raise subprocess.CalledProcessError(done.returncode, command)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, done.stdout)


def print_table(results: list[Result]) -> None:
    """Print medians and ratios. A ratio below 1 means that Tricolor is faster."""
    table = Table("workload", "go s", "tricolor s", "ratio", "min..max", "limit", "output", box=None)
    for r in results:
        verdict = "" if r.ratio <= r.limit else "  over"
        table.add_row(
            r.name,
            f"{r.go_seconds:.3f}",
            f"{r.tricolor_seconds:.3f}",
            f"{r.ratio:.2f}",
            f"{r.lowest:.2f}..{r.highest:.2f}",
            f"{r.limit:.2f}{verdict}",
            "same" if r.same_output else "DIFFERS",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
