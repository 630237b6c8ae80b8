"""What Go's compiler prints."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
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


def real_lines(packages: Sequence[str], directory: Path, flags: str = "-m -l") -> Mapping[str, Counter[str]]:
    """Lines ``file:line:column: message`` of each package that has any, by path, with file names as seen from ``directory``; the go
    command replays them from its cache. All packages are built by one command: flags hold for those that are named, others are
    compiled with inlining."""
    # Of several packages the go command writes no file; unsafe has no code. With profiles it would compile some packages twice.
    status, text = go_build(directory, "-pgo=off", f"-gcflags={flags}", *packages, "unsafe")
    if status:
        raise RuntimeError(text)
    found: dict[str, Counter[str]] = {}
    lines: Counter[str] = Counter()
    for line in text.splitlines():
        if line.startswith("# "):
            lines = found.setdefault(line[2:], Counter())
        else:
            lines[line] += 1
    return found
