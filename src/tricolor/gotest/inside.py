"""Runs a test binary inside a process of Python, which reads its counters when it has ended: ``python -m tricolor.gotest.inside``.

The words of the command: cache keys of the image and of its sites, the seed or "", the file for the report or "", the folder to which places in the
report are relative, whether it shows sites on the stack, its form; then the name and the arguments of the test binary.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tricolor.cache.programs import CompiledProgram, Form
from tricolor.report.memory_report import build_rows, print_report, site_descriptions
from tricolor.run.execute import execute, load_program
from tricolor.run.observe import Account


def inside_command(
    program: CompiledProgram, arguments: Sequence[str], *, seed: int | None, report: Path | None, folder: Path, show_stack: bool, form: str
) -> list[str]:
    """The command that runs the program. ``arguments`` begin with its name."""
    options = ["" if seed is None else str(seed), "" if report is None else str(report), str(folder), "all" if show_stack else "", form]
    return [sys.executable, "-m", "tricolor.gotest.inside", program.linked, program.sites, *options, *arguments]


def main(words: Sequence[str]) -> int:
    """The exit status of the program."""
    linked, sites, seed, report, folder, show_stack, form, *arguments = words
    descriptions = site_descriptions(sites)
    loaded = load_program(CompiledProgram(Form.IMAGE, linked, sites, "", ()))
    account = Account(loaded, len(descriptions))
    process = execute(loaded, arguments, int(seed) if seed else None)
    if report:
        observation = account.observe()
        os.chdir(folder)
        with Path(report).open("w") as out, contextlib.redirect_stdout(out):
            print_report(build_rows(descriptions, observation, show_stack=bool(show_stack)), observation, form)
    return process.exit_status


if __name__ == "__main__":
    # Skip the interpreter's teardown, which would only take time.
    os._exit(main(sys.argv[1:]))
