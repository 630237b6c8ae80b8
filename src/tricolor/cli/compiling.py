"""Shared by ``run`` and ``build``: take a program from the cache or compile it; print a stage of the compiler."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tricolor.base.errors import Faults
from tricolor.base.progress import Progress
from tricolor.cache.programs import CompiledProgram, Form, program_key, recall, remember
from tricolor.cli.common import check_level, dump_stage, gcflags, say_faults, tags
from tricolor.cli.flags import Parsed

if TYPE_CHECKING:
    # Imported where they are used: a remembered program must not pay for the compiler.
    from tricolor.frontend.program import Program as TypedProgram
    from tricolor.pipeline import Analysed, CompileRequest

    Analyse: TypeAlias = Callable[[CompileRequest, TypedProgram, Progress], Analysed | Faults]
    CompileTyped: TypeAlias = Callable[[CompileRequest, TypedProgram, Progress], list[CompiledProgram] | Faults]


def dump_program(parsed: Parsed, patterns: tuple[str, ...], form: Form, analyse: Analyse) -> int:
    """Print the stage of the compiler that ``--dump`` names; gives the exit status."""
    from tricolor.cli.stages import dump
    from tricolor.pipeline import load_typed

    stage, wanted = dump_stage(parsed)
    request = compile_request(parsed, patterns, form, account=False)
    with Progress() as progress:
        typed = load_typed(request, progress)
        analysed = typed if isinstance(typed, Faults) else analyse(request, typed, progress)
    if isinstance(analysed, Faults):
        return say_faults(analysed.text)
    dump(stage, wanted, request, analysed, sys.stdout)
    return 0


def compile_programs(
    parsed: Parsed, patterns: tuple[str, ...], form: Form, account: bool, compile_typed: CompileTyped
) -> list[CompiledProgram] | int:
    """The program from the cache if nothing changed, else what ``compile_typed`` gives; the exit status if there are compile errors.

    The cache remembers the program of a single package only: its record names the files of no other package."""
    key = record_key(parsed, patterns, form, account)
    known = recall(key)
    if known is not None:
        return [known]
    from tricolor.pipeline import load_typed

    request = compile_request(parsed, patterns, form, account)
    with Progress() as progress:
        typed = load_typed(request, progress)
        if isinstance(typed, Faults):
            programs = typed
        else:
            programs = compile_typed(request, typed, progress)
            if not isinstance(programs, Faults) and len(typed.roots) == 1:
                for program in programs:
                    remember(key, program)
    return say_faults(programs.text) if isinstance(programs, Faults) else programs


def compile_main(request: CompileRequest, typed: TypedProgram, progress: Progress) -> list[CompiledProgram] | Faults:
    """The program of a main package."""
    from tricolor.pipeline import compile_program
    from tricolor.report.sites import describe_sites

    compiled = compile_program(request, typed, progress, describe_sites)
    return compiled if isinstance(compiled, Faults) else [compiled]


def record_key(parsed: Parsed, patterns: tuple[str, ...], form: Form, account: bool) -> str:
    """Key of the record about what this command line compiles to."""
    options = (*tags(parsed), f"report={_accounts(account)}", f"check={parsed.text('check')}", f"O={_level(parsed)}", form.value)
    return program_key(patterns, Path.cwd(), options)


def compile_request(parsed: Parsed, patterns: tuple[str, ...], form: Form, account: bool) -> CompileRequest:
    """The compile request of this command line. ``account``: the program counts what each of its sites allocates."""
    from tricolor.pipeline import CompileRequest

    return CompileRequest(patterns, Path.cwd(), tags(parsed), _accounts(account), _level(parsed), check_level(parsed), form)


def _accounts(account: bool) -> bool:
    # Only code with accounting tells the allocator the types of small values.
    return account or "allocfreetrace=" in os.environ.get("GODEBUG", "")


def _level(parsed: Parsed) -> int:
    return 2 if gcflags(parsed).optimise else 0
