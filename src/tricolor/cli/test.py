"""``tricolor test``: compile packages with their tests, run them, and report as ``go test`` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tricolor.base.errors import TricolorError, UsageError
from tricolor.cli.common import say
from tricolor.gotest.allocations import Counts, differences, read_budget, write_budget
from tricolor.gotest.binaries import BinaryOptions
from tricolor.gotest.command_line import TestCommand, parse_command
from tricolor.gotest.coverage import begin_profile
from tricolor.gotest.job import Work, binary_target
from tricolor.gotest.listing import TestPackage, list_packages
from tricolor.gotest.schedule import run_jobs
from tricolor.gotest.test2json import find_test2json

HELP = """\
usage: tricolor test [flags] [packages] [flags of the test binary]

Compiles packages with their tests, runs the tests of each package in its folder, and prints what go test prints. Flags may
stand before and after the packages. What tricolor test does not know, and everything behind -args, goes to the test binary.
Results of tests that passed are kept until something changes that they depend on, as with go test; -count=1 runs them
in any case. The exit status is 1 if a test failed or a package does not compile.

Flags that choose and run tests:
  -run=REGEXP, -skip=REGEXP   run only these tests and examples; leave these out
  -list=REGEXP                print the names of tests and run nothing
  -v                          print what each test does
  -json                       print events as go tool test2json does
  -short                      tests may leave out what takes long
  -count=N, -cpu=1,2,4        run each test N times, and with each of these values of GOMAXPROCS
  -failfast                   start no further test after a failure
  -parallel=N                 run at most N tests at once that call t.Parallel
  -shuffle=on|off|N           run tests in random order
  -timeout=D                  panic if a test binary runs longer than this (10m)
  -fullpath, -artifacts, -outputdir=DIR
                              as in go test
  -args                       pass everything behind it to the test binary

Benchmarks and profiles:
  -bench=REGEXP, -benchmem, -benchtime=D|Nx
                              run benchmarks; also print allocations; how long each runs
  -cpuprofile=FILE, -memprofile=FILE, -blockprofile=FILE, -mutexprofile=FILE
                              write a profile of one package, for go tool pprof
  -memprofilerate=N, -blockprofilerate=N, -mutexprofilefraction=N
                              how often to sample

Coverage:
  -cover                      print the share of statements that the tests of a package run
  -covermode=set|count|atomic note whether, or how often, a statement runs; atomic: also with goroutines
  -coverpkg=a,b               cover these packages instead of the tested one
  -coverprofile=FILE          write what was covered, for go tool cover

Allocations:
  --report                    print where the memory of the tests went, one row per allocation site
  --all                       with --report: also show sites that stayed on the stack
  --format=text|json          the form of the report
  --allocs=FILE               compare what each test, and each operation of a benchmark, allocates with the budget in
                              the file, and fail if it differs; without the file, write it. Goroutines, random numbers
                              and the clock are the same in each run, so the counts are exact

Flags for compiling:
  -c                          write the test binary PACKAGE.test and run nothing
  -o=FILE|DIR/                write the test binary there
  -exec=PROGRAM               run test binaries under this program
  -tags=a,b                   build tags
  -vet=off|all|LIST           which analyses of go vet a package must pass (a few that seldom err)
  -p=N                        how many packages to compile and test at once
  -C=DIR                      change to this folder first
  -mod=MODE, -modfile=FILE    as in go build
  --check=LEVEL               how thoroughly the runtime checks its own invariants, from 0 (not at all) to 3
"""


def test(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all tests passed, 1 if one failed or a package does not compile, 3 for a bug in Tricolor."""
    command = parse_command(arguments)
    if command.text("C"):
        os.chdir(command.text("C"))
    for name in ("mod", "modfile"):
        if command.text(name):
            os.environ["GOFLAGS"] = f"{os.environ.get('GOFLAGS', '')} -{name}={command.text(name)}".strip()
    packages = list_packages(command.patterns, command.tags, Path.cwd())
    _check(command, packages)
    options = BinaryOptions(
        Path.cwd(), command.tags, int(command.text("check") or 0), command.analyzers, command.coverage, command.accounts
    )
    at_once = int(command.text("p") or len(os.sched_getaffinity(0)))
    work = Work(command, options, len(packages) == 1 or at_once == 1, find_test2json() if command.switch("json") else "")
    if options.coverage is not None and options.coverage.profile and not command.switch("c"):
        begin_profile(options.coverage)
    status, counts = run_jobs(packages, work, at_once)
    if command.text("allocs") and not status:
        status = _compare(Path(command.text("allocs")), counts)
    if status and command.patterns and not command.switch("json"):
        print("FAIL")
        sys.stdout.flush()
    return status


def _check(command: TestCommand, packages: Sequence[TestPackage]) -> None:
    """Raises TricolorError for flags that do not fit the number of packages."""
    if command.profile and len(packages) != 1:
        raise TricolorError(f"cannot use {command.profile} flag with multiple packages")
    for name in ("c", "o", "exec", "cpuprofile", "coverprofile"):
        if command.accounts and command.text(name):
            raise UsageError(f"-{name} cannot be used with --report or --allocs: the test binary is no file then")
    output = command.text("o")
    if len(packages) == 1 or not command.keeps_binary or output == os.devnull:
        return
    targets = [binary_target(package, output) for package in packages]
    if output and len(set(targets)) == 1 and not Path(output).is_dir():
        raise TricolorError(f"with multiple packages, -o must refer to a directory or {os.devnull}")
    for target in dict.fromkeys(targets):
        same = [package.path for package, other in zip(packages, targets, strict=True) if other == target]
        if len(same) > 1 and target is not None:
            raise TricolorError(f"cannot write test binary {target.name} for multiple packages:\n" + "\n".join(same))


def _compare(path: Path, counts: Counts) -> int:
    """Compare with the budget, or write it if there is none; gives the exit status. Raises TricolorError."""
    budget = read_budget(path)
    if budget is None:
        write_budget(path, counts)
        say(f"tricolor: wrote the allocations of {len(counts)} tests to {path}")
        return 0
    lines = differences(budget, counts)
    if lines:
        say(f"tricolor: allocations differ from {path}; remove the file to accept what is new:")
        for line in lines:
            say(f"  {line}")
    return 1 if lines else 0
