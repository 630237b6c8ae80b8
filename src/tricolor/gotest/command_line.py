"""The command line of ``go test``: flags of the command, packages, and flags of the test binary, in any order that Go accepts.

A flag that the command does not know is the test binary's. It ends the list of packages, as does any flag behind the first package.
Flags that both know (-run, -v, ...) are passed on with the prefix ``test.``.

Source: Go 1.27.3 cmd/go/internal/test/testflag.go (testFlags, vetFlag, shuffleFlag), cmd/go/internal/cmdflag/flag.go (ParseOne).

Differs from Go:
    Flags of Go's compiler and linker, of its race detector, and -fuzz are refused by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from tricolor.base.errors import UsageError
from tricolor.gotest.coverage import Coverage
from tricolor.gotest.durations import parse_duration

DEFAULT_TIMEOUT: Final = "10m0s"
DEFAULT_ANALYZERS: Final = (
    "atomic", "bools", "buildtag", "directive", "errorsas", "ifaceassert", "nilfunc", "printf", "slog", "stdversion", "stringintconv", "tests",
)  # fmt: skip
"""The analyses of go vet that go test runs."""

# Passed on to the test binary. Those of _SWITCHES need no value.
_PASSED: Final = frozenset((
    "artifacts", "bench", "benchmem", "benchtime", "blockprofile", "blockprofilerate", "count", "coverprofile", "cpu", "cpuprofile",
    "failfast", "fullpath", "list", "memprofile", "memprofilerate", "mutexprofile", "mutexprofilefraction", "outputdir", "parallel", "run",
    "short", "shuffle", "skip", "timeout", "v",
))  # fmt: skip
_SWITCHES: Final = frozenset(("artifacts", "benchmem", "failfast", "fullpath", "short", "v"))

# The command's own.
_OWN_SWITCHES: Final = frozenset(("all", "c", "cover", "json", "report"))
_OWN: Final = frozenset(("allocs", "format", "o", "exec", "vet", "covermode", "coverpkg", "tags", "p", "check", "mod", "modfile", "C"))
KNOWN_FLAGS: Final = _PASSED | _OWN_SWITCHES | _OWN

_REFUSED: Final = {
    "fuzz": "fuzz targets run with their seeds only",
    "fuzztime": "fuzz targets run with their seeds only",
    "fuzzminimizetime": "fuzz targets run with their seeds only",
    "trace": "there is no execution tracer",
    "race": "the race detector is Go's own",
    "msan": "it belongs to Go's own compiler",
    "asan": "it belongs to Go's own compiler",
} | dict.fromkeys(
    (
        "a", "n", "x", "work", "asmflags", "buildmode", "buildvcs", "compiler", "gccgoflags", "gcflags", "installsuffix", "ldflags",
        "linkshared", "modcacherw", "overlay", "pgo", "pkgdir", "toolexec", "trimpath",
    ),
    "it belongs to Go's own compiler and linker",
)  # fmt: skip

_PROFILES: Final = ("blockprofile", "cpuprofile", "memprofile", "mutexprofile")
_HELP: Final = frozenset(("-h", "-help", "--help"))
_BOOLEANS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), "true"),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), "false"),
}

_USAGE: Final = "usage: tricolor test [flags] [packages] [flags of the test binary]\nRun 'tricolor help test' for details."


@final
@dataclass(frozen=True, slots=True)
class TestCommand:
    """A command line.

    ``patterns``: packages as the user names them, empty if none. ``arguments``: those of the test binary. ``values``: flags by name that were
    given. ``kill_after``: seconds until a test binary that does not end itself is ended, None for never. ``wait_output``: seconds to wait for
    output after its end, None for ever.
    """

    patterns: tuple[str, ...]
    arguments: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict[str, str])
    analyzers: tuple[str, ...] | None = DEFAULT_ANALYZERS
    kill_after: float | None = None
    wait_output: float | None = None

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def switch(self, name: str) -> bool:
        return self.values.get(name, "") == "true"

    @property
    def verbose(self) -> bool:
        return self.text("v") in ("true", "test2json")

    @property
    def shows_passes(self) -> bool:
        """Whether the output of tests that pass is printed."""
        return self.verbose or bool(self.text("list")) or any(word in _HELP for word in self.arguments)

    @property
    def streams(self) -> bool:
        """Whether the test binary has the command's own output."""
        return not self.patterns or bool(self.text("bench"))

    @property
    def profile(self) -> str:
        """The first flag that asks for a profile of one package, empty without one."""
        return next((f"-{name}" for name in _PROFILES if self.text(name)), "")

    @property
    def keeps_binary(self) -> bool:
        """Whether the test binary is written for the user."""
        return self.switch("c") or bool(self.profile) or bool(self.text("o"))

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words of -exec."""
        return tuple(self.text("exec").split())

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(tag for tag in self.text("tags").replace(" ", ",").split(",") if tag)

    @property
    def accounts(self) -> bool:
        """Whether test binaries run where their counters can be read."""
        return self.switch("report") or bool(self.text("allocs"))

    @property
    def coverage(self) -> Coverage | None:
        """What to count, None if nothing."""
        mode, packages, profile = self.text("covermode"), self.text("coverpkg"), self.text("coverprofile")
        if not (mode or packages or profile or self.switch("cover")):
            return None
        path = os.path.join(self.text("outputdir") or os.getcwd(), profile) if profile else ""
        return Coverage(mode or "set", tuple(filter(None, packages.split(","))), path)


def parse_command(arguments: Sequence[str]) -> TestCommand:
    """Read the words behind ``tricolor test``. Raises UsageError."""
    words = list(arguments)
    packages: list[str] | None = None
    passed: list[str] = []
    values: dict[str, str] = {}
    in_packages = after_unknown = False
    unknown = ""
    while words:
        word = words.pop(0)
        was_after_unknown, after_unknown = after_unknown, False
        if word == "--":
            passed += [word, *words]
            break
        name, equals, value = _split(word)
        if not name:
            if not in_packages and packages is not None:
                if was_after_unknown:
                    # It may be the value of the flag before it.
                    passed.append(word)
                    continue
                passed += [word, *words]
                break
            in_packages = True
            packages = [*(packages or []), word]
            continue
        in_packages = False
        name = name.removeprefix("test.") if name.removeprefix("test.") in _PASSED else name
        if not _is_known(name):
            packages = packages or []
            if name == "args" and not equals:
                passed += words
                break
            unknown = unknown or word
            passed.append(word)
            after_unknown = not equals
            continue
        if not equals:
            value = _value(name, words)
        values[name] = value = _checked(name, value)
        if name in _PASSED:
            passed.append(f"-test.{name}={value}")
    if unknown and values.get("c") == "true":
        raise UsageError(f"unknown flag {unknown} cannot be used with -c\n{_USAGE}")
    return _finish(tuple(packages or ()), passed, values)


def _split(word: str) -> tuple[str, str, str]:
    """Name, equals sign and value of a flag; an empty name if the word is no flag."""
    body = word[1:] if word.startswith("--") else word
    if len(body) < 2 or body[0] != "-" or body[1] in "-=":
        return "", "", ""
    return body[1:].partition("=")


def _is_known(name: str) -> bool:
    """Whether the command has the flag. Raises UsageError for one of Go's that it has not."""
    if name in _REFUSED:
        raise UsageError(f"-{name} is not supported: {_REFUSED[name]}")
    return name in KNOWN_FLAGS


