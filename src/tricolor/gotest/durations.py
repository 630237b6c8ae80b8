"""Durations as Go writes them: ``1h30m``, ``1.5s``, ``300ms``.

Source: Go 1.27.3 time/format.go (ParseDuration), time/time.go (Duration.String).
"""

from __future__ import annotations

import re
from typing import Final

_UNITS_NS: Final = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE: Final = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)")


def parse_duration(text: str) -> float | None:
    """The duration in seconds; None if the text is not a duration."""
    if not _WHOLE.fullmatch(text):
        return None
    total_ns = sum(float(number) * _UNITS_NS[unit] for number, unit in _PART.findall(text))
    return (-total_ns if text.startswith("-") else total_ns) / 1e9


def format_duration(seconds: float) -> str:
    """A duration of whole seconds or more, as Go prints it."""
    whole = round(seconds * 1000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, milliseconds = divmod(rest, 60_000)
    text = f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text
