"""Write a heap profile as Go's runtime/pprof does: a gzipped message of profile.proto.

Source: github.com/google/pprof proto/profile.proto; Go 1.27.3 runtime/pprof/proto.go, protomem.go.

Differs from Go: the profile has no addresses, because no other tool could look up an address of a program that Tricolor compiled. So each place
in source is a location of its own, and the mapping says that all names are already resolved.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from tricolor.profile.model import Frame, HeapProfile, Sample, SampleType
from tricolor.profile.wire import bytes_record, integer_record, packed_record


def profile_bytes(profile: HeapProfile) -> bytes:
    """The profile as a gzipped file. The same profile gives the same bytes."""
    return gzip.compress(message_bytes(profile), mtime=0)


def message_bytes(profile: HeapProfile) -> bytes:
    """The profile as an uncompressed message."""
    tables = _Tables()
    parts = [bytes_record(1, tables.value_type(kind.value, kind.unit)) for kind in SampleType]
    parts += [bytes_record(2, tables.sample(sample)) for sample in profile.samples]
    mapping = integer_record(1, 1) + integer_record(5, tables.text(profile.binary))
    # has_functions, has_filenames, has_line_numbers, has_inline_frames
    mapping += b"".join(integer_record(number, 1) for number in range(7, 11))
    parts.append(bytes_record(3, mapping))
    period_type = tables.value_type("space", "bytes")
    default = tables.text(SampleType.ALLOC_SPACE.value)
    comments = [tables.text(comment) for comment in profile.comments]
    parts += tables.locations
    parts += tables.functions
    parts += [bytes_record(6, text.encode("utf-8", "surrogateescape")) for text in tables.texts]
    parts += [integer_record(9, profile.time_ns), bytes_record(11, period_type), integer_record(12, profile.rate_bytes)]
    parts += [packed_record(13, comments), integer_record(14, default)]
    return b"".join(parts)


class _Tables:
    """The tables of strings, functions and locations, each entry written once."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {"": 0}
        self.functions: list[bytes] = []
        self.locations: list[bytes] = []
        self._function_ids: dict[tuple[str, str], int] = {}
        self._location_ids: dict[tuple[Frame, ...], int] = {}

    def text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def value_type(self, kind: str, unit: str) -> bytes:
        return integer_record(1, self.text(kind)) + integer_record(2, self.text(unit))

    def sample(self, sample: Sample) -> bytes:
        values = (sample.alloc_objects, sample.alloc_bytes, sample.inuse_objects, sample.inuse_bytes)
        label = integer_record(1, self.text("bytes")) + integer_record(3, sample.object_bytes)
        locations = [self._location(frames) for frames in _by_location(sample.frames)]
        out = packed_record(1, locations) + packed_record(2, values)
        return out + (bytes_record(3, label) if sample.object_bytes else b"")

    def _location(self, frames: tuple[Frame, ...]) -> int:
        known = self._location_ids.get(frames)
        if known is not None:
            return known
        number = self._location_ids[frames] = len(self._location_ids) + 1
        lines = [bytes_record(4, integer_record(1, self._function(frame)) + integer_record(2, frame.line)) for frame in frames]
        self.locations.append(bytes_record(4, integer_record(1, number) + integer_record(2, 1) + b"".join(lines)))
        return number

    def _function(self, frame: Frame) -> int:
        key = (frame.function, frame.file)
        known = self._function_ids.get(key)
        if known is not None:
            return known
        number = self._function_ids[key] = len(self._function_ids) + 1
        name = self.text(frame.function)
        record = integer_record(1, number) + integer_record(2, name) + integer_record(3, name)
        self.functions.append(bytes_record(5, record + integer_record(4, self.text(frame.file))))
        return number


def _by_location(frames: Iterable[Frame]) -> list[tuple[Frame, ...]]:
    """Group the frames by location: inlined frames together with the frame into which they were inlined."""
    out: list[tuple[Frame, ...]] = []
    group: list[Frame] = []
    for frame in frames:
        group.append(frame)
        if not frame.inlined:
            out.append(tuple(group))
            group = []
    return [*out, tuple(group)] if group else out
