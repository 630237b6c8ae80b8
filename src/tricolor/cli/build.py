"""``tricolor build``: analyse packages; print escape decisions or a stage of the compiler."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tricolor.base.errors import Faults
from tricolor.base.progress import Progress
from tricolor.cli.common import COMPILE_FLAGS, dump_stage, gcflags, say_faults, tags
from tricolor.cli.flags import describe, parse_flags

HELP = f"""\
usage: tricolor build [flags] [packages]

Parses, type-checks and analyses the packages, and reports their compile errors as go build does. Writes no
executable. With -gcflags=-m prints escape decisions in Go's words, with --dump a stage of the compiler.

Flags:
{describe(COMPILE_FLAGS)}
"""


def build(arguments: Sequence[str]) -> int:
    """The exit status: 0 on success, 1 if the packages have compile errors."""
    parsed = parse_flags("build", COMPILE_FLAGS, arguments)
    stage, wanted = dump_stage(parsed)
    flags = gcflags(parsed)
    patterns = parsed.rest or (".",)
    if flags.shows_decisions and not stage:
        from tricolor.cli.decisions import show_decisions

        return show_decisions(patterns, tags(parsed), flags, sys.stderr)
    from tricolor.cli.stages import dump
    from tricolor.pipeline import CompileRequest, analyse_packages

    request = CompileRequest(patterns, Path.cwd(), tags(parsed), check_level=int(parsed.text("check")))
    with Progress() as progress:
        analysed = analyse_packages(request, progress)
    if isinstance(analysed, Faults):
        return say_faults(analysed.text)
    if stage:
        dump(stage, wanted, request, analysed, sys.stdout)
    return 0
