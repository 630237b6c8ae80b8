"""The programs of the benchmarks compile and run, and print what their limits speak of. How fast they are is not tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Run, make_rows
from bench.workloads import PROGRAMS, WORKLOADS, Workload

TRICOLOR = Path(sys.executable).parent / "tricolor"


@pytest.mark.slow
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_program_prints_what_has_a_limit(workload: Workload) -> None:
    # Without optimisation it compiles in half the time.
    command = [TRICOLOR, "run", "-gcflags=-N", *workload.sources, *workload.small]
    environment = os.environ | {"GOMAXPROCS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    run = Run(1.0, 1.0, done.stdout)
    rows = make_rows(workload, 1, [(run, run)])
    assert {limit.figure for limit in workload.limits} <= {row.figure for row in rows}


def test_every_program_has_a_workload() -> None:
    used = {source for workload in WORKLOADS for source in workload.sources}
    assert used == set(PROGRAMS.glob("*.go"))
