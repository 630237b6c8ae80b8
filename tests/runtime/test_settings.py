"""Settings, pacing, what is written to standard error, and the end when memory is out; on simulated memory."""

from __future__ import annotations

import re

import pytest

from tests.runtime.memory_native import Simulated
from tricolor.kernel.simulation.system import AbortError
from tricolor.runtime import settings_keys as keys

MIB = 1 << 20
NO_LIMIT = 2**63 - 1
GCTRACE = re.compile(
    r"gc \d+ @\d+\.\d{3}s \d+%: ([\d.]+)\+([\d.]+)\+([\d.]+) ms clock, \1\+[\d.]+/[\d.]+/[\d.]+\+\3 ms cpu, "
    r"\d+->\d+->\d+ MB, \d+ MB goal, \d+ MB stacks, \d+ MB globals, 1 P( \(forced\))?\n"
)


def fresh(arena_bytes: int = 1 << 30) -> Simulated:
    return Simulated(arena_bytes, check_level=1)


@pytest.fixture(scope="module")
def shared() -> Simulated:
    """A heap of which tests change settings only."""
    return fresh()


def output(heap: Simulated) -> str:
    written = heap.simulation.system.output.pop(2, bytearray())
    return bytes(written).decode()


def setting(heap: Simulated, key: int) -> int:
    """Value of a setting; it stays as it is."""
    value = heap.call("configure", key, 0)
    heap.call("configure", key, value)
    return value


def read_environment(heap: Simulated, *variables: str) -> None:
    memory = heap.simulation.memory
    table = memory.map(4096)
    for number, text in enumerate(variables):
        place = memory.map(4096)
        memory.write(place, text.encode() + b"\0")
        memory.store(table + 8 * number, 8, place)
    heap.simulation.call("read_environment", table)


def test_a_heap_that_is_exhausted_ends_the_program_as_go_does() -> None:
    heap = fresh(64 * MIB)
    heap.call("root", 0, heap.call("malloc", 40 * MIB, 0))
    with pytest.raises(AbortError, match="exit status 2"):
        heap.call("malloc", 40 * MIB, 0)
    text = output(heap)
    assert text.startswith(f"runtime: out of memory: cannot allocate {40 * MIB}-byte block (")
    assert text.endswith(" in use)\nfatal error: out of memory\nlast words\n"), "the scheduler shows goroutines before the process ends"


def test_memory_that_is_free_again_is_used_before_the_heap_counts_as_exhausted() -> None:
    heap = fresh(64 * MIB)
    heap.call("configure", keys.GC_PERCENT, -1)
    for _ in range(3):
        heap.call("malloc", 40 * MIB, 0)
    assert heap.call("cycles") == 2


def test_the_first_cycle_comes_at_four_mebibytes_and_then_at_twice_the_live_heap() -> None:
    heap = fresh()
    heap.call("root", 0, heap.call("malloc", 3 * MIB, 0))
    assert heap.call("cycles") == 0
    heap.call("root", 1, heap.call("malloc", 3 * MIB, 0))
    assert heap.call("cycles") == 1, "3 + 3 MiB exceed the minimum of 4"
    goal = heap.simulation.load_field("MHeap", heap.simulation.globals["mheap"], "goal")
    assert goal == 6 * MIB, "3 MiB were live in the cycle"


def test_gogc_off_never_collects_and_the_limit_still_does() -> None:
    heap = fresh()
    heap.call("configure", keys.GC_PERCENT, -1)
    for _ in range(20):
        heap.call("malloc", 4 * MIB, 0)
    assert heap.call("cycles") == 0
    heap.call("configure", keys.MEMORY_LIMIT, 90 * MIB)
    for _ in range(20):
        heap.call("malloc", 4 * MIB, 0)
    assert heap.call("cycles") > 0
    assert heap.call("live") < 90 * MIB


