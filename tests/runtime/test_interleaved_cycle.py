"""The real barrier, marker and sweeper under every interleaving of two small programs with the steps of a cycle, on simulated memory.

The heap has nodes of two slots, the mark stack and the barrier buffer two places. A state is the memory with the places of all
actors; equal ones are visited once. A mutator's step is an instruction of compiled code: a load; for a store the exchange, then the test
with the barrier. A step of the collector is a call: begin, scan one mutator or the global, mark one object, flush, end. The world may stop to
end marking at any time after the scans. After each end: what the program can reach is allocated, what it could not reach when
the cycle began is free, and all checks of the heap hold.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, final

import pytest

import tricolor.runtime.collector.barrier as barrier_module
from tests.runtime.memory_native import Simulated
from tricolor.kernel.simulation.run import CheckFailedError, simulate
from tricolor.runtime.settings_keys import PAST_END

MODULES = ["tests.runtime.driver_kernel", "tests.runtime.steps_kernel"]
TINY_SIZES: Mapping[str, str] = dict.fromkeys(["tricolor.runtime.allocator.sizes", "tricolor.abi.sizeclasses"], "tests.runtime.tiny_sizes")
BARRIER = "tricolor.runtime.collector.barrier"
BARRIER_TEXT = Path(barrier_module.__file__).read_text(encoding="utf-8")
WORD = 8
NODE_BYTES = 2 * WORD
REGISTERS = 2
ALL_RULES = frozenset(("snapshot", "flush", "windows"))
MUTATOR_WORDS = REGISTERS + 2
"""Registers, then the old and the new pointer of a store that has not shaded yet."""

Verb: TypeAlias = Literal["load", "load global", "store", "store global", "drop"]


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on registers; ``base`` holds the object that is accessed, ``value`` what is stored; None is nil."""

    verb: Verb
    register: int = 0
    base: int = 0
    slot: int = 0
    value: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Case:
    """A heap (slots of each node, by number; None is nil), what global and registers hold, and a program for each mutator."""

    nodes: Sequence[tuple[int | None, int | None]]
    shared: int | None
    registers: Sequence[Sequence[int | None]]
    programs: Sequence[Sequence[Operation]]


@final
@dataclass(frozen=True, slots=True)
class Actors:
    """Where all actors are: next operations, open windows, and what the collector has done. It is hashed with the memory."""

    at: tuple[int, int] = (0, 0)
    in_window: tuple[bool, bool] = (False, False)
    is_marking: bool = False
    scanned: frozenset[int] = frozenset()
    garbage: frozenset[int] = frozenset()
    """Nodes that the program could not reach when the cycle began."""


