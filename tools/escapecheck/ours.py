"""Get the lines that Tricolor's escape analysis prints about packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tricolor.cli.decisions import shorten
from tricolor.decide.decisions import decide, request_for
from tricolor.escape.messages import PLACEMENTS, Detail


def our_lines(patterns: Sequence[str], directory: Path, shapes: bool, detail: Detail = PLACEMENTS) -> Mapping[str, Counter[str]]:
    """The lines about each package that the patterns name, by package path; ``shapes``: include lines about generic instances.

    Raises RuntimeError for packages with faults."""
    decisions = decide(request_for(patterns, directory), shapes, detail, check=True)
    if decisions.faults:
        raise RuntimeError(decisions.faults)
    return {
        path: Counter(shorten("".join(f"{line}\n" for line in lines), decisions.directories[path], str(directory)).splitlines())
        for path, lines in decisions.packages.items()
    }
