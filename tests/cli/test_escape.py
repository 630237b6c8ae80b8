"""``tricolor escape`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tricolor.cli.main import main

_BEFORE = "package p\n\nfunc F() int {\n\tx := 1\n\tp := &x\n\treturn *p\n}\n"
_AFTER = "package p\n\nvar g *int\n\nfunc F() int {\n\tx := 1\n\tp := &x\n\tg = p\n\treturn *p\n}\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.27\n")
    (tmp_path / "p.go").write_text(_BEFORE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_line_for_each_site(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text(_AFTER)
    assert main(["escape"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "# m"
    assert "p.go:6:2: x: heap: the address of x is assigned to p (line 7), stored in the package variable g (line 8)" in out
    assert out.splitlines()[-1] == "1 site: 1 heap"


def test_json_has_the_chain(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text(_AFTER)
    assert main(["escape", "--format=json", "./..."]) == 0
    (site,) = json.loads(capsys.readouterr().out)["packages"]["m"]
    assert [step["position"]["line"] for step in site["chain"]] == [7, 8]


def test_a_second_run_sees_changed_sources(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "--heap"]) == 0
    assert main(["escape", "--heap"]) == 0
    assert capsys.readouterr().out == "no sites\n" * 2
    (module / "p.go").write_text(_AFTER)
    assert main(["escape", "--heap"]) == 0
    assert "x: heap" in capsys.readouterr().out


def test_lock_and_check(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "--lock", "escape.lock", "./..."]) == 0
    assert main(["escape", "--check", "escape.lock", "./..."]) == 0
    (module / "p.go").write_text(_AFTER)
    assert main(["escape", "--check", "escape.lock", "./..."]) == 1
    assert "p.go:6:2: new: x in m.F: heap: " in capsys.readouterr().err


def test_why_prints_the_ways_and_the_changes(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text(_AFTER)
    assert main(["escape", "--why", "p.go:6"]) == 0
    out = capsys.readouterr().out
    assert "└─ assigned to p (line 7)\n     └─ stored in the package variable g (line 8)" in out
    assert "it stays on the stack if p were not stored in the package variable g (line 8)" in out


def test_why_takes_any_path_to_the_file(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text(_AFTER)
    assert main(["escape", "--why", f"../{module.name}/p.go:6:2"]) == 0
    assert "p.go:6:2: x: heap: " in capsys.readouterr().out


_KEEPS = "package p\n\nvar g *int\n\nfunc F(x *int) int { return *x }\n"
_LEAKS = "package p\n\nvar g *int\n\nfunc F(x *int) int { g = x; return *x }\n"


def test_parameters_are_listed_explained_and_locked(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text(_KEEPS)
    assert main(["escape", "--params"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "# m",
        "p.go:5:8: parameter x: does not escape",
        "no sites",
        "1 parameter: 1 does not escape",
    ]
    assert main(["escape", "--lock", "escape.lock"]) == 0

    (module / "p.go").write_text(_LEAKS)
    assert main(["escape", "--format", "json"]) == 0
    (parameter,) = json.loads(capsys.readouterr().out)["parameters"]["m"]
    assert (parameter["name"], parameter["effect"]) == ("x", "leaks")
    assert main(["escape", "--check", "escape.lock"]) == 1
    err = capsys.readouterr().err
    assert "p.go:5:8: parameter x of m.F: leaks (the lock file has: does not escape): x is stored in the package variable g (line 5)" in err
    assert "1 leaking more than before; if this is intended, regenerate the file with --lock escape.lock" in err
    assert main(["escape", "--why", "p.go:5:8"]) == 0
    assert "it does not escape if x were not stored in the package variable g (line 5)" in capsys.readouterr().out

    assert main(["escape", "--lock", "escape.lock"]) == 0
    (module / "p.go").write_text(_KEEPS)
    capsys.readouterr()
    assert main(["escape", "--check", "escape.lock"]) == 0
    assert "m: leaks less: parameter x of m.F: does not escape (the lock file has: leaks)" in capsys.readouterr().err


def test_a_lock_file_of_an_older_format_is_refused(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "old.lock").write_text("tricolor escape lock 1 go1.27.3\n")
    assert main(["escape", "--check", "old.lock"]) == 2
    assert "regenerate the file with --lock old.lock" in capsys.readouterr().err


def test_why_of_a_generic_function_that_nothing_uses(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generic = "package p\n\nfunc New[T any]() *T {\n\treturn new(T)\n}\n"
    (module / "generic.go").write_text(generic)
    assert main(["escape", "--why", "generic.go:4"]) == 0
    assert "New is generic, and these packages do not use it" in capsys.readouterr().err
    (module / "generic.go").write_text(generic + "\nvar kept = New[int]()\n")
    assert main(["escape", "--why", "generic.go:4"]) == 0
    assert "new(T): heap" in capsys.readouterr().out


def test_why_of_a_line_without_sites(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["escape", "--why", "p.go:1"]) == 0
    assert "nothing to explain at p.go:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--why", "p.go"], 2, "want FILE.go:LINE"),
        (["--why", "missing.go:3"], 1, "missing.go: no such file"),
        (["--check", "missing.lock"], 2, "missing.lock cannot be read: No such file"),
        (["--lock", "no/such/folder/escape.lock"], 1, "cannot be written: there is no folder"),
        (["-o", "no/such/folder/out.txt"], 1, "cannot be written: there is no folder"),
        (["--frobnicate"], 2, "flag provided but not defined"),
        (["--format", "xml"], 2, "invalid value"),
        (["./missing"], 1, "directory not found"),
    ],
)
def test_bad_input(module: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str) -> None:
    assert main(["escape", *arguments]) == status
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in module.iterdir()) == ["go.mod", "p.go"]


def test_compile_errors_are_printed_as_by_go(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (module / "p.go").write_text("package p\n\nfunc F() int { return x }\n")
    assert main(["escape"]) == 1
    assert "p.go:3:23: undefined: x" in capsys.readouterr().err
