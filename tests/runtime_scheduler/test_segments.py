"""Segments of stacks: several threads take and free them, and what the program does not need goes back to the system."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeAlias

import pytest

from tests.kernel.kernel_native import NativeModule, link
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.kernel.simulation.memory import MemorySnapshot
from tricolor.kernel.simulation.run import Simulation, simulate
from tricolor.runtime.scheduler.segments import BLOCK_BYTES, CACHED_SEGMENTS, LARGEST_POOLED_BYTES, LEAST_SEGMENT_BYTES

MODULE = "tests.runtime_scheduler.segments_kernel"
SYMBOLS = ["begin", "churn", "check", "flush", "in_use", "mapped"]
GO_SIDE = "".join(
    f'define void @"tricolor.{name}"() {{ unreachable }}\n' for name in ("return_from_call", "grow_stack", "commit_yield", "commit_exit")
)
"""What the scheduler would define above the segments."""
THREADS = 4
Call: TypeAlias = Callable[..., Any]


@pytest.fixture(scope="module")
def native() -> NativeModule:
    return link([compile_modules([MODULE], CompileOptions(3)), GO_SIDE], [f"test.{each}" for each in SYMBOLS], level=2)


@cache
def _loaded() -> tuple[Simulation, MemorySnapshot]:
    made = simulate([MODULE], check_level=3)
    return made, made.memory.snapshot()


@pytest.fixture
def call() -> Call:
    """Calls functions of the driver on simulated memory; no segment was ever used."""
    simulation, snapshot = _loaded()
    simulation.memory.restore(snapshot)
    simulation.call("test.begin")

    def call(name: str, *arguments: int) -> Any:
        return simulation.call(f"test.{name}", *arguments)

    return call


def test_threads_at_once_get_segments_of_their_own(native: NativeModule) -> None:
    def work(seed: int) -> int:
        native.function("test.begin", "None")()
        wrong = native.function("test.churn", "u64", "u64", "u64")(seed, 300_000)
        native.function("test.flush", "None")()
        return int(wrong)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [0] * THREADS
    native.function("test.begin", "None")()
    assert native.function("test.in_use", "u64")() == 0
    idle = native.function("test.check", "u64")()
    assert native.function("test.mapped", "u64")() == idle * BLOCK_BYTES


def test_segments_never_overlap_and_blocks_count_what_is_used(call: Call) -> None:
    chosen = random.Random(7)
    held: dict[int, int] = {}
    for _ in range(1500):
        if held and chosen.random() < 0.45:
            start = chosen.choice(list(held))
            call("free", start)
            del held[start]
        else:
            size = LEAST_SEGMENT_BYTES << chosen.randrange(7)
            start = call("new", size)
            assert all(start + size <= other or other + length <= start for other, length in held.items())
            held[start] = size
        call("check")
        assert call("in_use") == sum(held.values())


def test_a_block_whose_segments_are_free_serves_another_size(call: Call) -> None:
    small = [call("new", LEAST_SEGMENT_BYTES) for _ in range(CACHED_SEGMENTS)]
    for each in small:
        call("free", each)
    call("flush")
    assert call("mapped") == BLOCK_BYTES
    assert call("new", LARGEST_POOLED_BYTES) == min(small)
    assert call("mapped") == BLOCK_BYTES


def test_blocks_that_were_idle_since_the_last_time_go_back_to_the_system(call: Call) -> None:
    blocks = [call("new", LARGEST_POOLED_BYTES) for _ in range(5)]
    for each in blocks:
        call("free", each)
    assert call("trim") == 0
    again = [call("new", LARGEST_POOLED_BYTES) for _ in range(2)]
    for each in again:
        call("free", each)
    assert call("trim") == 3
    assert call("mapped") == 2 * BLOCK_BYTES
    assert call("trim") == 2
    assert call("mapped") == 0
    assert call("new", LARGEST_POOLED_BYTES) in blocks


def test_a_segment_larger_than_a_block_is_unmapped_when_it_is_freed(call: Call) -> None:
    start = call("new", 2 * LARGEST_POOLED_BYTES)
    assert call("mapped") == 2 * LARGEST_POOLED_BYTES
    call("free", start)
    assert call("mapped") == 0
