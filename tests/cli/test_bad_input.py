"""Bad input gets one clear message and the right exit status, and leaves no partial files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tricolor.cli.main import main

HELLO = 'package main\n\nfunc main() { println("hello") }\n'


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("package main\nfunc main() { undefined() }\n", 1, "./p.go:2:15: undefined: undefined"),
        ("package main\nfunc main( {\n", 1, "./p.go:2:12: syntax error"),
        ("package p\nfunc F() {}\n", 1, "is not a main package"),
        ('package main\nimport _ "example.com/nope"\nfunc main() {}\n', 1, "no required module provides package"),
        ('package main\nimport _ "plugin"\nfunc main() {}\n', 1, "plugin is not supported: programs are not linked dynamically"),
        ('package main\nimport "C"\nfunc main() {}\n', 1, "cgo (file p.go) is not supported"),
    ],
)
def test_a_faulty_program_is_refused(tricolor: Run, tmp_path: Path, source: str, status: int, message: str) -> None:
    (tmp_path / "p.go").write_text(source)
    done = tricolor("run", "p.go")
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["run", "missing.go"], 1, "missing.go: no such file"),
        (["run"], 2, "no go files listed"),
        (["run", "-bogus", "p.go"], 2, "flag provided but not defined: -bogus"),
        (["run", "-gcflags=-S", "p.go"], 2, "-gcflags=-S is not supported"),
        (["run", "--dump=soup", "p.go"], 2, "unknown stage 'soup'"),
        (["frobnicate"], 2, "unknown command"),
        ([], 2, "Usage"),
    ],
)
def test_a_wrong_command_line_is_refused(tricolor: Run, words: list[str], status: int, message: str) -> None:
    done = tricolor(*words)
    assert done.status == status
    assert message in done.err


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("tricolor.codegen.module.emit_function", r"tricolor: internal compiler error in \S+ \(/.*\.go:\d+:\d+\): KeyError: 'ours'\n"),
        ("tricolor.ir.build.dispatch._fill", r"tricolor: internal compiler error in \S+ \(/.*\.go:\d+:\d+\): KeyError: 'ours'\n"),
        ("tricolor.cli.run.split_patterns", r"tricolor: internal error at .*test_bad_input\.py:\d+: KeyError: 'ours'\n"),
    ],
)
def test_a_bug_of_tricolor_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str, message: str
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("ours")

    (tmp_path / "p.go").write_text(f"// {where}\n{HELLO}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(where, fail)
    assert main(["run", "p.go"]) == 3
    text = capsys.readouterr().err
    assert re.match(message, text), text
    assert "a bug in Tricolor, not in your program" in text


@pytest.mark.parametrize("kinds", [("program", "symbols"), ("image",), ("symbols",)])
def test_a_corrupt_cache_entry_is_made_again(tricolor: Run, tmp_path: Path, kinds: tuple[str, ...]) -> None:
    (tmp_path / "p.go").write_text(HELLO)
    assert tricolor("run", "p.go").err == "hello\n"
    cache = tmp_path / "cache"
    environment = {"TRICOLOR_CACHE": str(cache)}
    assert tricolor("run", "p.go", environment=environment).err == "hello\n"
    entries = [path for kind in kinds for path in (cache / kind).rglob("*") if path.is_file()]
    assert entries
    for path in entries:
        path.write_bytes(path.read_bytes()[:40])
    assert tricolor("run", "p.go", environment=environment).err == "hello\n"


def test_a_cache_that_cannot_be_written_is_named(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(HELLO)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the cache should be")
    done = tricolor("run", "p.go", environment={"TRICOLOR_CACHE": str(blocked)})
    assert done.status == 1
    assert "cannot be" in done.err
    assert "Traceback" not in done.err
