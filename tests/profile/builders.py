"""Sites, frames and profiles for tests."""

from __future__ import annotations

from tricolor.explain.model import Cost, CostClass, Site, Verdict
from tricolor.frontend.records import Position
from tricolor.profile.model import Frame, HeapProfile, Sample

HEAP = Cost(CostClass.HEAP)
STACK = Cost(CostClass.STACK)
ABOVE = Cost(CostClass.HEAP_ABOVE, "", 32)


def site(
    function: str = "example.com/m.F", file: str = "/src/m/f.go", line: int = 1, *, column: int = 1, expression: str = "x", size_bytes: int = 0,
    cost: Cost = HEAP, package: str = "example.com/m", foreign: bool = False,
) -> Site:  # fmt: skip
    verdict = Verdict.HEAP if cost.kind is CostClass.HEAP else Verdict.STACK
    return Site(
        package=package,
        function=function,
        expression=expression,
        number=1,
        kind="literal",
        type="T",
        size_bytes=size_bytes,
        position=Position(file, line, column),
        verdict=verdict,
        cost=cost,
        why="because",
        chain=(),
        hint="",
        shapes=0,
        listed=True,
        foreign=foreign,
    )


def sample(*frames: Frame, objects: int = 1, object_bytes: int = 16) -> Sample:
    return Sample(frames, objects, objects * object_bytes, 0, 0, object_bytes)


def frame(function: str = "example.com/m.F", file: str = "/src/m/f.go", line: int = 1, *, inlined: bool = False) -> Frame:
    return Frame(function, file, line, inlined)


def profile(*samples: Sample) -> HeapProfile:
    return HeapProfile(samples)
