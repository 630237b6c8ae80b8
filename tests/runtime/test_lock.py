"""Locks: exclusion under many interleavings and between real threads; the order of locks is checked."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kernel.kernel_native import NativeModule, link
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.kernel.simulation.accesses import ENTRY, Access
from tricolor.kernel.simulation.interleaving import DeadlockError, explore, run_threads
from tricolor.kernel.simulation.memory import SimulationFaultError
from tricolor.kernel.simulation.run import CheckFailedError, Simulation, simulate
from tricolor.runtime import lock_ranks
from tricolor.runtime.system.lock import CONTENDED, FREE, HELD

MODULE = "tests.runtime.lock_kernel"
LOW, HIGH = lock_ranks.RANK_CENTRAL, lock_ranks.RANK_HEAP
PEERS = lock_ranks.PEERS


def simulated(check_level: int = 3, **options: Any) -> Simulation:
    return simulate([MODULE], check_level=check_level, fakes={"pause_here": lambda: None}, **options)


def counter_of(simulation: Simulation) -> int:
    return simulation.memory.load(simulation.globals[f"{MODULE}:counter"], 8)


def state_of(simulation: Simulation) -> int:
    return simulation.memory.load(simulation.globals[f"{MODULE}:locks"], 4)


def threads_that_count(loaded: Simulation, threads: int, name: str = "count", times: int = 2) -> Callable[[], list[Any]]:
    """Makes threads of a simulation that begins from its start each time."""
    snapshot = loaded.memory.snapshot()

    def build() -> list[Any]:
        loaded.memory.restore(snapshot)
        loaded.system.sleepers.clear()
        return [loaded.call(name, times) for _ in range(threads)]

    return build


# --- Exclusion ------------------------------------------------------------------------------------


def test_counting_without_a_lock_loses_counts_in_some_interleaving() -> None:
    loaded = simulated(0, interleaved=True)
    found: set[int] = set()
    explore(threads_that_count(loaded, 2, "count_alone"), lambda _: found.add(counter_of(loaded)), limit=1_000)
    assert min(found) < 4


def test_no_interleaving_loses_a_count_under_a_lock_nor_leaves_it_held() -> None:
    loaded = simulated(0, interleaved=True, substitutes={"tricolor.runtime.lock_ranks": "tests.runtime.impatient_locks"})

    def verify(_results: list[Any]) -> None:
        assert counter_of(loaded) == 4
        assert state_of(loaded) == FREE
        assert not loaded.system.sleepers

    assert explore(threads_that_count(loaded, 2), verify, limit=10_000) > 1_000


@pytest.mark.parametrize("patience", ["tests.runtime.impatient_locks", "tricolor.runtime.lock_ranks"])
def test_three_threads_in_random_interleavings_lose_no_count(patience: str) -> None:
    loaded = simulated(0, interleaved=True, substitutes={"tricolor.runtime.lock_ranks": patience})
    build = threads_that_count(loaded, 3, times=4)
    for seed in range(300):
        run_threads(build(), random.Random(seed).randrange)
        assert counter_of(loaded) == 12
        assert state_of(loaded) == FREE


def test_a_release_that_wakes_nobody_leaves_a_thread_asleep() -> None:
    def wake_nobody(_lock: int) -> None:
        pass

    impatient = {"tricolor.runtime.lock_ranks": "tests.runtime.impatient_locks"}
    loaded = simulate([MODULE], check_level=0, interleaved=True, substitutes=impatient, fakes={"tricolor.wake_waiter": wake_nobody})
    with pytest.raises(DeadlockError):
        explore(threads_that_count(loaded, 2), lambda _: None, limit=300)


def test_a_lock_works_where_only_coroutines_switch() -> None:
    def pause() -> Generator[Access, None, None]:
        yield ENTRY

    loaded = simulate([MODULE], check_level=0, coroutines=True, fakes={"pause_here": pause})
    run_threads([loaded.call("count_with_a_pause") for _ in range(5)], random.Random(1).randrange)
    assert counter_of(loaded) == 5
    assert state_of(loaded) == FREE


def test_a_thread_that_waits_for_itself_is_found_in_simulation() -> None:
    with pytest.raises(SimulationFaultError, match="the only thread sleeps"):
        simulated(0).call("take_two", 0, LOW, 0, HIGH)


@pytest.fixture(scope="module", params=[0, 2])
def native(request: pytest.FixtureRequest) -> NativeModule:
    text = compile_modules([MODULE], CompileOptions(request.param))
    extra = "define void @pause_here() { ret void }\n"
    return link([text, extra], ["count", "count_alone", "counted", "state_of"], level=2)


def test_two_native_threads_count_a_million_times_each(native: NativeModule) -> None:
    count, counted = native.function("count", "None", "u64"), native.function("counted", "u64")
    before = counted()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, [1_000_000] * 2))
    assert counted() - before == 2_000_000
    assert native.function("state_of", "u64", "u64")(0) == FREE


# --- The order ------------------------------------------------------------------------------------


def test_locks_may_be_taken_in_the_order_of_their_ranks_and_freed_in_any_order() -> None:
    loaded = simulated()
    loaded.call("take_two", 0, LOW, 1, HIGH)
    loaded.call("take_two", 1, LOW, 0, HIGH)


@pytest.mark.parametrize(("first", "second"), [(HIGH, LOW), (HIGH, HIGH)])
def test_a_lock_of_a_lower_or_equal_rank_is_refused(first: int, second: int) -> None:
    with pytest.raises(CheckFailedError, match="acquire: the thread holds a lock of the same rank or a higher one"):
        simulated().call("take_two", 0, first, 1, second)


def test_peers_are_taken_in_the_order_of_their_addresses() -> None:
    simulated().call("take_two", 3, PEERS, 4, PEERS)
    with pytest.raises(CheckFailedError, match="acquire:"):
        simulated().call("take_two", 4, PEERS, 3, PEERS)


def test_a_thread_may_hold_more_peers_than_are_noted() -> None:
    loaded = simulated()
    assert loaded.call("take_many")
    assert loaded.call("take_many")


def test_freeing_a_lock_that_the_thread_does_not_hold_is_refused() -> None:
    with pytest.raises(CheckFailedError, match="release: the thread does not hold the lock"):
        simulated().call("take_one_and_free_another", 0, 1)


def test_each_thread_has_an_order_of_its_own() -> None:
    loaded = simulated(interleaved=True)
    threads = [loaded.call("take_two", 0, LOW, 1, HIGH), loaded.call("take_two", 2, LOW, 3, HIGH)]
    alternate = iter(range(10_000))
    run_threads(threads, lambda count: next(alternate) % count)


def test_each_rank_has_one_place_in_the_order() -> None:
    ranks = [value for name, value in vars(lock_ranks).items() if name.startswith("RANK_")]
    assert ranks == sorted(set(ranks))
    assert {FREE, HELD, CONTENDED} == {0, 1, 2}
