"""Slices and strings: growth as real Go 1.27.3 grows, conversions as Python's codecs say."""

from __future__ import annotations

import ctypes
import itertools

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.runtime.memory_native import Memory, go_type

GROWTH: list[tuple[int, bool, list[int]]] = [
    (1, False, [32, 64, 128, 256, 512, 896, 1408, 2048, 3072, 4096, 5376, 6912]),
    (2, False, [16, 32, 64, 128, 256, 512, 896, 1344, 2048, 3072, 4096, 5440, 7168]),
    (3, False, [10, 21, 42, 85, 170, 341, 682, 1066, 1621, 2261, 3157, 4522, 6144]),
    (8, True, [4, 8, 16, 32, 64, 143, 287, 607, 1023, 1535, 2303, 3071, 4095, 6144]),
    (8, False, [4, 8, 16, 32, 64, 128, 256, 512, 848, 1280, 1792, 2560, 3408, 5120, 7168]),
    (16, True, [2, 4, 8, 16, 32, 71, 143, 303, 591, 1023, 1535, 2560, 3584, 5120, 6656]),
    (24, True, [1, 2, 4, 8, 16, 37, 74, 170, 341, 682, 1135, 1706, 2389, 3413, 4778, 6485]),
    (40, True, [1, 2, 4, 8, 17, 35, 76, 153, 307, 614, 1024, 1638, 2252, 3072, 4096, 5324, 6963]),
    (40, False, [1, 2, 4, 8, 16, 32, 67, 134, 272, 544, 1024, 1638, 2252, 3072, 4096, 5324, 6963]),
]
"""Element size, whether its first word is a pointer, capacities while appending one by one (printed by real Go)."""

native = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
OUT = (ctypes.c_uint64 * 3)()


def words(heap: Memory, name: str, *arguments: int) -> tuple[int, int, int]:
    """Calls a function that stores its results at its first argument."""
    heap.call(name, ctypes.addressof(OUT), *arguments)
    return OUT[0], OUT[1], OUT[2]


def text(pair: tuple[int, int, int]) -> bytes:
    return ctypes.string_at(pair[0], pair[1])


def test_append_grows_to_the_capacities_of_go(heap: Memory) -> None:
    for size, pointer, capacities in GROWTH:
        elem = go_type(size, [0] if pointer else [])
        for old, new in itertools.pairwise(capacities):
            data = heap.call("malloc", old * size, elem)
            ctypes.memset(data, 0, old * size)
            grown, length, capacity = words(heap, "growslice", data, old + 1, old, 1, elem)
            assert (length, capacity) == (old + 1, new), f"{size} bytes from {old}"
            assert heap.call("size", grown) >= new * size


def test_growth_keeps_the_old_elements_and_zeroes_the_rest(heap: Memory) -> None:
    for count in (1, 5, 100, 5000, 40000):
        elem = go_type(8, [])
        data = heap.call("malloc", count * 8, 0)
        filled = (ctypes.c_uint64 * count).from_address(data)
        filled[:] = range(1, count + 1)
        grown, _, capacity = words(heap, "growslice", data, count + 1, count, 1, elem)
        made = list((ctypes.c_uint64 * capacity).from_address(grown))
        assert made[:count] == list(range(1, count + 1))
        assert not any(made[count + 1 :])


def test_elements_without_size_need_no_memory(heap: Memory) -> None:
    _, length, capacity = words(heap, "growslice", 0, 5, 0, 5, go_type(0, []))
    assert (length, capacity) == (5, 5)


@native
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_concatenation(heap: Memory, parts: list[bytes]) -> None:
    buffers = [ctypes.create_string_buffer(each, len(each) + 1) for each in parts]
    table = (ctypes.c_uint64 * (2 * len(parts) + 1))()
    for number, (buffer, part) in enumerate(zip(buffers, parts, strict=True)):
        table[2 * number], table[2 * number + 1] = ctypes.addressof(buffer), len(part)
    got = words(heap, "concat", ctypes.addressof(table), len(parts))
    assert text(got) == b"".join(parts)
    filled = [number for number, part in enumerate(parts) if part]
    if len(filled) == 1:
        assert got[0] == ctypes.addressof(buffers[filled[0]]), "a single string is returned itself"


@native
@given(st.binary(max_size=70))
@example(b"\xed\xa0\x80")
@example(b"\xf4\x90\x80\x80")
@example(b"\xc0\x80\xe0\x80\x80")
@example(b"\xf0\x9f\x98")
def test_bytes_decode_as_utf8_with_one_error_per_bad_byte(heap: Memory, data: bytes) -> None:
    buffer = ctypes.create_string_buffer(data, len(data) + 1)
    start = ctypes.addressof(buffer)
    expected = go_runes(data)
    made, count, capacity = words(heap, "stringtorunes", start, len(data))
    assert list((ctypes.c_int32 * count).from_address(made)) == [rune for rune, _ in expected]
    assert capacity >= count
    at = 0
    for rune, width in expected:
        got, behind, _ = words(heap, "decoderune", start, len(data), at)
        assert (got, behind) == (rune, at + width)
        at += width


def go_runes(data: bytes) -> list[tuple[int, int]]:
    """Runes and their lengths, by trying Python's strict decoder on each prefix."""
    out: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        for width in (1, 2, 3, 4):
            try:
                decoded = data[at : at + width].decode()
            except UnicodeDecodeError:
                continue
            if len(decoded) == 1 and at + width <= len(data):
                out.append((ord(decoded), width))
                at += width
                break
        else:
            out.append((0xFFFD, 1))
            at += 1
    return out


@native
@given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 0x110000), max_size=20))
def test_runes_encode_as_utf8(heap: Memory, runes: list[int]) -> None:
    array = (ctypes.c_int32 * (len(runes) + 1))(*runes)
    got = words(heap, "runestostring", ctypes.addressof(array), len(runes))
    assert text(got) == b"".join(encoded(each) for each in runes)


@native
@given(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 0x110000))
def test_an_integer_becomes_its_rune(heap: Memory, value: int) -> None:
    assert text(words(heap, "intstring", value)) == encoded(value)


def encoded(rune: int) -> bytes:
    valid = 0 <= rune <= 0x10FFFF and not 0xD800 <= rune <= 0xDFFF
    return chr(rune if valid else 0xFFFD).encode()


@native
@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_strings_compare_by_bytes_then_length(heap: Memory, common: bytes, left: bytes, right: bytes) -> None:
    first, second = common + left, common + right
    one, two = ctypes.create_string_buffer(first, len(first) + 1), ctypes.create_string_buffer(second, len(second) + 1)
    order = heap.call("cmpstring", ctypes.addressof(one), len(first), ctypes.addressof(two), len(second))
    assert order == (first > second) - (first < second)


@native
@given(st.binary(max_size=100))
def test_bytes_and_strings_convert_by_copy(heap: Memory, data: bytes) -> None:
    buffer = ctypes.create_string_buffer(data, len(data) + 1)
    assert text(words(heap, "bytestostring", ctypes.addressof(buffer), len(data))) == data
    made, length, capacity = words(heap, "stringtobytes", ctypes.addressof(buffer), len(data))
    assert ctypes.string_at(made, length) == data
    assert ctypes.string_at(made, capacity) == data + bytes(capacity - length)
