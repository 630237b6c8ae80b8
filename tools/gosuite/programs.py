"""Find the programs of the suite that begin with ``// run``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

SUITE = Path("/usr/share/go-1.19/test")
_CONSTRAINT = re.compile(r"^//\s*(\+build|go:build)\b")


@final
@dataclass(frozen=True, slots=True)
class Program:
    """``name``: the path relative to the suite; ``arguments``: the program's arguments."""

    name: str
    path: Path
    arguments: tuple[str, ...]


def programs(folder: str, suite: Path = SUITE) -> list[Program]:
    """The runnable programs of one folder (``.`` is the top folder), sorted by name. Raises FileNotFoundError."""
    found: list[Program] = []
    root = suite / folder
    if not root.is_dir():
        raise FileNotFoundError(root)
    for path in sorted(root.glob("*.go")):
        arguments = _run_arguments(path)
        if arguments is not None:
            found.append(Program(str(path.relative_to(suite)), path, arguments))
    return found


def _run_arguments(path: Path) -> tuple[str, ...] | None:
    """The arguments on the ``// run`` line that begins the file; None if the file has no such line."""
    for line in path.read_text(errors="replace").splitlines():
        if not line.strip() or _CONSTRAINT.match(line):
            continue
        words = line.removeprefix("//").split()
        return tuple(words[1:]) if line.startswith("//") and words[:1] == ["run"] else None
    return None
