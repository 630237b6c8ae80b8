"""Each sample of a heap profile on the site that made it.

Terms:
    landing  what became of a sample: the sites of one line that may have made it, or the reason why there are none.
    charged  the nearest call of the packages that the user named which leads to the allocation.

How it works: the innermost frame of a sample is the line that allocated, since profiles leave out the runtime's own frames
above it; where calls were inlined it is the line of the innermost inlined function. Frames of the runtime that a profile has nevertheless are passed over, unless
their line is a site itself. One that is called by another name than the runtime's (internal/bytealg.MakeNoZero, reflect.unsafe_New) tells
which call of its caller's line it was. Of several sites on the line those remain that may allocate and whose size, as the allocator rounds it, is that of the
sample's objects; how the bytes are divided among what remains is not known, so it stays together.

Source: Go 1.27.3 runtime/pprof/protomem.go (which frames are left out), runtime/mprof.go, runtime/malloc.go (tiny objects, headers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, final

from tricolor.abi.sizeclasses import rounded_bytes
from tricolor.explain.model import Site
from tricolor.explain.runtime_calls import RUNTIME_CALL
from tricolor.profile.model import Frame, HeapProfile, Sample
from tricolor.profile.places import Named, Places, package_of, runtime_package

_TINY_BYTES: Final = 16
"""Smaller objects without pointers share blocks of this size."""
_HEADER_BYTES: Final = 8
_MOST_WITHOUT_HEADER_BYTES: Final = 512


class Miss(Enum):
    """Why a sample is on no site."""

    NO_POSITION = "the profile has no source position"
    NO_PACKAGE = "its package is not found here"
    TEST = "a test file, which is not analysed"
    RUNTIME = "made by the runtime for itself"
    NO_SITE = "no site on this line: it calls the runtime, or the source is not what was built"


@final
@dataclass(frozen=True, slots=True)
class Landing:
    """``sites``: empty for a miss; all of them may allocate unless ``contradicts``: by its verdict nothing is allocated there.
    ``at``: the frame that allocated, None without any position. ``charged``: None if no named package leads there."""

    sample: Sample
    sites: tuple[Site, ...]
    at: Frame | None
    miss: Miss | None
    charged: Frame | None
    contradicts: bool


def frames_to_explain(sample: Sample) -> Iterable[Frame]:
    """The frames whose packages must be explained to tell where the sample lands: the innermost one outside the runtime, those of the runtime before it, and for a
    generic function its callers up to the first that is not: one of them made the instance."""
    for frame in sample.frames:
        yield frame
        if not _is_of_runtime(frame) and "[" not in frame.function:
            return


def packages_of(profile: HeapProfile) -> set[str]:
    """Import paths of the packages in which the profile's bytes land."""
    found: set[str] = set()
    for sample in profile.samples:
        for frame in frames_to_explain(sample):
            found.add(runtime_package(frame) or package_of(frame.function))
    return found - {"", "main"}


def join(profile: HeapProfile, sites: Iterable[Site], named: Named, explained: frozenset[str]) -> list[Landing]:
    """What became of each sample. ``explained``: paths of the packages that ``sites`` are from."""
    places = Places(sites)
    return [_land(sample, places, named, explained) for sample in profile.samples]


def _land(sample: Sample, places: Places, named: Named, explained: frozenset[str]) -> Landing:
    charged = next((named.here(frame) for frame in sample.frames if frame in named), None)
    callee = ""
    for frame in sample.frames:
        found = places.at(frame)
        able = [site for site in found if site.cost.may_allocate]
        if not able and _is_of_runtime(frame):
            callee = frame.function
            continue
        if able:
            return Landing(sample, _of_call(able, callee) or _of_size(able, sample.object_bytes), frame, None, charged, contradicts=False)
        if found:
            return Landing(sample, tuple(found), frame, None, charged, contradicts=True)
        return Landing(sample, (), named.here(frame), _miss(frame, named, explained), charged, contradicts=False)
    at = next(iter(sample.frames), None)
    return Landing(sample, (), at, Miss.RUNTIME if at is not None else Miss.NO_POSITION, charged, contradicts=False)


def _of_call(sites: Sequence[Site], callee: str) -> tuple[Site, ...]:
    """The calls of this function of the runtime; empty if there are none. A profile of tricolor run has the runtime's own name for it, where
    bytealg_MakeNoZero stands for bytealg.MakeNoZero."""
    names = {callee.rpartition("/")[2], callee.removeprefix("runtime.").replace("_", ".", 1)}
    return tuple(site for site in sites if callee and site.kind == RUNTIME_CALL and site.expression.removesuffix("(...)") in names)


def _is_of_runtime(frame: Frame) -> bool:
    """By its file, or where there is none (a profile of tricolor run) by its name."""
    return bool(runtime_package(frame)) if frame.file else _is_named_runtime(frame.function)


def _is_named_runtime(function: str) -> bool:
    return function.startswith(("runtime.", "internal/runtime/"))


def _miss(frame: Frame, named: Named, explained: frozenset[str]) -> Miss:
    if not frame.file or frame.line <= 0 or "/" not in frame.file:
        return Miss.NO_POSITION
    if frame.file.endswith("_test.go"):
        return Miss.TEST
    if package_of(frame.function) not in explained and frame not in named:
        return Miss.NO_PACKAGE
    return Miss.NO_SITE


def _of_size(sites: Sequence[Site], object_bytes: int) -> tuple[Site, ...]:
    """Those that make objects of this size; all if none does."""
    return tuple(site for site in sites if _may_be(site.size_bytes, object_bytes)) or tuple(sites)


def _may_be(size_bytes: int, object_bytes: int) -> bool:
    if not size_bytes or not object_bytes or object_bytes in (size_bytes, rounded_bytes(size_bytes)):
        return True
    if size_bytes < _TINY_BYTES:
        return object_bytes == _TINY_BYTES
    return size_bytes > _MOST_WITHOUT_HEADER_BYTES and object_bytes == rounded_bytes(size_bytes + _HEADER_BYTES)
