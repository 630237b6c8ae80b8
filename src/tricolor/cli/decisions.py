"""Escape decisions on stderr in the form of ``go build -gcflags=-m``.

Source: cmd/go/internal/work/shell.go (reportCmd, replacePrefix), cmd/go/internal/base/path.go (ShortPath).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tricolor.base.progress import Progress
from tricolor.cli.common import say
from tricolor.cli.gcflags import CompilerFlags
from tricolor.decisions import Decisions, decide, request_for
from tricolor.escape.messages import Detail


def show_decisions(patterns: Sequence[str], tags: Sequence[str], flags: CompilerFlags, out: TextIO) -> int:
    """Print the decisions about the packages that the patterns name. Exit status 1 if they have faults.

    Raises EnvironmentFault."""
    directory = Path.cwd()
    progress = Progress()
    progress.say("deciding what escapes")
    try:
        decisions = decide(request_for(patterns, directory, tags), detail=Detail(flows=flags.detail > 1, effects=flags.effects))
    finally:
        progress.clear()
    if decisions.faults:
        say(decisions.faults.rstrip("\n"))
        return 1
    print_decisions(decisions, str(directory), out)
    if flags.inlining:
        say("tricolor: calls are not inlined, as with -l; Go's compiler without -l decides more at the places of calls")
    return 0


def print_decisions(decisions: Decisions, directory: str, out: TextIO) -> None:
    """The lines of each package, if there are any, under a ``# package`` line; files near ``directory`` are named from there."""
    for path, lines in decisions.packages.items():
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            out.write(f"# {path}\n{shorten(text, decisions.directories[path], directory)}")


def shorten(text: str, folder: str, directory: str) -> str:
    """Name a package's folder and those around it relative to ``directory`` where that is shorter.

    Only names at the beginning of a line or behind a blank or tab are replaced."""
    path = Path(folder)
    for around in (path, *path.parents):
        relative = os.path.relpath(around, directory)
        if len(relative) < len(str(around)):
            text = _replace_prefix(text, str(around), relative)
    return text


def _replace_prefix(text: str, old: str, new: str) -> str:
    if old not in text:
        return text
    for before in (" ", "\n", "\n\t"):
        text = text.replace(before + old, before + new)
    return new + text[len(old) :] if text.startswith(old) else text
