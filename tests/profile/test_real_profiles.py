"""In profiles that real Go recorded, almost all bytes land on sites whose verdict is heap."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.profile.recording import TOOLS, prepare, record
from tricolor.explain.model import Explained
from tricolor.explain.remember import explain
from tricolor.profile.join import join, packages_of
from tricolor.profile.model import HeapProfile, SampleType
from tricolor.profile.places import Named
from tricolor.profile.reading import read_profile
from tricolor.profile.rows import Shares, measure_of, shares_of

EXAMPLES: Final = ("eventlog", "jsontransform", "lru", "wordcount")
LEAST_PERCENT: Final = 98
EVENTS: Final = 5000
"""The number of events that examples/eventlog.go records."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A module with a profile for each example."""
    base = tmp_path_factory.mktemp("recorded")
    made = {name: prepare(base / name, name) for name in EXAMPLES}
    for folder in made.values():
        record(folder)
    return made


def explained(patterns: Iterable[str], directory: Path) -> Explained:
    found = explain(tuple(patterns), directory)
    assert not isinstance(found, str), found
    return found


@pytest.fixture(scope="module")
def libraries(folders: dict[str, Path]) -> Explained:
    """All packages of the standard library that allocate in the profiles, explained once for all examples."""
    paths = {path for folder in folders.values() for path in packages_of(read_profile(folder / "mem.pprof")) if "." not in path}
    return explained(sorted(paths), folders["eventlog"])


def shares(profile: HeapProfile, folder: Path, libraries: Explained) -> Shares:
    own = explained(["."], folder)
    named = Named(own.packages)
    paths = frozenset((*own.packages, *libraries.packages))
    return shares_of(join(profile, [*own.sites, *libraries.sites], named, paths), measure_of(SampleType.ALLOC_SPACE), named)


@pytest.mark.parametrize("name", EXAMPLES)
def test_bytes_land_on_sites_of_the_heap_and_none_on_sites_of_the_stack(name: str, folders: dict[str, Path], libraries: Explained) -> None:
    found = shares(read_profile(folders[name] / "mem.pprof"), folders[name], libraries)
    assert found.percent(found.heap) >= LEAST_PERCENT
    assert found.contradicting == 0
    assert found.heap_above == 0
    assert found.charged > 0.6 * found.total


def test_a_program_built_elsewhere_lands_on_the_same_sites(tmp_path: Path, folders: dict[str, Path], libraries: Explained) -> None:
    here = shares(read_profile(folders["eventlog"] / "mem.pprof"), folders["eventlog"], libraries)
    trimmed = record(prepare(tmp_path / "away" / "eventlog", "eventlog"), "-trimpath")
    there = shares(read_profile(trimmed), folders["eventlog"], libraries)
    assert there.percent(there.heap) >= LEAST_PERCENT
    assert there.heap == pytest.approx(here.heap, rel=0.01)  # pyright: ignore[reportUnknownMemberType]


def line_of(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text().split("\n"), 1) if text in line)


def tricolor(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOOLS / "tricolor", "escape", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_the_table_ranks_the_users_lines(folders: dict[str, Path]) -> None:
    folder = folders["eventlog"]
    done = tricolor(folder, "--profile", "mem.pprof", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    data: dict[str, Any] = json.loads(done.stdout)
    amounts = [row["bytes"] for row in data["rows"]]
    assert amounts == sorted(amounts, reverse=True)
    assert sum(amounts) + sum(row["bytes"] for row in data["unmatched"]) == data["total_bytes"] == sum(data["bytes"][key] for key in (
        "heap", "heap_when_larger", "stack", "unmatched"
    ))  # fmt: skip
    found = {site["expression"]: row for row in data["rows"] for site in row["sites"] if len(row["sites"]) == 1}
    assert found["string(e.payload)"]["bytes"] == pytest.approx(EVENTS * 256, rel=0.01)  # pyright: ignore[reportUnknownMemberType]
    assert found["&event{...}"]["objects"] >= EVENTS
    called = found["bytealg.MakeNoZero(...)"]
    repeats = line_of(folder / "eventlog.go", "strings.Repeat")
    assert [(charge["function"], charge["line"]) for charge in called["charged_to"]] == [("example.com/eventlog.main", repeats)]

    text = tricolor(folder, "--profile", "mem.pprof", "--by", "caller", "--sort", "objects")
    rows = [line for line in text.stdout.splitlines() if "eventlog.go:" in line]
    assert f"eventlog.go:{repeats}" in rows[0]
    assert "hint:" in text.stdout
    assert "  0.00% of the bytes at sites whose verdict is stack" in text.stdout


def test_a_profile_of_another_program_is_refused_with_its_share(tmp_path: Path, folders: dict[str, Path]) -> None:
    done = tricolor(folders["wordcount"], "--profile", str(folders["eventlog"] / "mem.pprof"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "this is the profile of another program" in done.stderr
    assert "% of its bytes match sites" in done.stderr

    changed = prepare(tmp_path / "changed", "eventlog")
    source = (changed / "eventlog.go").read_text()
    (changed / "eventlog.go").write_text("\n\n\n\n\n\n\n" + source)
    done = tricolor(changed, "--profile", str(folders["eventlog"] / "mem.pprof"), "-o", "table.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the source has changed" in done.stderr
    assert not (changed / "table.txt").exists()
