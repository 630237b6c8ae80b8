"""Run a Go program with the real toolchain, for comparison."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GO = Path(sys.executable).parent / "go"


def run_go(source: str, folder: Path) -> list[str]:
    """Standard output and error lines of a one-file program."""
    (folder / "main.go").write_text(source)
    (folder / "go.mod").write_text("module example\n\ngo 1.27\n")
    env = dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local", GOPROXY="off")
    done = subprocess.run([GO, "run", "."], cwd=folder, env=env, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).splitlines()
