"""The workloads and their limits.

A workload is a Go program. The bench itself measures two figures of each, ``wall`` and ``peak``. A program that prints figures is
compiled together with ``programs/figures.go``; what it prints is measured too. The output of the others must be the same on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

PROGRAMS = Path(__file__).with_name("programs")


@final
@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure must not exceed; None: anything goes. With ``more_is_better`` it must not be lower.

    ``ratio`` is Tricolor's figure divided by real Go's on one processor, ``ratio_on_two`` on more than one, ``value`` is Tricolor's
    figure alone, in its unit, and ``scaling`` the least of Tricolor's figure on two processors divided by that on one.
    """

    figure: str
    ratio: float | None = None
    ratio_on_two: float | None = None
    value: float | None = None
    more_is_better: bool = False
    scaling: float | None = None

    def ratio_on(self, procs: int) -> float | None:
        return self.ratio if procs == 1 else self.ratio_on_two


@final
@dataclass(frozen=True, slots=True)
class Workload:
    """``small`` replaces the arguments for a run of a moment. ``through_run``: time ``tricolor run`` in place of an executable."""

    name: str
    arguments: tuple[str, ...]
    small: tuple[str, ...]
    limits: tuple[Limit, ...]
    prints_figures: bool = False
    through_run: bool = False

    @property
    def sources(self) -> tuple[Path, ...]:
        own = PROGRAMS / f"{self.name}.go"
        return (own, PROGRAMS / "figures.go") if self.prints_figures else (own,)


def each(names: str, ratio: float, ratio_on_two: float | None = None) -> tuple[Limit, ...]:
    """Limits of the same ratio; ``ratio_on_two`` where it differs."""
    return tuple(Limit(name, ratio, ratio if ratio_on_two is None else ratio_on_two) for name in names.split())


def rate(shape: str, lead: float) -> tuple[Limit, Limit]:
    """The lead of the marker on one processor, by its processor time; and by the clock what a second processor must bring."""
    return Limit(shape, lead, more_is_better=True), Limit(f"{shape}-wall", more_is_better=True, scaling=1.7)


WORKLOADS = (
    # Allocate and drop.
    Workload("bintrees", ("20",), ("10",), (*each("wall", 0.4), *each("peak", 1.1))),
    Workload("gcbench", ("16",), ("8",), each("wall", 0.5)),
    Workload(
        "allocation",
        (),
        ("-at-least", "100us", "-depth", "8"),
        (
            *each("new", 0.6),
            *each("closure boxed-integer slice-100 slice-4096 slice-100-pointers append append-pointers", 0.9),
            *each("string-join string-builder string-of-bytes map-insert map-insert-strings map-lookup", 0.9),
            *each("store-barrier-off", 1.1),
            *each("store-barrier-on", 1.0),
        ),
        prints_figures=True,
    ),
    # Latency beside collections.
    Workload(
        "cache",
        (),
        ("-entries", "2000", "-operations", "20000"),
        (Limit("throughput", 1.1, 1.1, more_is_better=True), *each("p99.9", 1.0), Limit("worst", value=1000)),
        prints_figures=True,
    ),
    Workload("stall", (), ("-depth", "8", "-seconds", "0.05"), (Limit("longest", value=1),), prints_figures=True),
    Workload(
        "collect",
        (),
        ("-parked", "100", "-times", "20"),
        (Limit("empty", value=20), *each("parked", 0.5)),
        prints_figures=True,
    ),
    Workload(
        "marking",
        (),
        ("-megabytes", "1", "-times", "1"),
        (
            *rate("tree", 2.0),
            *rate("graph", 1.9),
            *rate("local", 1.3),
            *rate("list", 1.4),
            *rate("pointers", 4.5),
            *rate("map", 2.3),
            *rate("objects-4k", 2.2),
        ),
        prints_figures=True,
    ),
    Workload(
        "memlimit",
        (),
        ("-megabytes", "2", "-lasting", "20ms"),
        tuple(
            limit
            for name in ("trees", "blobs", "words")
            for limit in (Limit(f"{name}-peak", value=1.05), Limit(f"{name}-collector", value=0.5))
        ),
        prints_figures=True,
    ),
    # Goroutines.
    Workload("parked", (), ("-count", "1000"), (Limit("bytes", value=2300), *each("start wake", 0.5)), prints_figures=True),
    Workload(
        "goroutines",
        (),
        ("-at-least", "100us"),
        (
            *each("ping-pong buffered-channel gosched mutex start-exit start-exit-many", 0.8, 1.0),
            *each("select select-ping-pong timer timer-fires", 0.8, 1.0),
        ),
        prints_figures=True,
    ),
    # What real Go does by assembly, by its size.
    Workload(
        "assembly",
        (),
        ("-at-least", "10us"),
        each(
            " ".join(
                f"{name}-{size}"
                for name in ("index-byte", "index", "count", "compare", "crc32", "crc32c", "sha1", "sha256", "sha512", "aes-ctr", "aes-gcm")
                for size in (16, 256, 1 << 20)
            )
            + " assertion",
            2.0,
        ),
        prints_figures=True,
    ),
    # What never allocates, or hardly; and how a program starts.
    Workload("wordmap", ("20000000",), ("1000",), each("wall", 1.0)),
    Workload("nqueens", ("14",), ("6",), each("wall", 1.0)),
    Workload("matmul", ("1200",), ("20",), each("wall", 1.0)),
    Workload("sorting", ("4000000",), ("1000",), each("wall", 1.0)),
    Workload("lookups", ("20000000",), ("1000",), each("wall", 1.0)),
    Workload("hello", (), (), (Limit("wall", value=0.15),), through_run=True),
)
