"""The same lines get the same bytes, however a program is laid out and built, and however its profile is fetched."""

from __future__ import annotations

import gzip
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.profile.layouts import LAYOUTS, PROGRAM, lay_out, server
from tests.profile.recording import TOOLS, record

pytestmark = pytest.mark.slow


def joined(folder: Path, *words: str) -> dict[str, Any]:
    command = [TOOLS / "tricolor", "escape", "--format", "json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def row_of(data: dict[str, Any], expression: str, file: str) -> dict[str, Any]:
    (found,) = (
        row for row in data["rows"] if any(site["expression"] == expression and Path(site["file"]).name == file for site in row["sites"])
    )
    return found


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(PROGRAM.splitlines(), 1) if text in line)


@pytest.mark.parametrize("flags", [(), ("-trimpath",)], ids=["plain", "trimpath"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(tmp_path: Path, layout: str, flags: tuple[str, ...]) -> None:
    app = lay_out(tmp_path, layout)
    data = joined(app, "--profile", str(record(app, *flags)), ".")
    assert data["bytes"]["stack"] == 0
    assert data["bytes"]["heap"] >= 0.98 * data["total_bytes"]

    for expression, file, objects, size_bytes, caller in (
        ("&Item{...}", "dep.go", 500, 48, "dep.Make"),
        ("&pair{...}", "app.go", 500, 16, "&pair"),
        ("make([]B, 0, len(xs))", "dep.go", 1, 4096, "dep.Map"),
    ):
        row = row_of(data, expression, file)
        assert (row["objects"], row["bytes"]) == (objects, objects * size_bytes)
        (charge,) = row["charged_to"]
        assert (charge["file"], charge["line"]) == (str(app / "app.go"), line_of(caller))
    assert row_of(data, "s.m[k]", "dep.go")["sites"][0]["kind"] == "map assignment"

    generated = row_of(data, "make([]byte, 100 + n)", "grammar.y")
    assert (generated["objects"], generated["sites"][0]["line"]) == (20, 102)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a running server that was built with -trimpath."""
    folder = server(tmp_path / "server")
    subprocess.run([TOOLS / "go", "build", "-trimpath", "-o", "served", "./cmd/server"], cwd=folder, check=True, timeout=200)
    with subprocess.Popen([folder / "served"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_a_servers_profile_is_joined_as_served_unpacked_and_merged(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "server"
    with urllib.request.urlopen(f"http://{address}/debug/pprof/heap", timeout=60) as answer:
        data = answer.read()
    (folder / "heap.pprof").write_bytes(data)
    (folder / "raw.pprof").write_bytes(gzip.decompress(data))
    command = [TOOLS / "go", "tool", "pprof", "-proto", "-output", "merged.pprof", "heap.pprof", "raw.pprof"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=200)
    for file, times in (("heap.pprof", 1), ("raw.pprof", 1), ("merged.pprof", 2)):
        row = row_of(joined(folder, "--profile", file, "--sample", "inuse_space", "./..."), "new([256]byte)", "store.go")
        (charge,) = row["charged_to"]
        assert (row["objects"], row["bytes"]) == (1000 * times, 256_000 * times)
        assert (charge["file"], charge["line"]) == (str(folder / "store" / "store.go"), 6)

    with urllib.request.urlopen(f"http://{address}/debug/pprof/heap?debug=1", timeout=60) as answer:
        (folder / "text.pprof").write_bytes(answer.read())
    done = subprocess.run(
        [TOOLS / "tricolor", "escape", "--profile", "text.pprof"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "fetch it without debug=1" in done.stderr
