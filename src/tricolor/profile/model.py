"""A heap profile, free of its format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class SampleType(StrEnum):
    """What a heap profile of Go counts. ``alloc``: since the program began; ``inuse``: what lived when the profile was written."""

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
    """A call. ``function``: the linker's symbol; ``file`` as the compiler was told it (empty: unknown); ``line`` from 1 (0: unknown);
    ``inlined``: its code stands in that of the next frame."""

    function: str
    file: str
    line: int
    inlined: bool = False


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """Allocations of one call stack and one size. ``frames``: the innermost first. ``object_bytes``: what each took, rounded as the
    allocator rounds; 0 if it is not recorded."""

    frames: tuple[Frame, ...]
    alloc_objects: int
    alloc_bytes: int
    inuse_objects: int
    inuse_bytes: int
    object_bytes: int


@final
@dataclass(frozen=True, slots=True)
class HeapProfile:
    """``rate_bytes``: one allocation was recorded for so many bytes on average (1: all were); ``binary``: the path of the program that
    wrote it, empty if unknown; ``time_ns``: when, since 1970."""

    samples: tuple[Sample, ...]
    rate_bytes: int = 1
    binary: str = ""
    time_ns: int = 0
    comments: tuple[str, ...] = ()
