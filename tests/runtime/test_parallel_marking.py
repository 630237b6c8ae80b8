"""Several threads mark one heap at once: what can be reached is marked and nothing else, over random heaps, with mutators beside.

Checkmark compares after each cycle; the counters of the heap show whether an object was marked twice.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.runtime.parallel_marking import Markers, run

WORK = "tricolor.runtime.collector.work"
MARK = "tricolor.runtime.collector.mark"
SLICES = "tricolor.runtime.collector.slices"
BARRIER = "tricolor.runtime.collector.barrier"


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
        (MARK, "        if is_parallel:\n", "        if is_parallel and bit == 0:\n"),
        (SLICES, "        gather(w)\n", ""),
        (SLICES, "        flush_barrier_buffers()\n", ""),
        (BARRIER, "    buffer.entries[buffer.count] = old\n", "    buffer.entries[buffer.count] = to_addr(0)\n"),
    ],
    ids=["lost block", "mark that is not atomic", "words left on stacks", "buffers that are not flushed", "no deletion"],
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
