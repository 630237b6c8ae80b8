"""Run the command as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def tricolor(tmp_path: Path) -> Run:
    """Runs ``tricolor`` in an empty folder; ``environment`` adds variables."""

    def run(*words: str, stdin: str = "", environment: dict[str, str] | None = None) -> Done:
        command = [str(Path(sys.executable).parent / "tricolor"), *words]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=os.environ | (environment or {}),
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run
