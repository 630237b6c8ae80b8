"""Make executables of a workload's program with real Go and with Tricolor, and run them in turn."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Run, RunFault
from bench.workloads import Workload

TOOLS = Path(sys.executable).parent


def tool(name: str) -> str:
    return shutil.which(name, path=str(TOOLS)) or name


def build(workload: Workload, folder: Path) -> tuple[list[str], list[str]]:
    """Compile with both. Returns the command of real Go's program and that of Tricolor's. Raises RunFault if it does not compile."""
    sources = [str(source) for source in workload.sources]
    go, ours = str(folder / "go"), str(folder / "tricolor")
    compile_program([tool("go"), "build", "-o", go, *sources])
    if workload.through_run:
        run([tool("tricolor"), "run", *sources], 1)  # compiled, and kept in the cache
        return [go], [tool("tricolor"), "run", *sources]
    compile_program([tool("tricolor"), "build", "-o", ours, *sources])
    return [go], [ours]


def compile_program(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RunFault(f"{' '.join(command)} failed: {last_line(done.stderr)}")


def measure(workload: Workload, arguments: Sequence[str], runs: int, procs: Sequence[int]) -> dict[int, list[tuple[Run, Run]]]:
    """For each number of processors the pairs of runs, real Go's first. Raises RunFault if a program does not compile or fails."""
    with tempfile.TemporaryDirectory() as folder:
        go, ours = build(workload, Path(folder))
        return {n: [(run([*go, *arguments], n), run([*ours, *arguments], n)) for _ in range(runs)] for n in procs}


def run(command: list[str], procs: int) -> Run:
    """Time one run. The peak counts only above that of this process, some 30 MB: Linux hands it on to its children. Raises RunFault."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, env=os.environ | {"GOMAXPROCS": str(procs)}, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise RunFault(f"{' '.join(command)} ended with status {process.returncode}: {last_line(errors.read())}")
        return Run(wall, usage.ru_maxrss * 1024 / 1e6, output.read().decode())


def last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
