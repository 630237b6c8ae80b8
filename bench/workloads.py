"""The workloads, each with the ratio that it must not exceed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

PROGRAMS = Path(__file__).with_name("programs")


@final
@dataclass(frozen=True, slots=True)
class Workload:
    """``limit``: the highest acceptable ratio of wall times, Tricolor to real Go."""

    name: str
    arguments: tuple[str, ...]
    limit: float
    what: str

    @property
    def source(self) -> Path:
        return PROGRAMS / f"{self.name}.go"


WORKLOADS = (
    Workload("bintrees", ("18",), 0.7, "allocate and drop trees of 16-byte nodes"),
    Workload("wordmap", ("20000000",), 1.0, "count words in a map of strings"),
    Workload("nqueens", ("14",), 1.0, "backtracking over slices"),
    Workload("matmul", ("1200",), 1.0, "dense product of float64 matrices"),
)
