"""Protocol buffers' wire format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tricolor.profile.wire import Malformed, bytes_record, content, integer, integer_record, integers, packed_record, records, signed

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.lists(st.tuples(st.integers(1, 1 << 20), st.one_of(INT64.filter(bool), st.binary()))))
def test_records_are_read_as_they_were_written(fields: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(integer_record(number, value) if isinstance(value, int) else bytes_record(number, value) for number, value in fields)
    read = [(number, signed(value) if isinstance(value, int) else value) for number, value in records(message)]
    assert read == fields


@given(st.lists(INT64))
def test_packed_integers_are_read_as_they_were_written(values: list[int]) -> None:
    ((number, value),) = records(packed_record(4, values))
    assert (number, [signed(one) for one in integers(value)]) == (4, values)


def test_known_encodings() -> None:
    assert integer_record(1, 150) == b"\x08\x96\x01"
    assert bytes_record(2, b"testing") == b"\x12\x07testing"
    assert integer_record(1, 0) == b""
    assert integers(5) == [5]


def test_values_of_fixed_size_are_skipped() -> None:
    assert list(records(b"\x09" + bytes(8) + b"\x15" + bytes(4) + b"\x08\x01")) == [(1, 1)]


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (b"\x08", "within a number"),
        (b"\x08\x96", "within a number"),
        (b"\x12\x07test", "within a field"),
        (b"\x09\x00", "within a field"),
        (b"\x00\x00", "number 0"),
        (b"\x0b", "wire type 3"),
        (b"\x08" + b"\xff" * 11, "more than 64 bits"),
    ],
)
def test_a_damaged_message_is_named(message: bytes, fault: str) -> None:
    with pytest.raises(Malformed, match=fault):
        list(records(message))


def test_integers_and_bytes_are_not_confused() -> None:
    with pytest.raises(Malformed):
        integer(b"")
    with pytest.raises(Malformed):
        content(1)