def _value(name: str, words: list[str]) -> str:
    """The value of a flag without an equals sign, taken from the words."""
    if name in _SWITCHES or name in _OWN_SWITCHES:
        return "true"
    if not words:
        raise UsageError(f"flag needs an argument: -{name}\n{_USAGE}")
    return words.pop(0)


def _checked(name: str, value: str) -> str:
    """The value in the form in which it is passed on. Raises UsageError."""
    if name == "v" and value == "test2json":
        return value
    if name in _SWITCHES or name in _OWN_SWITCHES:
        if value not in _BOOLEANS:
            raise UsageError(f'invalid boolean value "{value}" for -{name}: parse error\n{_USAGE}')
        return _BOOLEANS[value]
    problem = _problem(name, value)
    if problem:
        raise UsageError(f'invalid value "{value}" for flag -{name}: {problem}\n{_USAGE}')
    return str(Path(value).absolute()) if name == "outputdir" and value else value


def _problem(name: str, value: str) -> str:
    """What is wrong with a value, empty if nothing is."""
    match name:
        case "timeout":
            right, problem = parse_duration(value) is not None, "parse error"
        case "shuffle":
            right, problem = value in ("on", "off") or _is_integer(value), '-shuffle argument must be "on", "off", or an int64'
        case "covermode":
            right, problem = value in ("set", "count", "atomic"), 'valid modes are "set", "count", or "atomic"'
        case "format":
            right, problem = value in ("text", "json"), "use text or json"
        case "allocs":
            right, problem = bool(value), "name a file"
        case "check":
            right, problem = value in ("0", "1", "2", "3"), "use 0, 1, 2 or 3"
        case "p":
            right, problem = _is_integer(value) and int(value) > 0, "parse error"
        case "count" | "parallel":
            right, problem = _is_integer(value), "parse error"
        case "vet":
            return _vet_problem(value)
        case _:
            return ""
    return "" if right else problem


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+", text, re.ASCII) is not None


def _vet_problem(value: str) -> str:
    if "=" in value:
        return "-vet argument cannot contain equal signs"
    if " " in value:
        return "-vet argument is comma-separated list, cannot contain spaces"
    words = value.split(",") if value else []
    if "" in words:
        return "-vet argument contains empty list element"
    single = next((word for word in words if word in ("all", "off")), "")
    if single and len(words) > 1:
        return f'-vet does not accept "{single}" in a list with other analyzers'
    return ""


def _finish(packages: tuple[str, ...], passed: list[str], values: dict[str, str]) -> TestCommand:
    """Add the flags that Go adds, and find the limits of time."""
    added: list[str] = []
    if values.get("json") == "true":
        added.append("-test.v=test2json")
    if "timeout" not in values:
        added.append(f"-test.timeout={DEFAULT_TIMEOUT}")
    writes = any(values.get(name) for name in _PROFILES) or values.get("artifacts") == "true"
    if writes and "outputdir" not in values:
        added.append(f"-test.outputdir={os.getcwd()}")
    if values.get("allocs") and values.get("bench"):
        if not values.get("benchtime", "100x").endswith("x"):
            raise UsageError(f"-benchtime={values['benchtime']} cannot be used with --allocs: give a number of operations, such as 100x")
        added += ["-test.benchmem=true", *([] if "benchtime" in values else ["-test.benchtime=100x"])]
    timeout = parse_duration(values.get("timeout", DEFAULT_TIMEOUT)) or 0
    kill_after = wait_output = None
    if timeout > 0 and not values.get("bench"):
        # The binary should end itself: give it time to print its goroutines.
        wait_output = max(timeout / 10, 5)
        kill_after = timeout + max(60, wait_output)
    return TestCommand(packages, (*added, *passed), values, _analyzers(values.get("vet", "")), kill_after, wait_output)


def _analyzers(value: str) -> tuple[str, ...] | None:
    """The analyses of go vet to run: None for no vet at all, empty for all of them."""
    match value:
        case "":
            return DEFAULT_ANALYZERS
        case "off":
            return None
        case "all":
            return ()
        case _:
            return tuple(value.split(","))
