"""What ``runtime/pprof`` writes: Go's pprof reads it, and its shares and stacks are true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tricolor.frontend.toolchain import find_toolchain
from tricolor.profile.reading import read_profile

PROFILED = Path(__file__).parent / "profiled"
LIMIT_S = 300


def _run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "tricolor.cli.main", "run", f"{program}.go", *arguments]
    done = subprocess.run(command, cwd=PROFILED, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _pprof(file: Path, *flags: str) -> str:
    command = [str(find_toolchain().go), "tool", "pprof", *flags, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _top(file: Path, *flags: str) -> dict[str, tuple[float, float]]:
    """Flat and cumulative value of each function."""
    rows = re.findall(
        r"^ *([\d.]+)\w* +[\d.]+% +[\d.]+% +([\d.]+)\w* +[\d.]+% +(\S+)", _pprof(file, "-top", "-nodefraction=0", *flags), re.MULTILINE
    )
    return {name: (float(flat), float(cumulative)) for flat, cumulative, name in rows}


@pytest.fixture(scope="module")
def cpu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CPU profile of a program that is busy in known places."""
    file = tmp_path_factory.mktemp("cpu") / "cpu.pb.gz"
    assert _run("cpu", str(file)) == "<nil>\ncpu profiling already in use\n<nil>\ntrue\n"
    return file


@pytest.mark.slow
def test_a_cpu_profile_shares_the_time_as_the_work_is_shared(cpu: Path) -> None:
    top = _top(cpu, "-unit=ms")
    more, less = top["main.more"][0], top["main.less"][0]
    samples = (more + less) / 10
    assert samples > 50, "the program is busy for more than a second"
    # More does twice the work. Four standard deviations of a share of two thirds.
    assert abs(more / (more + less) - 2 / 3) < 4 * (2 / 9 / samples) ** 0.5


@pytest.mark.slow
def test_a_cpu_profile_has_whole_stacks_also_in_small_functions_and_below_the_runtime(cpu: Path) -> None:
    top = _top(cpu, "-unit=ms")
    total = top["main.main"][1]
    work = sum(top[name][1] for name in ("main.more", "main.less", "main.calls", "main.allocates", "main.copies") if name in top)
    assert work > 0.95 * total
    assert top["main.copies"][1] > 0, "time in libc belongs to the function that copies"
    assert top["main.allocates"][1] > 0, "time of the allocator belongs to the function that allocates"
    stacks = _pprof(cpu, "-traces")
    under_leaf = re.findall(r"main\.leaf\n +(\S+)", stacks)
    assert set(under_leaf) <= {"main.calls"}, "a function without frame is not taken for its caller"


@pytest.mark.slow
def test_a_cpu_profile_has_the_labels_of_goroutines(cpu: Path) -> None:
    assert re.search(r"who: .*\n +[\d.]+m?s \( *[\d.]+%\): caller\n", _pprof(cpu, "-tags"))
    focused = _pprof(cpu, "-traces", "-tagfocus=who:caller")
    assert "main.calls" in focused
    assert "main.more" not in focused


@pytest.mark.slow
def test_go_and_our_own_reader_read_a_heap_profile(tmp_path: Path) -> None:
    file = tmp_path / "heap.pb.gz"
    _run("heap", str(file))
    assert _top(file, "-sample_index=inuse_objects")["main.newTree"] == (1023, 1023)
    assert "heap.go:18" in _pprof(file, "-sample_index=inuse_space", "-lines", "-top")
    profile = read_profile(file)
    assert profile.rate_bytes == 1
    assert any(frame.function == "main.newTree" and frame.line == 18 for sample in profile.samples for frame in sample.frames)
