"""Run a program, and compare its outcome with the expected one."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """``output``: standard output; ``status``: None if the program exceeded its time limit."""

    status: int | None
    output: bytes
    error: bytes
    seconds: float

    @property
    def digest(self) -> str:
        """A hash of standard output; if the program succeeded, of standard error too, where ``println`` writes."""
        return hashlib.sha256(self.output + (self.error if self.status == 0 else b"")).hexdigest()[:16]


def run_command(command: Sequence[str], directory: Path, limit_seconds: float) -> Outcome:
    """Run a command until it ends; at the limit kill its whole process group."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        try:
            status: int | None = process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
        out.seek(0)
        err.seek(0)
        return Outcome(status, out.read(64 << 20), err.read(1 << 20), time.monotonic() - start)


def reason(outcome: Outcome, status: int, digest: str) -> str:
    """Why the outcome differs from the expected one, in a few words; empty if it does not."""
    if outcome.status is None:
        return "over the limit"
    if outcome.status == status and outcome.digest == digest:
        return ""
    text = outcome.error.decode("utf-8", "replace")
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith(("#", "goroutine ", "exit status")):
            return line[:140]
    if outcome.status < 0:
        return f"ended by signal {-outcome.status}"
    if outcome.status != status:
        return f"exit status {outcome.status}, expected {status}"
    return "output differs"
