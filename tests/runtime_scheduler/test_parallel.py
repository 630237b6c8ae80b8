"""Goroutines on several processors: channels, selects, locks, timers and stops of the world lose nothing and end.

The program checks what it can, and the runtime its invariants.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PROGRAM: Final = Path(__file__).parent / "parallel" / "main.go"
CASES: Final = ("closing", "locks", "pointers", "pulls", "refuse", "selects", "stops", "timers", "values")
STRESS: Final = "gcstress=1,clobberfree=1,gccheckmark=1"


def run(case: str, times: int, debug: str, processors: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tricolor.cli.main", "run", "--check=2", str(PROGRAM), case, str(times)]
    environment = os.environ | {"GOMAXPROCS": str(processors), "GODEBUG": f"processors={processors},{debug}"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("processors", [2, 4])
def test_nothing_is_lost_on_several_processors(case: str, processors: int) -> None:
    done = run(case, 300, "", processors)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("case", ["pointers", "pulls", "selects", "stops", "values"])
def test_nothing_is_lost_while_each_allocation_collects(case: str) -> None:
    done = run(case, 20, STRESS, 4)
    assert (done.returncode, done.stderr) == (0, "")
