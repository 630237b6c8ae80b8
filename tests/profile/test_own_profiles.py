"""Go's pprof and the join can read what ``tricolor run -memprofile`` writes; bad input ends with one clear message."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.profile.recording import TOOLS
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.overlay import overlay_files
from tricolor.profile.model import Frame
from tricolor.profile.own import profile_of
from tricolor.profile.reading import read_profile
from tricolor.report.memory_profile import lines_of_go

PROGRAM = """package main

import (
	"os"
	"strings"
)

var kept [][]byte

func main() {
	for range 50 {
		b := make([]byte, 2048)
		kept = append(kept, b)
	}
	println(len(strings.Repeat("ab", 400)))
	os.Exit(len(os.Args))
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.go").write_text(PROGRAM)
    return tmp_path


def call(folder: Path, *words: str, tool: str = "tricolor") -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOOLS / tool, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_go_and_the_join_read_the_profile_of_a_program_run_by_tricolor(folder: Path) -> None:
    ran = call(folder, "run", "-memprofile=own.pprof", "p.go", "argument")
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "800\n")

    shown = call(folder, "tool", "pprof", "-top", "-lines", "-sample_index=alloc_space", "own.pprof", tool="go")
    assert shown.returncode == 0, shown.stderr
    assert "Type: alloc_space" in shown.stdout
    (line,) = [line for line in shown.stdout.splitlines() if line.endswith("p.go:12")]
    assert "main.main" in line

    made = [one for one in read_profile(folder / "own.pprof").samples if one.frames[0].file.endswith("p.go") and one.object_bytes == 2048]
    assert [(one.alloc_objects, one.alloc_bytes) for one in made] == [(50, 50 * 2048)]

    joined = call(folder, "escape", "--profile", "own.pprof", "p.go")
    assert joined.returncode == 0, joined.stderr
    (row,) = [line for line in joined.stdout.splitlines() if "make([]byte, 2048)" in line and "p.go:12:" in line]
    assert "100 KiB" in row
    assert "bytealg.MakeNoZero(...)" in joined.stdout


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nope/own.pprof", "the profile nope/own.pprof cannot be written: No such file or directory"),
        (".", "the profile . cannot be written: it is a folder"),
        ("p.go/own.pprof", "the profile p.go/own.pprof cannot be written: Not a directory"),
    ],
)
def test_a_profile_that_cannot_be_written_is_reported_before_the_program_runs(folder: Path, target: str, message: str) -> None:
    done = call(folder, "run", f"-memprofile={target}", "p.go")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tricolor: {message}\n")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--profile", "nope.pprof", "p.go"), 1, "nope.pprof cannot be read: No such file"),
        (("--profile", "p.go", "p.go"), 1, "p.go: this is not a pprof profile, or it is damaged"),
        (("--profile", "p.go", "nope.go"), 1, "nope.go: no such file"),
        (("--profile", "p.go", "--format", "html", "p.go"), 2, "--profile supports the formats text and json"),
        (("--profile", "p.go", "--lock", "x", "p.go"), 2, "--profile cannot be combined with --lock or --check"),
        (("--profile", "p.go", "--sample", "cpu", "p.go"), 2, 'invalid value "cpu" for --sample'),
    ],
)
def test_a_profile_that_cannot_be_joined_is_refused(folder: Path, words: tuple[str, ...], status: int, message: str) -> None:
    done = call(folder, "escape", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_each_site_becomes_a_sample_with_its_known_frames() -> None:
    def described(number: int, kind: str, place: str, what: str, function: str) -> dict[str, object]:
        return {"number": number, "kind": kind, "place": place, "what": what, "function": function}

    sites = [
        described(1, "append", "/m/f.go:3:9", "append", "main.f"),
        described(2, "call", "strings/builder.go:67:27", "runtime.bytealg_MakeNoZero(n)", "strings.(*Builder).grow"),
        described(3, "new", "runtime/proc.go:9:2", "new(g)", "runtime.newproc"),
        described(4, "new", "/m/f.go:4:2", "new(int)", "main.never"),
        described(5, "variable", "-", "variable x", "main.wrapped"),
    ]
    profile = profile_of(sites, [(1, 8), (2, 48), (3, 49), (1, 96), (0, 0), (1, 16)], "/go", "p", 7)
    builder = (Frame("runtime.bytealg_MakeNoZero", "", 0), Frame("strings.(*Builder).grow", "/go/src/strings/builder.go", 67))
    assert [(one.frames, one.alloc_objects, one.alloc_bytes, one.object_bytes) for one in profile.samples] == [
        ((Frame("main.f", "/m/f.go", 3),), 2, 48, 24),
        (builder, 3, 49, 0),
        ((Frame("runtime.newproc", "", 0),), 1, 96, 96),
        ((Frame("main.wrapped", "", 0),), 1, 16, 16),
        ((Frame("runtime.mallocgc", "", 0),), 1, 8, 8),
    ]


def test_lines_are_the_lines_of_gos_own_files() -> None:
    goroot = find_toolchain().root
    lines = lines_of_go(goroot)
    assert lines("/somewhere/else.go", 7) == 7
    replaced = {file: ours for file, ours in overlay_files(goroot).items() if ours and Path(file).is_file()}
    file = str(goroot / "src" / "reflect" / "value.go")
    ours, original = Path(replaced[file]).read_text().splitlines(), Path(file).read_text().splitlines()
    assert ours != original
    found = [(line, lines(file, line)) for line in range(1, len(ours) + 1)]
    assert all(ours[line - 1] == original[there - 1] for line, there in found if there)
    assert sum(there > 0 for _, there in found) > 0.75 * len(original)
    own = next(name for name in overlay_files(goroot) if Path(name).name.startswith("tricolor_"))
    assert lines(own, 3) == 0
