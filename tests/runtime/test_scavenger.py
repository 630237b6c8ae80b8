"""The scavenger: which pages go back to the system, when, and what people see of it. On simulated memory."""

from __future__ import annotations

import re

import pytest

from tests.runtime.memory_native import Simulated
from tricolor.abi.sizeclasses import PAGE_BYTES
from tricolor.runtime import settings_keys as keys
from tricolor.runtime.allocator.scavenge import DENSE_PAGES, NO_GOAL
from tricolor.runtime.allocator.sizes import CHUNK_PAGES

MIB = 1 << 20
LARGE = 512 * PAGE_BYTES
LINE = re.compile(r"scav (\d+) KiB work \(bg\), (\d+) KiB work \(eager\), (\d+) KiB now, (\d+)% util( \(forced\))?")


@pytest.fixture
def heap() -> Simulated:
    return Simulated(1 << 30, check_level=1)


def call(heap: Simulated, name: str, *arguments: int) -> int:
    """Calls a kernel function. (A failing assertion must not print the simulation.)"""
    return heap.simulation.call(name, *arguments)


def field(heap: Simulated, struct: str, symbol: str, name: str) -> int:
    return int(heap.simulation.load_field(struct, heap.simulation.globals[symbol], name))


def pages(heap: Simulated, name: str) -> int:
    return field(heap, "MHeap", "tricolor.mheap", name)


def scavenging(heap: Simulated, name: str) -> int:
    return field(heap, "Scavenging", "tricolor.scavenging", name)


def set_scavenging(heap: Simulated, name: str, value: int) -> None:
    place = heap.simulation.struct("Scavenging").field_named(name)
    assert place is not None
    heap.simulation.memory.store(heap.simulation.globals["tricolor.scavenging"] + place.offset_bytes, 8 if "goal" in name else 4, value)


def held_pages(heap: Simulated) -> int:
    return pages(heap, "top_pages") - pages(heap, "released_pages")


def lines(heap: Simulated) -> list[re.Match[str]]:
    written = bytes(heap.simulation.system.output.pop(2, bytearray())).decode()
    found = [LINE.fullmatch(each) for each in written.splitlines()]
    assert all(found), written
    return [each for each in found if each]


def take(heap: Simulated, count: int) -> int:
    return call(heap, "take_pages", count)


def give(heap: Simulated, first: int, count: int) -> None:
    call(heap, "give_pages", first, count)


# --- Which pages ----------------------------------------------------------------------------------


