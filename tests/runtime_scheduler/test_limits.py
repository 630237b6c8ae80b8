"""GOMAXPROCS follows the processors on which the process may run, unless it was set. Real Go does the same in turn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

import pytest

from tricolor.frontend.toolchain import find_toolchain

PROGRAM: Final = Path(__file__).parent / "limits" / "main.go"
ALLOWED: Final = sorted(os.sched_getaffinity(0))


@pytest.fixture(scope="module", params=["ours", "real"])
def executable(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("limits") / "limits"
    builder = [sys.executable, "-m", "tricolor.cli.main"] if request.param == "ours" else [str(find_toolchain().go)]
    subprocess.run([*builder, "build", "-o", str(out), str(PROGRAM)], check=True)
    return out


class Running:
    """The program, which begins on one processor."""

    def __init__(self, executable: Path, **environment: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in ("GOMAXPROCS", "GODEBUG")}
        command = [sys.executable, "-c", "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"]
        self.process = subprocess.Popen(
            [*command, str(ALLOWED[0]), str(executable)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=inherited | environment,
        )
        self.first = self.answer()

    def answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def tell(self, command: str) -> int:
        """Gives GOMAXPROCS once the program has done that."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.answer()

    def allow(self, count: int) -> None:
        """Lets all threads run on so many processors."""
        for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), ALLOWED[:count])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


needs_two = pytest.mark.skipif(len(ALLOWED) < 2, reason="there is one processor only")


@needs_two
@pytest.mark.slow
def test_gomaxprocs_follows_the_processors_until_it_is_set(executable: Path) -> None:
    with Running(executable) as running:
        assert running.first == 1
        running.allow(2)
        assert running.tell("2") == 2
        running.allow(1)
        assert running.tell("1") == 1
        assert running.tell("set") == 3
        running.allow(2)
        assert running.tell("stay") == 3
        assert running.tell("default") == 2
        running.allow(1)
        assert running.tell("1") == 1


@needs_two
@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"GOMAXPROCS": "1"}, {"GODEBUG": "updatemaxprocs=0"}], ids=["set", "off"])
def test_gomaxprocs_stays_where_it_must_not_follow(executable: Path, environment: dict[str, str]) -> None:
    with Running(executable, **environment) as running:
        assert running.first == 1
        running.allow(2)
        assert running.tell("stay") == 1
