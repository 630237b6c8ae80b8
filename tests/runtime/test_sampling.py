"""Sampling for heap profiles: each byte has the same chance, deaths are counted, and a profile shows what the last cycle left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tests.runtime.memory_native import Memory, Simulated

GC_PERCENT = 1
DEFAULT_RATE = 512 << 10
DRAWS = 40_000
SIGMAS = 5
"""A test of a true sampler fails once in a million; the generator has a fixed seed anyway."""


@pytest.fixture
def profiled(heap: Memory) -> Iterator[Memory]:
    """The heap, which forgets its rate after the test."""
    yield heap
    heap.call("samplebytes", 0)


@pytest.mark.parametrize("rate", [64 << 10, DEFAULT_RATE])
def test_distances_have_the_exponential_distribution(profiled: Memory, rate: int) -> None:
    profiled.call("samplebytes", rate)
    draws = [profiled.call("distance") for _ in range(DRAWS)]
    assert abs(sum(draws) / DRAWS / rate - 1) < SIGMAS / math.sqrt(DRAWS) + 1 / rate
    # Sixteen classes of equal probability: chi-square has 15 degrees of freedom, and exceeds 45 once in 10,000 times.
    classes = Counter(min(15, int(16 * (1 - math.exp(-(draw - 0.5) / rate)))) for draw in draws)
    assert sum((classes[each] - DRAWS / 16) ** 2 for each in range(16)) / (DRAWS / 16) < 45


@pytest.mark.parametrize("rate", [64 << 10, DEFAULT_RATE])
def test_samples_of_each_size_are_as_many_as_their_bytes_predict(profiled: Memory, rate: int) -> None:
    profiled.call("samplebytes", rate)
    total = rate * 400
    random = Random(rate)
    for size in (16, 48, 1024, 8192, 40_960, 1 << 20):
        count = min(total // size, 100_000)
        before = profiled.call("sampled", size)
        for _ in range(count):
            profiled.call("malloc", size, 0)
            # What takes the rests of runs back must not favour or spare what is allocated next.
            if random.random() < 0.01:
                profiled.call("live")
        chance = 1 - math.exp(-size / rate)
        found = profiled.call("sampled", size) - before
        assert abs(found - count * chance) < SIGMAS * math.sqrt(count * chance * (1 - chance)), size


def test_rate_one_samples_every_object(profiled: Memory) -> None:
    profiled.call("malloc", 64, 0)
    profiled.call("samplebytes", 1)
    before = profiled.call("sampled", 64)
    for _ in range(1000):
        profiled.call("malloc", 64, 0)
    assert profiled.call("sampled", 64) - before == 1000


def test_rate_zero_samples_nothing(profiled: Memory) -> None:
    profiled.call("samplebytes", 1)
    profiled.call("samplebytes", 0)
    before = profiled.call("sampled", 64)
    for _ in range(1000):
        profiled.call("malloc", 64, 0)
    assert profiled.call("sampled", 64) == before


def test_a_profile_shows_what_the_last_cycle_left(profiled: Memory) -> None:
    profiled.call("samplebytes", 1)
    profiled.call("collect")
    allocs, frees = profiled.call("published", 80), profiled.call("publishedfrees", 80)
    kept = [profiled.call("malloc", 80, 0) for _ in range(10)]
    for number, each in enumerate(kept[:3]):
        profiled.call("root", number, each)
    assert profiled.call("published", 80) == allocs, "the cycle has not ended"
    profiled.call("collect")
    profiled.call("malloc", 80, 0)
    assert profiled.call("published", 80) - allocs == 10
    assert profiled.call("publishedfrees", 80) - frees == 7
    profiled.call("root", 0, 0)
    profiled.call("collect")
    assert profiled.call("publishedfrees", 80) - frees == 9


def test_an_object_that_its_finalizer_revives_is_not_counted_as_dead(profiled: Memory) -> None:
    profiled.call("samplebytes", 1)
    profiled.call("collect")
    frees = profiled.call("publishedfrees", 112)
    profiled.call("setfinalizer", profiled.call("malloc", 112, 0), profiled.call("malloc", 16, 0))
    profiled.call("collect")
    assert profiled.call("publishedfrees", 112) == frees


def test_before_the_first_cycle_a_profile_shows_everything() -> None:
    simulated = Simulated(1 << 30)
    simulated.call("samplebytes", 1)
    for _ in range(5):
        simulated.call("malloc", 80, 0)
    assert simulated.call("published", 80) == 5
