"""The cache's entries: whole or not there, and faults of the machine as messages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tricolor.base.errors import EnvironmentFault
from tricolor.cache import signature
from tricolor.cache.inputs import inputs_of
from tricolor.cache.signature import compiler_signature, stamp
from tricolor.cache.store import entry_path, read_entry, write_entry


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRICOLOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_entry_is_read_as_it_was_written() -> None:
    assert read_entry("kind", "0123") is None
    write_entry("kind", "0123", b"payload")
    assert read_entry("kind", "0123") == b"payload"
    assert read_entry("other", "0123") is None


@pytest.mark.parametrize("damaged", ["cut short", "shorter than a digest", "longer", "changed"])
def test_a_damaged_entry_is_removed_and_counts_as_none(damaged: str) -> None:
    write_entry("kind", "0123", b"payload")
    path = entry_path("kind", "0123")
    raw = path.read_bytes()
    path.write_bytes({"cut short": raw[:-1], "shorter than a digest": raw[:5], "longer": raw + b"x", "changed": b"??" + raw[2:]}[damaged])
    assert read_entry("kind", "0123") is None
    assert not path.exists()


def test_a_cache_that_cannot_be_written_is_a_fault_of_the_environment(cache: Path) -> None:
    cache.write_text("a file is in the folder's place")
    with pytest.raises(EnvironmentFault, match="the cache cannot be written: "):
        write_entry("kind", "0123", b"payload")


def test_the_signature_of_the_compiler_covers_every_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def note(path: str | Path) -> signature.Stamp:
        seen.append(str(path))
        return stamp(path)

    monkeypatch.setattr(signature, "stamp", note)
    compiler_signature.__wrapped__()
    root = Path(signature.__file__).parents[1]
    sources = {str(path) for path in root.rglob("*.py")}
    assert sources
    assert sources <= set(seen)


def test_inputs_change_with_a_source_and_with_the_module_file(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n")
    source = tmp_path / "main.go"
    source.write_text("package main\n")
    inputs = inputs_of({str(tmp_path): [str(source)]}, ["."], tmp_path)
    assert {str(tmp_path / name) for name in ("main.go", "go.mod", "go.sum", "go.work")} <= {path for path, _, _ in inputs}
    os.utime(source, ns=(1, 1))
    assert inputs_of({str(tmp_path): [str(source)]}, ["."], tmp_path) != inputs
