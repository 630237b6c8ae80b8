"""Format numbers for people: bytes in binary units, counts with separators, durations."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_US, _MS, _S = 1_000, 1_000_000, 1_000_000_000


def bytes_text(size_bytes: int) -> str:
    """``1536`` is ``1.5 KiB``."""
    value = float(size_bytes)
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= _STEP
    raise AssertionError("unreachable: the last unit returns")


def count_text(count: int) -> str:
    """``12345`` is ``12,345``."""
    return f"{count:,}"


def counted_text(count: int, what: str) -> str:
    """``1, "row"`` is ``1 row``, ``2, "row"`` is ``2 rows``."""
    return f"{count_text(count)} {what}{'' if count == 1 else 's'}"


def duration_text(duration_ns: int) -> str:
    """``1500000`` is ``1.5 ms``."""
    for limit, unit in ((_S, "s"), (_MS, "ms"), (_US, "us")):
        if duration_ns >= limit:
            return f"{duration_ns / limit:.3g} {unit}"
    return f"{duration_ns} ns"
