"""Read and write the part of protocol buffers' wire format that profile.proto needs.

Terms:
    record  one field of a message: its number and its value, an integer (varint) or bytes (length-delimited).
    packed  repeated integers as one length-delimited record.

The package ``protobuf`` could do this too, but it is a compiled dependency, and the code that it generates must match its version. The messages
of profile.proto have not changed in years and contain only varints, strings and messages.

Source: the encoding guide of protocol buffers; Go 1.27.3 runtime/pprof/protobuf.go writes the same subset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}
_MOST_VARINT_BITS: Final = 64
_SIGN: Final = 1 << 63
_WORD: Final = 1 << 64

Value: TypeAlias = int | bytes


class Malformed(Exception):
    """The bytes are not a message."""


def records(message: bytes) -> Iterator[tuple[int, Value]]:
    """The field number and value of each record, in order; skips values of fixed size. Raises Malformed."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise Malformed("a field has number 0")
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind == _BYTES:
            size_bytes, at = _varint(message, at)
            if at + size_bytes > len(message):
                raise Malformed("it ends within a field")
            yield number, message[at : at + size_bytes]
            at += size_bytes
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
            if at > len(message):
                raise Malformed("it ends within a field")
        else:
            raise Malformed(f"a field has wire type {kind}")


def integers(value: Value) -> list[int]:
    """The integers of one record of a repeated field, packed or not. Raises Malformed."""
    if isinstance(value, int):
        return [value]
    out: list[int] = []
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        out.append(number)
    return out


def integer(value: Value) -> int:
    """The value of a record that must be an integer. Raises Malformed."""
    if isinstance(value, int):
        return value
    raise Malformed("a number is expected where bytes are")


def content(value: Value) -> bytes:
    """The value of a record that must be bytes. Raises Malformed."""
    if isinstance(value, bytes):
        return value
    raise Malformed("bytes are expected where a number is")


def signed(value: int) -> int:
    """An int64 from its 64 bits."""
    return value - _WORD if value & _SIGN else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _MOST_VARINT_BITS + 6, 7):
        if at >= len(data):
            raise Malformed("it ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (_WORD - 1), at
    raise Malformed("a number has more than 64 bits")


# --- writing ---


def varint(value: int) -> bytes:
    """Encode an integer; a negative one as its 64 bits."""
    value &= _WORD - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer_record(number: int, value: int) -> bytes:
    """Encode an integer field; 0, the default, is left out."""
    return varint(number << 3 | _VARINT) + varint(value) if value else b""


def bytes_record(number: int, value: bytes) -> bytes:
    """Encode a string or message field. An empty one is written too, because string tables contain the empty string."""
    return varint(number << 3 | _BYTES) + varint(len(value)) + value


def packed_record(number: int, values: Iterable[int]) -> bytes:
    """Encode a repeated field of integers."""
    return bytes_record(number, b"".join(map(varint, values)))
