"""``tricolor run``: compile and run a program as ``go run`` does; with --report, print where its memory went."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tricolor.base.errors import UsageError
from tricolor.cache.programs import CompiledProgram, Form
from tricolor.cli.common import COMPILE_FLAGS, check_files, check_level, dump_stage, gcflags, split_patterns, tags
from tricolor.cli.compiling import compile_main, compile_programs, dump_program
from tricolor.cli.flags import Flag, Parsed, describe, parse_flags

FLAGS = (
    *COMPILE_FLAGS,
    Flag("report", "after the program's output, print where its memory went, one row per allocation site", False),
    Flag("all", "with --report: also show sites that stayed on the stack", False),
    Flag("format", "with --report: text or json", "text", ("text", "json"), "FORMAT"),
    Flag("seed", "choose the order of goroutines by a number, the same order each time; time is virtual", value_name="N"),
    Flag(
        "memprofile",
        "when the program ends, write a heap profile for go tool pprof and tricolor escape --profile",
        value_name="FILE",
        from_go=True,
    ),
)

HELP = f"""\
usage: tricolor run [flags] FILE.go...|PACKAGE [arguments...]

Compiles and runs a Go program. Output and exit status are the program's own. Tricolor reads the environment
variables GOGC, GOMEMLIMIT, GOMAXPROCS and GODEBUG (gctrace=1, allocfreetrace=1, gcstress=1, clobberfree=1,
gccheckmark=1, gcstoptheworld=1, gcpacertrace=1, gcbarrier=1, gcmarkstep=N, scavtrace=1, gcperiod=N,
adaptivestackstart=0, gcshrinkstackoff=1, asyncpreemptoff=1, gcpreempt=N).

Flags:
{describe(FLAGS)}
"""


def run(arguments: Sequence[str]) -> int:
    """The exit status of the program, or 1 if it does not compile."""
    parsed = parse_flags("run", FLAGS, arguments)
    patterns, program_arguments = split_patterns(parsed.rest)
    if not patterns:
        raise UsageError("run: no go files listed")
    stage, _ = dump_stage(parsed)
    _seed(parsed)
    flags = gcflags(parsed)
    check_files(patterns, Path.cwd())
    if parsed.text("memprofile"):
        from tricolor.report.memory_profile import check_writable

        check_writable(Path(parsed.text("memprofile")))
    if stage:
        from tricolor.pipeline import analyse_program

        return dump_program(parsed, patterns, Form.IMAGE, analyse_program)
    if flags.shows_decisions:
        from tricolor.cli.decisions import show_decisions

        status = show_decisions(patterns, tags(parsed), flags, sys.stderr, check=check_level(parsed) > 0)
        if status:
            return status
    programs = compile_programs(parsed, patterns, Form.IMAGE, _accounts(parsed), compile_main)
    if isinstance(programs, int):
        return programs
    (compiled,) = programs
    return _run(parsed, patterns, compiled, program_arguments)


def _run(parsed: Parsed, patterns: tuple[str, ...], compiled: CompiledProgram, arguments: tuple[str, ...]) -> int:
    from tricolor.run.execute import execute, load_program

    name = patterns[0].removesuffix(".go")
    seed = _seed(parsed)
    if not _accounts(parsed):
        process = execute(load_program(compiled), [name, *arguments], seed)
        # Skip the interpreter's teardown, which would only take time.
        os._exit(process.exit_status)
    from tricolor.report.memory_profile import write_memory_profile
    from tricolor.report.memory_report import build_rows, print_report, site_descriptions
    from tricolor.run.observe import Account

    descriptions = site_descriptions(compiled.sites)
    loaded = load_program(compiled)
    account = Account(loaded, len(descriptions))
    process = execute(loaded, [name, *arguments], seed)
    observation = account.observe()
    if parsed.switch("report"):
        rows = build_rows(descriptions, observation, show_stack=parsed.switch("all"))
        print_report(rows, observation, parsed.text("format"))
        sys.stdout.flush()
    if parsed.text("memprofile"):
        write_memory_profile(Path(parsed.text("memprofile")), descriptions, observation, name)
    os._exit(process.exit_status)


def _seed(parsed: Parsed) -> int | None:
    """The number of --seed, None without it. Raises UsageError."""
    text = parsed.text("seed")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        raise UsageError(f'invalid value "{text}" for --seed: use a number from 0 to 2**64-1')
    return int(text)


def _accounts(parsed: Parsed) -> bool:
    """Whether the program has to count what each of its sites allocates."""
    return parsed.switch("report") or bool(parsed.text("memprofile"))
