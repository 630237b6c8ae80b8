"""Golden files: each heading of ``golden/*.md`` is a rule, followed by Go source and the expected IR.

Set TRICOLOR_UPDATE_GOLDEN=1 to update the files.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

from tests.ir.conftest import build_sources
from tricolor.ir import nodes as n
from tricolor.ir.text import expr_text, func_text

_GOLDEN = Path(__file__).parent / "golden"
_CASE = re.compile(r"^## (?P<title>.+?)\n(?P<prose>.*?)```go\n(?P<go>.*?)```\n\n```ir\n(?P<ir>.*?)```\n", re.MULTILINE | re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Case:
    """One heading of a golden file. ``package``: the name that its source gets as a package."""

    title: str
    prose: str
    go: str
    ir: str
    package: str


def read_cases(path: Path) -> list[Case]:
    return [Case(m["title"], m["prose"], m["go"], m["ir"], f"p{number}") for number, m in enumerate(_CASE.finditer(path.read_text()))]


def ir_of(program: n.Program, package: str) -> str:
    """The text of a package's functions and static values, with p as the package's name."""
    path = f"golden/{package}"
    lines = [func_text(f) for f in program.funcs if f.pkg == path]
    lines += [f"static {v.symbol} = {expr_text(x)}\n" for v, x in program.static_init.items() if v.symbol.startswith(path + ".")]
    return re.sub(rf"\b(golden/)?{package}\.", "p.", "\n".join(lines))


@pytest.mark.parametrize("path", sorted(_GOLDEN.glob("*.md")), ids=lambda p: p.stem)
def test_golden(path: Path, tmp_path: Path) -> None:
    cases = read_cases(path)
    assert cases, "no case was recognised"
    sources = {c.package: f"package {c.package}\n\n{c.go}" for c in cases}
    program = build_sources(tmp_path, sources)
    actual = {c.package: ir_of(program, c.package) for c in cases}
    if os.environ.get("TRICOLOR_UPDATE_GOLDEN"):
        found = iter(cases)

        def replaced(match: re.Match[str]) -> str:
            case = next(found)
            head = f"## {case.title}\n{case.prose}```go\n{case.go}```\n\n"
            return f"{head}```ir\n{actual[case.package]}```\n"

        path.write_text(_CASE.sub(replaced, path.read_text()))
        return
    for case in cases:
        assert actual[case.package] == case.ir, case.title
