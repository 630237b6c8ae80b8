"""A sample of Go's own test programs behaves as under real Go; ``python -m tools.gosuite`` runs whole folders."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tools.gosuite.outcome import Outcome, reason, run_command
from tools.gosuite.programs import SUITE, programs

RECORD = Path(__file__).parents[2] / "tools" / "gosuite" / "real_go.json"
SAMPLE = (
    "chan/fifo.go",
    "chan/select3.go",
    "interface/convert.go",
    "ken/cplx2.go",
    "ken/embed.go",
    "ken/string.go",
    "typeparam/chans.go",
    "typeparam/maps.go",
    "typeparam/orderedmap.go",
    "typeparam/pair.go",
)


def test_the_run_line_gives_the_arguments(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("// run\n\npackage main\n")
    (tmp_path / "b.go").write_text("//go:build linux\n\n// run x y\n\npackage main\n")
    (tmp_path / "c.go").write_text("// errorcheck\n\npackage main\n")
    assert [(p.name, p.arguments) for p in programs(".", tmp_path)] == [("a.go", ()), ("b.go", ("x", "y"))]


def test_the_reason_names_a_different_status_output_or_the_limit() -> None:
    outcome = Outcome(0, b"out", b"", 0.1)
    assert reason(outcome, 0, outcome.digest) == ""
    assert reason(outcome, 0, "other") == "output differs"
    assert reason(outcome, 1, outcome.digest) == "exit status 0, expected 1"
    assert reason(Outcome(None, b"", b"", 9.0), 0, outcome.digest) == "over the limit"


@pytest.mark.slow
@pytest.mark.skipif(not SUITE.is_dir(), reason="the suite comes with the Debian package golang-1.19-src")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_program_of_the_suite_behaves_as_under_real_go(name: str) -> None:
    record = json.loads(RECORD.read_text())[name]
    tricolor = shutil.which("tricolor", path=str(Path(sys.executable).parent)) or "tricolor"
    outcome = run_command([tricolor, "run", Path(name).name], (SUITE / name).parent, 200)
    assert reason(outcome, record["status"], record["digest"]) == ""
