"""A test binary is run to its end, and how it ended is told in Go's words."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tricolor.gotest.process import Ended, Limits, run_binary

FREE = Limits(None, None)


def _run(script: str, folder: Path, limits: Limits = FREE) -> tuple[Ended, bytes]:
    printed = bytearray()
    ended = run_binary(["sh", "-c", script], folder, os.environ, limits, printed.extend)
    return ended, bytes(printed)


@pytest.mark.parametrize(
    ("script", "status", "how"),
    [
        ("exit 0", 0, ""),
        ("exit 3", 3, "exit status 3"),
        ("kill -KILL $$", -9, "signal: killed"),
        ("kill -TERM $$", -15, "signal: terminated"),
    ],
)
def test_the_end_is_told_as_go_tells_it(script: str, status: int, how: str, tmp_path: Path) -> None:
    ended, _ = _run(script, tmp_path)
    assert (ended.status, ended.how, ended.note) == (status, how, "")


def test_both_streams_are_passed_on_in_order_from_the_folder(tmp_path: Path) -> None:
    _, printed = _run("pwd; echo error >&2; echo end", tmp_path)
    assert printed == f"{tmp_path}\nerror\nend\n".encode()


def test_a_process_that_does_not_end_is_asked_to_show_its_goroutines_and_then_killed(tmp_path: Path) -> None:
    ended, printed = _run("trap 'echo goroutines' QUIT; while :; do sleep 0.01; done", tmp_path, Limits(0.1, 0.2))
    assert (ended.how, ended.note) == ("signal: killed", "*** Test killed with quit: ran too long (0.1s).\n")
    assert printed == b"goroutines\n"


def test_output_that_somebody_keeps_open_is_not_awaited_for_ever(tmp_path: Path) -> None:
    start = time.monotonic()
    ended, printed = _run("sleep 20 & echo done", tmp_path, Limits(10, 0.1))
    assert time.monotonic() - start < 10
    assert (ended.how, ended.exited) == ("exec: WaitDelay expired before I/O complete", False)
    assert (ended.status, ended.note, printed) == (0, "*** Test I/O incomplete 0.1s after exiting.\n", b"done\n")
