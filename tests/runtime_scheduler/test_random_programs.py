"""Random programs of goroutines in simulation, step by step beside a model.

After each operation the real one has ended with the outcome that the model gives, or both wait; the queues of the channel are the
model's; a goroutine goes on only if it can run by the model; when the runtime says deadlock, nothing can run by the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, final

import pytest

from tests.runtime_scheduler.model import Case, Channel, Completed, Model, Outcome, Panics, Sleep
from tests.runtime_scheduler.simulated import Code, GoPanicError, Park, World, world
from tricolor.runtime.lock_ranks import RANK_SEMAPHORE

SEEDS: Final = 400
SEEDS_PER_TEST: Final = 20
OPERATIONS: Final = 100
ELEM_BYTES: Final = (0, 8, 24)
MASK: Final = (1 << 64) - 1
SEMAPHORE: Final = 13
SLEEP: Final = 14
WAITING: Final = 4
GOROUTINES: Final = 8
SLAB_BYTES: Final = 64 * 1024
DEADLOCK: Final = "fatal error: all goroutines are asleep - deadlock!\n\n"


@final
@dataclass(slots=True, repr=False)
class Run:
    """One program beside its model."""

    world: World
    model: Model = field(default_factory=Model)
    channels: list[Channel] = field(default_factory=list[Channel])
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    """By address of its record: the number of a goroutine."""
    parked: dict[int, int] = field(default_factory=dict[int, int])
    """Goroutines in gopark, and the locks that gopark releases."""
    sent: int = 0
    received: set[int] = field(default_factory=set[int])
    left: int = OPERATIONS

    # --- Memory -----------------------------------------------------------------------------------

    def store_value(self, address: int, value: int, length: int) -> None:
        """An element: the value, its complement, the value again, as far as they fit."""
        words = [value, value ^ MASK, value]
        self.world.simulation.memory.write(address, b"".join(word.to_bytes(8, "little") for word in words)[:length])

    def load_value(self, address: int, length: int, ok: bool) -> int:
        data = self.world.simulation.memory.read(address, length)
        words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, length, 8)]
        if length == ELEM_BYTES[-1]:
            assert words == ([words[0], words[0] ^ MASK, words[0]] if ok else [0, 0, 0]), "an element was torn"
        return words[0] if words else 0

    def make_channel(self, capacity: int, elem_bytes: int) -> Generator[Any, None, Channel]:
        """make(chan T, capacity), where T holds pointers or not."""
        world, memory = self.world, self.world.simulation.memory
        elem, channel_type = world.reserve(64), world.reserve(128)
        memory.store(elem, 8, elem_bytes)
        memory.store(elem + 8, 8, elem_bytes if world.random.random() < 0.5 else 0)
        found = world.simulation.struct("GoChannelType").field_named("elem")
        assert found is not None
        memory.store(channel_type + found.offset_bytes, 8, elem)
        address = yield from world.call("runtime.makechan", channel_type, capacity)
        return Channel(address, capacity, elem_bytes)

    def queue(self, channel: Channel, name: str, only_selects: bool = False) -> list[int]:
        """The numbers of those who wait in a real queue, without selects that another case has won."""
        load = self.world.load
        found: list[int] = []
        struct = self.world.simulation.struct("Channel").field_named(name)
        assert struct is not None
        each = load("WaitQueue", channel.address + struct.offset_bytes, "first")
        while each != 0:
            g = load("Sudog", each, "g")
            is_select = load("Sudog", each, "is_select")
            if not (is_select and load("G", g, "select_done")) and (is_select or not only_selects):
                found.append(load("G", g, "id"))
            each = load("Sudog", each, "next")
        return found

    def compare(self, channel: Channel) -> None:
        """The channel in memory is the model's."""
        load = self.world.load
        assert load("Channel", channel.address, "count") == len(channel.values)
        assert load("Channel", channel.address, "closed") == int(channel.closed)
        for name, queue in (("senders", channel.senders), ("receivers", channel.receivers)):
            assert self.queue(channel, name) == [each.wait.goroutine for each in queue if not each.wait.over]

    # --- Operations -------------------------------------------------------------------------------

    def number(self) -> int:
        """The running goroutine."""
        return self.world.load("G", self.world.g(), "id")

    def on_channels(self, cases: list[Case], words: str, call: Code, *, choose: bool = False) -> Generator[Any, None, Outcome]:
        """Runs an operation; beside it the model does the same at the moment when the real one commits to it."""
        number, parked = self.number(), False
        try:
            while True:
                event = next(call)
                if isinstance(event, Park) and not parked:
                    parked = True
                    self.model.block(number, cases, words)
                    self.compare_all(cases)
                yield event
        except StopIteration as stop:
            outcome: Outcome = stop.value
        except GoPanicError as panic:
            outcome = Panics(panic.text)
        if parked:
            assert self.alike(cases, outcome) == self.alike(cases, self.model.woken.pop(number))
        elif isinstance(outcome, Completed) and outcome.case < 0:
            assert choose and not any(self.model.is_ready(case) for case in cases)
        else:
            index = outcome.case if isinstance(outcome, Completed) else self.panicking(cases)
            assert outcome == self.model.complete(cases[index], index)
        self.compare_all(cases)
        if isinstance(outcome, Completed) and outcome.ok and outcome.value:
            assert outcome.value not in self.received, "a value arrived twice"
            self.received.add(outcome.value)
        return outcome

    @staticmethod
    def alike(cases: list[Case], outcome: Outcome) -> Outcome:
        """The outcome with the first of equal cases: a select may take any of them."""
        return replace(outcome, case=cases.index(cases[outcome.case])) if isinstance(outcome, Completed) else outcome

    def compare_all(self, cases: list[Case]) -> None:
        for case in cases:
            if case.channel is not None:
                self.compare(case.channel)

    @staticmethod
    def panicking(cases: list[Case]) -> int:
        """A case that panics: a send on a closed channel."""
        return next(at for at, case in enumerate(cases) if case.value is not None and case.channel is not None and case.channel.closed)

    def send(self, channel: Channel | None) -> Code:
        case = self.sending(channel)
        words = "chan send" if channel is not None else "chan send (nil chan)"
        yield from self.on_channels([case], words, self._send(case))

    def sending(self, channel: Channel | None) -> Case:
        self.sent += 1
        return Case(channel, self.sent if channel is None or channel.elem_bytes else 0)

    def elem(self, case: Case) -> int:
        """Memory for an element, as a goroutine has it on its stack."""
        length = 0 if case.channel is None else case.channel.elem_bytes
        address = self.world.reserve(length + 16)
        if case.value is not None:
            self.store_value(address, case.value, length)
        return address

    def take(self, case: Case, address: int, ok: bool) -> int:
        """What an operation left in an element's memory; nothing may write there any more."""
        length = 0 if case.channel is None else case.channel.elem_bytes
        value = 0
        if case.value is None:
            value = self.load_value(address, length, ok)
        self.world.simulation.memory.poison(address, length)
        return value

    def _send(self, case: Case) -> Code:
        address = self.elem(case)
        yield from self.world.call("runtime.chansend1", 0 if case.channel is None else case.channel.address, address)
        self.take(case, address, ok=False)
        return Completed()

    def receive(self, channel: Channel | None) -> Code:
        words = "chan receive" if channel is not None else "chan receive (nil chan)"
        yield from self.on_channels([Case(channel, None)], words, self._receive(Case(channel, None)))

    def _receive(self, case: Case) -> Code:
        address = self.elem(case)
        ok = yield from self.world.call("runtime.chanrecv2", 0 if case.channel is None else case.channel.address, address)
        return Completed(0, self.take(case, address, ok), ok)

    def select(self, may_block: bool) -> Code:
        random = self.world.random
        count = random.randrange(4)
        chosen = [random.choice([None, *self.channels, *self.channels]) for _ in range(count)]
        sends = random.randrange(count + 1)
        # Cases with equal channels are equal, their values too.
        sending = {None if each is None else each.address: self.sending(each) for each in chosen[:sends]}
        cases = [sending[None if each is None else each.address] if at < sends else Case(each, None) for at, each in enumerate(chosen)]
        block = may_block and random.random() < 0.7
        yield from self.on_channels(cases, "select", self._select(cases, sends, block), choose=True)

    def _select(self, cases: list[Case], sends: int, block: bool) -> Code:
        world = self.world
        elems = [self.elem(case) for case in cases]
        table, order = world.reserve(16 * len(cases) + 16), world.reserve(4 * len(cases) + 4)
        for at, case in enumerate(cases):
            world.simulation.memory.store(table + 16 * at, 8, 0 if case.channel is None else case.channel.address)
            world.simulation.memory.store(table + 16 * at + 8, 8, elems[at])
        chosen: tuple[int, bool] = yield from world.call("runtime.selectgo", table, order, sends, len(cases) - sends, block)
        index, ok = chosen
        value = self.take(cases[index], elems[index], ok) if index >= 0 else 0
        for address in elems:
            world.simulation.memory.poison(address, 8)
        return Completed(index, value, ok)

    def close(self, channel: Channel | None) -> Code:
        try:
            yield from self.world.call("runtime.closechan", 0 if channel is None else channel.address)
            outcome: Outcome = Completed()
        except GoPanicError as panic:
            outcome = Panics(panic.text)
        assert outcome == self.model.close(channel)
        if channel is not None:
            self.compare(channel)

    def parking(self, call: Code, parks: Callable[[], None]) -> Code:
        """Runs a call that parks once; ``parks`` is called then."""
        while True:
            try:
                event = next(call)
            except StopIteration as stop:
                return stop.value
            if isinstance(event, Park):
                parks()
            yield event

    def sleep(self) -> Code:
        number = self.number()
        when = self.world.now_ns() + self.world.random.choice([-5, 1, 1000, 50_000, 1_000_000])

        def parks() -> None:
            self.model.sleeping[number] = Sleep(self.world.now_ns(), when)

        due = yield from self.parking(self.world.call("runtime.gosleep", 0, when, SLEEP), parks)
        assert due == (number not in self.model.woken)
        self.model.woken.pop(number, None)

    def park(self) -> Code:
        number, g, memory = self.number(), self.world.g(), self.world.simulation.memory
        word = self.world.reserve(4)
        yield from self.world.call("runtime.lock", word, RANK_SEMAPHORE)

        def parks() -> None:
            assert memory.load(word, 4) == 1, "unlocked before it is parked"
            self.model.blocked[number] = "semacquire"
            self.parked[g] = word

        yield from self.parking(self.world.call("runtime.gopark", word, SEMAPHORE), parks)
        self.model.woken.pop(number)

    def ready(self) -> Code:
        """Goready for a goroutine that is parked or sleeps; for one that can run it does nothing."""
        g = self.world.random.choice(list(self.parked) * 3 + list(self.numbers))
        number = self.numbers[g]
        if g in self.parked:
            assert self.world.simulation.memory.load(self.parked.pop(g), 4) == 0, "parked, but not unlocked"
            self.model.wake(number, Completed())
        elif number in self.model.blocked:
            return
        elif number in self.model.sleeping and self.world.load("G", g, "status") == WAITING:
            self.model.wake(number, Completed())
        yield from self.world.call("runtime.goready", g)

    def spawn(self) -> Code:
        if len(self.model.alive) < GOROUTINES:
            yield from self.world.go(self.goroutine)
            processor = self.world.simulation.globals["tricolor.processor"]
            self.model.alive.add(self.world.load("Processor", processor, "next_id"))

    # --- Goroutines -------------------------------------------------------------------------------

    def resumed(self, g: int) -> None:
        """A goroutine goes on: the model agrees that it can."""
        number = self.world.load("G", g, "id")
        self.numbers[g] = number
        sleep = self.model.sleeping.pop(number, None)
        if sleep is not None:
            assert self.world.now_ns() >= sleep.until_ns, "woke too early"
            others = self.model.sleeping.values()
            assert not any(each.from_ns < sleep.until_ns > each.until_ns for each in others), "woke before one that is due earlier"
        assert number in self.model.can_run()

    def step(self) -> Code:
        """One random operation. Few that may block when little else can run, so that a program goes on for a while."""
        random = self.world.random
        channel = random.choice(self.channels) if random.random() < 0.97 else None
        may_block = len(self.model.can_run()) > 2 or random.random() < 0.1
        match random.choices(range(9), (8, 8, 6, 0.3, 2, 1, 2, 3, 2))[0]:
            case 0 if may_block or self.model.is_ready(Case(channel, 0)):
                yield from self.send(channel)
            case 1 if may_block or self.model.is_ready(Case(channel, None)):
                yield from self.receive(channel)
            case 2:
                yield from self.select(may_block)
            case 3:
                yield from self.close(channel)
            case 4:
                yield from self.sleep()
            case 5 if may_block:
                yield from self.park()
            case 6 if self.parked or random.random() < 0.3:
                yield from self.ready()
            case 8:
                yield from self.world.system_call(random.choice([0, 1000, 100_000, 3_000_000]))
            case _:
                yield from random.choice([self.spawn, partial(self.world.call, "runtime.gosched")])()

    def goroutine(self) -> Code:
        """Random operations until none are left; ends by return or by Goexit."""
        number = self.number()
        while self.left > 0 and self.world.random.random() < 0.97:
            self.left -= 1
            yield from self.step()
            assert self.world.scheduler("live") == len(self.model.alive)
        if self.world.random.random() < 0.5:
            yield from self.parking(self.world.call("runtime.goexit0"), lambda: self.model.alive.remove(number))
        self.model.alive.remove(number)

    def main(self) -> Code:
        """Some channels and goroutines, random operations, and at the end an exit or a wait for ever."""
        random = self.world.random
        for _ in range(random.randrange(1, 4)):
            self.channels.append((yield from self.make_channel(random.choice([0, 0, 1, 2, 5]), random.choice(ELEM_BYTES))))
        for _ in range(random.randrange(1, GOROUTINES)):
            yield from self.spawn()
        while self.left > 0:
            self.left -= 1
            yield from self.step()
        if random.random() < 0.3:
            yield from self.world.call("runtime.exit", 0)
        yield from self.parking(self.world.call("runtime.block"), lambda: self.model.blocked.__setitem__(1, "select (no cases)"))

    def check_deadlock(self) -> None:
        """The runtime said that nothing can run: nor can it by the model, and the traces say why."""
        output = self.world.error_output()
        assert output.startswith(DEADLOCK)
        assert not self.model.can_run()
        assert not self.model.sleeping
        traces = re.findall(r"^goroutine (\d+) \[(.*)\]:$", output, re.MULTILINE)
        assert {int(number): words for number, words in traces} == self.model.blocked
        in_slab = SLAB_BYTES // self.world.simulation.struct("Sudog").size_bytes
        assert self.free_sudogs() % in_slab == -self.cases() % in_slab, "a sudog was lost"

    def free_sudogs(self) -> int:
        places = self.world.simulation.globals
        processor, central = places["tricolor.processor"], places["tricolor.runtime.scheduler.sudogs:central_sudogs"]
        count = 0
        for each in (self.world.load("Processor", processor, "free_sudogs"), self.world.load("CentralSudogs", central, "free")):
            free = each
            while free != 0:
                count, free = count + 1, self.world.load("Sudog", free, "wait_link")
        return count

    def cases(self) -> int:
        """Places of selects in queues."""
        return sum(len(self.queue(channel, name, only_selects=True)) for channel in self.channels for name in ("senders", "receivers"))


def run_seed(seed: int) -> Run:
    """Runs the program of a seed beside its model; every other one with the locks that several processors need."""
    run = Run(world(), Model(alive={1}))
    run.world.resumed = run.resumed
    percents = {"preempted_percent": seed % 4 * 20, "monitored_percent": seed % 3 * 20}
    status = run.world.run(run.main, seed, **percents, parallel=seed // 4 % 2)
    assert status in {0, 2}
    if status == 2:
        run.check_deadlock()
    return run


def test_threads_take_over_from_those_in_system_calls() -> None:
    threads: list[int] = []
    for seed in range(2, 32, 3):
        run_seed(seed)
        threads.append(world().scheduler("machine_count"))
    assert max(threads) > 2, threads


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_PER_TEST))
def test_random_programs_do_what_the_model_does(first: int) -> None:
    runs = [run_seed(seed) for seed in range(first, first + SEEDS_PER_TEST)]
    assert any(run.left == 0 for run in runs), "no program did all its operations"
    assert any(run.received for run in runs), "no program received a value"
