"""Write sites as lines for people and grep: ``file:line:column: expression: verdict, cost: why``, then a line with the hint."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from tricolor.explain.model import Cost, CostClass, Effect, Explained, Parameter, Site, Verdict

_COLOURS: Final = {CostClass.HEAP: "31", CostClass.HEAP_ABOVE: "33", CostClass.STACK: "32", CostClass.NONE: "32"}
_EFFECT_COLOURS: Final = {Effect.LEAKS: "31", Effect.CONTENT: "33", Effect.RESULT: "32", Effect.STAYS: "32"}
_EFFECT_WORDS: Final = {
    Effect.LEAKS: ("leaks", "leak"),
    Effect.CONTENT: ("leaks what it points to", "leak what they point to"),
    Effect.RESULT: ("is returned", "are returned"),
    Effect.STAYS: ("does not escape", "do not escape"),
}
"""The words for one parameter and for several."""
NOT_LISTED: Final = "not in -m"
DIM: Final = "2"
BOLD: Final = "1"


def chosen(sites: Sequence[Site], *, heap_only: bool, foreign: bool) -> Iterator[Site]:
    """The sites to show. ``heap_only``: only sites that may allocate on the heap; ``foreign``: also sites in generic functions of other packages."""
    return (site for site in sites if (foreign or not site.foreign) and (site.cost.may_allocate or not heap_only))


def write_explained(explained: Explained, out: TextIO, *, parameters: bool) -> None:
    """Write a line per site, and with ``parameters`` a line per parameter, package by package in order of position; then the totals."""
    paint = painter(out)
    for package in dict.fromkeys((*explained.packages, *(explained.parameters if parameters else ()))):
        lines = [(_place(site), _site_lines(site, paint)) for site in explained.packages.get(package, ())]
        if parameters:
            lines += [(_place(one), parameter_line(one, paint) + "\n") for one in explained.parameters.get(package, ())]
        if lines:
            out.write(paint(f"# {package}", BOLD) + "\n")
            out.writelines(text for _, text in sorted(lines, key=lambda line: line[0]))
    out.write(summary(Counter(site.cost.kind for site in explained.sites)) + "\n")
    if parameters:
        out.write(parameter_summary(explained) + "\n")


def _place(of: Site | Parameter) -> tuple[object, ...]:
    return of.foreign, of.position.file, of.position.line, of.position.column


def _site_lines(site: Site, paint: Painter) -> str:
    hint = paint(f"\thint: {site.hint}", DIM) + "\n" if site.hint else ""
    return f"{site_line(site, paint)}\n{hint}"


def shown_path(path: str) -> str:
    """The path, relative to the working directory if it is below that."""
    relative = os.path.relpath(path) if path.startswith("/") else path
    return path if relative.startswith("..") else relative


def place_text(of: Site | Parameter) -> str:
    """``file:line:column``."""
    position = of.position
    return f"{shown_path(position.file)}:{position.line}:{position.column}"


def decision_text(verdict: Verdict, cost: Cost) -> str:
    """The verdict, and the cost if it differs from the verdict."""
    note = f" ({cost.note})" if cost.note else ""
    if str(cost) == verdict.value:
        return f"{verdict.value}{note}"
    return f"{verdict.value}, cost {cost}{note}" if cost.kind is not CostClass.HEAP_ABOVE else f"{verdict.value}, {cost}{note}"


def is_silent(site: Site) -> bool:
    """Whether the site may allocate on the heap without a line in Go's -m."""
    return site.cost.may_allocate and not site.listed


def site_line(site: Site, paint: Painter) -> str:
    """The line of a site: position, expression, verdict and reason."""
    marks = f" [{site.shapes} shapes]" if site.shapes > 1 else ""
    if is_silent(site):
        marks += f" [{NOT_LISTED}]"
    why = f": {site.why}" if site.why else ""
    decision = paint(decision_text(site.verdict, site.cost), _COLOURS[site.cost.kind])
    return f"{place_text(site)}: {site.expression}: {decision}{why}{marks}"


def effect_text(parameter: Parameter) -> str:
    """What the function does with the parameter, for example "leaks what it points to, is returned as ~r0"."""
    parts = [] if parameter.effect is Effect.RESULT else [parameter.effect.value]
    for one in parameter.returned:
        parts.append(f"what it points to is returned as {one.name}" if one.derefs else f"is returned as {one.name}")
    return ", ".join(parts)


def parameter_line(parameter: Parameter, paint: Painter) -> str:
    """The line of a parameter: position, name, effect and reason."""
    shapes = f" [{parameter.shapes} shapes]" if parameter.shapes > 1 else ""
    why = f": {parameter.why}" if parameter.why else ""
    effect = paint(effect_text(parameter), _EFFECT_COLOURS[parameter.effect])
    return f"{place_text(parameter)}: parameter {parameter.name}: {effect}{why}{shapes}"


def parameter_summary(explained: Explained) -> str:
    """The number of parameters with each effect."""
    count = Counter(one.effect for found in explained.parameters.values() for one in found)
    parts = [f"{count[effect]} {_EFFECT_WORDS[effect][count[effect] != 1]}" for effect in Effect if count[effect]]
    return (
        f"{count.total()} parameter{'' if count.total() == 1 else 's'}: {', '.join(parts)}" if parts else "no parameters that hold pointers"
    )


def summary(count: Counter[CostClass]) -> str:
    """The number of sites in each cost class."""
    total = count.total()
    parts = [f"{count[kind]} {kind.value}" for kind in CostClass if count[kind]]
    return f"{total} site{'' if total == 1 else 's'}: {', '.join(parts)}" if total else "no sites"


class Painter:
    """Colours texts if it is active."""

    def __init__(self, active: bool) -> None:
        self._active = active

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._active else text


def painter(out: TextIO) -> Painter:
    """A painter that is active if the stream is a terminal and NO_COLOR is not set."""
    return Painter(out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
