"""Golden files of escape analysis: rules, each with a Go program and the lines that Go's compiler prints about it.

``python -m tools.escapecheck.golden FILE...`` records the compiler's lines again. Each case has a heading ``## rule``, prose, a ``go`` block (a whole
package called p), and an ``escape`` block with lines ``line:column: message`` in order of position. A ``flows`` block instead of it has the lines
of -m=2.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tools.escapecheck.ours import our_lines
from tools.escapecheck.reference import go_build
from tricolor.escape.messages import Detail
from tricolor.frontend.toolchain import find_toolchain

_CASE: Final = re.compile(
    r"^## (?P<title>[^\n]+)\n(?P<prose>.*?)```go\n(?P<go>.*?)```\n\n```(?P<kind>escape|flows)\n(?P<lines>.*?)```\n",
    re.MULTILINE | re.DOTALL,
)
_FILE: Final = re.compile(r"(?P<before>^| )(?:[^ ]*/)?c[0-9]+/p\.go:")


@final
@dataclass(frozen=True, slots=True)
class Case:
    """One rule. ``lines``: the compiler's lines, sorted by position; ``flows``: whether these are the lines of -m=2."""

    title: str
    go: str
    lines: tuple[str, ...]
    flows: bool


def read_cases(text: str) -> list[Case]:
    """The cases of a golden file."""
    return [Case(m["title"], m["go"], tuple(m["lines"].splitlines()), m["kind"] == "flows") for m in _CASE.finditer(text)]


def write_module(folder: Path, cases: Sequence[Case]) -> None:
    """Write a module with a package per case."""
    (folder / "go.mod").write_text("module golden\n\ngo 1.27\n")
    for number, case in enumerate(cases):
        package = folder / f"c{number}"
        package.mkdir()
        (package / "p.go").write_text(case.go)
        (package / "p.s").write_text("")  # lets functions have no bodies


def compiler_lines(folder: Path, cases: Sequence[Case]) -> list[tuple[str, ...]]:
    """The lines that Go's compiler prints about each package of the module. Raises RuntimeError."""
    flags = [f"-gcflags=golden/c{number}={'-m=2' if case.flows else '-m'} -l" for number, case in enumerate(cases)]
    status, text = go_build(folder, *flags, "./...")
    if status:
        raise RuntimeError(text)
    found: list[list[str]] = [[] for _ in cases]
    package = 0
    for line in text.splitlines():
        if line.startswith("# "):
            package = int(line.rpartition("/c")[2])
        else:
            found[package].append(_portable(line))
    return [tuple(sorted(lines, key=_by_position)) for lines in found]


def tricolor_lines(folder: Path, cases: Sequence[Case]) -> list[tuple[str, ...]]:
    """The lines that Tricolor prints about each package of the module."""
    by_flows = {flows: our_lines(["./..."], folder, True, Detail(flows)) for flows in {case.flows for case in cases}}
    found: list[tuple[str, ...]] = []
    for number, case in enumerate(cases):
        lines = by_flows[case.flows][f"golden/c{number}"]
        found.append(tuple(sorted(map(_portable, lines.elements()), key=_by_position)))
    return found


def _portable(line: str) -> str:
    """The line without the name of the case's file, and with $GOROOT for the folder of the Go installation."""
    return _FILE.sub(r"\g<before>", line.replace(str(find_toolchain().root), "$GOROOT"))


def _by_position(line: str) -> tuple[int, int, str]:
    parts = line.split(":", 2)
    if len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit():
        return int(parts[0]), int(parts[1]), parts[2]
    return 0, 0, line


def record(path: Path) -> None:
    """Write the compiler's lines into a golden file."""
    text = path.read_text()
    cases = read_cases(text)
    with tempfile.TemporaryDirectory() as name:
        write_module(Path(name), cases)
        recorded = iter(compiler_lines(Path(name), cases))

    def replaced(match: re.Match[str]) -> str:
        lines = "".join(f"{line}\n" for line in next(recorded))
        return f"## {match['title']}\n{match['prose']}```go\n{match['go']}```\n\n```{match['kind']}\n{lines}```\n"

    path.write_text(_CASE.sub(replaced, text))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        record(Path(argument))
