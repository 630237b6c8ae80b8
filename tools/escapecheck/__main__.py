"""``python -m tools.escapecheck [packages]``: a table of agreement per package, as multisets of (position, message).

found: lines of Go that we print too; missing: the others of Go's; extra: ours that Go does not print.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from tools.escapecheck.ours import our_lines
from tools.escapecheck.reference import real_lines

_CLASSES = (
    "ignoring self-assignment", "leaking param content", "level=", "leaking param", "moved to heap", "append escapes",
    "append does not", "... argument", "go.shape", "zero-copy", "escapes to heap", "does not escape", "uintptr",
    "index bounds",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="escapecheck")
    parser.add_argument("packages", nargs="*", default=["fmt"])
    parser.add_argument("--show", action="store_true", help="print every line that differs")
    parser.add_argument("--no-shapes", action="store_true", help="leave lines about generic instances out")
    options = parser.parse_args()
    directory = Path.cwd()
    ours = our_lines(options.packages, directory, not options.no_shapes)
    total, missing_all, extra_all = Counter[str](), Counter[str](), Counter[str]()
    same = 0
    print(f"{'package':40} {'found':>6} {'missing':>8} {'extra':>6} {'agree':>7}")
    for path, mine in sorted(ours.items()):
        theirs = real_lines(path, directory)
        if options.no_shapes:
            theirs = Counter({line: count for line, count in theirs.items() if "go.shape" not in line})
        missing, extra, found = theirs - mine, mine - theirs, theirs & mine
        total["go"] += theirs.total()
        total["found"] += found.total()
        total["extra"] += extra.total()
        same += not missing and not extra
        missing_all += Counter(map(_class_of, missing.elements()))
        extra_all += Counter(map(_class_of, extra.elements()))
        share = found.total() / max(1, theirs.total())
        print(f"{path:40} {found.total():6} {missing.total():8} {extra.total():6} {share:7.1%}", flush=True)
        if options.show:
            _show(missing, extra)
    print(f"\n{len(ours)} packages, {same} equal; {total['found']} of {total['go']} lines found, {total['extra']} extra")
    for name in sorted(missing_all | extra_all):
        print(f"  {name:28} missing {missing_all[name]:6} extra {extra_all[name]:6}")
    return 0


def _class_of(line: str) -> str:
    return next((name for name in _CLASSES if name in line), "other")


def _show(missing: Counter[str], extra: Counter[str]) -> None:
    lines = [(line, "-") for line in missing.elements()] + [(line, "+") for line in extra.elements()]
    for line, sign in sorted(lines):
        head, _, rest = line.partition(": ")
        print(f"  {sign} {Path(head).name}: {rest}")


if __name__ == "__main__":
    raise SystemExit(main())
