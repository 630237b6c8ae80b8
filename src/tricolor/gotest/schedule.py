"""Runs the jobs of the packages side by side, and prints what they say in the order of the packages.

At most ``at_once`` packages are under way. Jobs begin in order, and each may run its tests as soon as its binary is there; but benchmarks
wait until all binaries are there and run one after another, so that they do not disturb each other. What a job prints appears when
those of all earlier packages have ended, except that of the first one that has not ended, which need not wait, and events (-json), which name
their package.

Source: Go 1.27.3 cmd/go/internal/test/test.go (runTest, builderPrintTest, printExitStatus).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import assert_never, final

from tricolor.base.children import end_with_parent
from tricolor.base.progress import Progress
from tricolor.gotest.allocations import Count, Counts
from tricolor.gotest.binaries import load_compiler, remembered_binary
from tricolor.gotest.job import Built, Finished, Message, Printed, Work, run_job
from tricolor.gotest.listing import TestPackage

_LOST = 3
"""Exit status for a job whose process ended without a word: a bug of ours."""


@final
@dataclass(eq=False, slots=True)
class _Job:
    """A job as the schedule sees it. ``waiting``: built, not yet told to run. ``text``: output that has not been printed."""

    package: TestPackage
    port: Connection
    process: ForkProcess
    waiting: bool = False
    finished: Finished | None = None
    text: bytearray = field(default_factory=bytearray)


def run_jobs(packages: Sequence[TestPackage], work: Work, at_once: int) -> tuple[int, Counts]:
    """Test the packages; gives the exit status of the command, and with -allocs what tests allocate."""
    progress = Progress()
    schedule = _Schedule(work, list(packages), at_once, progress)
    try:
        while schedule.step():
            pass
    finally:
        progress.clear()
        schedule.stop()
    return schedule.status, schedule.counts


@final
class _Schedule:
    """The jobs of one command. ``step`` waits for a message and acts on it."""

    def __init__(self, work: Work, packages: list[TestPackage], at_once: int, progress: Progress) -> None:
        self._work = work
        self._packages = packages
        self._at_once = at_once
        self._jobs: list[_Job] = []
        self._progress = progress
        self._in_turn = bool(work.command.text("bench")) and not work.command.switch("c")
        self._failed_fast = False
        self._json = bool(work.tool)
        self.status = 0
        self.counts: dict[tuple[str, str], Count] = {}

    def step(self) -> bool:
        """False when all jobs have ended."""
        self._start()
        self._let_run()
        under_way = {job.port: job for job in self._jobs if job.finished is None}
        if not under_way:
            return False
        if not self._work.alone:
            self._progress.say(self._summary())
        for port in wait(list(under_way)):
            assert isinstance(port, Connection)
            self._hear(under_way[port])
        self._print()
        return True

    def _summary(self) -> str:
        done = sum(job.finished is not None for job in self._jobs)
        names = ", ".join(job.package.path for job in self._jobs if job.finished is None)
        return f"{done} of {len(self._packages)} packages done, {names}"

    def stop(self) -> None:
        """End the jobs that are still under way, after an interrupt."""
        for job in self._jobs:
            if job.finished is None and job.process.pid is not None:
                os.kill(job.process.pid, signal.SIGINT)
            job.process.join()
            job.port.close()

    def _start(self) -> None:
        context = get_context("fork")
        # A job that waits for its turn needs no processor.
        under_way = sum(job.finished is None and not (self._in_turn and job.waiting) for job in self._jobs)
        while len(self._jobs) < len(self._packages) and under_way < self._at_once:
            package = self._packages[len(self._jobs)]
            if not self._work.alone and remembered_binary(package, self._work.options) is None:
                # The jobs inherit it, since it takes a second to load.
                load_compiler()
            ours, theirs = context.Pipe()
            process = context.Process(target=_in_child, args=(theirs, os.getpid(), package, self._work))
            process.start()
            theirs.close()
            self._jobs.append(_Job(package, ours, process))
            under_way += 1

    def _let_run(self) -> None:
        """Tell those jobs to run whose turn it is."""
        for index, job in enumerate(self._jobs):
            if not job.waiting:
                continue
            if self._in_turn and (len(self._jobs) < len(self._packages) or not self._is_quiet(index)):
                continue
            job.waiting = False
            job.port.send(not self._failed_fast)

    def _is_quiet(self, index: int) -> bool:
        """Whether all jobs before this one have ended, and all behind it wait for their turn."""
        before, behind = self._jobs[:index], self._jobs[index + 1 :]
        return all(job.finished is not None for job in before) and all(job.waiting for job in behind)

    def _hear(self, job: _Job) -> None:
        try:
            message: Message = job.port.recv()
        except EOFError:
            job.text += f"FAIL\t{job.package.path} [the process that tests it was killed]\n".encode()
            message = Finished(_LOST)
        match message:
            case Built():
                job.waiting = True
            case Printed(text, to_error=True):
                self._progress.clear()
                sys.stderr.buffer.write(text)
                sys.stderr.flush()
            case Printed(text):
                if self._json:
                    self._write(text)
                else:
                    job.text += text
            case Finished(status, tests_failed, counts):
                self.counts |= counts
                job.finished = message
                self.status = max(self.status, status)
                self._failed_fast |= tests_failed and self._work.command.switch("failfast")
            case _:
                assert_never(message)

    def _print(self) -> None:
        """Print what the first jobs have said, up to the first one that has not ended."""
        for job in self._jobs:
            if job.text:
                self._write(bytes(job.text))
                job.text.clear()
            if job.finished is None:
                return

    def _write(self, text: bytes) -> None:
        self._progress.clear()
        sys.stdout.buffer.write(text)
        sys.stdout.flush()


def _in_child(port: Connection, parent: int, package: TestPackage, work: Work) -> None:
    end_with_parent(parent)
    try:
        run_job(port, package, work)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)
