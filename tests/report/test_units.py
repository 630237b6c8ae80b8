"""Formatted numbers."""

from __future__ import annotations

import pytest

from tricolor.report.units import bytes_text, count_text, counted_text, duration_text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (500 * 1024, "500 KiB"), (3 << 30, "3.0 GiB")],
)
def test_bytes_are_in_binary_units(size: int, text: str) -> None:
    assert bytes_text(size) == text


def test_counts_have_separators() -> None:
    assert count_text(1234567) == "1,234,567"


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")])
def test_a_counted_word_has_its_plural(count: int, text: str) -> None:
    assert counted_text(count, "row") == text


@pytest.mark.parametrize(("ns", "text"), [(5, "5 ns"), (1500, "1.5 us"), (2_000_000, "2 ms"), (12_340_000_000, "12.3 s")])
def test_durations_have_three_digits(ns: int, text: str) -> None:
    assert duration_text(ns) == text
