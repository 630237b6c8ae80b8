"""What Go's compiler prints for a package."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from tricolor.frontend.toolchain import find_toolchain, go_environment


def go_build(directory: Path, *words: str) -> tuple[int, str]:
    """Exit status of real Go's build with these flags and packages, and what it prints."""
    toolchain = find_toolchain()
    done = subprocess.run(
        [str(toolchain.go), "build", *words],
        cwd=directory,
        env=go_environment(toolchain) | {"GOFLAGS": "", "PWD": str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def real_lines(package: str, directory: Path, flags: str = "-m -l") -> Counter[str]:
    """Lines ``file:line:column: message`` with file names as seen from ``directory``; the go command replays them from its cache."""
    with tempfile.TemporaryDirectory() as folder:
        status, text = go_build(directory, "-o", f"{folder}/out", f"-gcflags={flags}", package)
    if "build constraints exclude all Go files" in text or "no non-test Go files" in text:
        return Counter()
    if status:
        raise RuntimeError(text)
    return Counter(line for line in text.splitlines() if not line.startswith("#"))
