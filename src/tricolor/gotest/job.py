"""The test of one package, in a process of its own: compile and vet, wait for the turn, run, report.

Two halves speak over a pipe. The job sends ``Built`` when it could run, and ``Printed`` for what it prints; the schedule answers whether it
is to run. Each package has its process because compiling takes memory that is given back at its end, and because a bug that one package meets
must not cost the others.

Source: Go 1.27.3 cmd/go/internal/test/test.go (runTestActor.Act).
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Self, TypeAlias, final

from tricolor.base.errors import TricolorError
from tricolor.base.files import writing
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram
from tricolor.frontend.toolchain import find_toolchain
from tricolor.gotest.allocations import COUNTS_VARIABLE, SEED, Count, Counts, read_counts
from tricolor.gotest.binaries import BinaryOptions, binary_name, write_binary
from tricolor.gotest.building import Binary, NoTests, Refused, build_binary
from tricolor.gotest.command_line import TestCommand
from tricolor.gotest.coverage import instrument, join_profile
from tricolor.gotest.inside import inside_command
from tricolor.gotest.listing import TestPackage
from tricolor.gotest.process import Ended, Limits, run_binary
from tricolor.gotest.results import Result, find_result, keep_result, result_key
from tricolor.gotest.test2json import Converter

_WARNINGS: Final = {
    b"testing: warning: no tests to run\n": " [no tests to run]",
    b"testing: warning: no fuzz tests to fuzz\n": " [no fuzz tests to fuzz]",
}

_COVERED: Final = re.compile(rb"coverage: (.*)\n")


@final
@dataclass(frozen=True, slots=True)
class Built:
    """The binary is there, or it is known why not."""


@final
@dataclass(frozen=True, slots=True)
class Printed:
    """Text for standard output, or for standard error."""

    text: bytes
    to_error: bool = False


@final
@dataclass(frozen=True, slots=True)
class Finished:
    """The job is done. ``status``: what it adds to the exit status of the command. ``tests_failed``: a test failed, or the binary did.
    ``counts``: what its tests allocate, with -allocs."""

    status: int
    tests_failed: bool = False
    counts: Counts = field(default_factory=dict[tuple[str, str], Count])


Message: TypeAlias = Built | Printed | Finished


@final
@dataclass(frozen=True, slots=True)
class Work:
    """What all jobs share. ``alone``: output need not wait for that of another package. ``tool``: path of test2json, empty without -json."""

    command: TestCommand
    options: BinaryOptions
    alone: bool
    tool: str


def run_job(port: Connection, package: TestPackage, work: Work) -> None:
    """The whole life of a job. It sends messages to the port and receives whether to run."""
    try:
        with Progress(None if work.alone else StringIO()) as progress:
            binary = build_binary(package, work.options, progress, json=work.command.switch("json"))
        port.send(Built())
        port.send(_report(port, package, work, binary) if port.recv() else Finished(0))
    except TricolorError as error:
        port.send(Printed(f"tricolor: {error}\n".encode(), to_error=True))
        port.send(Finished(error.exit_status))


def _report(port: Connection, package: TestPackage, work: Work, binary: Binary) -> Finished:
    """Run the tests, if there are any, and print what Go prints."""
    if isinstance(binary, Refused):
        if binary.err:
            port.send(Printed(binary.err, to_error=True))
        if binary.events:
            port.send(Printed(binary.out))
        else:
            with _Output(port, package, work) as out:
                out.write(binary.out)
        return Finished(binary.status)
    with _Output(port, package, work) as out:
        if isinstance(binary, NoTests):
            out.write(_untested(package, work))
            out.passed = True
            return Finished(0)
        with tempfile.TemporaryDirectory(prefix="tricolor-test-") as folder:
            run = _run_counted if work.options.account else _run
            return run(out, package, work, binary, Path(folder))


# --- Running -----------------------------------------------------------------------------------------------------------


def _run(out: _Output, package: TestPackage, work: Work, binary: CompiledProgram, folder: Path) -> Finished:
    """Run the binary, unless the cache has its result."""
    command = work.command
    environment = _environment(package)
    path = folder / binary_name(package)
    key = ""
    if command.keeps_binary:
        _keep_binary(package, command, binary)
    if command.switch("c"):
        return Finished(0)
    if command.patterns and not command.prefix:
        key = result_key(binary.linked, command.arguments, package)
    coverage = work.options.coverage
    profiled = coverage if coverage is not None and coverage.profile else None
    known = find_result(key, package, environment, with_profile=profiled is not None) if key else None
    if known is not None:
        if profiled is not None:
            join_profile(profiled, known.profile)
        out.write(known.output)
        out.passed = True
        return Finished(0)
    write_binary(binary, path)
    log = folder / "testlog.txt"
    profile = folder / "cover.out"
    arguments = [f"-test.coverprofile={profile}" if word.startswith("-test.coverprofile=") else word for word in command.arguments]
    words = [*command.prefix, str(path), *([f"-test.testlogfile={log}"] if key else []), "-test.paniconexit0", *arguments]
    limits = Limits(command.kill_after, command.wait_output)
    ended = run_binary(words, Path(package.directory), environment, limits, None if out.inherited else out.write)
    out.end(ended)
    lines = profile.read_bytes() if profiled is not None and profile.is_file() else b""
    if profiled is not None:
        join_profile(profiled, lines)
    if key and not ended.how:
        keep_result(key, package, environment, log, Result(out.kept(), lines))
    return Finished(1, tests_failed=True) if ended.how else Finished(0)


def _run_counted(out: _Output, package: TestPackage, work: Work, binary: CompiledProgram, folder: Path) -> Finished:
    """Run the binary where its counters can be read, and print the report of its sites or take the counts of its tests."""
    command = work.command
    report = folder / "report" if command.switch("report") else None
    counts = folder / "counts"
    environment = _environment(package)
    if command.text("allocs"):
        environment |= {COUNTS_VARIABLE: str(counts), "GOMAXPROCS": "1"}
    words = inside_command(
        binary,
        [binary_name(package), "-test.paniconexit0", *command.arguments],
        seed=SEED if command.text("allocs") else None,
        report=report,
        folder=work.options.directory,
        show_stack=command.switch("all"),
        form=command.text("format") or "text",
    )
    limits = Limits(command.kill_after, command.wait_output)
    ended = run_binary(words, Path(package.directory), environment, limits, None if out.inherited else out.write)
    printed = out.kept()
    out.end(ended)
    if report is not None and report.is_file():
        out.write(report.read_bytes())
    if ended.how:
        return Finished(1, tests_failed=True)
    return Finished(0, counts=read_counts(package.path, counts, printed) if command.text("allocs") else {})


def _untested(package: TestPackage, work: Work) -> bytes:
    """The line of a package without tests. If its coverage is asked for, that is none."""
    coverage = work.options.coverage
    if coverage is not None and not coverage.packages:
        cover = instrument(package, coverage, work.options.tags, work.options.directory)
        if coverage.profile:
            join_profile(coverage, "".join(cover.blocks).encode())
        if cover.statements:
            return f"\t{package.path}\t\tcoverage: 0.0% of statements\n".encode()
    return f"?   \t{package.path}\t[no test files]\n".encode()


def _keep_binary(package: TestPackage, command: TestCommand, binary: CompiledProgram) -> None:
    """Write the test binary where the user wants it."""
    target = binary_target(package, command.text("o"))
    if target is not None:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            write_binary(binary, target)


def binary_target(package: TestPackage, output: str) -> Path | None:
    """Where the binary goes: ``output`` is a file, a folder, or empty for the working folder; None for nowhere."""
    if output == os.devnull:
        return None
    if not output or output.endswith("/") or Path(output).is_dir():
        return Path(output, binary_name(package)).absolute()
    return Path(output).absolute()


def _environment(package: TestPackage) -> dict[str, str]:
    """The test binary finds the go command first in PATH, as Go's own command arranges it."""
    path = f"{find_toolchain().root / 'bin'}:{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PWD": package.directory}


