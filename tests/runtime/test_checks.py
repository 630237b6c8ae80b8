"""Each check of the heap fails if what it checks is wrong: a field is corrupted on simulated memory, and put right again."""

from __future__ import annotations

import pytest

from tests.runtime.memory_native import Simulated
from tricolor.kernel.simulation.run import CheckFailedError

ARENA_BYTES = 1 << 26
PAGE_BYTES = 8192
NODE = 32


class Corrupted:
    """A word of memory that holds another value within the block."""

    def __init__(self, heap: Simulated, address: int, value: int, size_bytes: int = 8) -> None:
        self.memory = heap.simulation.memory
        self.address, self.value, self.size_bytes = address, value, size_bytes
        self.before = self.memory.load(address, size_bytes)

    def __enter__(self) -> None:
        self.memory.store(self.address, self.size_bytes, self.value)

    def __exit__(self, *_exception: object) -> None:
        self.memory.store(self.address, self.size_bytes, self.before)


def place(heap: Simulated, struct: str, address: int, name: str) -> int:
    """Address of a field."""
    found = heap.simulation.struct(struct).field_named(name)
    assert found is not None
    return address + found.offset_bytes


def load(heap: Simulated, struct: str, address: int, name: str) -> int:
    """Value of a field."""
    return int(heap.simulation.load_field(struct, address, name))


@pytest.fixture(scope="module")
def heap() -> Simulated:
    made = Simulated(ARENA_BYTES, check_level=3)
    for number in range(4):
        made.call("root", number, made.call("malloc", NODE, 0))
    made.call("collect")
    made.call("check")
    return made


@pytest.fixture(scope="module")
def span(heap: Simulated) -> int:
    """The span of the four objects, which has free elements and is in the list of its layout."""
    objects = heap.simulation.globals["roots"]
    found = heap.simulation.call("span_of", heap.load(objects))
    assert load(heap, "Span", found, "allocated") == 4
    return found


def refused(heap: Simulated, check: str) -> str:
    """The text with which a check fails."""
    with pytest.raises(CheckFailedError) as raised:
        heap.call("check")
    text = str(raised.value)
    assert text.startswith(f"{check}: ")
    return text


def test_free_index_must_not_exceed_nelems(heap: Simulated, span: int) -> None:
    with Corrupted(heap, place(heap, "Span", span, "free_index"), load(heap, "Span", span, "nelems") + 1):
        assert "free_index" in refused(heap, "check_span")


def test_the_bits_must_agree_with_the_count_of_allocated_elements(heap: Simulated, span: int) -> None:
    side = load(heap, "MHeap", heap.simulation.globals["mheap"], "allocated_side")
    bits = place(heap, "Span", span, "bits") + side
    with Corrupted(heap, bits, heap.load(bits) | 1 << 40):
        assert "disagree" in refused(heap, "check_span")


def test_mark_bits_must_be_zero_between_cycles(heap: Simulated, span: int) -> None:
    side = load(heap, "MHeap", heap.simulation.globals["mheap"], "allocated_side")
    with Corrupted(heap, place(heap, "Span", span, "bits") + 256 - side, 2):
        assert "mark bit" in refused(heap, "check_span")


def test_the_live_counter_must_be_the_sum_of_all_spans(heap: Simulated) -> None:
    mheap = heap.simulation.globals["mheap"]
    with Corrupted(heap, place(heap, "MHeap", mheap, "live"), load(heap, "MHeap", mheap, "live") + NODE):
        refused(heap, "check_heap")


def test_a_span_in_a_list_must_know_it(heap: Simulated, span: int) -> None:
    with Corrupted(heap, place(heap, "Span", span, "in_list"), 0, 1):
        refused(heap, "check_central")


def test_a_list_of_spans_must_end(heap: Simulated, span: int) -> None:
    with Corrupted(heap, place(heap, "Span", span, "next"), span):
        assert "more spans" in refused(heap, "check_central")


def test_a_clean_page_must_be_zero(heap: Simulated) -> None:
    mheap = heap.simulation.globals["mheap"]
    first = heap.simulation.call("take_pages", 1)
    start = load(heap, "MHeap", mheap, "arena_start") + first * PAGE_BYTES
    heap.simulation.call("give_pages", first, 1)
    heap.simulation.call("scavenge_forced", 2**64 - 1)
    heap.call("check")
    with Corrupted(heap, start + PAGE_BYTES - 8, 1):
        assert "not zero" in refused(heap, "check_pages")


def test_the_table_of_spans_must_agree_with_the_pages_in_use(heap: Simulated, span: int) -> None:
    mheap = heap.simulation.globals["mheap"]
    page = (load(heap, "Span", span, "start") - load(heap, "MHeap", mheap, "arena_start")) // PAGE_BYTES
    bits = load(heap, "MHeap", mheap, "used_bits") + page // 64 * 8
    with Corrupted(heap, bits, heap.load(bits) & ~(1 << page % 64)):
        assert "disagree" in refused(heap, "check_pages")


def test_free_memory_of_a_run_must_be_zero(heap: Simulated) -> None:
    heap.call("malloc", NODE, 0)
    span = heap.simulation.call("span_of", heap.load(heap.simulation.globals["roots"]))
    limit = load(heap, "Span", span, "start") + load(heap, "Span", span, "free_index") * NODE
    with Corrupted(heap, limit - 8, 1):
        assert "not zero" in refused(heap, "check_cell")


def test_no_mcache_may_hold_a_span_while_spans_are_swept(heap: Simulated) -> None:
    heap.call("malloc", NODE, 0)
    with pytest.raises(CheckFailedError, match="check_dropped"):
        heap.simulation.call("check_all_dropped")
    heap.simulation.call("flush_mcaches")
    heap.simulation.call("drop_all_spans")
    heap.simulation.call("check_all_dropped")


def test_what_a_queued_special_holds_must_not_be_free() -> None:
    heap = Simulated(ARENA_BYTES, check_level=3)
    heap.call("root", 0, heap.call("malloc", NODE, 0))
    closure = heap.call("malloc", 48, 0)
    heap.call("root", 1, closure)
    dead = heap.call("malloc", NODE, 0)
    assert heap.call("setfinalizer", dead, closure)
    heap.call("collect")
    heap.call("check")
    specials = heap.simulation.globals["specials"]
    queued = load(heap, "SpecialQueue", specials, "first")
    span = heap.simulation.call("span_of", closure)
    never = load(heap, "Span", span, "start") + (load(heap, "Span", span, "nelems") - 1) * 48
    assert heap.simulation.call("find_object", never) == 0
    with Corrupted(heap, place(heap, "Special", queued, "closure"), never):
        assert "closure" in refused(heap, "check_specials")
