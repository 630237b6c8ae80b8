"""Read a heap profile that Go's runtime/pprof, net/http/pprof, ``go test -memprofile`` or ``tricolor run -memprofile`` wrote.

A profile is one message of profile.proto, usually gzipped. It refers to strings by their index in a string table, and to functions and locations
by id. If calls were inlined at a location, it has one line per function, the innermost first.

Source: github.com/google/pprof proto/profile.proto; Go 1.27.3 runtime/pprof/proto.go, protomem.go.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn, final

from tricolor.base.errors import TricolorError
from tricolor.profile.model import Frame, HeapProfile, Sample, SampleType
from tricolor.profile.wire import Malformed, Value, content, integer, integers, records, signed

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
"""Tells zlib to use the largest window and to expect a gzip header."""
_TEXT_HEADS: Final = (b"heap profile:", b"goroutine profile:", b"threadcreate profile:", b"--- contention", b"--- mutex")
"""The beginnings of Go's old text profiles (``debug=1``)."""
_ELF: Final = b"\x7fELF"
_MOST_BYTES: Final = 1 << 30
"""The size limit of a profile. No real program produces a larger one."""
_KNOWN_KINDS: Final = {
    "cpu": "a CPU profile",
    "contentions": "a contention profile",
    "goroutine": "a goroutine profile",
    "threadcreate": "a thread profile",
}
"""The kinds of other profiles, by a sample type that only they have."""


class Refused(Exception):
    """The bytes are not a heap profile of Go; the text says what they are."""


def read_profile(path: Path) -> HeapProfile:
    """Read the heap profile in a file. Raises TricolorError if it is unreadable, truncated, empty, or another kind of profile."""
    try:
        return parse_profile(path.read_bytes())
    except OSError as error:
        raise TricolorError(f"{path} cannot be read: {error.strerror or error}") from error
    except Refused as error:
        raise TricolorError(f"{path}: {error}") from error


def parse_profile(raw: bytes) -> HeapProfile:
    """Parse the heap profile in these bytes. Raises Refused."""
    if not raw:
        raise Refused("the file is empty: the program ended before it wrote its profile")
    if raw.startswith(_TEXT_HEADS):
        raise Refused("this is a profile in text form (debug=1), which lacks data that is needed: fetch it without debug=1")
    if raw.startswith(_ELF):
        raise Refused("this is a program, not a profile")
    try:
        return _profile(_read_tables(_decompressed(raw) if raw.startswith(_GZIP) else raw))
    except Malformed as error:
        raise Refused(f"this is not a pprof profile, or it is damaged ({error})") from error


def _decompressed(raw: bytes) -> bytes:
    """Decompress all members of a gzip file."""
    parts: list[bytes] = []
    room_bytes = _MOST_BYTES
    while raw:
        stream = zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            parts.append(stream.decompress(raw, room_bytes))
        except zlib.error as error:
            raise Refused(f"the profile is damaged ({error})") from error
        room_bytes -= len(parts[-1])
        if room_bytes <= 0:
            raise Refused(f"the profile is larger than {_MOST_BYTES >> 20} MiB")
        if not stream.eof:
            raise Refused("the profile is truncated: its compressed data ends early")
        raw = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


@final
@dataclass(slots=True)
class _Tables:
    """The records of a message Profile, by kind."""

    sample_types: list[bytes] = field(default_factory=list[bytes])
    samples: list[bytes] = field(default_factory=list[bytes])
    mappings: list[bytes] = field(default_factory=list[bytes])
    locations: list[bytes] = field(default_factory=list[bytes])
    functions: list[bytes] = field(default_factory=list[bytes])
    strings: list[str] = field(default_factory=list[str])
    time_ns: int = 0
    period: int = 0
    comments: list[int] = field(default_factory=list[int])

    def text(self, index: int) -> str:
        if index >= len(self.strings):
            raise Refused("the profile is truncated: strings are missing")
        return self.strings[index]


