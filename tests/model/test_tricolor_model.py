"""Every interleaving of two mutators and a marker: no object that the program can reach is freed, and each rule is needed.

The searches cover all heaps of so many objects, whatever global and registers hold at first, and all programs of up to so many
operations of both mutators together. The long ones take minutes and up to two gigabytes.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests.model.search import ALL_RULES, Found, Model
from tests.model.tricolor_kernel import (
    ALLOCATE_BLACK,
    CLOSE_WINDOWS,
    EXCHANGE,
    FLUSH,
    SCAN_STACKS,
    SCAN_WINDOWS,
    SHADE_NEW,
    SHADE_OLD,
)

MANY = 1000
"""More operations than it takes to reach all states of two objects."""


@cache
def model(sizes: str) -> Model:
    return Model({"tests.model.sizes": f"tests.model.{sizes}"})


def search(sizes: str, operations: int, rules: int = ALL_RULES, places: int = 1 << 22) -> Found:
    return model(sizes).search(operations, rules, places)


def assert_right(found: Found, at_least: int) -> None:
    assert found.way == (), "\n".join(found.way)
    assert found.complete, "the table is full"
    assert found.states >= at_least, "the search has lost states"


@pytest.mark.parametrize(
    ("sizes", "operations", "at_least"), [("one_size", MANY, 100), ("two_sizes", 3, 40_000), ("three_sizes", 2, 130_000)]
)
def test_no_reachable_object_is_freed(sizes: str, operations: int, at_least: int) -> None:
    assert_right(search(sizes, operations), at_least)


@pytest.mark.long
@pytest.mark.parametrize(
    ("sizes", "operations", "at_least"),
    [("two_sizes", MANY, 790_000), ("three_sizes", 5, 9_500_000), ("wide_sizes", 2, 14_000_000), ("sizes", 4, 56_000_000)],
)
def test_no_reachable_object_is_freed_in_larger_heaps_and_programs(sizes: str, operations: int, at_least: int) -> None:
    assert_right(model(sizes).search(operations, ALL_RULES, 1 << 27, keeps_ways=False), at_least)


@pytest.mark.parametrize(
    ("rule", "operations"),
    [(SHADE_OLD, 3), (SHADE_NEW, 2), (SCAN_STACKS, 1), (ALLOCATE_BLACK, 1), (FLUSH, 2), (SCAN_WINDOWS, 1)],
    ids=["deletion half", "insertion half", "stack snapshot", "allocate black", "flush of buffers", "windows at the end of marking"],
)
def test_without_one_rule_an_object_is_lost(rule: int, operations: int) -> None:
    found = search("three_sizes", operations, ALL_RULES & ~rule)
    assert found.way
    assert found.way[-1].endswith("marking")


def test_a_cycle_that_begins_between_the_load_of_an_old_value_and_its_store_loses_what_a_race_has_stored() -> None:
    apart = ALL_RULES & ~EXCHANGE
    assert search("one_size", 4, apart).way
    assert_right(search("one_size", MANY, apart | CLOSE_WINDOWS), 1000)


def test_the_way_to_a_lost_object_begins_with_a_heap_and_ends_with_the_loss() -> None:
    found = search("three_sizes", 1, ALL_RULES & ~ALLOCATE_BLACK)
    assert found.way == (
        "global=- | M0 -- | M1 -- | idle",
        "global=- | M0 -- scanned | M1 -- scanned | marking",
        "aw[-] global=- | M0 -- scanned | M1 -a scanned | marking",
    )


def test_a_full_table_is_no_proof() -> None:
    assert not search("two_sizes", 3, places=1 << 10).complete
