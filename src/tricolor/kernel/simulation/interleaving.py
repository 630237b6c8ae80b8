"""Chooses in which order simulated threads access memory: at random, or all orders there are.

Method:
    A thread is a generator of an interleaved simulation: it yields before each access. A schedule is
    the list of choices made where more than one thread could go on. ``explore`` runs the program
    again from the start for each schedule, depth first: the last choice that has an untried
    alternative is changed, and everything after it starts over (stateless search). A thread that
    sleeps on a word cannot go on until another one wakes it.

Limits:
    Sequentially consistent memory only. Without partial-order reduction the number of schedules grows
    exponentially in the number of accesses: keep the threads to about a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias

from tricolor.kernel.simulation.accesses import Access, Sleep
from tricolor.kernel.simulation.memory import SimulationFaultError

Thread: TypeAlias = Generator[Access | Sleep, None, Any]


class DeadlockError(SimulationFaultError):
    """All threads sleep."""


def run_threads(threads: Sequence[Thread], choose: Callable[[int], int]) -> list[Any]:
    """Runs the threads to their ends and gives their results; ``choose(n)`` picks one of n that can go on.

    Raises DeadlockError if all threads that have not ended sleep.
    """
    results: list[Any] = [None] * len(threads)
    alive = list(range(len(threads)))
    asleep: dict[int, Sleep] = {}
    while alive:
        able = [each for each in alive if each not in asleep or asleep[each].awake]
        if not able:
            raise DeadlockError("all threads sleep")
        index = able[choose(len(able)) if len(able) > 1 else 0]
        asleep.pop(index, None)
        try:
            event = next(threads[index])
        except StopIteration as stop:
            results[index] = stop.value
            alive.remove(index)
            continue
        if isinstance(event, Sleep):
            asleep[index] = event
    return results


def explore(build: Callable[[], Sequence[Thread]], verify: Callable[[list[Any]], None], limit: int = 100_000) -> int:
    """Runs every schedule and gives their number. ``build`` makes new threads for each.

    ``verify`` is called with the results of each run, and raises what it finds wrong. Stops after
    ``limit`` schedules.
    """
    prefix: list[int] = []
    runs = 0
    while runs < limit:
        choices: list[tuple[int, int]] = []

        def choose(count: int, taken: list[tuple[int, int]] = choices, wanted: list[int] = prefix) -> int:
            choice = wanted[len(taken)] if len(taken) < len(wanted) else 0
            taken.append((choice, count))
            return choice

        verify(run_threads(build(), choose))
        runs += 1
        while choices and choices[-1][0] + 1 == choices[-1][1]:
            choices.pop()
        if not choices:
            break
        prefix = [choice for choice, _ in choices[:-1]] + [choices[-1][0] + 1]
    return runs
