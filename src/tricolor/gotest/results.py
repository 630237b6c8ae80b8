"""Keeps the output of tests that passed, and finds it again while nothing that they looked at has changed.

A test binary writes down which files it opens and which environment variables it reads (-test.testlogfile). The log of the last run with
the same binary and the same arguments says what to look at; binary, arguments, and the state of all that are the key of the output. Files outside of the module and of GOROOT do not count, as in Go.

Source: Go 1.27.3 cmd/go/internal/test/test.go (tryCacheWithID, computeTestInputsID, saveOutput).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tricolor.cache.store import read_entry, write_entry
from tricolor.gotest.listing import TestPackage

_MAGIC: Final = b"# test log\n"
_TOO_NEW_SECONDS: Final = 2.0
"""A file that was written so recently may change again without a change of its time."""
_CACHEABLE: Final = frozenset((
    "benchtime", "cpu", "list", "parallel", "run", "short", "skip", "timeout", "failfast", "v", "fullpath",
))  # fmt: skip
_IRRELEVANT: Final = frozenset(("coverprofile", "outputdir"))
_LAST_LINE: Final = re.compile(rb"(ok  \t[^\t\n]*\t)[0-9.s]+([^\n]*\n)\Z")


@final
@dataclass(frozen=True, slots=True)
class Result:
    """What a test binary printed, with the line ``ok``, and the coverage profile that it wrote, if it was asked to."""

    output: bytes
    profile: bytes


def result_key(linked: str, arguments: Sequence[str], package: TestPackage) -> str:
    """Key of the results of a binary with these arguments; empty if they must not be kept."""
    if not package.root:
        return ""
    kept: list[str] = []
    for argument in arguments:
        name, equals, _ = argument.removeprefix("-test.").partition("=")
        if not argument.startswith("-test.") or not equals or name not in _CACHEABLE | _IRRELEVANT:
            return ""
        if name in _CACHEABLE:
            kept.append(argument)
    return _digest("result", linked, *kept)


def find_result(key: str, package: TestPackage, environment: Mapping[str, str], *, with_profile: bool) -> Result | None:
    """The result of the same tests with the same inputs; its line ``ok`` says that it is from the cache. ``with_profile``: only one with
    a coverage profile will do."""
    log = read_entry("testlog", key)
    if log is None:
        return None
    inputs = _inputs(log, package, environment)
    output = read_entry("testoutput", _digest(key, inputs)) if inputs else None
    profile = read_entry("testcover", _digest(key, inputs))
    if output is None or profile is None or (with_profile and not profile):
        return None
    text, count = _LAST_LINE.subn(rb"\1(cached)\2", output)
    return Result(text, profile) if count else None


def keep_result(key: str, package: TestPackage, environment: Mapping[str, str], log: Path, result: Result) -> None:
    """Keep the result of tests that passed, unless their inputs are too new to tell whether they change. Raises EnvironmentFault."""
    try:
        text = log.read_bytes()
    except OSError:
        return
    inputs = _inputs(text, package, environment)
    if inputs:
        write_entry("testlog", key, text)
        write_entry("testcover", _digest(key, inputs), result.profile)
        write_entry("testoutput", _digest(key, inputs), result.output)


def _inputs(log: bytes, package: TestPackage, environment: Mapping[str, str]) -> str:
    """A digest of the state of everything that the log names; empty if the log has another form or a file is too new."""
    if not log.startswith(_MAGIC) or not log.endswith(b"\n"):
        return ""
    # The runtime reads this variable without a note in the log.
    states = [f"GODEBUG {environment.get('GODEBUG')!r}"]
    folder = package.directory
    for line in os.fsdecode(log.removeprefix(_MAGIC)).splitlines():
        operation, space, name = line.partition(" ")
        if not space:
            return ""
        path = os.path.join(folder, name)
        inside = f"{os.path.normpath(path)}/".startswith(f"{package.root}/")
        match operation:
            case "getenv":
                states.append(f"{line} {environment.get(name)!r}")
            case "chdir":
                folder = name
                states.append(f"{line} {_status(name)}")
            case "stat":
                if inside:
                    states.append(f"{line} {_status(path)}")
            case "open":
                state = _contents(path) if inside else ""
                if state is None:
                    return ""
                states.append(f"{line} {state}")
            case _:
                return ""
    return _digest(*states)


def _status(path: str) -> str:
    """Size, mode and time of what a path names, with and without following a link."""
    return " ".join(_stat_text(path, follow=follow) for follow in (True, False))


def _stat_text(path: str, *, follow: bool) -> str:
    try:
        status = os.stat(path, follow_symlinks=follow)
    except (OSError, ValueError) as error:
        return f"error {type(error).__name__} {getattr(error, 'errno', 0)}"
    return f"{status.st_size} {status.st_mode:o} {status.st_mtime_ns}"


def _contents(path: str) -> str | None:
    """The state of an opened file or of a folder's entries; None if the file is too new."""
    state = _stat_text(path, follow=True)
    try:
        if Path(path).is_dir():
            entries = (f"{entry.name} {_stat_text(str(entry), follow=False)}" for entry in sorted(Path(path).iterdir()))
            return " ".join([state, *entries])
        if Path(path).is_file() and time.time() - Path(path).stat().st_mtime < _TOO_NEW_SECONDS:
            return None
    except OSError as error:
        return f"{state} error {error.errno}"
    return state


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
