"""``tricolor escape`` on several packages, some of which have compile errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.escapecheck.reference import go_build
from tricolor.cli.main import main

_GOOD = "package good\n\nfunc Good() *int {\n\tx := 1\n\treturn &x\n}\n"
_BAD = "package bad\n\nfunc Bad() *int {\n\tx := 1\n\tundefined()\n\treturn &x\n}\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {"go.mod": "module m\n\ngo 1.27\n", "good/a.go": _GOOD, "bad/a.go": _BAD}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_packages_without_faults_are_explained(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "./..."]) == 1
    printed = capsys.readouterr()
    assert "x: heap: the address of x is returned" in printed.out
    assert "bad" not in printed.out
    _, real = go_build(module, "./...")
    assert printed.err == real


def test_a_fixed_fault_leaves_no_trace(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "./..."]) == 1
    (module / "bad/a.go").write_text(_BAD.replace("undefined()", "println()"))
    capsys.readouterr()
    assert main(["escape", "./..."]) == 0
    printed = capsys.readouterr()
    assert (printed.err, printed.out.count("x: heap")) == ("", 2)


@pytest.mark.parametrize("words", [["-o", "out"], ["-o", "out", "--format=sarif"], ["--lock", "out"]])
def test_no_file_is_written_without_the_faulty_packages(module: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(["escape", *words, "./..."]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "undefined: undefined" in printed.err) == ("", True)
    assert not (module / "out").exists()
    (module / "out").write_text("before")
    assert main(["escape", *words, "./..."]) == 1
    assert (module / "out").read_text() == "before"


def test_a_check_fails(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "--lock", "lock", "./good"]) == 0
    capsys.readouterr()
    assert main(["escape", "--check", "lock", "./..."]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "undefined: undefined" in printed.err) == ("", True)


def test_why_answers_for_a_package_without_faults(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "--why", "good/a.go:4"]) == 0
    alone = capsys.readouterr()
    assert main(["escape", "--why", "good/a.go:4", "./..."]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "undefined: undefined" in printed.err) == (alone.out, True)
    assert main(["escape", "--why", "bad/a.go:4", "./..."]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "undefined: undefined" in printed.err, "nothing to explain" in printed.err) == ("", True, False)
