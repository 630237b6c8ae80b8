"""The test binary of one package, or why there is none.

Source: Go 1.27.3 cmd/go/internal/test/test.go (builderTest).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from tricolor.base.errors import CompilerBug, Faults, TricolorError, failure_text
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram
from tricolor.gotest.binaries import BinaryOptions, compile_binary, remember_binary, remembered_binary
from tricolor.gotest.go_command import ask_go_test, start_vet
from tricolor.gotest.listing import TestPackage


@final
@dataclass(frozen=True, slots=True)
class NoTests:
    """The package compiles and has no tests."""


@final
@dataclass(frozen=True, slots=True)
class Refused:
    """There is no binary. ``status``: exit status of the command. ``out``: the line FAIL, or events if ``events``. ``err``: why."""

    status: int
    out: bytes
    err: bytes
    events: bool = False


Binary: TypeAlias = CompiledProgram | NoTests | Refused


def build_binary(package: TestPackage, options: BinaryOptions, progress: Progress, *, json: bool) -> Binary:
    """Compile and vet the package and its tests. ``json``: Go's words about faults are events. Raises EnvironmentFault."""
    if package.broken:
        return _why(package, options, json) or NoTests()
    known = remembered_binary(package, options) if package.tests else None
    if known is not None:
        return known
    vet = start_vet(package, options)
    compiled = _compile(package, options, progress) if package.tests else NoTests()
    vetted = vet is None or vet.wait() == 0
    if isinstance(compiled, CompiledProgram) and vetted:
        remember_binary(package, options, compiled)
    if isinstance(compiled, Refused) or not vetted:
        # What Go's own command says about a faulty package goes before what we say.
        return _why(package, options, json) or compiled
    return compiled


def _compile(package: TestPackage, options: BinaryOptions, progress: Progress) -> CompiledProgram | Refused:
    failed = f"FAIL\t{package.path} [build failed]\n".encode()
    try:
        compiled = compile_binary(package, options, progress)
    except CompilerBug as error:
        return Refused(error.exit_status, failed, f"# {package.path}\n{failure_text(error)}\n".encode())
    except TricolorError as error:
        return Refused(error.exit_status, failed, f"# {package.path}\ntricolor: {error}\n".encode())
    except Exception as error:  # noqa: BLE001 - any other exception is our bug, which must not cost other packages
        return Refused(CompilerBug.exit_status, failed, f"# {package.path}\n{failure_text(error)}\n".encode())
    if isinstance(compiled, Faults):
        return Refused(1, failed, f"{compiled.text.rstrip()}\n".encode())
    return compiled


def _why(package: TestPackage, options: BinaryOptions, json: bool) -> Refused | None:
    """Go's words about a package that it cannot test either; None if it can."""
    verdict = ask_go_test(package, options, json=json)
    return Refused(1, verdict.out, verdict.err, json) if verdict.failed else None
