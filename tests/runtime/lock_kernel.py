"""Kernels that tests of locks run: threads that count under a lock, and threads that take locks in some order."""

from __future__ import annotations

from tricolor.kernel.lang import Embed, export, global_array, global_value, kernel, libc, to_u64, u64
from tricolor.runtime.lock_ranks import RANK_CHANNEL, RANK_HEAP
from tricolor.runtime.system.lock import Lock, acquire, holds, release

locks = global_array(Embed[Lock], 20)
counter = global_value(u64)


@libc
def pause_here() -> None: ...


@export("count_alone")
def count_alone(times: u64) -> None:
    """Adds to the counter without a lock: what the lock has to prevent."""
    for _ in range(times):
        counter.value += 1


@export("count")
def count(times: u64) -> None:
    """Adds to the counter under a lock."""
    for _ in range(times):
        acquire(locks[0], RANK_HEAP)
        counter.value += 1
        release(locks[0])


@export("counted")
def counted() -> u64:
    """The counter."""
    return counter.value


@export("state_of")
def state_of(number: u64) -> u64:
    """The word of a lock."""
    return to_u64(locks[number].state)


@kernel
def count_with_a_pause() -> None:
    """Counts, and lets others run while it holds the lock."""
    acquire(locks[0], RANK_HEAP)
    before = counter.value
    pause_here()
    counter.value = before + 1
    release(locks[0])


@kernel
def take_two(first: u64, first_rank: u64, second: u64, second_rank: u64) -> None:
    """Takes two locks, then frees them in the same order."""
    acquire(locks[first], first_rank)
    acquire(locks[second], second_rank)
    release(locks[first])
    release(locks[second])


@kernel
def take_one_and_free_another(taken: u64, freed: u64) -> None:
    """Frees a lock that it does not hold."""
    acquire(locks[taken], RANK_HEAP)
    release(locks[freed])


@kernel
def take_many() -> bool:
    """Takes all locks as peers, and frees them; whether holds() was right."""
    for number in range(len(locks)):
        acquire(locks[number], RANK_CHANNEL)
    right = holds(locks[0]) and holds(locks[19])
    for number in range(len(locks)):
        release(locks[number])
    return right and not holds(locks[0])
