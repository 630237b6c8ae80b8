"""What our escape analysis says about packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tricolor.decisions import decide, request_for


def our_lines(
    patterns: Sequence[str], directory: Path, shapes: bool, effects: bool = False
) -> Mapping[str, Counter[str]]:
    """Lines of each package that the patterns name, by path of the package; ``shapes``: of generic instances too;
    ``effects``: also which parameters are written through or called.

    Raises RuntimeError for packages with faults."""
    decisions = decide(request_for(patterns, directory), shapes, effects)
    if decisions.faults:
        raise RuntimeError(decisions.faults)
    return {path: Counter(map(str, lines)) for path, lines in decisions.packages.items()}
