"""Programs that use the library behave as with real Go: they have the same output on both streams and the same exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tricolor.frontend.toolchain import find_toolchain, go_environment

PROGRAMS = Path(__file__).parent / "programs"
LIMIT_S = 300


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(command, cwd=PROGRAMS, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout + done.stderr


def _real(name: str, folder: Path) -> tuple[int, str]:
    toolchain = find_toolchain()
    binary = folder / name
    environment = go_environment(toolchain, None)
    built = subprocess.run(
        [str(toolchain.go), "build", "-o", str(binary), f"{name}.go"],
        cwd=PROGRAMS, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return _run([str(binary)], dict(os.environ))


LONG = ("library", "library2")
"""Programs that use so much of the library that their compilation takes minutes."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(p.stem, marks=pytest.mark.long if p.stem in LONG else ()) for p in sorted(PROGRAMS.glob("*.go"))]
)
def test_a_program_behaves_as_with_real_go(name: str, tmp_path: Path) -> None:
    ours = _run([sys.executable, "-m", "tricolor.cli.main", "run", f"{name}.go"], dict(os.environ))
    assert ours == _real(name, tmp_path)


@pytest.mark.slow
def test_programs_choose_what_the_processor_has(tmp_path: Path) -> None:
    """Without each of the instructions that x86-64-v3 lacks, the portable code gives the same results."""
    real = _real("vectors", tmp_path)
    assert real[0] == 0, real[1]
    for off in ("cpu.aes=off", "cpu.pclmulqdq=off", "cpu.sha=off", "cpu.all=off"):
        environment = dict(os.environ) | {"GODEBUG": off}
        assert _run([sys.executable, "-m", "tricolor.cli.main", "run", "vectors.go"], environment) == real, off
