"""What Go's own command says about a package: the findings of go vet, and why a package cannot be tested.

A package whose tests do not run is left to ``go test``, which does everything up to running: its words about missing imports, tests with
wrong parameters, compile errors and findings of vet are the ones that users know. Its test binary runs under ``true``, so nothing is tested.

Source: Go 1.27.3 cmd/go/internal/test/test.go (runTest, addTestVet).
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.goroot.overlay import BUILD_TAGS
from tricolor.gotest.binaries import BinaryOptions
from tricolor.gotest.listing import TestPackage


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``go test`` printed about a package that it cannot test: ``out`` and ``err``; ``failed``: False if it could."""

    failed: bool
    out: bytes
    err: bytes


def start_vet(package: TestPackage, options: BinaryOptions) -> subprocess.Popen[bytes] | None:
    """Begin to vet a package and its tests, which also type-checks them; None if there is nothing to do."""
    if options.vet is None and package.tests:
        return None
    analyzers = [f"-{name}" for name in options.vet or ()]
    # Without vet a package without tests is only compiled.
    words = ["vet", *analyzers] if options.vet is not None else ["build", "-o", "/dev/null"]
    return subprocess.Popen(
        [*_go(options, words), *package.patterns],
        cwd=options.directory,
        env=go_environment(find_toolchain()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def ask_go_test(package: TestPackage, options: BinaryOptions, *, json: bool) -> Verdict:
    """Let ``go test`` say why the package cannot be tested."""
    vet = "off" if options.vet is None else ",".join(options.vet) or "all"
    words = ["test", "-exec=true", "-count=1", "-run=^$", f"-vet={vet}", *(["-json"] if json else [])]
    done = subprocess.run(
        [*_go(options, words), *package.patterns],
        cwd=options.directory,
        env=go_environment(find_toolchain()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    # The last line is about the whole command.
    return Verdict(done.returncode != 0, done.stdout.removesuffix(b"FAIL\n"), done.stderr)


def _go(options: BinaryOptions, words: Sequence[str]) -> list[str]:
    command, *flags = words
    return [str(find_toolchain().go), command, "-buildvcs=false", f"-tags={','.join((*BUILD_TAGS, *options.tags))}", *flags]