# --- Printing ----------------------------------------------------------------------------------------------------------


@final
class _Output:
    """What a test prints, on its way to the schedule or to test2json. ``passed``: the result of the package, for the last event."""

    def __init__(self, port: Connection, package: TestPackage, work: Work) -> None:
        self._port = port
        self._package = package
        self._command = work.command
        self._covers = work.options.coverage is not None
        self._buffer = bytearray()
        self._printed = 0
        self._converter = Converter(work.tool, package.path, self._send) if work.tool else None
        self.inherited = work.command.streams and self._converter is None and not work.command.text("allocs")
        self._at_once = self._converter is not None or work.command.streams or (work.alone and work.command.shows_passes)
        self.passed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._converter is not None:
            self._converter.close(passed=self.passed)
        elif not self._at_once:
            self._send(bytes(self._buffer))

    def write(self, data: bytes) -> None:
        self._buffer += data
        if self._converter is not None:
            self._converter.write(data)
        elif self._at_once:
            self._send(data)

    def kept(self) -> bytes:
        """What the cache keeps."""
        return bytes(self._buffer)

    def end(self, ended: Ended) -> None:
        """Print the line of the package. Of tests that passed only that line stays, unless the user wants to see them."""
        text = bytes(self._buffer)
        self.passed = not ended.how
        if ended.how:
            self._end_failed(ended, text)
            return
        if not self._command.shows_passes and self._converter is None and not self._at_once:
            self._buffer.clear()
        newline = "\n" if text and not text.endswith(b"\n") else ""
        notes = "".join(note for warning, note in _WARNINGS.items() if text.startswith(warning) or b"\n" + warning in text)
        covered = _COVERED.search(text) if self._covers else None
        coverage = f"\tcoverage: {covered[1].decode()}" if covered else ""
        self.write(f"{newline}ok  \t{self._package.path}\t{ended.seconds:.3f}s{coverage}{notes}\n".encode())

    def _end_failed(self, ended: Ended, text: bytes) -> None:
        lines = ended.note
        if not ended.exited or not text:
            # Nothing else tells why.
            lines += f"{ended.how}\n"
        elif not text.endswith(b"\n"):
            lines += "\n"
        # The mark tells test2json that this line is no output of a test.
        mark = "\x16" if self._converter is not None or self._command.text("v") == "test2json" else ""
        self.write(f"{lines}{mark}FAIL\t{self._package.path}\t{ended.seconds:.3f}s\n".encode())

    def _send(self, data: bytes) -> None:
        if data:
            self._port.send(Printed(data))
