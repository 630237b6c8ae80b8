"""Reads the events that ``go test -json`` and ``tricolor test -json`` print about one package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

RESULTS = ("pass", "fail", "skip")


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """How the tests of a package ended. ``tests``: pass, fail or skip by name; a test that began and did not end has "lost".

    ``package``: the result of the package. ``seconds``: the time that its binary ran. ``reason``: the last lines that it printed outside of tests.
    """

    tests: Mapping[str, str]
    package: str
    seconds: float
    reason: str
    output: Mapping[str, str] = field(default_factory=dict[str, str])


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """Two outcomes of one package. ``both``: tests that pass with both; ``ours_fail``, ``real_fail``: that only the other passes."""

    package: str
    real: Outcome
    ours: Outcome

    @property
    def passing(self) -> list[str]:
        """The tests that real Go passes."""
        return [name for name, result in self.real.tests.items() if result == "pass"]

    @property
    def both(self) -> list[str]:
        return [name for name in self.passing if self.ours.tests.get(name) == "pass"]

    @property
    def ours_fail(self) -> list[str]:
        return [name for name in self.passing if self.ours.tests.get(name) != "pass"]

    @property
    def real_fail(self) -> list[str]:
        return [name for name, result in self.ours.tests.items() if result == "pass" and self.real.tests.get(name) == "fail"]

    @property
    def ratio(self) -> float | None:
        """Our time divided by real Go's; None if a package did not pass whole, or ran too shortly to compare."""
        whole = self.real.package == "pass" and self.ours.package == "pass"
        return self.ours.seconds / self.real.seconds if whole and self.real.seconds >= 0.01 else None


def read_outcome(lines: Iterable[str]) -> Outcome:
    """Read events, one a line; other lines (build errors) count as output of the package."""
    tests: dict[str, str] = {}
    output: dict[str, str] = {}
    package, seconds = "fail", 0.0
    for line in lines:
        event = _event(line)
        name = str(event.get("Test", ""))
        action = event.get("Action")
        if action in ("output", "build-output"):
            top = name.partition("/")[0]
            output[top] = output.get(top, "") + str(event.get("Output", ""))
        elif name and "/" not in name:
            if action == "run":
                tests[name] = "lost"
            elif action in RESULTS:
                tests[name] = str(action)
        elif action in RESULTS and "Test" not in event:
            package, seconds = str(action), float(event.get("Elapsed", 0.0))
    reason = " / ".join(output.get("", "").strip().splitlines()[-4:])
    return Outcome(tests, package, seconds, reason, output)


def _event(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {"Action": "output", "Output": f"{line.rstrip()}\n"}
    return json.loads(line)
