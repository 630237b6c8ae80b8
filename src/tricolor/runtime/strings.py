"""Strings: concatenation, comparison, conversions to and from bytes and runes.

Terms: *rune* is a code point; invalid bytes decode as U+FFFD, one byte each.

Source:
    Go 1.27.3 runtime/string.go, runtime/utf8.go; the Unicode standard, table 3-7 (well-formed UTF-8).
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import MAX_SMALL_BYTES
from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    extern_global,
    field_address,
    goroutine,
    i32,
    i64,
    inline,
    load_i32,
    load_u8,
    memory_compare,
    memory_copy,
    memory_zero,
    size_of,
    store_i32,
    store_u8,
    systemstack,
    text,
    to_addr,
    to_i32,
    to_u8,
    to_u32,
    to_u64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.mutator.alloc import MAX_ALLOC_BYTES
from tricolor.runtime.mutator.malloc import alloc_noscan
from tricolor.runtime.slices import round_up_size
from tricolor.runtime.system.stop import fatal

RUNE_ERROR = 0xFFFD
MAX_RUNE = 0x10FFFF
SURROGATE_FIRST = 0xD800
SURROGATE_LAST = 0xDFFF
RUNE_BYTES = 4


class GoString(Struct):
    """A string in memory."""

    data: addr
    length: u64


# 256 words with the values 0 to 255: one-byte strings point to their first byte.
small_numbers = extern_global("runtime.staticuint64s", u64)


# --- UTF-8 ----------------------------------------------------------------------------------------


@inline
def continues(byte: u32) -> bool:
    """Whether it is a byte 10xxxxxx."""
    return byte & 0xC0 == 0x80


@inline
def byte_at(text: addr, at: u64, length: u64) -> u32:
    """The byte, or 0 (which continues nothing) after the end."""
    return to_u32(load_u8(text + at)) if at < length else 0


@inline
def decode(text: addr, length: u64, at: u64) -> tuple[u32, u64]:
    """The rune at a position below ``length``, and the position after it."""
    first = to_u32(load_u8(text + at))
    if first < 0x80:
        return first, at + 1
    second = byte_at(text, at + 1, length)
    if continues(second):
        if first & 0xE0 == 0xC0:
            rune = (first & 0x1F) << 6 | (second & 0x3F)
            if rune >= 0x80:
                return rune, at + 2
        else:
            third = byte_at(text, at + 2, length)
            if continues(third):
                if first & 0xF0 == 0xE0:
                    rune = (first & 0x0F) << 12 | (second & 0x3F) << 6 | (third & 0x3F)
                    if rune >= 0x800 and not (rune >= SURROGATE_FIRST and rune <= SURROGATE_LAST):
                        return rune, at + 3
                elif first & 0xF8 == 0xF0:
                    fourth = byte_at(text, at + 3, length)
                    rune = (first & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | (fourth & 0x3F)
                    if continues(fourth) and rune >= 0x10000 and rune <= MAX_RUNE:
                        return rune, at + 4
    return RUNE_ERROR, at + 1


@inline
def valid_rune(rune: u32) -> u32:
    """The number if it is a rune, else U+FFFD."""
    if rune > MAX_RUNE or (rune >= SURROGATE_FIRST and rune <= SURROGATE_LAST):
        return RUNE_ERROR
    return rune


@inline
def encoded_bytes(rune: u32) -> u64:
    """Length of a valid rune in UTF-8."""
    if rune < 0x80:
        return 1
    if rune < 0x800:
        return 2
    return 3 if rune < 0x10000 else 4


@inline
def encode(to: addr, rune: u32) -> u64:
    """Stores a valid rune in UTF-8; gives its length."""
    if rune < 0x80:
        store_u8(to, to_u8(rune))
        return 1
    if rune < 0x800:
        store_u8(to, to_u8(0xC0 | rune >> 6))
        store_u8(to + 1, to_u8(0x80 | (rune & 0x3F)))
        return 2
    if rune < 0x10000:
        store_u8(to, to_u8(0xE0 | rune >> 12))
        store_u8(to + 1, to_u8(0x80 | (rune >> 6 & 0x3F)))
        store_u8(to + 2, to_u8(0x80 | (rune & 0x3F)))
        return 3
    store_u8(to, to_u8(0xF0 | rune >> 18))
    store_u8(to + 1, to_u8(0x80 | (rune >> 12 & 0x3F)))
    store_u8(to + 2, to_u8(0x80 | (rune >> 6 & 0x3F)))
    store_u8(to + 3, to_u8(0x80 | (rune & 0x3F)))
    return 4


# --- Strings --------------------------------------------------------------------------------------


@systemstack("tricolor.string_too_long")
def string_too_long() -> None:
    """Ends the process."""
    fatal(*text("string concatenation too long"))


@goroutine("runtime.concatstrings")
def concatstrings(strings: addr, count: u64) -> tuple[addr, u64]:
    """``count`` strings joined; if only one is not empty, that one itself."""
    length: u64 = 0
    filled: u64 = 0
    last: u64 = 0
    for number in range(count):
        each = as_struct(GoString, strings + number * size_of(GoString)).length
        if each != 0:
            filled += 1
            last = number
            length += each
            if unlikely(length > MAX_ALLOC_BYTES):
                string_too_long()
    if filled == 0:
        return to_addr(0), 0
    if filled == 1:
        only = as_struct(GoString, strings + last * size_of(GoString))
        return only.data, only.length
    made = alloc_noscan(length, False)
    at = made
    for number in range(count):
        part = as_struct(GoString, strings + number * size_of(GoString))
        if part.length != 0:
            memory_copy(at, part.data, part.length)
            at = at + part.length
    return made, length


@goroutine("runtime.slicebytetostring")
def slicebytetostring(data: addr, length: u64) -> tuple[addr, u64]:
    """string(b) for bytes."""
    if length == 0:
        return to_addr(0), 0
    if length == 1:
        return field_address(small_numbers) + to_u64(load_u8(data)) * 8, 1
    made = alloc_noscan(length, False)
    memory_copy(made, data, length)
    return made, length


@inline
def raw_bytes(length: u64, room: u64) -> addr:
    """Memory of ``room`` bytes of which the caller fills ``length``; the others are zero."""
    made = alloc_noscan(room, False)
    if room > MAX_SMALL_BYTES:
        memory_zero(made + length, room - length)
    return made


@goroutine("runtime.stringtoslicebyte")
def stringtoslicebyte(data: addr, length: u64) -> tuple[addr, u64, u64]:
    """[]byte(s)."""
    room = round_up_size(length, True)
    made = raw_bytes(length, room)
    memory_copy(made, data, length)
    return made, length, room


@goroutine("runtime.slicerunetostring")
def slicerunetostring(runes: addr, count: u64, capacity: u64) -> tuple[addr, u64]:
    """string(r) for runes."""
    length = rune_bytes(runes, count, capacity)
    if length == 0:
        return to_addr(0), 0
    made = alloc_noscan(length, False)
    put_rune_bytes(made, runes, count, capacity)
    return made, length


@goroutine("runtime.runebytes")
def rune_bytes(runes: addr, count: u64, _capacity: u64) -> u64:
    """Length of string(r) for runes."""
    length: u64 = 0
    for number in range(count):
        length += encoded_bytes(valid_rune(to_u32(load_i32(runes + number * RUNE_BYTES))))
    return length


@goroutine("runtime.putrunebytes")
def put_rune_bytes(buffer: addr, runes: addr, count: u64, _capacity: u64) -> None:
    """Writes the bytes of string(r) for runes to a buffer that has room for them."""
    at = buffer
    for number in range(count):
        at = at + encode(at, valid_rune(to_u32(load_i32(runes + number * RUNE_BYTES))))


@goroutine("runtime.stringtoslicerune")
def stringtoslicerune(data: addr, length: u64) -> tuple[addr, u64, u64]:
    """[]rune(s)."""
    count = count_runes(data, length)
    room = round_up_size(count * RUNE_BYTES, True)
    made = raw_bytes(count * RUNE_BYTES, room)
    put_runes(made, data, length)
    return made, count, room // RUNE_BYTES


@goroutine("runtime.runecount")
def count_runes(data: addr, length: u64) -> u64:
    """How many runes a string has."""
    count: u64 = 0
    at: u64 = 0
    while at < length:
        _rune, at = decode(data, length, at)
        count += 1
    return count


@goroutine("runtime.putrunes")
def put_runes(buffer: addr, data: addr, length: u64) -> None:
    """Writes the runes of a string to a buffer that has room for them."""
    at: u64 = 0
    number: u64 = 0
    while at < length:
        rune, at = decode(data, length, at)
        store_i32(buffer + number * RUNE_BYTES, to_i32(rune))
        number += 1


@goroutine("runtime.intstring")
def intstring(value: i64) -> tuple[addr, u64]:
    """string(i) for an integer: its rune."""
    made = alloc_noscan(RUNE_BYTES, False)
    return made, put_rune(made, value)


@goroutine("runtime.putrune")
def put_rune(buffer: addr, value: i64) -> u64:
    """Writes the bytes of string(i) to a buffer of four bytes; gives how many they are."""
    rune: u32 = RUNE_ERROR
    if value >= 0 and value <= MAX_RUNE:
        rune = valid_rune(to_u32(value))
    return encode(buffer, rune)


@goroutine("runtime.decoderune")
def decoderune(data: addr, length: u64, at: u64) -> tuple[i32, u64]:
    """The rune at a position, and the position after it."""
    if at >= length:
        return RUNE_ERROR, at + 1
    rune, behind = decode(data, length, at)
    return to_i32(rune), behind


@goroutine("runtime.cmpstring")
def cmpstring(left: addr, left_length: u64, right: addr, right_length: u64) -> i64:
    """-1, 0 or 1 as the left string is less, equal or greater."""
    common = min(left_length, right_length)
    order: i32 = 0 if left == right or common == 0 else memory_compare(left, right, common)
    if order != 0:
        return -1 if order < 0 else 1
    if left_length == right_length:
        return 0
    return -1 if left_length < right_length else 1
