"""Single rules of the scheduler, in simulation: who runs next, when sleepers wake, when a program is deadlocked."""

from __future__ import annotations

import random
from typing import Final

import pytest

from tests.runtime_scheduler.simulated import Code, Program, World, world

SLEEP: Final = 14
SECOND_NS: Final = 1_000_000_000
# The virtual clock rises by a microsecond whenever it is read.
SLACK_NS: Final = 100_000


def run(main: Program) -> World:
    """Runs a program; expects that it ends by exit(0)."""
    made = world()
    made.resumed = lambda _: None
    assert made.run(main) == 0, made.error_output()
    return made


def deadlock(main: Program) -> str:
    """Runs a program that ends in a deadlock; gives what it wrote to standard error."""
    made = world()
    made.resumed = lambda _: None
    assert made.run(main) == 2
    return made.error_output()


def sleep(duration_ns: int, reason: int = SLEEP) -> Code:
    """Sleeps; gives whether the time came."""
    return world().call("runtime.gosleep", 0, world().now_ns() + duration_ns, reason)


def finished(call: Code) -> int:
    """The result of a call that never switches."""
    try:
        event = next(call)
    except StopIteration as stop:
        return stop.value
    raise AssertionError(event)


# --- Who runs next --------------------------------------------------------------------------------


def test_goroutines_run_in_the_order_of_their_making_and_the_last_one_made_first() -> None:
    made, order = world(), list[str]()

    def noting(name: str) -> Program:
        def program() -> Code:
            order.append(name)
            yield from ()

        return program

    def main() -> Code:
        for name in "abc":
            yield from made.go(noting(name))
        yield from sleep(SECOND_NS)
        yield from made.call("runtime.exit", 0)

    run(main)
    assert order == ["c", "a", "b"]


def test_a_goroutine_that_yields_lets_all_others_run_first() -> None:
    made, order = world(), list[int]()

    def noting(number: int) -> Program:
        def program() -> Code:
            for _ in range(3):
                order.append(number)
                yield from made.call("runtime.gosched")

        return program

    def main() -> Code:
        for number in range(3):
            yield from made.go(noting(number))
        for _ in range(4):
            yield from made.call("runtime.gosched")
        yield from made.call("runtime.exit", 0)

    run(main)
    assert order == [0, 1, 2] * 3


# --- Sleeping -------------------------------------------------------------------------------------


def test_time_passes_only_until_the_next_sleeper_is_due() -> None:
    def main() -> Code:
        started = world().now_ns()
        due = yield from sleep(5 * SECOND_NS)
        assert due
        assert 0 <= world().now_ns() - started - 5 * SECOND_NS < SLACK_NS
        yield from world().call("runtime.exit", 0)

    run(main)


def test_a_sleeper_can_be_woken_before_its_time() -> None:
    def main() -> Code:
        made, main_goroutine = world(), world().g()

        def waker() -> Code:
            yield from made.call("runtime.goready", main_goroutine)

        yield from made.go(waker)
        started = made.now_ns()
        due = yield from sleep(SECOND_NS)
        assert not due
        assert made.now_ns() - started < SLACK_NS
        due = yield from sleep(SECOND_NS)
        assert due, "the first sleep is forgotten"
        assert made.now_ns() - started >= SECOND_NS
        yield from made.call("runtime.exit", 0)

    run(main)


@pytest.mark.parametrize("seed", range(20))
def test_the_heap_of_sleepers_gives_the_earliest_whoever_else_leaves(seed: int) -> None:
    made = run(lambda: world().call("runtime.exit", 0))
    chance, asleep = random.Random(seed), dict[int, int]()
    field = made.simulation.struct("Processor").field_named("sleepers")
    assert field is not None
    processor = made.simulation.globals["tricolor.processor"]
    sleepers = processor + field.offset_bytes
    for _ in range(300):
        now = chance.randrange(60)
        match chance.randrange(5) if asleep else 0:
            case 0 | 1 | 2:
                g = made.reserve(256)
                finished(made.call("sleeper_insert", processor, g, now))
                asleep[g] = now
            case 3:
                g = chance.choice(list(asleep))
                finished(made.call("sleeper_remove", processor, g))
                del asleep[g]
            case _:
                g = finished(made.call("sleepers_due", processor, now))
                earliest = min(asleep.values())
                assert (g == 0) == (earliest > now)
                assert g == 0 or asleep.pop(g) == earliest
        assert made.simulation.load_field("Sleepers", sleepers, "first_wake") == min(asleep.values(), default=-1)
        assert made.load("Sleepers", sleepers, "count") == len(asleep)


# --- Deadlock -------------------------------------------------------------------------------------


def test_a_program_whose_main_goroutine_has_ended_says_so() -> None:
    output = deadlock(lambda: world().call("runtime.goexit0"))
    assert output.startswith("fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n")


def test_a_goroutine_that_waits_for_ever_is_in_the_traces_with_its_reason() -> None:
    def main() -> Code:
        yield from world().go(lambda: world().call("runtime.chanrecv2", 0, 0))
        yield from world().call("runtime.block")

    output = deadlock(main)
    assert output == (
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n\ngoroutine 2 [chan receive (nil chan)]:\n"
    )
