"""The scheduler's kernel code in simulation: goroutines are Python generators, the naked context switches are fakes, time is virtual.

How: kernel functions are generators (coroutine mode). The fake of ``park`` yields Park, the fake of ``resume`` yields Resume, and
``World.run`` goes on with the generator of whoever runs next. A ``@goroutine`` function yields ENTRY where it begins: there a real
one compares with the stack limit and may be preempted, so the world preempts it there with some probability.

Threads are generators too. The world switches between them where one parks or resumes a goroutine, enters a function, makes a system
call, or sleeps; between these places a thread runs alone. The monitor thread's looks for blocked system calls happen at random, and
whenever nothing else can happen. Time passes when no thread can run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias, final

from tricolor.kernel.simulation.accesses import Access
from tricolor.kernel.simulation.memory import MemorySnapshot
from tricolor.kernel.simulation.run import Simulation, simulate
from tricolor.kernel.simulation.system import NANOSECONDS
from tricolor.kernel.types import size_bytes

MODULES: Final = (
    "tricolor.runtime.start",
    "tricolor.runtime.channels",
    "tricolor.runtime.selects",
    "tricolor.runtime.scheduler.accessors",
)
ROOM_BYTES: Final = 1 << 20
CLOSURE_IN_START_FRAME: Final = 24
STANDARD_ERROR: Final = 2
FUTEX_NUMBER: Final = 202
FUTEX_WAKE: Final = 129
RUNNING: Final = 2
IN_CALL: Final = 3


@final
@dataclass(frozen=True, slots=True)
class Entered:
    """tricolor.start has prepared everything, and would run this function on the system stack."""

    function: int


@final
@dataclass(frozen=True, slots=True)
class Park:
    """The running goroutine is saved; ``commit`` goes on with it on the system stack."""

    commit: int
    g: int


@final
@dataclass(frozen=True, slots=True)
class Resume:
    """The system stack is left for a goroutine."""

    g: int


@final
@dataclass(slots=True)
class Pause:
    """A thread sleeps: on a word, until a time, or in a system call. It may run again when ``over`` is set."""

    word: int
    until_ns: int | None
    over: bool = False


Code: TypeAlias = Generator[Entered | Park | Resume | Pause | Access, None, Any]
Program: TypeAlias = Callable[[], Code]


class EndedError(Exception):
    """The program has ended with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class GoPanicError(Exception):
    """The running goroutine panics."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@final
@dataclass(slots=True)
class Fakes:
    """What stands in for machine code, C, and the allocator. ``simulation`` and ``main`` are set before anything runs."""

    simulation: Simulation | None = None
    main: Program | None = None
    room: int = 0
    born: list[Code] = field(default_factory=list[Code])
    """Threads that were started and have not run yet."""
    pauses: list[Pause] = field(default_factory=list[Pause])

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The fakes by symbol."""
        return {
            "tricolor.enter_scheduler": self.enter_scheduler,
            "tricolor.leave_scheduler": self.leave_scheduler,
            "tricolor.park": self.park,
            "tricolor.yield": self.yield_now,
            "runtime.gosched": self.yield_now,
            "tricolor.resume": self.resume,
            "tricolor.thread_pointer": lambda: 0x1000,
            "tricolor.morestack_return": lambda: 1,
            "runtime.main": lambda: self.main() if self.main is not None else None,
            "runtime.panicplain": self.panic,
            "runtime.mallocgc": self.allocate,
            "runtime.newobject": self.new_object,
            "pthread_create": self.create_thread,
            "pthread_detach": lambda *_: 0,
            "syscall": self.futex,
            "pthread_sigmask": lambda *_: 0,
            "pthread_self": lambda: 1,
            "sigaction": lambda *_: 0,
            "sigaltstack": lambda *_: 0,
            # The standard streams are open.
            "fcntl": lambda *_: 0,
        }

    @property
    def loaded(self) -> Simulation:
        assert self.simulation is not None
        return self.simulation

    def machine(self, name: str) -> int:
        """A field of the running thread's machine."""
        return int(self.loaded.load_field("Machine", self.loaded.thread.base, name))

    def set_machine(self, name: str, value: int) -> None:
        found = self.loaded.struct("Machine").field_named(name)
        assert found is not None
        self.loaded.memory.store(self.loaded.thread.base + found.offset_bytes, 8, value)

    def create_thread(self, _thread: int, _attributes: int, function: int, argument: int) -> Code | int:
        """The first thread runs at once. There is no monitor thread: the world does what it does."""
        addresses = self.loaded.function_addresses
        if function == addresses["tricolor.first_thread"]:
            return self.loaded.call("tricolor.first_thread", argument)
        if function == addresses["tricolor.next_thread"]:
            self.born.append(self.loaded.call("tricolor.next_thread", argument))
        return 0

    def futex(self, number: int, word: int, operation: int, value: int, timeout: int) -> Code | int:
        """A sleep on a word, which is a Pause, or a wake-up."""
        assert number == FUTEX_NUMBER
        memory = self.loaded.memory
        if operation == FUTEX_WAKE:
            woken = [each for each in self.pauses if each.word == word][:value]
            for each in woken:
                each.over = True
                self.pauses.remove(each)
            return len(woken)
        if memory.load(word, 4) != value:
            return -1
        until = None
        if timeout != 0:
            until = self.loaded.system.now_ns + memory.load(timeout, 8) * NANOSECONDS + memory.load(timeout + 8, 8)
        return self.pausing(Pause(word, until))

    def pausing(self, pause: Pause) -> Code:
        """Sleeps; others run meanwhile."""
        self.pauses.append(pause)
        yield pause
        return 0

    def enter_scheduler(self, function: int) -> Code:
        self.set_machine("system_base", self.room)
        yield Entered(function)

    def leave_scheduler(self, code: int) -> None:
        raise EndedError(code)

    def park(self, commit: int) -> Code:
        g = self.machine("g")
        assert g != 0, "no goroutine runs that could park"
        yield self.parking(commit, g)

    def parking(self, commit: int, g: int) -> Park:
        """What tricolor.park does before it calls ``commit``."""
        self.set_machine("g", 0)
        self.set_machine("system_stack", 0)
        return Park(commit, g)

    def yield_now(self) -> Code:
        yield from self.park(self.loaded.function_addresses["tricolor.commit_yield"])

    def resume(self, g: int) -> Code:
        assert self.machine("g") == 0, "a goroutine is resumed while another one runs"
        self.set_machine("g", g)
        self.set_machine("system_stack", self.machine("system_base"))
        yield Resume(g)

    def panic(self, text: int, length: int) -> None:
        raise GoPanicError(self.loaded.memory.read(text, length).decode())

    def new_object(self, go_type: int) -> int:
        return self.allocate(int(self.loaded.load_field("GoType", go_type, "size_bytes")), go_type, True)

    def allocate(self, size_bytes: int, _type: int, _zero: bool) -> int:
        """Zeroed memory that ends where a mapping ends, so that an access beyond it faults."""
        memory = self.loaded.memory
        address = memory.map(size_bytes)
        memory.poison(address + size_bytes, -size_bytes % 4096)
        return address


