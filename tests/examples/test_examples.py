"""The example programs print what real Go prints, also when every allocation collects and freed memory is poisoned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.go"))
TOOLS = Path(sys.executable).parent
ARGUMENTS = {"wordcount": ("LICENSE",), "bintrees": ("8",)}
STRESS_ARGUMENTS = {
    "bintrees": ("4",),
    "eventlog": ("500",),
    "lru": ("3000",),
    "matrix": ("20",),
    "nqueens": ("5",),
    "wordcount": ("examples/go.mod",),
}
"""Smaller inputs, so that a program ends soon although every allocation collects."""


def run(command: list[str | Path], **environment: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400, env=os.environ | environment)
    return done.returncode, done.stdout or done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_real_go_prints(source: Path) -> None:
    arguments = ARGUMENTS.get(source.stem, ())
    expected = run([TOOLS / "go", "run", source, *arguments])
    assert run([TOOLS / "tricolor", "run", source, *arguments]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_an_executable_prints_what_the_example_prints_under_run(source: Path, tmp_path: Path) -> None:
    arguments = ARGUMENTS.get(source.stem, ())
    expected = run([TOOLS / "tricolor", "run", source, *arguments])
    assert run([TOOLS / "tricolor", "build", "-o", tmp_path / "example", source]) == (0, "")
    assert run([tmp_path / "example", *arguments]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_survives_a_collection_at_every_allocation(source: Path) -> None:
    arguments = STRESS_ARGUMENTS.get(source.stem, ())
    expected = run([TOOLS / "tricolor", "run", source, *arguments])
    stressed = run([TOOLS / "tricolor", "run", source, *arguments], GODEBUG="gcstress=1,clobberfree=1,gccheckmark=1")
    assert stressed == expected


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_the_same_while_the_write_barrier_is_on(source: Path) -> None:
    """The barrier's code runs at each store, and check level 1 looks at each pointer that it shades."""
    arguments = STRESS_ARGUMENTS.get(source.stem, ())
    expected = run([TOOLS / "tricolor", "run", source, *arguments])
    barred = run([TOOLS / "tricolor", "run", "--check=1", source, *arguments], GODEBUG="gcbarrier=1,gcstress=20,clobberfree=1")
    assert barred == expected


@pytest.mark.slow
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_survives_that_a_cycle_is_always_under_way(source: Path) -> None:
    """Each allocation marks a few addresses, so that the program runs between any two steps of the marker."""
    arguments = STRESS_ARGUMENTS.get(source.stem, ())
    expected = run([TOOLS / "tricolor", "run", source, *arguments])
    for step in 1, 7:
        marked = run([TOOLS / "tricolor", "run", "--check=1", source, *arguments], GODEBUG=f"gcmarkstep={step},clobberfree=1,gccheckmark=1")
        assert marked == expected
