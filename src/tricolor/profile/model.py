"""A heap profile, independent of its file format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class SampleType(StrEnum):
    """What a heap profile of Go counts. ``alloc``: everything allocated since the program began; ``inuse``: what was live when the profile was
    written."""

    ALLOC_OBJECTS = "alloc_objects"
    ALLOC_SPACE = "alloc_space"
    INUSE_OBJECTS = "inuse_objects"
    INUSE_SPACE = "inuse_space"

    @property
    def unit(self) -> str:
        return "bytes" if self in (SampleType.ALLOC_SPACE, SampleType.INUSE_SPACE) else "count"


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack. ``function``: the linker symbol; ``file``: the path that the compiler recorded (empty: unknown); ``line``: from 1
    (0: unknown); ``inlined``: the function was inlined into the function of the next frame."""

    function: str
    file: str
    line: int
    inlined: bool = False


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """The allocations with one call stack and one size. ``frames``: the innermost first. ``object_bytes``: the size of each object, rounded as
    the allocator rounds; 0 if it is not recorded."""

    frames: tuple[Frame, ...]
    alloc_objects: int
    alloc_bytes: int
    inuse_objects: int
    inuse_bytes: int
    object_bytes: int


@final
@dataclass(frozen=True, slots=True)
class HeapProfile:
    """``rate_bytes``: on average one allocation was recorded per this many bytes (1: every allocation); ``binary``: the path of the program that
    wrote the profile, empty if unknown; ``time_ns``: the time of writing, since 1970."""

    samples: tuple[Sample, ...]
    rate_bytes: int = 1
    binary: str = ""
    time_ns: int = 0
    comments: tuple[str, ...] = ()
