"""A budget of allocations: how much each test and each operation of a benchmark allocates, kept in a file and compared with it.

A line of the file is ``PACKAGE NAME OBJECTS BYTES``. Tests run with a seed, so that goroutines, random numbers and the clock are the same each
time: the counts are exact, and any difference is a difference of the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, final

from tricolor.base.errors import EnvironmentFault, UsageError
from tricolor.base.files import write_output

SEED: Final = 1
COUNTS_VARIABLE: Final = "TRICOLOR_TEST_ALLOCS"
"""Environment variable that tells a test binary where to write its counts (goroot/files/testing/allocs.go)."""

_HEAD: Final = (
    "# Allocations of each test, and of each operation of a benchmark: package, name, objects, bytes. Written by tricolor test -allocs.\n"
)
_BENCHMARK: Final = re.compile(rb"^(Benchmark\S*)[ \t]+\d+\t.*?(\d+) B/op\t +(\d+) allocs/op", re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Count:
    """What a test, or an operation of a benchmark, allocates."""

    objects: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.objects} {'object' if self.objects == 1 else 'objects'}, {self.bytes} B"


Counts: TypeAlias = Mapping[tuple[str, str], Count]
"""By package and name."""


def read_counts(package: str, tests: Path, output: bytes) -> dict[tuple[str, str], Count]:
    """The counts of a run: those of tests from the file that the binary wrote, those of benchmarks from what it printed."""
    found: dict[tuple[str, str], Count] = {}
    if tests.is_file():
        for line in tests.read_text().splitlines():
            name, objects, size = line.split()
            found[package, name] = Count(int(objects), int(size))
    for name, size, objects in _BENCHMARK.findall(output):
        found[package, name.decode()] = Count(int(objects), int(size))
    return found


def read_budget(path: Path) -> dict[tuple[str, str], Count] | None:
    """The counts in the file; None if there is none yet. Raises UsageError for another file, EnvironmentFault."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFault(f"{path}: {error}") from error
    found: dict[tuple[str, str], Count] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match line.split():
            case [package, name, objects, size] if objects.isdigit() and size.isdigit():
                found[package, name] = Count(int(objects), int(size))
            case [] | ["#", *_]:
                continue
            case _:
                raise UsageError(f"{path}:{number}: this is no line of a budget: {line}")
    return found


def write_budget(path: Path, counts: Counts) -> None:
    """Raises EnvironmentFault."""
    lines = (f"{package} {name} {count.objects} {count.bytes}\n" for (package, name), count in sorted(counts.items()))
    write_output(path, (_HEAD + "".join(lines)).encode())


def differences(budget: Counts, counts: Counts) -> list[str]:
    """One line for each test that allocates otherwise than the budget says. A test that did not run is no difference."""
    lines: list[str] = []
    for key in sorted(counts):
        package, name = key
        known, count = budget.get(key), counts[key]
        if known == count:
            continue
        if known is None:
            lines.append(f"{package} {name}: {count}, not in the budget")
        else:
            more = count.objects - known.objects
            change = f"{more:+} objects" if more else f"{count.bytes - known.bytes:+} B"
            lines.append(f"{package} {name}: {count}; the budget is {known} ({change})")
    return lines
