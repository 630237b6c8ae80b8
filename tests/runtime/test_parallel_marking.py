"""Several threads mark one heap at once: what can be reached is marked and nothing else, over random heaps, with mutators beside.

Checkmark compares after each cycle; the counters of the heap show whether an object was marked twice.
"""

from __future__ import annotations

import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.runtime.parallel_marking import Markers, run
from tricolor.kernel.simulation.interleaving import run_threads
from tricolor.kernel.simulation.run import simulate

WORK = "tricolor.runtime.collector.work"
MARK = "tricolor.runtime.collector.mark"
SLICES = "tricolor.runtime.collector.slices"

TINY_SIZES = dict.fromkeys(["tricolor.runtime.allocator.sizes", "tricolor.abi.sizeclasses"], "tests.runtime.tiny_sizes")
KERNELS = ["tests.runtime.driver_kernel", "tests.runtime.threads_kernel", "tests.runtime.parallel_kernel"]


@pytest.fixture(scope="module")
def markers() -> Markers:
    return Markers()


def test_threads_share_the_work_and_mark_what_can_be_reached(markers: Markers) -> None:
    shares = [markers.mark_alone(edges) for edges in (1, 2, 3, 4)]
    assert max(sum(each > 0 for each in marked) for marked in shares) > 1, "one thread has marked all"
    markers.close()


def test_no_object_is_lost_while_other_threads_change_the_heap(markers: Markers) -> None:
    run(markers, 2)
    markers.close()
    assert markers.heap.call("objects") == 0


@pytest.mark.parametrize(
    ("module", "right", "wrong"),
    [
        (WORK, "    block.next = work.blocks\n    work.blocks = block\n", "    block.next = work.blocks\n"),
        (SLICES, "        gather(w)\n", ""),
        (SLICES, "        flush_barrier_buffers()\n", ""),
    ],
    ids=["lost block", "words left on stacks", "buffers that are not flushed"],
)
def test_a_mutant_of_the_marker_is_caught(tmp_path: Path, module: str, right: str, wrong: str) -> None:
    file = import_module(module).__file__
    assert file is not None
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(right) == 1
    mutant = tmp_path / "mutant.py"
    mutant.write_text(text.replace(right, wrong), encoding="utf-8")
    command = [sys.executable, "-m", "tests.runtime.parallel_marking", module, str(mutant)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode != 0
    assert "check" in result.stderr or "AssertionError" in result.stderr, result.stderr


# --- In simulation --------------------------------------------------------------------------------


def marked_by_two(texts: dict[str, str], schedules: int) -> set[tuple[int, int]]:
    """Two threads mark the same four objects, whose marks lie in one word, in random orders of accesses: objects marked, and how often."""
    loaded = simulate(KERNELS, check_level=0, substitutes=TINY_SIZES, texts=texts, interleaved=True)

    def alone(name: str, *arguments: int) -> int:
        return run_threads([loaded.call(name, *arguments)], lambda _: 0)[0]

    alone("parallel.start_two")
    before = loaded.memory.snapshot()
    found: set[tuple[int, int]] = set()
    for seed in range(schedules):
        loaded.memory.restore(before)
        bytes_marked = run_threads([loaded.call("parallel.drain", number) for number in range(2)], random.Random(seed).randrange)
        found.add((alone("parallel.count_marks"), sum(bytes_marked) // 16))
    return found


def test_two_threads_mark_each_object_once_whatever_the_order_of_their_accesses() -> None:
    assert marked_by_two({}, 200) == {(4, 4)}


def test_a_mark_that_is_not_atomic_is_lost_or_counted_twice() -> None:
    right, wrong = "        if is_parallel:\n", "        if is_parallel and bit == 0:\n"
    text = Path(str(import_module(MARK).__file__)).read_text(encoding="utf-8")
    assert text.count(right) == 1
    assert len(marked_by_two({MARK: text.replace(right, wrong)}, 200)) > 1
