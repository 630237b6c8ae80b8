"""Arithmetic that simulated kernel code calls: what machine code does, or a fault where that is undefined."""

from __future__ import annotations

import math
import struct
from typing import Final

from tricolor.kernel.simulation.memory import SimulationFaultError

MASK_64: Final = (1 << 64) - 1


class ArithmeticFaultError(SimulationFaultError):
    """Division by zero, an overflowing division, a shift count or an index out of range."""


def wrap_signed(value: int, bits: int) -> int:
    """The value modulo 2**bits as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def divide(left: int, right: int, bits: int) -> int:
    """Truncated quotient."""
    if right == 0:
        raise ArithmeticFaultError("division by zero")
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    elif left < 0 and quotient >> (bits - 1):
        raise ArithmeticFaultError(f"{left} // {right} does not fit")
    return quotient


def remainder(left: int, right: int, bits: int) -> int:
    """Remainder with the sign of the left side."""
    return left - divide(left, right, bits) * right


def shift_count(count: int, bits: int) -> int:
    """The count, which must be below the width."""
    if not 0 <= count < bits:
        raise ArithmeticFaultError(f"shift of {bits} bits by {count}")
    return count


def index_below(index: int, count: int) -> int:
    """The index, which must be inside the array."""
    if not 0 <= index < count:
        raise ArithmeticFaultError(f"index {index} outside an array of {count}")
    return index


def divide_floats(left: float, right: float) -> float:
    """IEEE 754 quotient."""
    if right != 0.0:
        return left / right
    if left == 0.0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def saturate(value: float, minimum: int, maximum: int) -> int:
    """The float truncated towards zero, within the bounds; NaN gives 0."""
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return maximum if value > 0 else minimum
    return min(max(int(value), minimum), maximum)


def count_trailing_zeros(value: int, bits: int) -> int:
    return (value & -value).bit_length() - 1 if value else bits


def count_leading_zeros(value: int, bits: int) -> int:
    return bits - value.bit_length()


def rotate_left(value: int, count: int, bits: int) -> int:
    count %= bits
    return ((value << count) | (value >> (bits - count))) & ((1 << bits) - 1)


def byte_swap(value: int, bits: int) -> int:
    return int.from_bytes(value.to_bytes(bits // 8, "little"), "big")


def float_to_bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little")


def float_from_bits(bits: int) -> float:
    return struct.unpack("<d", bits.to_bytes(8, "little"))[0]
