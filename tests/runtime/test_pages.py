"""The page heap against a naive list of pages, on simulated memory."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.memory_native import Simulated
from tricolor.abi.sizeclasses import CLASS_BYTES, CLASS_OF_EIGHTHS, PAGE_BYTES
from tricolor.runtime.allocator import sizes

ARENA_PAGES = (64 << 20) // PAGE_BYTES
NONE = 0xFFFF_FFFF_FFFF_FFFF
CHUNK = sizes.CHUNK_PAGES

take = st.tuples(st.just("take"), st.sampled_from([1, 1, 2, 4, 4, 7, 60, 64, 65, 300, 512, 700, 5000]))
give = st.tuples(st.just("give"), st.integers(0, 100))
release = st.tuples(st.just("release"), st.integers(0, 3000))


@pytest.fixture(scope="module")
def pages() -> Simulated:
    return Simulated(64 << 20)


def first_fit(used: list[bool], count: int) -> int:
    """Lowest run of free pages; up to 64 pages lie in one chunk."""
    run = 0
    for page, taken in enumerate(used):
        if count <= 64 and page % CHUNK == 0:
            run = 0
        run = 0 if taken else run + 1
        if run == count:
            return page - count + 1
    return NONE


def highest_runs(idle: list[int], wanted: int) -> list[int]:
    """At least so many of the pages, highest first, in whole runs within words of 64 pages."""
    taken: list[int] = []
    for page in reversed(idle):
        if len(taken) >= wanted and not (taken and page == taken[-1] - 1 and page // 64 == taken[-1] // 64):
            break
        taken.append(page)
    return taken


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(take, take, give, release), max_size=40))
def test_runs_are_first_fit_and_never_overlap(pages: Simulated, steps: list[tuple[str, int]]) -> None:
    used = [False] * ARENA_PAGES
    dirty = [False] * ARENA_PAGES
    held: list[tuple[int, int]] = []
    try:
        for operation, number in steps:
            if operation == "take":
                first = pages.simulation.call("take_pages", number)
                assert first == first_fit(used, number)
                if first != NONE:
                    assert pages.simulation.call("pages_are_dirty", first, number) == any(dirty[first : first + number])
                    used[first : first + number] = [True] * number
                    held.append((first, number))
            elif operation == "give" and held:
                first, count = held.pop(number % len(held))
                pages.simulation.call("give_pages", first, count)
                used[first : first + count] = [False] * count
                dirty[first : first + count] = [True] * count
            elif operation == "release":
                released = pages.simulation.call("scavenge_forced", number * PAGE_BYTES)
                idle = [page for page in range(ARENA_PAGES) if dirty[page] and not used[page]]
                taken = highest_runs(idle, number) if number else []
                assert released == len(taken) * PAGE_BYTES
                for page in taken:
                    dirty[page] = False
            assert pages.call("pages") == sum(used)
            assert pages.simulation.call("free_dirty_pages") == sum(d and not u for d, u in zip(dirty, used, strict=True))
    finally:
        for first, count in held:
            pages.simulation.call("give_pages", first, count)
        pages.simulation.call("scavenge_forced", NONE)


def test_division_by_multiplication_is_exact_in_every_span() -> None:
    for elem, magic, count in zip(CLASS_BYTES[1:], sizes.DIVISION_MAGIC[1:], sizes.SPAN_PAGES[1:], strict=True):
        for index in range(count * PAGE_BYTES // elem + 1):
            for offset in (index * elem, (index + 1) * elem - 1):
                assert (offset * magic) >> 32 == offset // elem


def test_spans_waste_at_most_an_eighth_and_fit_the_mark_bits() -> None:
    for elem, count, first in zip(CLASS_BYTES[1:], sizes.SPAN_PAGES[1:], sizes.FIRST_SPAN_PAGES[1:], strict=True):
        assert count * PAGE_BYTES % elem * 8 <= count * PAGE_BYTES
        assert count * PAGE_BYTES // elem <= sizes.MAX_ELEMS
        assert first * PAGE_BYTES >= elem


def test_the_class_of_a_size_is_the_smallest_that_holds_it() -> None:
    for eighths, number in enumerate(CLASS_OF_EIGHTHS):
        assert CLASS_BYTES[number] >= eighths * 8
        assert number == 0 or CLASS_BYTES[number - 1] < eighths * 8
