"""Command line: ``python -m tools.stdtest [--short] [--limit SECONDS] [--results FILE] [--page FILE] [PACKAGE...]``; without packages all of std."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.stdtest.events import Comparison, Outcome, read_outcome
from tools.stdtest.results import Result, read_results, replaced, result_of, write_results
from tools.stdtest.table import mean_ratio, page
from tricolor.base.errors import TricolorError
from tricolor.base.files import write_output, writing
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.goroot.overlay import BUILD_TAGS

SHOWN_LINES = 8
"""Of the output of a test that does not pass."""


def main() -> int:
    """The exit status: 0 if all tests that real Go passes pass with Tricolor."""
    options = _arguments()
    setting = _setting(short=options.short)
    kept = read_results(options.results) if options.results else []
    known = set[str]() if options.again else {each.package for each in kept if each.setting == setting}
    compared: list[Result] = []
    for package in _packages(options.packages or ["std"]) if not options.page or options.packages else ():
        if package not in known:
            comparison = _compare(package, options)
            _print_row(comparison)
            compared.append(result_of(comparison, setting))
            kept = replaced(kept, compared[-1])
            if options.results:
                write_results(options.results, kept)
    if options.page:
        with writing(options.page):
            write_output(options.page, page(kept, _packages(["std"])).encode())
    if compared:
        _print_summary(compared)
    return 1 if any(each.lost for each in compared) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.stdtest", description=__doc__)
    parser.add_argument("packages", nargs="*", help="packages or patterns; all of std without one")
    parser.add_argument("--short", action="store_true", help="run tests with -short")
    parser.add_argument("--run", default="", help="run only tests whose names match")
    parser.add_argument("--limit", type=int, default=300, help="seconds for the tests of a package")
    parser.add_argument(
        "--results", type=Path, help="keep results in this file; packages that it has with the same setting are not run again"
    )
    parser.add_argument("--again", action="store_true", help="run packages again that the file of results has")
    parser.add_argument("--page", type=Path, help="write a page about all results to this file; without packages, run none")
    return parser.parse_args()


def _setting(*, short: bool) -> str:
    """What the results depend on besides the package, as words of a command line; they are kept by it."""
    words = [f"{name}={os.environ[name]}" for name in ("GOMAXPROCS", "GODEBUG") if os.environ.get(name)]
    return " ".join([*words, *(["-short"] if short else [])]) or "default"


def _packages(patterns: list[str]) -> list[str]:
    """The packages with tests among those that the patterns name, those with fewer imports first: they take less time to compile."""
    toolchain = find_toolchain()
    form = "{{if or .TestGoFiles .XTestGoFiles}}{{len .Deps}} {{.ImportPath}}{{end}}"
    command = [str(toolchain.go), "list", f"-tags={','.join(BUILD_TAGS)}", "-f", form, *patterns]
    listed = subprocess.run(command, env=go_environment(toolchain), capture_output=True, text=True, check=True)
    counted = [line.split() for line in listed.stdout.splitlines()]
    return [path for _, path in sorted((int(imports), path) for imports, path in counted)]


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
        for line in each.ours.output.get(name, "").splitlines()[-SHOWN_LINES:]:
            print(f"        {line}", flush=True)
    for name in each.real_fail:
        print(f"    {name}: passes, and fails with real Go", flush=True)
    if each.ours.package != each.real.package:
        print(f"    the package: {each.ours.package}, with real Go {each.real.package}: {each.ours.reason}", flush=True)


def _print_summary(results: list[Result]) -> None:
    passing, both = sum(each.passing for each in results), sum(each.both for each in results)
    whole = sum(each.whole for each in results)
    table = Table("packages", "whole", "tests that real Go passes", "pass here", "share", "time (geometric mean)", box=None)
    share = f"{100 * both / max(1, passing):.1f} %"
    table.add_row(str(len(results)), str(whole), str(passing), str(both), share, mean_ratio(results))
    Console(width=160).print(table)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TricolorError as error:
        print(f"stdtest: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
