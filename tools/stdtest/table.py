"""The page about the standard library's own tests (docs/stdtest.md), made of results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tools.stdtest.reasons import reason_for
from tools.stdtest.results import Result

HEAD = """# The standard library's own tests

`uv run python -m tools.stdtest --results docs/stdtest.jsonl --page docs/stdtest.md` makes this page. The tests of each package run with real Go 1.27.3
(under the build tags of our own standard library: pure Go instead of assembly) and with Tricolor in turn. What counts are tests, examples and fuzz
targets, without their subtests. A test that real Go skips or fails is left out. A package is whole if all tests pass that
real Go passes. Times are those of the test binaries, in packages that pass whole and run for at least 0.01 s with real Go;
the machine was shared and busy, and most packages run for less than 0.1 s, so they tell more about the start of a process than about the code.
"""


def page(results: Iterable[Result], packages: Sequence[str]) -> str:
    """The text of the page; ``packages`` are all packages that have tests."""
    ordered = sorted(results, key=lambda each: (each.package, each.setting))
    settings = sorted({each.setting for each in ordered})
    tested = {each.package for each in ordered}
    left = [name for name in packages if name not in tested]
    parts = [HEAD, _summary(ordered, settings, len(packages)), "## Packages\n", _rows(ordered, settings)]
    lost = [each for each in ordered if not each.whole]
    parts += ["## What does not pass\n", _lost(lost) if lost else "Nothing of what was run.\n"]
    if left:
        parts += [f"## Not run yet: {len(left)} packages\n", f"{', '.join(left)}\n"]
    return "\n".join(parts)


def _summary(results: Sequence[Result], settings: Sequence[str], packages: int) -> str:
    lines = ["| setting | packages run | whole | tests that real Go passes | pass here | time |", "| --- | --- | --- | --- | --- | --- |"]
    for setting in settings:
        of = [each for each in results if each.setting == setting]
        passing, both = sum(each.passing for each in of), sum(each.both for each in of)
        whole = sum(each.whole for each in of)
        share = f"{both} ({100 * both / max(1, passing):.2f} %)"
        # GODEBUG makes our runtime check itself, and not real Go's.
        time = "-" if "GODEBUG" in setting else mean_ratio(of)
        lines.append(f"| `{setting}` | {len(of)} of {packages} | {whole} | {passing} | {share} | {time} |")
    return "\n".join([*lines, ""])


def mean_ratio(results: Iterable[Result]) -> str:
    """The geometric mean of our times divided by real Go's."""
    ratios = [each.seconds / each.real_seconds for each in results if each.seconds and each.real_seconds]
    if not ratios:
        return "-"
    return f"{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f} of Go's in {len(ratios)} packages"


def _rows(results: Sequence[Result], settings: Sequence[str]) -> str:
    by_key = {(each.package, each.setting): each for each in results}
    lines = [f"| package | {' | '.join(f'`{setting}`' for setting in settings)} |", f"| --- |{' --- |' * len(settings)}"]
    for package in sorted({each.package for each in results}):
        cells = [_cell(by_key.get((package, setting))) for setting in settings]
        lines.append(f"| {package} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    return f"{result.both} of {result.passing}" if not result.whole else str(result.both)


def _lost(results: Iterable[Result]) -> str:
    lines = ["| package | test | setting | ends as | reason |", "| --- | --- | --- | --- | --- |"]
    for each in results:
        for test, ending in (each.lost or {"": "the package fails"}).items():
            lines.append(f"| {each.package} | {test} | `{each.setting}` | {ending} | {reason_for(each.package, test)} |")
    return "\n".join([*lines, ""])
