"""Results of packages in a file, one a line, so that a run of many hours can be continued, and a table can be made of several runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from tools.stdtest.events import Comparison
from tricolor.base.errors import UsageError
from tricolor.base.files import write_output, writing


@final
@dataclass(frozen=True, slots=True)
class Result:
    """What became of a package under a setting. ``passing``: how many tests real Go passes; ``lost``: how those of them ended that do not
    pass here. ``seconds`` and ``real_seconds``: the time of the test binaries, 0 if one of the two failed or ran too shortly to compare."""

    package: str
    setting: str
    passing: int
    lost: Mapping[str, str]
    whole: bool
    seconds: float
    real_seconds: float
    reason: str

    @property
    def both(self) -> int:
        """How many tests pass with both."""
        return self.passing - len(self.lost)


def result_of(each: Comparison, setting: str) -> Result:
    """What is kept of a comparison. The reason is that of a package which fails as a whole."""
    timed = each.ratio is not None
    whole = not each.ours_fail and each.ours.package == each.real.package
    return Result(
        each.package,
        setting,
        len(each.passing),
        {name: each.ours.tests.get(name, "not run") for name in each.ours_fail},
        whole,
        each.ours.seconds if timed else 0.0,
        each.real.seconds if timed else 0.0,
        "" if whole else each.ours.reason,
    )


def read_results(path: Path) -> list[Result]:
    """The results in a file; none if it does not exist. Raises UsageError if it is no such file."""
    if not path.exists():
        return []
    found: list[Result] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            found.append(Result(**json.loads(line)))
        except (ValueError, TypeError):
            raise UsageError(f"{path}:{number}: not a result of this command; name another file, or remove the line") from None
    return found


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write the file whole or not at all, in the order of packages and settings. Raises EnvironmentFault."""
    ordered = sorted(results, key=lambda each: (each.package, each.setting))
    with writing(path):
        write_output(path, "".join(f"{json.dumps(asdict(each))}\n" for each in ordered).encode())


def replaced(results: Iterable[Result], new: Result) -> list[Result]:
    """The results with a new one, in the place of an older one of the same package and setting."""
    key = (new.package, new.setting)
    return [*(each for each in results if (each.package, each.setting) != key), new]
