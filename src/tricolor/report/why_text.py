"""Write answers to "why does this escape?" as text: the tree of ways, and the changes that were tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from tricolor.explain.model import Site
from tricolor.explain.why import Answer, Way
from tricolor.report.escape_text import BOLD, DIM, painter, parameter_line, site_line


def write_answers(answers: Sequence[Answer], out: TextIO) -> None:
    """Write one block per site or parameter."""
    paint = painter(out)
    for answer in answers:
        about = answer.about
        out.write((site_line(about, paint) if isinstance(about, Site) else parameter_line(about, paint)) + "\n")
        if isinstance(about, Site) and about.hint:
            out.write(paint(f"\thint: {about.hint}", DIM) + "\n")
        if answer.ways:
            out.write(paint("  how it escapes:", BOLD) + "\n")
            _write_ways(answer.ways, "  ", out)
        if answer.changes:
            _write_changes(answer, out, paint("  what if (each change was tried alone):", BOLD))


def _write_ways(ways: Sequence[Way], indent: str, out: TextIO) -> None:
    for number, way in enumerate(ways, 1):
        last = number == len(ways)
        out.write(f"{indent}{'└─' if last else '├─'} {way.text}\n")
        _write_ways(way.below, indent + ("   " if last else "│  "), out)


def _write_changes(answer: Answer, out: TextIO, title: str) -> None:
    out.write(title + "\n")
    helping = [change for change in answer.changes if change.helps]
    out.writelines(f"    {change.outcome} if {change.text}\n" for change in helping)
    if helping:
        return
    goal = "keeps it on the stack" if isinstance(answer.about, Site) else "makes it leak less"
    out.write(f"    no single change {goal}; these {len(answer.changes)} were tried:\n")
    out.writelines(f"      if {change.text}\n" for change in answer.changes)
