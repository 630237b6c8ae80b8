"""A bug of ours in one package is reported for that package, and costs no answer about the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.escapecheck.reference import go_build
from tricolor.base.errors import BUG_NOTE
from tricolor.cli.main import main
from tricolor.escape import statements
from tricolor.ir import nodes as n

_FAIL = "fails"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three packages; the analysis of functions with the name ``fails`` ends with an exception."""
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.27\n")
    for package in ("one", "two", "three"):
        name = _FAIL if package == "two" else "F"
        (tmp_path / package).mkdir()
        (tmp_path / package / "a.go").write_text(f"package {package}\n\nfunc {name}() *int {{\n\tx := 1\n\treturn &x\n}}\n")
    monkeypatch.chdir(tmp_path)
    real = statements.walk_func

    def walk_func(batch: statements.Batch, func: n.Func) -> None:
        if func.name.endswith(_FAIL):
            raise KeyError("ours")
        real(batch, func)

    monkeypatch.setattr("tricolor.escape.analyse.walk_func", walk_func)
    return tmp_path


def test_decisions_about_the_other_packages_are_printed(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "-gcflags=-m -l", "./..."]) == 3
    printed = capsys.readouterr().err
    _, real = go_build(module, "-gcflags=-m -l", "./one", "./three")
    for section in real.split("# ")[1:]:
        assert section in printed
    assert "# m/two\ntricolor: internal error at " in printed
    assert printed.count(BUG_NOTE) == 1


def test_the_other_packages_are_explained(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "./..."]) == 3
    printed = capsys.readouterr()
    assert printed.out.count("x: heap") == 2
    assert "# m/two\n" in printed.err
    # An answer that lacks a package is not remembered.
    assert main(["escape", "./..."]) == 3


def test_the_other_packages_are_built(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("one", "two"):
        file = module / package / "a.go"
        file.write_text(file.read_text().replace(f"package {package}", "package main") + "\nfunc main() {}\n")
    assert main(["build", "-o", "bin/", "./..."]) == 3
    assert {path.name for path in (module / "bin").iterdir()} == {"one"}
    assert "# m/two\n" in capsys.readouterr().err


def test_a_bug_in_the_only_package_ends_the_command(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "./two"]) == 3
    assert capsys.readouterr().err.startswith("tricolor: internal error at ")


def test_a_map_whose_keys_are_calls_stays_in_the_init_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    entries = "\n".join("\tkey(s): s," for _ in range(8))
    file = tmp_path / "p.go"
    file.write_text(
        f'package main\n\nfunc key(s string) string {{ return s }}\n\nvar s = key("a")\n\nvar m = map[string]string{{\n{entries}\n}}\n\n'
        "func main() { println(len(m)) }\n"
    )
    assert main(["build", "-gcflags=-m -l", "p.go"]) == 0
    _, real = go_build(tmp_path, "-gcflags=-m -l", "p.go")
    assert sorted(capsys.readouterr().err.splitlines()[1:]) == sorted(real.splitlines()[1:])
