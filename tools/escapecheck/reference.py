"""What Go's compiler prints for a package."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from tricolor.frontend.toolchain import find_toolchain, go_environment


def real_lines(package: str, directory: Path, effects: bool = False) -> Counter[str]:
    """Lines ``file:line:column: message`` with absolute file names; the go command replays them from its cache."""
    toolchain = find_toolchain()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(toolchain.go), "build", "-o", f"{folder}/out", "-gcflags=-m -l" + (" -d=escapemutationscalls=1" if effects else ""), package],
            cwd=directory,
            env=go_environment(toolchain) | {"GOFLAGS": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if "build constraints exclude all Go files" in done.stderr or "no non-test Go files" in done.stderr:
        return Counter()
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Counter(_absolute(line, directory) for line in done.stderr.splitlines() if not line.startswith("#"))


def _absolute(line: str, directory: Path) -> str:
    file, _, rest = line.partition(":")
    if not file.endswith(".go"):
        return line  # no position
    return f"{(directory / file).resolve()}:{rest}"
