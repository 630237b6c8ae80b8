"""Processes that work for another one end when it is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

POOL: Final = """
import sys
from tricolor.llvm.compile import Unit, compile_units

bodies = "".join(f"define i64 @f{n}(i64 %x) {{ " + " ".join(f"%a{i} = mul i64 %x, {i + n}" for i in range(60)) + f" ret i64 %a{n % 60} }}\\n" for n in range(20_000))
compile_units([Unit(name, f"@{name} = global i64 1\\n{bodies}") for name in ("one", "two")], lambda done, count: None)
"""
"""Compiles two modules in two processes, for long."""
FORKED: Final = """
import multiprocessing, os, sys, time
from tricolor.base.children import end_with_parent

def work(parent):
    end_with_parent(parent)
    time.sleep(600)

multiprocessing.get_context("fork").Process(target=work, args=(os.getpid(),)).start()
time.sleep(600)
"""


def children(process: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        found += map(int, listed.read_text().split())
    return found


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize(("script", "count"), [(POOL, 2), (FORKED, 1)], ids=["compiler", "any"])
def test_children_end_when_their_parent_is_killed(script: str, count: int, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", script], env={"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}) as parent:
        deadline = time.monotonic() + 120
        while len(children(parent.pid)) < count:
            assert time.monotonic() < deadline
            assert parent.poll() is None, "it has ended by itself"
            time.sleep(0.05)
        found = children(parent.pid)
        # A child may just have begun.
        time.sleep(0.5)
        parent.kill()
    while any(map(is_alive, found)):
        assert time.monotonic() < deadline, "a child goes on"
        time.sleep(0.05)