def _read_tables(message: bytes) -> _Tables:
    tables = _Tables()
    lists = {1: tables.sample_types, 2: tables.samples, 3: tables.mappings, 4: tables.locations, 5: tables.functions}
    for number, value in records(message):
        if number in lists:
            lists[number].append(content(value))
        elif number == 6:
            tables.strings.append(content(value).decode("utf-8", "replace"))
        elif number == 9:
            tables.time_ns = signed(integer(value))
        elif number == 12:
            tables.period = signed(integer(value))
        elif number == 13:
            tables.comments += integers(value)
    return tables


def _profile(tables: _Tables) -> HeapProfile:
    columns = _columns(tables)
    if not tables.samples:
        raise Refused("this is a heap profile without samples: the program allocated nothing while it was recorded")
    frames = _frames(tables)
    samples = tuple(_sample(raw, columns, frames, tables) for raw in tables.samples)
    return HeapProfile(samples, tables.period, _binary(tables), tables.time_ns, tuple(tables.text(index) for index in tables.comments))


def _first(message: Iterable[tuple[int, Value]]) -> dict[int, Value]:
    """The records by number. Of repeated records the last one counts, as the format demands."""
    return dict(message)


def _columns(tables: _Tables) -> dict[SampleType, int]:
    """The index of each sample type among the values of a sample."""
    names: list[str] = []
    for raw in tables.sample_types:
        names.append(tables.text(integer(_first(records(raw)).get(1, 0))))
    if not names:
        raise Refused("the profile is truncated or not Go's: it does not say what it counts")
    if any(kind.value not in names for kind in SampleType):
        _refuse(names)
    return {kind: names.index(kind.value) for kind in SampleType}


def _refuse(names: Sequence[str]) -> NoReturn:
    """Refuse a profile that is not a heap profile, and say what it is."""
    known = next((_KNOWN_KINDS[name] for name in names if name in _KNOWN_KINDS), "not a heap profile of Go")
    raise Refused(f"this is {known} (it counts {', '.join(names)}); a heap profile of Go counts {', '.join(SampleType)}")


def _binary(tables: _Tables) -> str:
    """The path of the program: the first mapping is the program's own."""
    for raw in tables.mappings[:1]:
        return tables.text(integer(_first(records(raw)).get(5, 0)))
    return ""


def _frames(tables: _Tables) -> dict[int, tuple[Frame, ...]]:
    """The frames of each location, by its id."""
    functions: dict[int, tuple[str, str]] = {}
    for raw in tables.functions:
        fields = _first(records(raw))
        name = tables.text(integer(fields.get(2, 0))) or tables.text(integer(fields.get(3, 0)))
        functions[integer(fields.get(1, 0))] = (name, tables.text(integer(fields.get(4, 0))))
    out: dict[int, tuple[Frame, ...]] = {}
    for raw in tables.locations:
        location = 0
        lines: list[tuple[str, str, int]] = []
        for number, value in records(raw):
            if number == 1:
                location = integer(value)
            elif number == 4:
                fields = _first(records(content(value)))
                name, file = functions.get(integer(fields.get(1, 0)), ("", ""))
                lines.append((name, file, signed(integer(fields.get(2, 0)))))
        out[location] = tuple(Frame(name, file, line, inlined=index + 1 < len(lines)) for index, (name, file, line) in enumerate(lines))
    return out


def _sample(raw: bytes, columns: dict[SampleType, int], frames: dict[int, tuple[Frame, ...]], tables: _Tables) -> Sample:
    locations: list[int] = []
    values: list[int] = []
    object_bytes = 0
    for number, value in records(raw):
        if number == 1:
            locations += integers(value)
        elif number == 2:
            values += map(signed, integers(value))
        elif number == 3:
            label = _first(records(content(value)))
            if tables.text(integer(label.get(1, 0))) == "bytes":
                object_bytes = signed(integer(label.get(3, 0)))
    if len(values) != len(tables.sample_types):
        raise Refused("a sample does not have one value for each sample type")
    if any(location not in frames for location in locations):
        raise Refused("the profile is truncated: locations are missing")
    return Sample(
        tuple(frame for location in locations for frame in frames[location]),
        values[columns[SampleType.ALLOC_OBJECTS]],
        values[columns[SampleType.ALLOC_SPACE]],
        values[columns[SampleType.INUSE_OBJECTS]],
        values[columns[SampleType.INUSE_SPACE]],
        object_bytes,
    )
