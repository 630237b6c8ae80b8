"""Compiles test binaries. What a package's tests compile to is remembered while its sources, and those of all that it needs, are unchanged."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import final

from tricolor.base.errors import EnvironmentFault, Faults
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram, Form, program_key, recall, remember
from tricolor.cache.store import read_entry
from tricolor.gotest.coverage import NOT_INSTRUMENTED, Coverage, instrument
from tricolor.gotest.listing import TestPackage


@final
@dataclass(frozen=True, slots=True)
class BinaryOptions:
    """How to compile test binaries. ``tags``: build tags. ``check_level``: how much Tricolor checks itself. ``vet``: the analyses that a package must pass before its binary is remembered. ``coverage``: what the binary counts, if anything.
    ``account``: it is an image, which counts what its sites allocate."""

    directory: Path
    tags: tuple[str, ...]
    check_level: int
    vet: tuple[str, ...] | None
    coverage: Coverage | None = None
    account: bool = False


def remembered_binary(package: TestPackage, options: BinaryOptions) -> CompiledProgram | None:
    """The binary that ``compile_binary`` made before from the same sources; its package passed vet."""
    return recall(_key(package, options))


def compile_binary(package: TestPackage, options: BinaryOptions, progress: Progress) -> CompiledProgram | Faults:
    """The linked test binary, in the cache. Raises TricolorError."""
    from tricolor.pipeline import CompileRequest, compile_program, load_typed
    from tricolor.report.sites import describe_sites

    cover = instrument(package, options.coverage, options.tags, options.directory) if options.coverage is not None else NOT_INSTRUMENTED
    request = CompileRequest(
        package.patterns,
        options.directory,
        options.tags,
        account=_accounts(options),
        check_level=options.check_level,
        form=_form(options),
        test=True,
        overlay=cover.overlay,
    )
    typed = load_typed(request, progress)
    compiled = typed if isinstance(typed, Faults) else compile_program(request, typed, progress, describe_sites)
    # The instrumented files are not what the user changes.
    return compiled if isinstance(compiled, Faults) else replace(compiled, inputs=(*compiled.inputs, *cover.sources))


def load_compiler() -> None:
    """Import what ``compile_binary`` needs."""
    import tricolor.pipeline
    import tricolor.report.sites

    assert tricolor.pipeline.compile_program and tricolor.report.sites.describe_sites


def remember_binary(package: TestPackage, options: BinaryOptions, program: CompiledProgram) -> None:
    """Let ``remembered_binary`` find the program. Raises EnvironmentFault."""
    remember(_key(package, options), program)


def write_binary(program: CompiledProgram, path: Path) -> None:
    """Write the executable. Raises EnvironmentFault if the cache has lost it, OSError."""
    data = read_entry("executable", program.linked)
    if data is None:
        raise EnvironmentFault("the cache lost the test binary: run the command again")
    path.write_bytes(data)
    path.chmod(0o755)


def binary_name(package: TestPackage) -> str:
    """The name of a test binary: the last part of the import path that is no major version, with ``.test``."""
    if package.path == "command-line-arguments":
        return f"{package.name}.test"
    *before, last = PurePosixPath(package.path).parts
    is_version = last[:1] == "v" and last[1:].isdigit() and last not in ("v0", "v1") and not last.startswith("v0")
    return f"{before[-1] if before and is_version else last}.test"


def _form(options: BinaryOptions) -> Form:
    return Form.IMAGE if options.account else Form.EXECUTABLE


def _accounts(options: BinaryOptions) -> bool:
    # Only code with accounting tells the allocator the types of small values.
    return options.account or "allocfreetrace=" in os.environ.get("GODEBUG", "")


def _key(package: TestPackage, options: BinaryOptions) -> str:
    words = (
        *options.tags,
        f"report={_accounts(options)}",
        f"check={options.check_level}",
        f"vet={options.vet}",
        f"cover={options.coverage and replace(options.coverage, profile='')}",
        "test",
        _form(options).value,
    )
    return program_key(package.patterns, options.directory, words)
