"""Sites of packages as lines for people and grep: ``file:line:column: expression: verdict, cost: why``, and a hint below."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

from tricolor.explain.model import Cost, CostClass, Site, Verdict

_COLOURS: Final = {CostClass.HEAP: "31", CostClass.HEAP_ABOVE: "33", CostClass.STACK: "32", CostClass.NONE: "32"}
DIM: Final = "2"
BOLD: Final = "1"


def chosen(sites: Sequence[Site], *, heap_only: bool, foreign: bool) -> Iterator[Site]:
    """Sites to show. ``heap_only``: only those that may take memory of the heap; ``foreign``: also those in generic functions of other
    packages."""
    return (site for site in sites if (foreign or not site.foreign) and (site.cost.may_allocate or not heap_only))


def write_sites(groups: Iterable[tuple[str, Sequence[Site]]], out: TextIO) -> None:
    """A line per site under its package, then a line that sums up."""
    paint = painter(out)
    count: Counter[CostClass] = Counter()
    for package, sites in groups:
        out.write(paint(f"# {package}", BOLD) + "\n")
        for site in sites:
            out.write(site_line(site, paint) + "\n")
            if site.hint:
                out.write(paint(f"\thint: {site.hint}", DIM) + "\n")
        count.update(site.cost.kind for site in sites)
    out.write(summary(count) + "\n")


def shown_path(path: str) -> str:
    """A path below the working directory is shown relative to it."""
    relative = os.path.relpath(path) if path.startswith("/") else path
    return path if relative.startswith("..") else relative


def place_text(site: Site) -> str:
    """``file:line:column``."""
    position = site.position
    return f"{shown_path(position.file)}:{position.line}:{position.column}"


def decision_text(verdict: Verdict, cost: Cost) -> str:
    """The verdict, and the cost where the verdict does not say it."""
    note = f" ({cost.note})" if cost.note else ""
    if str(cost) == verdict.value:
        return f"{verdict.value}{note}"
    return f"{verdict.value}, cost {cost}{note}" if cost.kind is not CostClass.HEAP_ABOVE else f"{verdict.value}, {cost}{note}"


def site_line(site: Site, paint: Painter) -> str:
    """Where, what, verdict and why."""
    shapes = f" [{site.shapes} shapes]" if site.shapes > 1 else ""
    why = f": {site.why}" if site.why else ""
    decision = paint(decision_text(site.verdict, site.cost), _COLOURS[site.cost.kind])
    return f"{place_text(site)}: {site.expression}: {decision}{why}{shapes}"


def summary(count: Counter[CostClass]) -> str:
    """How many sites of each cost class."""
    total = count.total()
    parts = [f"{count[kind]} {kind.value}" for kind in CostClass if count[kind]]
    return f"{total} site{'' if total == 1 else 's'}: {', '.join(parts)}" if total else "no sites"


class Painter:
    """Colours a text on terminals that want it (NO_COLOR)."""

    def __init__(self, active: bool) -> None:
        self._active = active

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._active else text


def painter(out: TextIO) -> Painter:
    """For a stream."""
    return Painter(out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