def test_the_background_takes_the_highest_pages_and_goes_on_below_them(heap: Simulated) -> None:
    first = take(heap, 640)
    give(heap, first, 10)
    give(heap, first + 300, 10)
    give(heap, first + 600, 10)
    call(heap, "begin_scavenging")
    released = [call(heap, "scavenge_background", 8 * PAGE_BYTES) // PAGE_BYTES for _ in range(3)]
    assert sum(released) == 30
    assert not call(heap, "pages_are_dirty", first + 600, 10)
    give(heap, first + 630, 5)
    assert call(heap, "scavenge_background", PAGE_BYTES) == 0, "it looks at higher pages again after the next cycle only"
    call(heap, "begin_scavenging")
    assert call(heap, "scavenge_background", PAGE_BYTES) == 5 * PAGE_BYTES


@pytest.mark.parametrize(("used", "released"), [(DENSE_PAGES, 0), (DENSE_PAGES - 1, CHUNK_PAGES - DENSE_PAGES + 1)])
def test_a_dense_chunk_is_left_alone_unless_the_program_insists(heap: Simulated, used: int, released: int) -> None:
    first = take(heap, 3 * CHUNK_PAGES)
    chunk = -(-first // CHUNK_PAGES) * CHUNK_PAGES
    give(heap, chunk + used, CHUNK_PAGES - used)
    call(heap, "begin_scavenging")
    assert call(heap, "scavenge_background", MIB) == released * PAGE_BYTES
    assert call(heap, "scavenge_forced", NO_GOAL) == (CHUNK_PAGES - used - released) * PAGE_BYTES


def test_released_pages_are_clean_and_stay_accounted(heap: Simulated) -> None:
    heap.call("root", 0, heap.call("malloc", LARGE, 0))
    heap.call("root", 0, 0)
    heap.call("collect")
    call(heap, "scavenge_forced", NO_GOAL)
    assert call(heap, "free_dirty_pages") == 0
    heap.call("check")
    before = held_pages(heap)
    heap.call("root", 0, heap.call("malloc", LARGE, 0))
    assert held_pages(heap) == before + 512
    heap.call("check")


# --- When -----------------------------------------------------------------------------------------


def shrink(heap: Simulated, count: int, left: int) -> None:
    """Allocates large objects of 4 MiB, of which the first ones stay after two cycles."""
    for number in range(count):
        heap.call("root", number, heap.call("malloc", LARGE, 0))
    heap.call("collect")
    for number in range(left, count):
        heap.call("root", number, 0)
    heap.call("collect")
    heap.call("collect")


def test_after_a_cycle_the_heap_keeps_a_tenth_more_than_it_will_need(heap: Simulated) -> None:
    shrink(heap, 20, 5)
    while call(heap, "scavenge_some"):
        pass
    in_use = field(heap, "Scavenger", "tricolor.scavenger", "in_use_at_end") // PAGE_BYTES
    goal = pages(heap, "goal")
    last = field(heap, "Pacer", "tricolor.pacer", "last_heap_goal")
    assert held_pages(heap) == pytest.approx(1.1 * goal / last * in_use, rel=0.1)


@pytest.fixture
def fragmented(heap: Simulated) -> Simulated:
    """A heap whose free pages are too few in a row for 1000 pages."""
    heap.call("malloc", 16, 0)
    first = take(heap, 990)
    take(heap, 1)
    give(heap, first, 990)
    call(heap, "begin_scavenging")
    assert call(heap, "free_dirty_pages") == 990
    return heap


def grow(heap: Simulated, count: int) -> None:
    """Allocates as new_span() does."""
    top = pages(heap, "top_pages")
    take(heap, count)
    call(heap, "scavenge_for_span", pages(heap, "top_pages") - top)


def test_an_allocation_over_the_limit_releases_pages_first(fragmented: Simulated) -> None:
    ready = call(fragmented, "ready_bytes")
    call(fragmented, "exchange_setting", keys.MEMORY_LIMIT, ready + 300 * PAGE_BYTES)
    grow(fragmented, 1000)
    assert ready + 300 * PAGE_BYTES - 64 * PAGE_BYTES < call(fragmented, "ready_bytes") <= ready + 300 * PAGE_BYTES
    assert 700 <= scavenging(fragmented, "eager_bytes") // PAGE_BYTES < 764


def test_the_limit_releases_nothing_while_the_collector_is_limited(fragmented: Simulated) -> None:
    call(fragmented, "exchange_setting", keys.MEMORY_LIMIT, 1)
    set_scavenging(fragmented, "is_limited", 1)
    grow(fragmented, 1000)
    assert scavenging(fragmented, "eager_bytes") == 0


@pytest.mark.parametrize(("goal", "released"), [(900, 100), (-500, 1000)])
def test_growth_over_the_goal_releases_the_excess_but_not_more_than_the_growth(fragmented: Simulated, goal: int, released: int) -> None:
    """``goal`` pages more than are held may be held."""
    first = take(fragmented, 999)
    take(fragmented, 995)
    give(fragmented, first, 999)
    call(fragmented, "begin_scavenging")
    set_scavenging(fragmented, "held_goal", (held_pages(fragmented) + goal) * PAGE_BYTES)
    grow(fragmented, 1000)
    assert released <= scavenging(fragmented, "eager_bytes") // PAGE_BYTES < released + 64


# --- How much time --------------------------------------------------------------------------------


@pytest.mark.parametrize("processors", [1, 4])
@pytest.mark.parametrize("overrun", [1.0, 3.0])
def test_the_background_takes_one_percent_of_the_time(heap: Simulated, processors: int, overrun: float) -> None:
    """``overrun``: sleeps end that much later than asked."""
    worked, total = 1_000_000, 0
    for _ in range(400):
        slept = int(call(heap, "sleep_time", worked) * overrun)
        call(heap, "note_slept", worked, slept, processors)
        total += worked + slept
    assert 400 * worked / (total * processors) == pytest.approx(0.01, rel=0.25)


def test_little_work_is_not_followed_by_a_short_sleep(heap: Simulated) -> None:
    assert call(heap, "sleep_time", 1) == call(heap, "sleep_time", 1_000_000) == 1_000_000_000


def test_a_controller_that_fails_begins_anew_after_a_while(heap: Simulated) -> None:
    place = heap.simulation.struct("Scavenger").field_named("controller")
    assert place is not None
    integral = heap.simulation.globals["tricolor.scavenger"] + place.offset_bytes
    heap.simulation.memory.store(integral, 8, 0x7FF0_0000_0000_0000)
    call(heap, "note_slept", 1_000_000, 99_000_000, 1)
    assert field(heap, "Scavenger", "tricolor.scavenger", "was_reset") == 1
    assert heap.simulation.memory.load(integral, 8) == 0
    for _ in range(50):
        assert call(heap, "sleep_time", 1_000_000) == 1_000_000_000
        call(heap, "note_slept", 1_000_000, 99_000_000, 1)
    call(heap, "note_slept", 1_000_000, 99_000_000, 1)
    assert call(heap, "sleep_time", 1_000_000) != 1_000_000_000 or heap.simulation.memory.load(integral, 8) != 0


# --- What people see ------------------------------------------------------------------------------


def test_scavtrace_prints_a_line_for_each_cycle_and_for_a_forced_release(heap: Simulated) -> None:
    heap.call("configure", keys.SCAVENGER_TRACE, 1)
    shrink(heap, 20, 5)
    while call(heap, "scavenge_some"):
        pass
    heap.call("collect")
    printed = lines(heap)
    assert len(printed) == heap.call("cycles")
    assert printed[0].group(1, 2, 3, 5) == ("0", "0", "0", None)
    assert int(printed[-1][3]) * 1024 == pages(heap, "released_pages") * PAGE_BYTES
    work = (
        sum(int(each[1]) + int(each[2]) for each in printed) * 1024 + scavenging(heap, "background_bytes") + scavenging(heap, "eager_bytes")
    )
    assert work >= pages(heap, "released_pages") * PAGE_BYTES > 0
    before = call(heap, "free_dirty_pages")
    call(heap, "scavenge_all")
    (forced,) = lines(heap)
    assert forced.group(1, 2, 4, 5) == ("0", str(before * PAGE_BYTES // 1024), "100", " (forced)")
