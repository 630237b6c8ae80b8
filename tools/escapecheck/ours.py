"""What our escape analysis says about packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tricolor.escape.analyse import analyse
from tricolor.escape.messages import messages
from tricolor.escape.naming import Wording
from tricolor.frontend.load import LoadRequest, load
from tricolor.ir.build.program import build_packages


def our_lines(patterns: Sequence[str], directory: Path, shapes: bool) -> Mapping[str, Counter[str]]:
    """Lines of each package that the patterns name, by path of the package; ``shapes``: of generic instances too."""
    result = load(LoadRequest(tuple(patterns), directory, spellings=True))
    if result.program is None:
        raise RuntimeError(result.diagnostics)
    typed = result.program
    wording = Wording({p.symbol_path: p.name for p in typed.packages}, typed.spelling, typed.type)
    roots = {package.symbol_path: package.path for package in typed.roots}
    program = build_packages(typed, list(roots.values()), separate=True)
    escape = analyse(program.funcs)
    lines: dict[str, Counter[str]] = {path: Counter() for path in roots.values()}
    for funcs in (*escape.batches, program.externals):
        for message in messages(funcs, escape, wording):
            if message.package in roots and (shapes or not message.generic):
                place = f"{typed.position(message.pos)}: " if message.pos else ""
                lines[roots[message.package]][place + message.text] += 1
    return lines


def packages_of(patterns: Iterable[str], directory: Path) -> list[str]:
    """Paths of the packages that the patterns name."""
    result = load(LoadRequest(tuple(patterns), directory))
    if result.program is None:
        raise RuntimeError(result.diagnostics)
    return [package.path for package in result.program.roots]