@final
@dataclass(slots=True)
class Thread:
    """A thread: the generator that it runs, its machine, and its sleep."""

    code: Code
    base: int = 0
    pause: Pause | None = None


@final
@dataclass(slots=True, repr=False)
class World:
    """A process that runs simulated goroutines; ``run`` starts it from the beginning."""

    fakes: Fakes
    simulation: Simulation
    snapshot: MemorySnapshot
    entry: int
    names: dict[int, str]
    """Symbols of functions by address."""
    random: random.Random = field(default_factory=random.Random)
    preempted_percent: int = 0
    monitored_percent: int = 0
    """How often the monitor looks for blocked system calls, of 100 events."""
    threads: list[Thread] = field(default_factory=list[Thread])
    programs: dict[int, Program] = field(default_factory=dict[int, Program])
    """What closures run, by address."""
    saved: dict[int, Code] = field(default_factory=dict[int, Code])
    """Goroutines that do not run at the moment."""
    resumed: Callable[[int], None] = lambda _: None
    """Called before a goroutine goes on."""
    free_room: int = 0

    # --- What programs use ------------------------------------------------------------------------

    def call(self, symbol: str, *arguments: int) -> Code:
        """A call from the running goroutine."""
        return self.simulation.call(symbol, *arguments)

    def g(self) -> int:
        """The running goroutine."""
        return self.fakes.machine("g")

    def system_call(self, duration_ns: int) -> Code:
        """What runtime.systemcall does, for a call that takes that time."""
        load, store = self.load, self.store
        g, base, p = self.g(), self.simulation.thread.base, self.fakes.machine("processor")
        store("G", g, "status", IN_CALL)
        store("Processor", p, "system_calls", load("Processor", p, "system_calls") + 1)
        store("Processor", p, "owner", base | 1)
        yield from self.fakes.pausing(Pause(0, self.now_ns() + duration_ns))
        assert self.simulation.thread.base == base
        if load("Processor", p, "owner") == base | 1:
            store("Processor", p, "owner", base)
            store("G", g, "status", RUNNING)
        else:
            yield from self.fakes.park(self.simulation.function_addresses["tricolor.return_from_call"])
        assert load("G", g, "status") == RUNNING

    def store(self, struct: str, address: int, name: str, value: int) -> None:
        """Changes a field of a kernel struct."""
        found = self.simulation.struct(struct).field_named(name)
        assert found is not None
        self.simulation.memory.store(address + found.offset_bytes, size_bytes(found.type), value)

    def now_ns(self) -> int:
        """Virtual time."""
        return self.simulation.system.now_ns

    def reserve(self, size_bytes: int) -> int:
        """Zeroed memory of the program: variables, elements."""
        address = self.free_room
        self.free_room += -(-size_bytes // 16) * 16
        assert self.free_room <= self.fakes.room + ROOM_BYTES
        return address

    def go(self, program: Program) -> Code:
        """``go program()``."""
        closure = self.reserve(8)
        self.programs[closure] = program
        yield from self.call("runtime.newproc", closure)

    def load(self, struct: str, address: int, name: str) -> int:
        """A field of a kernel struct."""
        return int(self.simulation.load_field(struct, address, name))

    def scheduler(self, name: str) -> int:
        """A field of the process's record."""
        return self.load("Scheduler", self.simulation.globals["tricolor.scheduler"], name)

    def error_output(self) -> str:
        """What the runtime wrote to standard error."""
        return bytes(self.simulation.system.output.get(STANDARD_ERROR, b"")).decode()

    # --- Running ----------------------------------------------------------------------------------

    def run(self, main: Program, seed: int = 0, preempted_percent: int = 0, monitored_percent: int = 0, parallel: int = 0) -> int:
        """Runs the program to its end and gives the exit status. ``parallel``: with the locks that several processors need."""
        self.simulation.memory.restore(self.snapshot)
        self.simulation.memory.store(self.simulation.globals["tricolor.parallel"], 4, parallel)
        self.simulation.system.now_ns = NANOSECONDS
        self.simulation.system.output.clear()
        self.programs.clear()
        self.saved.clear()
        self.fakes.born.clear()
        self.fakes.pauses.clear()
        self.free_room = self.fakes.room
        self.random.seed(seed)
        self.preempted_percent = preempted_percent
        self.monitored_percent = monitored_percent
        self.fakes.main = main
        try:
            self._schedule()
        except EndedError as ended:
            return ended.status
        raise AssertionError

    def _schedule(self) -> None:
        first = self.simulation.globals["tricolor.first_machine"]
        self.threads = [Thread(self._on_system_stack(self.entry), first)]
        while True:
            self.threads += [Thread(code) for code in self.fakes.born]
            self.fakes.born.clear()
            ready = [each for each in self.threads if each.pause is None or each.pause.over]
            if ready:
                self._step(ready[0] if len(ready) == 1 else self.random.choice(ready))
                if self.monitored_percent and self.random.randrange(100) < self.monitored_percent:
                    self._monitor()
            elif not self._monitor():
                self._pass_time()

    def _monitor(self) -> bool:
        """The monitor thread's look for processors of threads in system calls; whether it took one."""
        self.simulation.thread.base = 0
        try:
            event = next(self.simulation.call("tricolor.runtime.scheduler.preempt:_retake_all"))
        except StopIteration as stop:
            return bool(stop.value)
        raise AssertionError(event)

    def _pass_time(self) -> None:
        """Nobody can run: the first sleep ends."""
        timed = [each for each in self.fakes.pauses if each.until_ns is not None]
        assert timed, "all threads sleep for ever"
        first = min(timed, key=lambda each: each.until_ns or 0)
        self.simulation.system.now_ns = max(self.now_ns(), first.until_ns or 0)
        first.over = True
        self.fakes.pauses.remove(first)

    def _step(self, thread: Thread) -> None:
        """Runs a thread until its next event."""
        thread.pause = None
        self.simulation.thread.base = thread.base
        try:
            event = next(thread.code)
        except StopIteration:
            exit_address = self.simulation.function_addresses["tricolor.commit_exit"]
            thread.code = self._on_system_stack(exit_address, self.fakes.parking(exit_address, self.g()).g)
            return
        thread.base = self.simulation.thread.base
        match event:
            case Entered(function):
                thread.code = self._on_system_stack(function)
            case Park(commit, g):
                if self.names[commit] == "tricolor.commit_exit":
                    thread.code.close()
                else:
                    self.saved[g] = thread.code
                thread.code = self._on_system_stack(commit, g)
            case Resume(g):
                thread.code.close()
                thread.code = self._goroutine(g)
            case Pause():
                thread.pause = event
            case Access(kind="entry"):
                if self.preempted_percent > self.random.randrange(100) and self.fakes.machine("locks") == 0:
                    self.saved[self.g()] = thread.code
                    yield_address = self.simulation.function_addresses["tricolor.commit_yield"]
                    thread.code = self._on_system_stack(yield_address, self.fakes.parking(yield_address, self.g()).g)
            case _:
                raise AssertionError(event)

    def _on_system_stack(self, function: int, *arguments: int) -> Code:
        return self.simulation.call(self.names[function], *arguments)

    def _goroutine(self, g: int) -> Code:
        """The generator of a goroutine; made when it runs first."""
        self.resumed(g)
        # A thunk stores the frame pointer of its caller; newproc reads the return address above it.
        self.fakes.set_machine("goroutine_fp", self.fakes.room)
        if g in self.saved:
            return self.saved.pop(g)
        closure = self.simulation.memory.load(self.load("G", g, "sp") + CLOSURE_IN_START_FRAME, 8)
        if closure in self.programs:
            return self.programs[closure]()
        return self._on_system_stack(self.simulation.memory.load(closure, 8), closure)


@cache
def world() -> World:
    """Loads the kernel modules and runs tricolor.start as far as machine code would take over. The first call takes seconds."""
    fakes = Fakes()
    simulation = fakes.simulation = simulate(MODULES, fakes=fakes.functions(), coroutines=True)
    fakes.room = simulation.memory.map(ROOM_BYTES)
    entered = next(simulation.call("tricolor.start", 0, 0, 0))
    assert isinstance(entered, Entered)
    names = {address: symbol for symbol, address in simulation.function_addresses.items()}
    return World(fakes, simulation, simulation.memory.snapshot(), entered.function, names)
