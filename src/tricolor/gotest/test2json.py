"""Turns the output of a test binary into events, by Go's own tool test2json, while it arrives.

The tool learns the result from the output. A test that ends without a word, or prints FAIL and passes, needs the exit status, which the tool
does not see: the last event is corrected by it.

Source: Go 1.27.3 cmd/test2json/main.go, cmd/internal/test2json/test2json.go (Converter.Exited, Converter.Close).
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, final

from tricolor.base.errors import EnvironmentFault
from tricolor.frontend.toolchain import find_toolchain, go_environment


def find_test2json() -> str:
    """Path of the tool, which the go command builds at its first use. Raises EnvironmentFault."""
    toolchain = find_toolchain()
    command = [str(toolchain.go), "tool", "-n", "test2json"]
    done = subprocess.run(command, env=go_environment(toolchain), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFault(f"go tool test2json: {done.stderr.strip()}")
    return done.stdout.strip()


@final
class Converter:
    """A running tool. ``write`` gives it output, ``close`` ends it. ``emit`` gets the lines of JSON, from another thread."""

    def __init__(self, tool: str, package: str, emit: Callable[[bytes], object]) -> None:
        self._package = package
        self._emit = emit
        self._start = time.monotonic()
        self._process = subprocess.Popen([tool, "-t", "-p", package], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._last = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def close(self, *, passed: bool) -> None:
        """End the events with the result of the package."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        self._process.wait()
        event = _result_event(self._last)
        if event is None:
            self._emit(self._last)
            elapsed = round(time.monotonic() - self._start, 3)
            event = {"Time": datetime.now().astimezone().isoformat(), "Action": "", "Package": self._package, "Elapsed": elapsed}
        if event["Action"] != "skip" or not passed:
            event["Action"] = "pass" if passed else "fail"
        self._emit(json.dumps(event, separators=(",", ":")).encode() + b"\n")

    def _read(self) -> None:
        # The last line waits for the result.
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if self._last:
                self._emit(self._last)
            self._last = line


def _result_event(line: bytes) -> dict[str, Any] | None:
    """The event if it is the result of a package."""
    event: dict[str, Any] = json.loads(line) if line else {}
    return event if event.get("Action") in ("pass", "fail", "skip") and "Test" not in event else None
