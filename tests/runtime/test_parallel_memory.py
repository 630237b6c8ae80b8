"""A program that allocates on four processors: trees, maps of strings, large objects, finalizers, cleanups, weak pointers, unique strings.

It checks itself: what is allocated is zero, what is kept stays as it is, each finalizer gets its object and runs once.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("parallel_memory.go")
FULL_ARENA_BYTES = 300 << 20
"""Of address space: the arena has 64 MiB."""
SETTINGS = {
    "alone": ("", "1", 2),
    "four processors": ("processors=4", "4", 4),
    "small heap, stopped by signals": ("processors=4,gcpreempt=200,clobberfree=1,gccheckmark=1", "4", 2),
    "collections at every hundredth run": ("processors=4,gcstress=100,clobberfree=1,gccheckmark=1", "4", 1),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable."""
    made = tmp_path_factory.mktemp("parallel") / "program"
    command = [str(Path(sys.executable).parent / "tricolor"), "build", "-o", str(made), str(PROGRAM)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return made


@pytest.mark.parametrize("setting", SETTINGS)
def test_goroutines_on_several_processors_share_one_heap(program: Path, setting: str) -> None:
    flags, processors, rounds = SETTINGS[setting]
    environment = os.environ | {"GODEBUG": flags, "GOMAXPROCS": processors, "GOGC": "20"}
    done = subprocess.run([program, str(rounds)], env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr[-2000:]


def test_a_thread_goes_on_while_another_one_collects_because_the_arena_is_full(program: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (FULL_ARENA_BYTES, FULL_ARENA_BYTES))

    environment = os.environ | {"GODEBUG": "processors=4", "GOMAXPROCS": "4", "GOGC": "off"}
    done = subprocess.run([program, "40"], env=environment, capture_output=True, text=True, check=False, timeout=200, preexec_fn=limit)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr[-2000:]
