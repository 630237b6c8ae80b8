"""Answers to "why does this escape?" for people: the tree of ways, and the changes that were tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from tricolor.explain.why import Answer, Way
from tricolor.report.escape_text import BOLD, DIM, painter, site_line


def write_answers(answers: Sequence[Answer], out: TextIO) -> None:
    """One block per site."""
    paint = painter(out)
    for answer in answers:
        out.write(site_line(answer.site, paint) + "\n")
        if answer.site.hint:
            out.write(paint(f"\thint: {answer.site.hint}", DIM) + "\n")
        if answer.ways:
            out.write(paint("  ways:", BOLD) + "\n")
            _write_ways(answer.ways, "  ", out)
        if answer.changes:
            _write_changes(answer, out, paint("  what if (each analysed anew):", BOLD))


def _write_ways(ways: Sequence[Way], indent: str, out: TextIO) -> None:
    for number, way in enumerate(ways, 1):
        last = number == len(ways)
        out.write(f"{indent}{'└─' if last else '├─'} {way.text}\n")
        _write_ways(way.below, indent + ("   " if last else "│  "), out)


def _write_changes(answer: Answer, out: TextIO, title: str) -> None:
    out.write(title + "\n")
    helping = [change for change in answer.changes if change.helps]
    out.writelines(f"    it stays on the stack if {change.text}\n" for change in helping)
    if helping:
        return
    out.write(f"    no single change keeps it on the stack; these {len(answer.changes)} were tried:\n")
    out.writelines(f"      if {change.text}\n" for change in answer.changes)
