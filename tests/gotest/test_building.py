"""A package whose binary cannot be made fails alone, with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tricolor.base.errors import CompilerBug, Faults, TricolorError, Unsupported
from tricolor.base.progress import Progress
from tricolor.gotest import building
from tricolor.gotest.binaries import BinaryOptions
from tricolor.gotest.building import Refused, build_binary
from tricolor.gotest.go_command import Verdict
from tricolor.gotest.listing import TestPackage as Package

PACKAGE = Package("example.com/p", "p", ("example.com/p",), "/p", "/", "example.com", 1, ("p.go",), frozenset(), broken=False)


def _build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: Exception | Faults, verdict: Verdict) -> Refused:
    def compile_binary(*_: object) -> Faults:
        if isinstance(result, Exception):
            raise result
        return result

    def ask_go_test(*_: object, **__: object) -> Verdict:
        return verdict

    monkeypatch.setenv("TRICOLOR_CACHE", str(tmp_path))
    monkeypatch.setattr(building, "compile_binary", compile_binary)
    monkeypatch.setattr(building, "ask_go_test", ask_go_test)
    refused = build_binary(PACKAGE, BinaryOptions(tmp_path, (), 0, None), Progress(), json=False)
    assert isinstance(refused, Refused)
    return refused


CONTENT = Verdict(failed=False, out=b"", err=b"")


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        (KeyError("ours"), 3, "internal error at"),
        (CompilerBug("p.F", 0, "wrong"), 3, "internal compiler error in p.F: wrong"),
        (Unsupported("package plugin"), 1, "tricolor: package plugin is not supported"),
        (TricolorError("no"), 1, "tricolor: no"),
        (Faults("p.go:1:1: wrong\n"), 1, "p.go:1:1: wrong"),
    ],
)
def test_what_go_accepts_fails_with_our_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: Exception | Faults, status: int, reason: str
) -> None:
    refused = _build(monkeypatch, tmp_path, result, CONTENT)
    assert (refused.status, refused.out) == (status, b"FAIL\texample.com/p [build failed]\n")
    assert reason in refused.err.decode()
    assert ("bug in Tricolor" in refused.err.decode()) == (status == 3)


def test_go_s_own_words_go_before_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    verdict = Verdict(failed=True, out=b"FAIL\texample.com/p [setup failed]\n", err=b"# example.com/p\nwhy\n")
    assert _build(monkeypatch, tmp_path, Faults("ours"), verdict) == Refused(1, verdict.out, verdict.err)
