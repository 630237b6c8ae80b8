"""``tricolor build``: compile packages into executables, print escape decisions or a stage of the compiler.

Source: Go 1.27.3 cmd/go/internal/work/build.go (runBuild), cmd/go/internal/work/shell.go (moveOrCopyFile).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tricolor.base.errors import EnvironmentFault, Faults, TricolorError
from tricolor.base.files import write_output
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram, Form, recall, remember
from tricolor.cache.store import read_entry
from tricolor.cli.common import COMPILE_FLAGS, check_level, dump_stage, gcflags, say_faults, tags
from tricolor.cli.compiling import compile_request, record_key
from tricolor.cli.flags import Flag, Parsed, describe, parse_flags

FLAGS = (
    *COMPILE_FLAGS,
    Flag(
        "o",
        "write the executable to this file; with a folder or a name that ends with /, write executables into it",
        value_name="FILE|DIR/",
        from_go=True,
    ),
)

HELP = f"""\
usage: tricolor build [-o FILE|DIR/] [flags] [packages]

Compiles packages. One main package, or .go files of one, becomes an executable in the working directory; it is named
after the last part of the import path or after the first file, unless -o names another file. With -o DIR/ each main
package becomes an executable in that folder. Several packages without -o, or one that is not a main package, are only
checked.

An executable needs Linux with glibc and an x86-64-v3 processor, but no Python, Go or LLVM. It behaves as the program
does under tricolor run.

With -gcflags=-m, build prints escape decisions in Go's words, and writes an executable only if -o is given. With
--dump it prints a stage of the compiler.

Flags:
{describe(FLAGS)}
"""

_NOWHERE = "/dev/null"
_OBJECT_STARTS = (b"\x7fELF", b"!<arch>\n")


def build(arguments: Sequence[str]) -> int:
    """The exit status: 0 on success, 1 if the packages have compile errors or an executable cannot be written."""
    parsed = parse_flags("build", FLAGS, arguments)
    stage, wanted = dump_stage(parsed)
    flags = gcflags(parsed)
    patterns = parsed.rest or (".",)
    if stage:
        return _dump(parsed, patterns, stage, wanted)
    if flags.shows_decisions:
        from tricolor.cli.decisions import show_decisions

        status = show_decisions(patterns, tags(parsed), flags, sys.stderr, check=check_level(parsed) > 0)
        if status or not parsed.text("o"):
            return status
    output = parsed.text("o")
    if output and not _is_folder(output):
        _check_replaceable(Path(output))
    programs = _compile(parsed, patterns)
    if isinstance(programs, int):
        return programs
    for program in programs:
        if output != _NOWHERE:
            _write(program, Path(output, program.name) if _is_folder(output) else Path(output or program.name))
    return 0


def _dump(parsed: Parsed, patterns: tuple[str, ...], stage: str, wanted: str) -> int:
    from tricolor.cli.stages import dump
    from tricolor.pipeline import analyse_packages, load_typed

    request = compile_request(parsed, patterns, Form.EXECUTABLE, account=False)
    with Progress() as progress:
        typed = load_typed(request, progress)
        analysed = typed if isinstance(typed, Faults) else analyse_packages(request, typed, progress)
    if isinstance(analysed, Faults):
        return say_faults(analysed.text)
    dump(stage, wanted, request, analysed, sys.stdout)
    return 0


# --- Compiling ---------------------------------------------------------------------------------------------------------


def _compile(parsed: Parsed, patterns: tuple[str, ...]) -> list[CompiledProgram] | int:
    """The programs to write; the exit status if the packages have compile errors."""
    key = record_key(parsed, patterns, Form.EXECUTABLE, account=False)
    known = recall(key)
    if known is not None:
        return [known]
    with Progress() as progress:
        programs = _compile_packages(parsed, patterns, key, progress)
    return say_faults(programs.text) if isinstance(programs, Faults) else programs


def _compile_packages(parsed: Parsed, patterns: tuple[str, ...], key: str, progress: Progress) -> list[CompiledProgram] | Faults:
    from tricolor.pipeline import analyse_packages, compile_program, load_typed
    from tricolor.report.sites import describe_sites

    request = compile_request(parsed, patterns, Form.EXECUTABLE, account=False)
    typed = load_typed(request, progress)
    if isinstance(typed, Faults):
        return typed
    mains = [package.path for package in typed.roots if package.name == "main"]
    if len(typed.roots) == 1 and mains:
        compiled = compile_program(request, typed, progress, describe_sites)
        if isinstance(compiled, Faults):
            return compiled
        remember(key, compiled)
        return [compiled]
    writes = _check_output_of_several(parsed.text("o"), [package.path for package in typed.roots], mains)
    analyse_packages(request, typed, progress)
    programs: list[CompiledProgram] = []
    for path in mains if writes else []:
        one = replace(request, patterns=(path,))
        typed = load_typed(one, progress)
        compiled = typed if isinstance(typed, Faults) else compile_program(one, typed, progress, describe_sites)
        if isinstance(compiled, Faults):
            return compiled
        programs.append(compiled)
    return programs


def _check_output_of_several(output: str, packages: Sequence[str], mains: Sequence[str]) -> bool:
    """Whether executables are to be written, where the packages are not one main package. Raises TricolorError."""
    if output in ("", _NOWHERE):
        return False
    if not _is_folder(output):
        if len(packages) > 1:
            raise TricolorError(f"cannot write multiple packages to non-directory {output}")
        raise TricolorError(f"{output} is not written: {packages[0]} is not a main package, and only those become executables")
    if not mains:
        raise TricolorError("no main packages to build")
    return True


# --- Writing -----------------------------------------------------------------------------------------------------------


def _is_folder(output: str) -> bool:
    return output.endswith("/") or (bool(output) and Path(output).is_dir())


def _check_replaceable(path: Path) -> None:
    """Raises TricolorError if a folder or somebody's text is in the executable's place."""
    if path.is_dir():
        raise TricolorError(f"build output {path} already exists and is a directory")
    try:
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                start = file.read(max(map(len, _OBJECT_STARTS)))
            if not start.startswith(_OBJECT_STARTS):
                raise TricolorError(f"build output {path} already exists and is not an object file")
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror or error}") from error


def _write(program: CompiledProgram, path: Path) -> None:
    data = read_entry("executable", program.linked)
    if data is None:
        raise EnvironmentFault("the cache lost the executable: run the command again")
    _check_replaceable(path)
    if path.is_file() and os.access(path, os.X_OK) and path.read_bytes() == data:
        # The folder stays unchanged too, which the record of the program mentions if it is the package's.
        return
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror or error}") from error
    write_output(path, data, 0o777)
