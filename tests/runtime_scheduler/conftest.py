"""Runs a case of the Go program of these tests."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

PROGRAM = sorted(str(path) for path in (Path(__file__).parent / "program").glob("*.go"))
CHECK_LEVEL = 3
STRESS = "gcstress=1,clobberfree=1,gccheckmark=1"
"""Collects at every allocation, overwrites what it frees, and marks twice to compare."""


@final
@dataclass(frozen=True, slots=True)
class Finished:
    """How a case ended."""

    status: int
    error: str
    output: str


RunCase = Callable[..., Finished]


@pytest.fixture(scope="session")
def run_case() -> RunCase:
    """Runs a case with all checks of the runtime; ``debug`` is GODEBUG, ``stack_bytes`` the size of threads' stacks."""
    tricolor = [sys.executable, "-m", "tricolor.cli.main", "run", f"--check={CHECK_LEVEL}", *PROGRAM]

    def run(*words: str, debug: str = "", timeout_seconds: float = 300, stack_bytes: int | None = None, gogc: str = "100") -> Finished:
        def limit() -> None:
            if stack_bytes is not None:
                resource.setrlimit(resource.RLIMIT_STACK, (stack_bytes, resource.RLIM_INFINITY))

        done = subprocess.run(
            [*tricolor, *words],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            env=os.environ | {"GODEBUG": debug, "GOGC": gogc},
            preexec_fn=limit,
        )
        return Finished(done.returncode, done.stderr, done.stdout)

    return run