@final
@dataclass(slots=True, repr=False)
class World:
    """The kernels, and the memory of a case. The rules that a test may leave out stand in ``rules``."""

    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    rules: frozenset[str] = ALL_RULES
    sizes: Mapping[str, str] = field(default_factory=lambda: TINY_SIZES)
    simulation: Any = None
    nodes: list[int] = field(default_factory=list[int])
    roots: int = 0
    case: Case | None = None

    def __post_init__(self) -> None:
        self.simulation = simulate(MODULES, check_level=2, substitutes=self.sizes, texts=self.texts)
        self.call("test.start", 0)
        self.call("test.configure", PAST_END, 0)
        self.roots = self.simulation.memory.map(4096)

    def call(self, name: str, *arguments: int) -> Any:
        return self.simulation.call(name, *arguments)

    def load(self, address: int) -> int:
        return self.simulation.memory.load(address, WORD)

    def store(self, address: int, value: int) -> None:
        self.simulation.memory.store(address, WORD, value)

    def word(self, mutator: int, number: int) -> int:
        """Address of a word of a mutator; the global lies before them."""
        return self.roots + WORD + (mutator * MUTATOR_WORDS + number) * WORD

    def build(self, case: Case) -> None:
        """Makes the heap of a case."""
        self.case = case
        layout = Simulated.layout(self, NODE_BYTES, 0b11)  # pyright: ignore[reportArgumentType]
        self.nodes = [self.call("test.alloc", layout) for _ in case.nodes]
        for address, slots in zip(self.nodes, case.nodes, strict=True):
            for number, node in enumerate(slots):
                self.store(address + number * WORD, self.address(node))
        self.store(self.roots, self.address(case.shared))
        for mutator, registers in enumerate(case.registers):
            for number, node in enumerate(registers):
                self.store(self.word(mutator, number), self.address(node))

    def address(self, node: int | None) -> int:
        return 0 if node is None else self.nodes[node]

    def reachable(self) -> set[int]:
        """Addresses of the nodes that global, registers and windows lead to."""
        pending = [self.load(self.roots + number * WORD) for number in range(1 + 2 * MUTATOR_WORDS)]
        found: set[int] = set()
        while pending:
            node = pending.pop()
            if node != 0 and node not in found:
                found.add(node)
                pending += [self.load(node), self.load(node + WORD)]
        return found

    # --- Steps ------------------------------------------------------------------------------------

    def steps(self, actors: Actors) -> list[tuple[str, int]]:
        """What can happen next."""
        assert self.case is not None
        found: list[tuple[str, int]] = []
        for mutator in range(2):
            if actors.in_window[mutator]:
                found.append(("shade", mutator))
            elif actors.at[mutator] < len(self.case.programs[mutator]):
                found.append(("operate", mutator))
        if not actors.is_marking:
            return [*found, ("begin", 0)]
        found += [("scan", which) for which in range(3) if which not in actors.scanned]
        found += [("mark", 0), ("flush", 0)]
        return [*found, ("end", 0)] if len(actors.scanned) == 3 else found

    def take(self, step: tuple[str, int], actors: Actors) -> Actors:
        """Takes a step."""
        what, which = step
        match what:
            case "shade":
                self.shade(which)
                return replace(actors, in_window=with_item(actors.in_window, which, False))
            case "operate":
                assert self.case is not None
                opens = self.operate(which, self.case.programs[which][actors.at[which]])
                at = with_item(actors.at, which, actors.at[which] + 1)
                return replace(actors, at=at, in_window=with_item(actors.in_window, which, opens))
            case "begin":
                garbage = frozenset(self.nodes) - self.reachable()
                self.call("steps.begin")
                return replace(actors, is_marking=True, garbage=garbage)
            case "scan":
                self.scan(which)
                return replace(actors, scanned=actors.scanned | {which})
            case "end":
                self.end(actors)
                return replace(actors, is_marking=False, scanned=frozenset())
            case _:
                self.call(f"steps.{what}")
                return actors

    def operate(self, mutator: int, operation: Operation) -> bool:
        """One operation; whether it opens a window. Nothing happens if the base is nil."""
        base = self.load(self.word(mutator, operation.base)) + operation.slot * WORD
        if operation.verb in ("load", "store") and base < NODE_BYTES:
            return False
        place = base if operation.verb in ("load", "store") else self.roots
        match operation.verb:
            case "load" | "load global":
                self.store(self.word(mutator, operation.register), self.load(place))
            case "drop":
                self.store(self.word(mutator, operation.register), 0)
            case "store" | "store global":
                value = 0 if operation.value is None else self.load(self.word(mutator, operation.value))
                self.store(self.word(mutator, REGISTERS), self.load(place))
                self.store(self.word(mutator, REGISTERS + 1), value)
                self.store(place, value)
                return True
        return False

    def shade(self, mutator: int) -> None:
        """The end of a window: the test and the barrier."""
        old, new = (self.word(mutator, REGISTERS + number) for number in range(2))
        if self.simulation.memory.load(self.simulation.globals["tricolor.marking"], 4) != 0:
            self.call("tricolor.shade", self.load(old), self.load(new))
        self.store(old, 0)
        self.store(new, 0)

    def scan(self, which: int) -> None:
        """Scans a mutator, or the global."""
        if which == 2:
            self.call("steps.scan", self.roots, self.roots + WORD)
        elif "snapshot" in self.rules:
            self.call("steps.scan", self.word(which, 0), self.word(which, MUTATOR_WORDS))

    def end(self, actors: Actors) -> None:
        """Ends marking and sweeps, with the world stopped."""
        for mutator in range(2):
            if actors.in_window[mutator] and "windows" in self.rules:
                self.scan(mutator)
        if "flush" in self.rules:
            self.call("steps.flush")
        self.call("steps.drain")
        needed = self.reachable()
        self.call("steps.end")
        self.call("test.check")
        for node in needed:
            assert self.call("test.find", node) == node, "a reachable object was freed"
        for node in actors.garbage:
            assert self.call("test.find", node) == 0, "garbage has outlived the cycle"


def with_item(pair: tuple[Any, Any], which: int, value: Any) -> tuple[Any, Any]:
    return (value, pair[1]) if which == 0 else (pair[0], value)


