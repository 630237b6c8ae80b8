"""Escape decisions on stderr in the form of ``go build -gcflags=-m``.

Source: cmd/go/internal/work/shell.go (reportCmd, replacePrefix), cmd/go/internal/base/path.go (ShortPath).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tricolor.base.errors import Faults
from tricolor.base.progress import Progress
from tricolor.cli.common import say, say_faults
from tricolor.cli.gcflags import CompilerFlags
from tricolor.decide.decisions import Line, analyse_alone, lines_about, request_for
from tricolor.decide.log import write_log
from tricolor.decide.separately import separately
from tricolor.escape.messages import Detail
from tricolor.frontend.load import LoadRequest
from tricolor.frontend.records import Package


def show_decisions(patterns: Sequence[str], tags: Sequence[str], flags: CompilerFlags, out: TextIO, *, check: bool = False) -> int:
    """Print or log the decisions about the packages that the patterns name; the exit status is 1 if any has compile errors, 3 if a bug of
    ours costs the decisions about one.

    Raises EnvironmentFault."""
    directory = Path.cwd()
    flows = flags.detail > 1

    def decide(request: LoadRequest) -> tuple[str, str]:
        """Decisions as text, and compile errors."""
        alone = analyse_alone(request, explained=flows or flags.log is not None, check=check)
        if isinstance(alone, Faults):
            return "", alone.text
        shown = ""
        for package in alone.typed.roots:
            if flags.detail:
                shown += _text(lines_about(alone, package, Detail(flows, flags.effects)), package, str(directory))
            if flags.log is not None:
                write_log(flags.log, alone, package)
        return shown, alone.faults

    with Progress() as progress:
        progress.say("deciding what escapes")
        outcomes = separately(request_for(patterns, directory, tags), decide)
    out.writelines(shown for shown, _ in outcomes.done)
    for failure in outcomes.failures:
        say(failure)
    faults = outcomes.faults or "".join(faults for _, faults in outcomes.done)
    if faults or outcomes.failures:
        return max(outcomes.status, say_faults(faults) if faults else 0)
    if flags.inlining:
        say("tricolor: decisions match go build -gcflags=-l; without -l Go inlines calls and decides separately for each inlined copy")
    return 0


def _text(lines: Sequence[Line], package: Package, directory: str) -> str:
    """The lines of a package, if any, under a ``# package`` line; file names are relative to ``directory`` where that is shorter."""
    if not lines:
        return ""
    text = "".join(f"{line}\n" for line in lines)
    return f"# {package.path}\n{shorten(text, package.directory, directory)}"


def shorten(text: str, folder: str, directory: str) -> str:
    """Replace a package's folder and its parent folders by paths relative to ``directory`` where these are shorter.

    Replaces only names at the beginning of a line or after a blank or tab."""
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
