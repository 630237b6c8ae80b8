"""Ctrl-C interrupts ``tricolor escape``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tricolor.cache.store import cache_dir

_TRICOLOR = str(Path(sys.executable).parent / "tricolor")
_SECONDS = 60


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert process.poll() is None, "the work is done"
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("phase", ["loading", "analysing"])
def test_ctrl_c_ends_with_130_and_leaves_no_file(tmp_path: Path, phase: str) -> None:
    cache, output = tmp_path / "cache", tmp_path / "out.json"
    cache.mkdir()
    helper = cache_dir() / "goload"
    if helper.is_dir():
        (cache / "goload").symlink_to(helper)

    def is_loading() -> bool:
        return any((cache / "tmp").glob("typed-program-*"))

    process = subprocess.Popen(
        [_TRICOLOR, "escape", "--format=json", "-o", str(output), "net/http"], cwd=tmp_path, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"TRICOLOR_CACHE": str(cache)},
    )  # fmt: skip
    try:
        wait_until(is_loading, process)
        if phase == "analysing":
            wait_until(lambda: not is_loading(), process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "")
    assert not output.exists()
    assert not is_loading()
    assert not list(cache.rglob(".writing-*"))
