"""Profiles are read back as they were written; anything else than a heap profile of Go is refused with the reason."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.profile.builders import frame, profile, sample
from tricolor.base.errors import TricolorError
from tricolor.profile.model import Frame, HeapProfile, Sample
from tricolor.profile.reading import Refused, parse_profile, read_profile
from tricolor.profile.wire import bytes_record, integer_record, packed_record
from tricolor.profile.writing import message_bytes, profile_bytes

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
COUNTS = st.integers(-(1 << 63), (1 << 63) - 1)
FRAMES = st.builds(Frame, TEXTS, TEXTS, st.integers(0, 1 << 31))
INLINED = st.builds(Frame, TEXTS, TEXTS, st.integers(0, 1 << 31), st.booleans())
STACKS = st.tuples(st.lists(INLINED, max_size=5), FRAMES).map(lambda pair: (*pair[0], pair[1])) | st.just(())
SAMPLES = st.builds(Sample, STACKS, COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 1 << 40))
PROFILES = st.builds(
    HeapProfile, st.lists(SAMPLES, min_size=1, max_size=6).map(tuple), st.integers(0, 1 << 40), TEXTS, COUNTS, st.lists(TEXTS, max_size=2).map(tuple)
)  # fmt: skip
SMALL = profile(
    sample(frame("a.F", "/a/f.go", 3, inlined=True), frame("a.G", "/a/f.go", 9), frame("main.main", "/m.go", 5)),
    sample(frame("b.H[go.shape.int]", "/b/h.go", 7), objects=3, object_bytes=4096),
)


@given(PROFILES)
def test_a_profile_is_read_as_it_was_written(written: HeapProfile) -> None:
    assert parse_profile(profile_bytes(written)) == written
    assert parse_profile(message_bytes(written)) == written


def test_the_same_profile_is_the_same_file() -> None:
    assert profile_bytes(SMALL) == profile_bytes(SMALL)


def test_members_of_a_gzip_file_are_one_profile() -> None:
    message = message_bytes(SMALL)
    assert parse_profile(gzip.compress(message[:70]) + gzip.compress(message[70:])) == SMALL


def test_a_compressed_profile_that_was_cut_is_refused_wherever_it_was_cut() -> None:
    whole = profile_bytes(SMALL)
    for size in range(len(whole)):
        with pytest.raises(Refused):
            parse_profile(whole[:size])


def test_a_plain_profile_that_was_cut_is_refused_or_lacks_samples() -> None:
    whole = message_bytes(SMALL)
    for size in range(len(whole)):
        try:
            assert parse_profile(whole[:size]).samples == SMALL.samples
        except Refused:
            continue


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    for data in (raw, gzip.compress(raw)):
        with pytest.raises(Refused):
            parse_profile(data)


@given(st.integers(0, len(message_bytes(SMALL)) - 1), st.integers(0, 255))
def test_no_changed_byte_breaks_the_reader(at: int, byte: int) -> None:
    message = bytearray(message_bytes(SMALL))
    message[at] = byte
    with contextlib.suppress(Refused):
        parse_profile(bytes(message))


def counting(*kinds: str) -> bytes:
    """A profile with one sample that counts these things."""
    types = b"".join(bytes_record(1, integer_record(1, number)) for number in range(1, len(kinds) + 1))
    texts = b"".join(bytes_record(6, text.encode()) for text in ("", *kinds))
    return types + bytes_record(2, packed_record(2, [1] * len(kinds))) + texts


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the file is empty"),
        (b"heap profile: 1: 16 [1: 16] @ heap/1048576\n", "text form"),
        (b"\x7fELF\x02\x01", "this is a program"),
        (b"package main\n", "not a pprof profile"),
        (gzip.compress(b"", mtime=0), "does not say what it counts"),
        (counting("samples", "cpu"), "a CPU profile .it counts samples, cpu"),
        (counting("contentions", "delay"), "a contention profile"),
        (counting("goroutine"), "a goroutine profile"),
        (counting("objects", "space"), "not a heap profile of Go .it counts objects, space"),
        (message_bytes(HeapProfile(())), "without samples"),
        (profile_bytes(SMALL)[:-9], "truncated"),
        (message_bytes(SMALL) + bytes_record(2, packed_record(1, [99]) + packed_record(2, [1] * 4)), "locations are missing"),
        (message_bytes(SMALL) + bytes_record(2, packed_record(2, [1] * 3)), "one value for each sample type"),
        (bytes_record(1, integer_record(1, 77)), "strings are missing"),
    ],
)
def test_anything_else_than_a_heap_profile_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse_profile(raw)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TricolorError, match=r"nope\.pprof cannot be read: No such file"):
        read_profile(tmp_path / "nope.pprof")
    with pytest.raises(TricolorError, match="directory"):
        read_profile(tmp_path)
