"""Runs a test binary to its end, passes on what it prints, and says how it ended in Go's words.

A binary that does not end itself in time gets SIGQUIT, so that it shows its goroutines, and then SIGKILL. If somebody whom the binary
started keeps its output open, the end of the output is not awaited for ever.

Source: Go 1.27.3 cmd/go/internal/test/test.go (runTestActor.Act), os/exec (Cmd.WaitDelay), os/exec_posix.go (ProcessState.String).
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tricolor.gotest.durations import format_duration

_CHUNK_BYTES: Final = 1 << 16

# What Go calls these signals where the number alone would say little (syscall/zerrors_linux_amd64.go).
_SIGNAL_NAMES: Final = {
    signal.SIGHUP: "hangup", signal.SIGINT: "interrupt", signal.SIGQUIT: "quit", signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap", signal.SIGABRT: "aborted", signal.SIGBUS: "bus error", signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed", signal.SIGUSR1: "user defined signal 1", signal.SIGSEGV: "segmentation fault",
    signal.SIGUSR2: "user defined signal 2", signal.SIGPIPE: "broken pipe", signal.SIGALRM: "alarm clock", signal.SIGTERM: "terminated",
}  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """``kill_after``: seconds until SIGQUIT, None for never. ``wait_output``: seconds to wait for output after the end, None for ever."""

    kill_after: float | None
    wait_output: float | None


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. ``how``: in Go's words, empty for status 0. ``note``: what to print about its limits, if anything."""

    status: int
    how: str
    note: str
    seconds: float

    @property
    def exited(self) -> bool:
        """Whether it ended by itself, with its output."""
        return self.how in ("", f"exit status {self.status}")


def run_binary(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], limits: Limits, output: Callable[[bytes], object] | None
) -> Ended:
    """Run the command in the folder; ``output`` gets what it prints, None: it has our own output. Raises OSError if it does not start."""
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=None if output is None else subprocess.PIPE,
        stderr=1 if output is None else subprocess.STDOUT,
    )
    deadline = None if limits.kill_after is None else start + limits.kill_after
    try:
        note = _follow(process, deadline, limits, output)
    except BaseException:
        process.kill()
        process.wait()
        raise
    seconds = time.monotonic() - start
    how = _how(process.returncode) or ("exec: WaitDelay expired before I/O complete" if note else "")
    return Ended(process.returncode, how, note, seconds)


def _follow(process: subprocess.Popen[bytes], deadline: float | None, limits: Limits, output: Callable[[bytes], object] | None) -> str:
    """Pass on output until the process and its output have ended; gives the note about limits."""
    note = ""
    watched = [os.pidfd_open(process.pid)]
    (ends,) = watched
    pipe = -1 if process.stdout is None else process.stdout.fileno()
    if output is not None:
        watched.append(pipe)
    try:
        while watched:
            ready, _, _ = select.select(watched, (), (), None if deadline is None else max(0.0, deadline - time.monotonic()))
            if pipe in ready and output is not None:
                data = os.read(pipe, _CHUNK_BYTES)
                if data:
                    output(data)
                else:
                    watched.remove(pipe)
            if ends in ready:
                process.wait()
                watched.remove(ends)
                deadline = None if limits.wait_output is None else time.monotonic() + limits.wait_output
            if ready or deadline is None:
                continue
            if ends not in watched:
                return note or f"*** Test I/O incomplete {format_duration(limits.wait_output or 0)} after exiting.\n"
            if note:
                process.kill()
                deadline = None
            else:
                process.send_signal(signal.SIGQUIT)
                note = f"*** Test killed with quit: ran too long ({format_duration(limits.kill_after or 0)}).\n"
                deadline = time.monotonic() + (limits.wait_output or 0)
    finally:
        os.close(ends)
    return note


def _how(status: int) -> str:
    """How the process ended, as Go's os.ProcessState says it; empty for status 0."""
    if status >= 0:
        return f"exit status {status}" if status else ""
    names = {int(number): name for number, name in _SIGNAL_NAMES.items()}
    return f"signal: {names.get(-status, f'signal {-status}')}"
