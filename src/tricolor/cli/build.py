"""``tricolor build``: compile packages into executables, print escape decisions or a stage of the compiler.

Source: Go 1.27.3 cmd/go/internal/work/build.go (runBuild), cmd/go/internal/work/shell.go (moveOrCopyFile).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tricolor.base.errors import EnvironmentFault, Faults, TricolorError, concerns_one_package, exit_status_of, package_failure
from tricolor.base.files import write_output, writing
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram, Form
from tricolor.cache.store import read_entry
from tricolor.cli.common import COMPILE_FLAGS, check_level, dump_stage, gcflags, say, tags
from tricolor.cli.compiling import compile_main, compile_programs, dump_program
from tricolor.cli.flags import Flag, describe, parse_flags

if TYPE_CHECKING:
    # Imported where they are used: a remembered program must not pay for the compiler.
    from tricolor.frontend.program import Program as TypedProgram
    from tricolor.pipeline import CompileRequest

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
    stage, _ = dump_stage(parsed)
    flags = gcflags(parsed)
    patterns = parsed.rest or (".",)
    if stage:
        from tricolor.pipeline import analyse_packages

        return dump_program(parsed, patterns, Form.EXECUTABLE, analyse_packages)
    if flags.shows_decisions:
        from tricolor.cli.decisions import show_decisions

        status = show_decisions(patterns, tags(parsed), flags, sys.stderr, check=check_level(parsed) > 0)
        if status or not parsed.text("o"):
            return status
    output = parsed.text("o")
    if output and not _is_folder(output):
        _check_replaceable(Path(output))
    failures: list[tuple[str, Exception]] = []
    programs = compile_programs(
        parsed, patterns, Form.EXECUTABLE, account=False, compile_typed=partial(_compile_packages, output, failures)
    )
    if isinstance(programs, int):
        return programs
    for program in programs:
        if output != _NOWHERE:
            _write(program, Path(output, program.name) if _is_folder(output) else Path(output or program.name))
    for path, error in failures:
        say(package_failure(path, error))
    return max((exit_status_of(error) for _, error in failures), default=0)


# --- Compiling ---------------------------------------------------------------------------------------------------------


def _compile_packages(
    output: str, failures: list[tuple[str, Exception]], request: CompileRequest, typed: TypedProgram, progress: Progress
) -> list[CompiledProgram] | Faults:
    """The programs to write. Packages that give no program are only analysed. ``failures`` gets the packages that bugs or limits of ours
    concern, if there are others."""
    from tricolor.pipeline import load_typed

    mains = [package.path for package in typed.roots if package.name == "main"]
    if len(typed.roots) == 1 and mains:
        return compile_main(request, typed, progress)
    writes = _check_output_of_several(output, [package.path for package in typed.roots], mains)
    failures += _failing(request, typed, progress)
    failing = {path for path, _ in failures}
    programs: list[CompiledProgram] = []
    for path in mains if writes else []:
        if path in failing:
            continue
        one = replace(request, patterns=(path,))
        try:
            loaded = load_typed(one, progress)
            compiled = loaded if isinstance(loaded, Faults) else compile_main(one, loaded, progress)
        except Exception as error:
            if not concerns_one_package(error):
                raise
            failures.append((path, error))
            continue
        if isinstance(compiled, Faults):
            return compiled
        programs += compiled
    return programs


def _failing(request: CompileRequest, typed: TypedProgram, progress: Progress) -> list[tuple[str, Exception]]:
    """Analyse the packages together, and one by one if that fails: those that cannot be analysed. Raises the failure of a single package."""
    from tricolor.goroot.refuse import refuse_unsupported
    from tricolor.pipeline import analyse_packages, load_typed

    try:
        refuse_unsupported(typed)
        analyse_packages(request, typed, progress)
    except Exception as error:
        if not concerns_one_package(error) or len(typed.roots) == 1:
            raise
    else:
        return []
    failures: list[tuple[str, Exception]] = []
    for package in typed.roots:
        one = replace(request, patterns=(package.path,))
        try:
            loaded = load_typed(one, progress)
            if not isinstance(loaded, Faults):
                analyse_packages(one, loaded, progress)
        except Exception as error:
            if not concerns_one_package(error):
                raise
            failures.append((package.path, error))
    return failures


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
    with writing(path):
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                start = file.read(max(map(len, _OBJECT_STARTS)))
            if not start.startswith(_OBJECT_STARTS):
                raise TricolorError(f"build output {path} already exists and is not an object file")


def _write(program: CompiledProgram, path: Path) -> None:
    data = read_entry("executable", program.linked)
    if data is None:
        raise EnvironmentFault("the cache lost the executable: run the command again")
    _check_replaceable(path)
    if path.is_file() and os.access(path, os.X_OK) and path.read_bytes() == data:
        # The folder stays unchanged too, which the record of the program mentions if it is the package's.
        return
    with writing(path):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    write_output(path, data, 0o777)
