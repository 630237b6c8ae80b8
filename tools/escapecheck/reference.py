"""Get the lines that Go's compiler prints."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tricolor.frontend.toolchain import find_toolchain, go_environment


def go_build(directory: Path, *words: str) -> tuple[int, str]:
    """Run real Go's build with these flags and packages; return its exit status and its output."""
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
    """The lines ``file:line:column: message`` about each package that has any, by package path. File names are relative to ``directory``.

    The go command replays lines from its cache. One command builds all packages: the flags apply to the named packages, and Go compiles the
    others with inlining. Raises RuntimeError if the build fails."""
    # Building several packages writes no file, so add unsafe, which has no code. With profiles Go would compile some packages twice.
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