def explore(world: World, case: Case) -> int:
    """Visits all states up to the end of a cycle; gives their number. Raises what a step finds wrong."""
    memory = world.simulation.memory
    clean = memory.snapshot()
    world.build(case)
    first = Actors()
    waiting = [(memory.snapshot(), first)]
    seen = {(hash_of(waiting[0][0]), first)}
    try:
        while waiting:
            before, actors = waiting.pop()
            for step in world.steps(actors):
                memory.restore(before)
                after = world.take(step, actors)
                if step[0] == "end":
                    continue
                reached = memory.snapshot()
                key = hash_of(reached), after
                if key not in seen:
                    seen.add(key)
                    waiting.append((reached, after))
    finally:
        memory.restore(clean)
    return len(seen)


def hash_of(snapshot: Any) -> int:
    """What tells memories apart."""
    return hash(tuple((number, bytes(page)) for number, page in sorted(snapshot.pages.items())))


HIDES_BY_DELETION = Case(
    [(1, None), (None, None)], 0, [(None, None), (None, None)], [[Operation("store global")], [Operation("load global")]]
)
HIDES_BY_INSERTION = Case(
    [(None, None), (None, None)], 0, [(1, 0), (None, None)], [[Operation("store", base=1, value=0), Operation("drop")], []]
)
MOVES_BETWEEN_MUTATORS = Case(
    [(1, 2), (None, None), (None, None)],
    0,
    [(0, None), (0, None)],
    [
        [Operation("load", register=1, base=0, slot=1), Operation("store", base=0, slot=0, value=1), Operation("drop", register=1)],
        [Operation("load", register=1, base=0, slot=0), Operation("store", base=0, slot=1)],
    ],
)


def random_case(seed: int) -> Case:
    """Up to four nodes, two programs with five operations together."""
    choose = random.Random(seed)
    count = choose.randint(1, 4)

    def node() -> int | None:
        return choose.choice([None, *range(count)])

    def operation() -> Operation:
        verb: Verb = choose.choice(("load", "load", "load global", "store", "store", "store global", "drop"))
        return Operation(verb, choose.randrange(2), choose.randrange(2), choose.randrange(2), choose.choice((None, 0, 1)))

    operations = [operation() for _ in range(5)]
    cut = choose.randint(1, 3)
    nodes = [(node(), node()) for _ in range(count)]
    return Case(nodes, node(), [(node(), node()), (node(), node())], [operations[:cut], operations[cut:]])


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(
    "case",
    [HIDES_BY_DELETION, HIDES_BY_INSERTION, pytest.param(MOVES_BETWEEN_MUTATORS, marks=pytest.mark.long)],
    ids=["deletion", "insertion", "moves"],
)
def test_no_order_of_steps_loses_an_object_or_keeps_garbage(world: World, case: Case) -> None:
    assert explore(world, case) > 20


@pytest.mark.parametrize(("rule", "case"), [("snapshot", HIDES_BY_INSERTION), ("windows", HIDES_BY_DELETION)])
def test_without_a_rule_of_the_cycle_an_object_is_lost(rule: str, case: Case) -> None:
    with pytest.raises(AssertionError, match="a reachable object was freed"):
        explore(World(rules=ALL_RULES - {rule}), case)


def test_a_cycle_that_leaves_a_buffer_full_is_refused() -> None:
    """A buffer of two places is empty after each store; a large one is not."""
    with pytest.raises(CheckFailedError, match="a barrier buffer is not empty"):
        explore(World(rules=ALL_RULES - {"flush"}, sizes={}), HIDES_BY_INSERTION)


@pytest.mark.parametrize(
    ("right", "wrong", "case"),
    [
        ("buffer.entries[buffer.count] = old", "buffer.entries[buffer.count] = to_addr(0)", HIDES_BY_DELETION),
        ("buffer.entries[buffer.count + 1] = new", "buffer.entries[buffer.count + 1] = to_addr(0)", HIDES_BY_INSERTION),
        ("if elem < span.nelems and not is_marked(span, elem):", "if elem < span.nelems and is_marked(span, elem):", HIDES_BY_INSERTION),
    ],
)
def test_a_barrier_without_one_half_loses_an_object(right: str, wrong: str, case: Case) -> None:
    assert BARRIER_TEXT.count(right) == 1
    with pytest.raises((AssertionError, CheckFailedError)):
        explore(World({BARRIER: BARRIER_TEXT.replace(right, wrong)}), case)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_steps_of_random_programs_loses_an_object(world: World, seed: int) -> None:
    explore(world, random_case(seed))
