"""What-if claims, checked against Go's own compiler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

from tools.escapecheck.reference import go_build
from tricolor.decide.decisions import Alone, analyse_alone, request_for
from tricolor.explain.model import Site
from tricolor.explain.why import answers

_CASE = re.compile(
    r"^## (?P<title>[^\n]+)\n\n```go\n(?P<before>.*?)```\n\nclaim: (?P<subject>.+?): (?P<claim>[^\n]+)\n\n```go\n(?P<after>.*?)```\n",
    re.MULTILINE | re.DOTALL,
)


@final
@dataclass(frozen=True, slots=True)
class Case:
    title: str
    before: str
    subject: str
    claim: str
    after: str


CASES = [Case(*m.groups()) for m in _CASE.finditer((Path(__file__).parent / "what_if.md").read_text())]


def _line_of(text: str, mark: str) -> int:
    (line,) = (number for number, line in enumerate(text.splitlines(), 1) if line.endswith(mark))
    return line


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module with two packages per case: b0, a0, b1, a1, ..."""
    folder = tmp_path_factory.mktemp("what_if")
    (folder / "go.mod").write_text("module whatif\n\ngo 1.27\n")
    for number, case in enumerate(CASES):
        for name, text in ((f"b{number}", case.before), (f"a{number}", case.after)):
            (folder / name).mkdir()
            (folder / name / "p.go").write_text(text)
    return folder


@pytest.fixture(scope="module")
def alone(module: Path) -> Alone:
    """Tricolor's analysis of all the packages."""
    found = analyse_alone(request_for(["./..."], module), check=True)
    assert isinstance(found, Alone), found.text
    return found


@pytest.fixture(scope="module")
def compiler_lines(module: Path) -> dict[str, list[str]]:
    """The lines that Go's compiler prints, by ``package:line``."""
    status, text = go_build(module, "-gcflags=-m -l", "./...")
    assert status == 0, text
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = re.match(r"([ab][0-9]+)/p\.go:([0-9]+):[0-9]+: (.*)", line.removeprefix("./"))
        if match:
            found.setdefault(f"{match[1]}:{match[2]}", []).append(match[3])
    return found


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.title for case in CASES])
def test_claim(number: int, module: Path, alone: Alone, compiler_lines: dict[str, list[str]]) -> None:
    case = CASES[number]
    line = _line_of(case.before, "// why")
    (answer,) = (
        a for a in answers(alone, module / f"b{number}" / "p.go", line) if isinstance(a.about, Site) and a.about.expression == case.subject
    )
    assert case.claim in [change.text for change in answer.changes if change.helps]
    escaping = {f"moved to heap: {case.subject}", f"{case.subject} escapes to heap"}
    assert escaping & set(compiler_lines[f"b{number}:{line}"])
    after = compiler_lines.get(f"a{number}:{_line_of(case.after, '// stack')}", [])
    assert not [text for text in after if "escapes to heap" in text or "moved to heap" in text]
