"""What Go's compiler prints for a package."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from tricolor.frontend.toolchain import find_toolchain, go_environment


def real_lines(package: str, directory: Path, flags: str = "-m -l") -> Counter[str]:
    """Lines ``file:line:column: message`` with file names as seen from ``directory``; the go command replays them from its cache."""
    toolchain = find_toolchain()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(toolchain.go), "build", "-o", f"{folder}/out", f"-gcflags={flags}", package],
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
    return Counter(line for line in done.stderr.splitlines() if not line.startswith("#"))
