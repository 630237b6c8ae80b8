"""``python -m tools.escapecheck [packages]``: print a table of agreement per package, comparing multisets of (position, message).

found: lines that both Go and Tricolor print; missing: lines that only Go prints; extra: lines that only Tricolor prints.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tools.escapecheck.ours import our_lines
from tools.escapecheck.reference import real_lines
from tricolor.escape.messages import Detail
from tricolor.frontend.toolchain import GO_VERSION

_FILE: Final = re.compile(r"(?:(?<=^)|(?<= ))[^ ]*/([^/ :]+\.go:[0-9])")
_CLASSES: Final = (
    "ignoring self-assignment", "leaking param content", "level=", "leaking param", "moved to heap", "append escapes",
    "append does not", "... argument", "go.shape", "zero-copy", "escapes to heap", "does not escape", "uintptr",
    "index bounds", "mutates param", "calls param",
)  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """The lines of one package. ``missing``: lines that only Go prints; ``extra``: lines that only Tricolor prints."""

    package: str
    found: int
    missing: Counter[str]
    extra: Counter[str]

    @property
    def total(self) -> int:
        """The number of lines that Go prints."""
        return self.found + self.missing.total()

    @property
    def equal(self) -> bool:
        return not self.missing and not self.extra


def main() -> int:
    parser = argparse.ArgumentParser(prog="escapecheck")
    parser.add_argument("packages", nargs="*", default=["fmt"], help="packages as for go build; std means the whole standard library")
    parser.add_argument("--show", action="store_true", help="print every line that differs")
    parser.add_argument("--no-shapes", action="store_true", help="leave out lines about generic instances")
    parser.add_argument("--effects", action="store_true", help="also compare which parameters are written through or called")
    parser.add_argument("--flows", action="store_true", help="compare the reasons of -m=2")
    parser.add_argument("--table", type=Path, help="write the result as Markdown")
    options = parser.parse_args()
    directory = Path.cwd()
    detail = Detail(flows=options.flows, effects=options.effects)
    flags = ("-m=2" if detail.flows else "-m") + " -l" + (" -d=escapemutationscalls=1" if detail.effects else "")
    results: list[Comparison] = []
    print(f"{'package':40} {'found':>6} {'missing':>8} {'extra':>6} {'agree':>7}")
    real = real_lines(options.packages, directory, flags)
    for path, lines in sorted(our_lines(options.packages, directory, not options.no_shapes, detail).items()):
        mine, theirs = _without_folders(lines), _without_folders(real.get(path, Counter()))
        if options.no_shapes:
            theirs = Counter({line: count for line, count in theirs.items() if "go.shape" not in line})
        results.append(Comparison(path, (theirs & mine).total(), theirs - mine, mine - theirs))
        _print(results[-1], options.show)
    print(f"\n{_summary(results)}")
    _print_classes(results)
    if options.table:
        options.table.write_text(_markdown(results, options.packages))
    return 0


def _without_folders(lines: Counter[str]) -> Counter[str]:
    """The lines with bare file names: lines from the go command's cache have names relative to the folder of its first call."""
    found: Counter[str] = Counter()
    for line, count in lines.items():
        found[_FILE.sub(r"\1", line)] += count
    return found


def _print(result: Comparison, show: bool) -> None:
    share = result.found / max(1, result.total)
    counts = f"{result.found:6} {result.missing.total():8} {result.extra.total():6}"
    print(f"{result.package:40} {counts} {share:7.1%}", flush=True)
    if not show:
        return
    lines = [(line, "-") for line in result.missing.elements()] + [(line, "+") for line in result.extra.elements()]
    for line, sign in sorted(lines):
        print(f"  {sign} {line}")


def _summary(results: Sequence[Comparison]) -> str:
    found, total = sum(r.found for r in results), sum(r.total for r in results)
    extra = sum(r.extra.total() for r in results)
    equal = sum(r.equal for r in results)
    return (
        f"{len(results)} packages, {equal} of them equal; {found} of {total} lines found ({found / max(1, total):.2%}), "
        f"{extra} extra ({extra / max(1, found + extra):.2%} of ours)"
    )


def _print_classes(results: Sequence[Comparison]) -> None:
    missing = Counter(_class_of(line) for r in results for line in r.missing.elements())
    extra = Counter(_class_of(line) for r in results for line in r.extra.elements())
    for name in sorted(missing | extra):
        print(f"  {name:28} missing {missing[name]:6} extra {extra[name]:6}")


def _class_of(line: str) -> str:
    return next((name for name in _CLASSES if name in line), "other")


def _markdown(results: Sequence[Comparison], packages: Sequence[str]) -> str:
    """The result as a Markdown page: the totals, and a table of the packages."""
    rows = [f"| {r.package} | {r.total} | {r.found} | {r.missing.total()} | {r.extra.total()} |" for r in results]
    return f"""# Agreement with Go's escape analysis

What `{GO_VERSION}` prints with `go build -gcflags='-m -l'` compared with what Tricolor prints, as multisets of (position, message):
{_summary(results)}.

The command `uv run python -m tools.escapecheck --table FILE {" ".join(packages)}` writes this page.

| package | lines of Go | found | missing | extra |
| --- | ---: | ---: | ---: | ---: |
""" + "".join(row + "\n" for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
