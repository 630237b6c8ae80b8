"""Command line: ``python -m tools.stdtest [--short] [--limit SECONDS] [--json FILE] [PACKAGE...]``; without packages all of std."""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.stdtest.events import Comparison, Outcome, read_outcome
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.goroot.overlay import BUILD_TAGS


def main() -> int:
    """The exit status: 0 if all tests that real Go passes pass with Tricolor."""
    options = _arguments()
    packages = _packages(options.packages or ["std"])
    compared: list[Comparison] = []
    for package in packages:
        comparison = _compare(package, options)
        compared.append(comparison)
        _print_row(comparison)
        if options.json:
            Path(options.json).write_text(json.dumps([_record(each) for each in compared], indent=1) + "\n")
    _print_summary(compared)
    return 1 if any(each.ours_fail for each in compared) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.stdtest", description=__doc__)
    parser.add_argument("packages", nargs="*", help="packages or patterns; all of std without one")
    parser.add_argument("--short", action="store_true", help="run tests with -short")
    parser.add_argument("--run", default="", help="run only tests whose names match")
    parser.add_argument("--limit", type=int, default=300, help="seconds for the tests of a package")
    parser.add_argument("--json", help="write the outcomes to this file, after each package")
    return parser.parse_args()


def _packages(patterns: list[str]) -> list[str]:
    """The packages with tests among those that the patterns name, in the order of the go command."""
    toolchain = find_toolchain()
    form = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
    command = [str(toolchain.go), "list", f"-tags={','.join(BUILD_TAGS)}", "-f", form, *patterns]
    listed = subprocess.run(command, env=go_environment(toolchain), capture_output=True, text=True, check=True)
    return listed.stdout.split()


def _compare(package: str, options: argparse.Namespace) -> Comparison:
    words = ["-json", "-count=1", "-vet=off", f"-timeout={options.limit}s", *(["-short"] if options.short else [])]
    if options.run:
        words.append(f"-run={options.run}")
    toolchain = find_toolchain()
    tricolor = shutil.which("tricolor", path=str(Path(sys.executable).parent)) or "tricolor"
    # Real Go tests the same files: the pure Go ones.
    real = _outcome([str(toolchain.go), "test", f"-tags={','.join(BUILD_TAGS)}", *words, package], go_environment(toolchain))
    ours = _outcome([tricolor, "test", *words, package], dict(os.environ))
    return Comparison(package, real, ours)


def _outcome(command: list[str], environment: dict[str, str]) -> Outcome:
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    return read_outcome([*done.stderr.splitlines(), *done.stdout.splitlines()])


def _print_row(each: Comparison) -> None:
    ratio = each.ratio
    time = f"time {ratio:.2f} of Go's" if ratio is not None else f"{each.ours.seconds:.2f} s, Go {each.real.seconds:.2f} s"
    print(f"{each.package}: {len(each.both)} of {len(each.passing)} tests pass, {time}", flush=True)
    for name in each.ours_fail:
        print(f"    {name}: {each.ours.tests.get(name, 'not run')}", flush=True)
    for name in each.real_fail:
        print(f"    {name}: passes, and fails with real Go", flush=True)
    if each.ours.package != each.real.package:
        print(f"    the package: {each.ours.package}, with real Go {each.real.package}: {each.ours.reason}", flush=True)


def _print_summary(compared: list[Comparison]) -> None:
    passing = sum(len(each.passing) for each in compared)
    both = sum(len(each.both) for each in compared)
    whole = [each for each in compared if not each.ours_fail and each.ours.package == each.real.package]
    ratios = [each.ratio for each in compared if each.ratio is not None]
    table = Table("packages", "whole", "tests that real Go passes", "pass here", "share", "time (geometric mean)", box=None)
    mean = f"{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f} of Go's in {len(ratios)} packages" if ratios else "-"
    table.add_row(str(len(compared)), str(len(whole)), str(passing), str(both), f"{100 * both / max(1, passing):.1f} %", mean)
    Console(width=160).print(table)


def _record(each: Comparison) -> dict[str, object]:
    return {
        "package": each.package,
        "real": dict(each.real.tests), "real_package": each.real.package, "real_seconds": each.real.seconds,
        "ours": dict(each.ours.tests), "ours_package": each.ours.package, "ours_seconds": each.ours.seconds,
        "reason": each.ours.reason,
        "failed": {name: each.ours.output.get(name, "")[-2000:] for name in each.ours_fail},
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