def test_gctrace_lines_have_the_form_of_go() -> None:
    heap = fresh()
    heap.call("configure", keys.GCTRACE, 1)
    heap.call("collect")
    heap.call("malloc", 8 * MIB, 0)
    lines = output(heap)
    assert [GCTRACE.fullmatch(line) is not None for line in lines.splitlines(keepends=True)] == [True, True]
    assert "(forced)" in lines.splitlines()[0]
    assert "(forced)" not in lines.splitlines()[1]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0"),
        (900, "0"),
        (5_000, "0.005"),
        (13_400, "0.013"),
        (134_000, "0.13"),
        (1_290_000, "1.2"),
        (9_999_000, "9.9"),
        (10_000_000, "10"),
        (123_456_789, "123"),
    ],
)
def test_milliseconds_have_two_digits_as_in_go(shared: Simulated, nanoseconds: int, text: str) -> None:
    shared.simulation.call("put_ms", nanoseconds)
    shared.simulation.call("flush_output")
    assert output(shared) == text


def test_the_environment_sets_percent_limit_and_debug_options() -> None:
    heap = fresh()
    read_environment(heap, "HOME=/", "GOGC=50", "GOMEMLIMIT=2GiB", "GODEBUG=gctrace=2,madvdontneed=1,gcstress=7,clobberfree=1")
    assert setting(heap, keys.GC_PERCENT) == 50
    assert setting(heap, keys.MEMORY_LIMIT) == 2 << 30
    assert setting(heap, keys.GCTRACE) == 2
    assert setting(heap, keys.STRESS) == 7
    assert setting(heap, keys.CLOBBER_FREE) == 1
    assert setting(heap, keys.CHECKMARK) == 0


@pytest.mark.parametrize(
    ("text", "value"), [("off", -1), ("-5", -1), ("0", 0), ("x", 100), ("10x", 100), ("200", 200), ("99999999999", 100)]
)
def test_gogc(shared: Simulated, text: str, value: int) -> None:
    read_environment(shared, f"GOGC={text}")
    assert setting(shared, keys.GC_PERCENT) == value


@pytest.mark.parametrize(
    ("text", "value"), [("off", NO_LIMIT), ("123", 123), ("5B", 5), ("3KiB", 3072), ("7MiB", 7 * MIB), ("1TiB", 1 << 40)]
)
def test_gomemlimit(shared: Simulated, text: str, value: int) -> None:
    read_environment(shared, f"GOMEMLIMIT={text}")
    assert setting(shared, keys.MEMORY_LIMIT) == value


@pytest.mark.parametrize("text", ["1GB", "x", "1.5GiB", "9999999999999999999999", "9999999TiB"])
def test_a_malformed_limit_ends_the_program(shared: Simulated, text: str) -> None:
    with pytest.raises(AbortError):
        read_environment(shared, f"GOMEMLIMIT={text}")
    expected = f"GOMEMLIMIT={text}\nfatal error: malformed GOMEMLIMIT; see `go doc runtime/debug.SetMemoryLimit`\n"
    assert output(shared) == expected


def test_a_trace_reports_allocations_cycles_and_frees_with_address_and_size() -> None:
    heap = fresh()
    heap.call("configure", keys.TRACE_ALLOCATIONS, 1)
    made = heap.call("malloc", 24, 0)
    heap.call("collect")
    assert output(heap) == f"1 0x{made:x} 24\n3 0x0 0\n2 0x{made:x} 24\n"


def test_a_word_right_after_an_object_keeps_it_alive_unless_switched_off() -> None:
    heap = fresh()
    made = heap.call("malloc", 48, 0)
    heap.call("root", 0, made + 48)
    heap.call("collect")
    assert heap.call("find", made) == made
    heap.call("configure", keys.PAST_END, 0)
    heap.call("collect")
    assert heap.call("find", made) == 0


def test_an_address_in_the_middle_keeps_an_object_alive() -> None:
    heap = fresh()
    objects = [heap.call("malloc", size, 0) for size in (16, 1024, 32768, 100_000)]
    for number, made in enumerate(objects):
        heap.call("root", number, made + 15)
    heap.call("collect")
    assert [heap.call("find", made) for made in objects] == objects


def test_free_pages_go_back_to_the_system_when_the_heap_shrinks() -> None:
    heap = fresh()
    heap.call("root", 0, heap.call("malloc", 200 * MIB, 0))
    heap.call("collect")
    heap.call("root", 0, 0)
    for _ in range(4):
        heap.call("collect")
    heap.call("scavenge")
    released = heap.simulation.load_field("MHeap", heap.simulation.globals["mheap"], "released_pages")
    assert released * 8192 > 150 * MIB
