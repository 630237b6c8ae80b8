"""Go programs that use the whole language print what real Go prints.

``programs/NAME.out`` is what ``go run programs/NAME.go`` (1.27.3) writes to stderr. With
``--check=1`` the compiler verifies its IR between passes, and the runtime checks its invariants.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.stem for p in PROGRAMS.glob("*.go")))
def test_a_program_prints_what_real_go_prints(name: str) -> None:
    command = [sys.executable, "-m", "tricolor.cli.main", "run", "--check=1", str(PROGRAMS / f"{name}.go")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stderr == (PROGRAMS / f"{name}.out").read_text()
    assert done.returncode == 0
