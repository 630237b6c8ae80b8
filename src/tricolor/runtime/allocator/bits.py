"""Bitmaps in memory: words of 64 bits, of which bit ``index`` is bit ``index & 63`` of word ``index >> 6``."""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    atomic_and,
    atomic_or,
    count_trailing_zeros_u64,
    inline,
    kernel,
    load_u64,
    memory_at,
    memory_compare,
    population_count_u64,
    store_u64,
    u64,
)

ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF


@inline
def low_bits(count: u64) -> u64:
    """A mask of that many ones (0..64)."""
    return ALL_ONES if count >= 64 else (1 << count) - 1


@inline
def words_for(count: u64) -> u64:
    """Words that hold that many bits."""
    return (count + 63) >> 6


@inline
def bit_word(bits: addr, index: u64) -> addr:
    """Address of the word that holds a bit."""
    return bits + (index >> 6) * 8


@inline
def bit_mask(index: u64) -> u64:
    """The bit within its word."""
    one: u64 = 1
    return one << (index & 63)


@inline
def test_bit(bits: addr, index: u64) -> bool:
    """Whether a bit is set."""
    return (load_u64(bit_word(bits, index)) >> (index & 63)) & 1 != 0


@inline
def set_bit(bits: addr, index: u64) -> None:
    """Sets a bit."""
    word = bit_word(bits, index)
    store_u64(word, load_u64(word) | bit_mask(index))


@inline
def clear_bit(bits: addr, index: u64) -> None:
    """Clears a bit."""
    word = bit_word(bits, index)
    store_u64(word, load_u64(word) & ~bit_mask(index))


@inline
def run_of_ones(bits: addr, first: u64) -> u64:
    """Ones in a row from a bit on, up to the end of its word."""
    rest = load_u64(bit_word(bits, first)) >> (first & 63)
    return min(count_trailing_zeros_u64(~rest), 64 - (first & 63))


@inline
def run_of_zeros(bits: addr, first: u64) -> u64:
    """Zeros in a row from a bit on, up to the end of its word."""
    rest = load_u64(bit_word(bits, first)) >> (first & 63)
    return min(count_trailing_zeros_u64(rest), 64 - (first & 63))


@kernel
def fill_bits(bits: addr, first: u64, count: u64, ones: u64) -> None:
    """Sets (``ones`` is ALL_ONES) or clears (0) a range."""
    at = first
    end = first + count
    while at < end:
        word = bit_word(bits, at)
        here = min(64 - (at & 63), end - at)
        mask = low_bits(here) << (at & 63)
        store_u64(word, (load_u64(word) & ~mask) | (ones & mask))
        at += here


@kernel
def set_shared_bits(bits: addr, first: u64, count: u64) -> None:
    """Sets a range, of whose first and last word other threads may change other bits."""
    at = first
    end = first + count
    while at < end:
        word = bit_word(bits, at)
        here = min(64 - (at & 63), end - at)
        if here == 64:
            store_u64(word, ALL_ONES)
        else:
            atomic_or(memory_at(u64, word), low_bits(here) << (at & 63), "relaxed")
        at += here


@kernel
def clear_shared_bits(bits: addr, first: u64, count: u64) -> None:
    """Clears a range, of whose first and last word other threads may change other bits."""
    at = first
    end = first + count
    while at < end:
        word = bit_word(bits, at)
        here = min(64 - (at & 63), end - at)
        if here == 64:
            store_u64(word, 0)
        else:
            atomic_and(memory_at(u64, word), ~(low_bits(here) << (at & 63)), "relaxed")
        at += here


@kernel
def count_bits(bits: addr, first: u64, count: u64) -> u64:
    """Bits that are set in a range."""
    found: u64 = 0
    at = first
    end = first + count
    while at < end:
        here = min(64 - (at & 63), end - at)
        found += population_count_u64((load_u64(bit_word(bits, at)) >> (at & 63)) & low_bits(here))
        at += here
    return found


@kernel
def is_zero(start: addr, length_bytes: u64) -> bool:
    """Whether all words of a range are zero; for checks. ``length_bytes`` is a multiple of 8, and not 0."""
    return load_u64(start) == 0 and memory_compare(start, start + 8, length_bytes - 8) == 0
