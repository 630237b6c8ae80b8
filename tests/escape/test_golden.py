"""Rules of escape analysis: our messages equal the recorded messages of Go's compiler (golden/*.md).

``python -m tools.escapecheck.golden tests/escape/golden/*.md`` records the compiler's messages again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.escapecheck.golden import read_cases, tricolor_lines, write_module

_GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("path", sorted(_GOLDEN.glob("*.md")), ids=lambda path: path.stem)
def test_messages_equal_the_compilers(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    cases = read_cases(text)
    assert len(cases) == text.count("```go\n"), "a case was not recognised"
    write_module(tmp_path, cases)
    for case, lines in zip(cases, tricolor_lines(tmp_path, cases), strict=True):
        assert lines == case.lines, case.title
