"""Match each sample of a heap profile to the site that allocated it.

Terms:
    landing  the result for one sample: the sites of one line that may have allocated it, or the reason why there are none.
    charged  the frame to which a sample is charged: the nearest call in a named package that leads to the allocation.

How it works: the innermost frame of a sample is the line that allocated, because profiles leave out the runtime's frames inside it. If calls were
inlined, it is the line in the innermost inlined function. Runtime frames that a profile contains nevertheless are skipped, unless their line is a
site itself. A skipped function that has a name outside the runtime (internal/bytealg.MakeNoZero, reflect.unsafe_New) tells which call on its
caller's line allocated. If several sites are on the line, those remain that may allocate and whose size, rounded as the allocator rounds, equals
the size of the sample's objects. The profile does not say how the bytes are divided among the remaining sites, so these stay one group.

Source: Go 1.27.3 runtime/pprof/protomem.go (which frames are left out), runtime/mprof.go, runtime/malloc.go (tiny objects, headers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, final

from tricolor.abi.sizeclasses import rounded_bytes
from tricolor.explain.model import Site, is_generic
from tricolor.explain.runtime_calls import RUNTIME_CALL
from tricolor.profile.model import Frame, HeapProfile, Sample
from tricolor.profile.places import Named, Places, package_of, runtime_package

_TINY_BYTES: Final = 16
"""Smaller objects without pointers share an element of this size."""
_HEADER_BYTES: Final = 8
_MOST_WITHOUT_HEADER_BYTES: Final = 512


class Miss(Enum):
    """Why no site matches a sample."""

    NO_POSITION = "the profile has no source position"
    NO_PACKAGE = "its package was not found"
    TEST = "a test file, which is not analysed"
    RUNTIME = "allocated by the runtime for itself"
    NO_SITE = "no site on this line: the line calls the runtime, or the source differs from what was built"


@final
@dataclass(frozen=True, slots=True)
class Landing:
    """The result for one sample.

    ``sites``: the candidates, empty for a miss. ``contradicts``: by their verdicts none of the sites allocates; otherwise all of them may
    allocate. ``at``: the frame that allocated, None if no frame has a position. ``charged``: None if no call in a named package leads there."""

    sample: Sample
    sites: tuple[Site, ...]
    at: Frame | None
    miss: Miss | None
    charged: Frame | None
    contradicts: bool


def frames_to_explain(sample: Sample) -> Iterable[Frame]:
    """The frames whose packages must be explained to match the sample: the innermost frame outside the runtime, and the runtime frames inside it.

    For a generic function also its callers up to the first that is not generic, because one of their packages made the instance."""
    for frame in sample.frames:
        yield frame
        if not _is_of_runtime(frame) and not is_generic(frame.function):
            return


def packages_of(profile: HeapProfile) -> set[str]:
    """The import paths of the packages whose sites may have allocated the profile's bytes."""
    found: set[str] = set()
    for sample in profile.samples:
        for frame in frames_to_explain(sample):
            found.add(runtime_package(frame) or package_of(frame.function))
    return found - {"", "main"}


def join(profile: HeapProfile, sites: Iterable[Site], named: Named, explained: frozenset[str]) -> list[Landing]:
    """The landing of each sample. ``explained``: the paths of the packages to which ``sites`` belong."""
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
    """The sites that call this function of the runtime; empty if there are none. A profile of tricolor run contains the runtime's own name of the
    function, for example bytealg_MakeNoZero for bytealg.MakeNoZero."""
    names = {callee.rpartition("/")[2], callee.removeprefix("runtime.").replace("_", ".", 1)}
    return tuple(site for site in sites if callee and site.kind == RUNTIME_CALL and site.expression.removesuffix("(...)") in names)


def _is_of_runtime(frame: Frame) -> bool:
    """Whether the frame is in the runtime: by its file, or by its name if it has no file (in a profile of tricolor run)."""
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
    """The sites that make objects of this size; all sites if none does."""
    return tuple(site for site in sites if _may_be(site.size_bytes, object_bytes)) or tuple(sites)


def _may_be(size_bytes: int, object_bytes: int) -> bool:
    if not size_bytes or not object_bytes or object_bytes in (size_bytes, rounded_bytes(size_bytes)):
        return True
    if size_bytes < _TINY_BYTES:
        return object_bytes == _TINY_BYTES
    return size_bytes > _MOST_WITHOUT_HEADER_BYTES and object_bytes == rounded_bytes(size_bytes + _HEADER_BYTES)
