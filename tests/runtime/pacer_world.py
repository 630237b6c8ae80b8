"""A program and a collector in simulated time: the pacer under test decides, everything else is arithmetic.

A scenario says, by cycle, how fast the program allocates and the collector scans (KiB per millisecond of CPU time), by which
factor the live heap grows, which part of it holds pointers, and how large stacks are. Assists are idealised: over half a
millisecond they keep the ratio of scanned to allocated bytes exactly at the assist ratio r, so that the collector's share of all
processors is u = r * a / (r * a + s) with rates a and s, and never less than a quarter.

Source: Go 1.27.3 runtime/mgcpacer_test.go (TestGcPacer).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final

from tests.kernel.kernel_native import NativeModule, link
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.kernel.simulation.run import Simulation, simulate
from tricolor.kernel.types import Float, size_bytes

DRIVER = "tests.runtime.pacer_kernel"
PACER = "tricolor.runtime.collector.pacer"
KIB = 1024
REVISE_NS = 500_000
RATE_CONVERSION = KIB * REVISE_NS / 1e6
"""From KiB per millisecond to bytes in REVISE_NS."""
BACKGROUND_SHARE = 0.25
INITIAL_HEAP_BYTES = 256 * KIB

SIGNATURES: dict[str, str] = {
    "init": "None addr i64 u64", "trigger": "u64 addr", "goal": "u64 addr", "start": "None addr i64 u64",
    "work": "f64 addr u64 u64 u64 u64 u64", "end": "None addr u64 i64 i64 u64",
}  # fmt: skip


# --- The pacer under test -------------------------------------------------------------------------


class Pacer(Protocol):
    """A pacer that a test drives by the functions of pacer_kernel."""

    def call(self, name: str, *arguments: int) -> Any: ...
    def load(self, field: str) -> Any: ...
    def store(self, field: str, value: float) -> None: ...


@final
class SimulatedPacer:
    """The pacer on simulated memory, which faults on what native code leaves undefined."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.address = simulation.memory.map(4096)

    def call(self, name: str, *arguments: int) -> Any:
        return self.simulation.call(f"test.pacer_{name}", self.address, *arguments)

    def load(self, field: str) -> Any:
        return self.simulation.load_field("Pacer", self.address, field)

    def store(self, field: str, value: float) -> None:
        found = self.simulation.struct("Pacer").field_named(field)
        assert found is not None
        if isinstance(found.type, Float):
            self.simulation.memory.store_double(self.address + found.offset_bytes, value)
        else:
            self.simulation.memory.store(self.address + found.offset_bytes, size_bytes(found.type), int(value))


@final
class NativePacer:
    """The pacer as machine code."""

    def __init__(self, module: NativeModule, layout: Simulation) -> None:
        self.functions = {name: module.function(f"test.pacer_{name}", *each.split()) for name, each in SIGNATURES.items()}
        self.layout = layout.struct("Pacer")
        self.memory = ctypes.create_string_buffer(4096)
        self.address = ctypes.addressof(self.memory)

    def call(self, name: str, *arguments: int) -> Any:
        return self.functions[name](self.address, *arguments)

    def place(self, field: str) -> Any:
        found = self.layout.field_named(field)
        assert found is not None
        kind: Any = ctypes.c_double if isinstance(found.type, Float) else ctypes.c_uint64
        return kind.from_address(self.address + found.offset_bytes)

    def load(self, field: str) -> Any:
        return self.place(field).value

    def store(self, field: str, value: float) -> None:
        self.place(field).value = value


def simulated_module(texts: Mapping[str, str] | None = None) -> Simulation:
    return simulate([DRIVER], texts=texts)


def native_module(texts: Mapping[str, str] | None = None) -> NativeModule:
    """The pacer's machine code; ``texts`` replace modules."""
    text = compile_modules([DRIVER], CompileOptions(1), texts)
    return link([text], [f"test.pacer_{name}" for name in SIGNATURES])


# --- Streams --------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Stream:
    """A number for each cycle."""

    at: Callable[[int], float]

    def __add__(self, other: Stream | float) -> Stream:
        right = other if isinstance(other, Stream) else constant(other)
        return Stream(lambda cycle: self.at(cycle) + right.at(cycle))

    def delay(self, cycles: int) -> Stream:
        """Zero for some cycles, then the stream."""
        return Stream(lambda cycle: self.at(cycle - cycles) if cycle >= cycles else 0.0)


def constant(value: float) -> Stream:
    return Stream(lambda _cycle: value)


def unit(height: float) -> Stream:
    """One peak, then zero."""
    return Stream(lambda cycle: height if cycle == 0 else 0.0)


def ramp(height: float, length: int) -> Stream:
    """From zero to ``height`` in ``length`` steps."""
    return Stream(lambda cycle: height * min(cycle, length) / length)


def noise(height: float, numbers: Sequence[float]) -> Stream:
    """Between -height and height, from numbers between 0 and 1."""
    return Stream(lambda cycle: (numbers[cycle] - 0.5) * 2 * height)


# --- Scenarios ------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Result:
    """What a cycle was like: heap sizes in bytes, and the collector's share of the processors."""

    marked: int
    trigger: int
    peak: int
    goal: int
    share: float

    @property
    def goal_ratio(self) -> float:
        return self.peak / self.goal

    @property
    def runway(self) -> int:
        return self.goal - self.trigger

    @property
    def trigger_ratio(self) -> float:
        return (self.trigger - self.marked) / (self.goal - self.marked)


STEADY_RATE = constant(33)
SCAN_RATE = constant(1024)
GROWS = constant(2) + ramp(-1, 12)
"""The heap doubles at first and is steady from the twelfth cycle on."""
ALL_POINTERS = constant(1)
SMALL_STACKS = constant(8192)


@final
@dataclass(frozen=True, slots=True)
class Scenario:
    """A program, and what must hold of each prefix of its cycles."""

    name: str
    check: Callable[[Sequence[Result]], None]
    percent: int = 100
    limit: int = 2**63 - 1
    globals_bytes: int = 32 * KIB
    processors: int = 8
    alloc_rate: Stream = STEADY_RATE
    scan_rate: Stream = SCAN_RATE
    growth: Stream = GROWS
    scannable: Stream = ALL_POINTERS
    stack_bytes: Stream = SMALL_STACKS
    length: int = 50


@final
@dataclass(slots=True)
class Work:
    """Scan work that a cycle has left: globals first, then stacks, then the heap."""

    left: list[int]

    def do(self, work: int) -> list[int]:
        """Does up to so much; gives what was done of each."""
        done = [0, 0, 0]
        for each, left in enumerate(self.left):
            done[each] = min(left, work)
            self.left[each] -= done[each]
            work -= done[each]
        return done


def run_cycle(pacer: Pacer, scenario: Scenario, cycle: int, work: Work) -> tuple[int, int, int]:
    """Marks; gives nanoseconds of the cycle and of assists, and the bytes allocated meanwhile."""
    alloc_rate = max(scenario.alloc_rate.at(cycle), 0.0001)
    scan_rate = max(scenario.scan_rate.at(cycle), 0.0001)
    scannable = min(max(scenario.scannable.at(cycle), 0.0), 1.0)
    duration_ns = assist_ns = allocated = 0
    ratio = pacer.load("assist_work_per_byte")
    while any(work.left):
        share = max(ratio * alloc_rate / (ratio * alloc_rate + scan_rate), BACKGROUND_SHARE)
        scans = int(scan_rate * RATE_CONVERSION * scenario.processors * share)
        elapsed = REVISE_NS
        done = work.do(scans)
        if sum(done) < scans:
            elapsed = int(sum(done) * REVISE_NS / (scan_rate * RATE_CONVERSION * scenario.processors * share))
        new = int(alloc_rate * RATE_CONVERSION * elapsed / REVISE_NS * scenario.processors * (1 - share))
        ratio = pacer.call("work", new, int(new * scannable), done[2], done[1], done[0])
        assist_ns += int(elapsed * scenario.processors * (share - BACKGROUND_SHARE))
        duration_ns += elapsed
        allocated += new
    return duration_ns, assist_ns, allocated


def run(pacer: Pacer, scenario: Scenario) -> Iterator[Result]:
    """Runs a scenario; gives each cycle when its marking has ended."""
    pacer.call("init", scenario.percent, scenario.limit)
    black = 0
    for cycle in range(scenario.length):
        scannable = min(max(scenario.scannable.at(cycle), 0.0), 1.0)
        stack_bytes = max(int(scenario.stack_bytes.at(cycle)) // 2048 * 2048, 0)
        marked = pacer.load("heap_marked")
        trigger = max(pacer.call("trigger"), marked)
        pacer.store("max_stack_scan", stack_bytes)
        pacer.store("globals_scan", scenario.globals_bytes)
        pacer.store("heap_live", trigger)
        pacer.store("heap_scan", pacer.load("heap_scan") + int((trigger - marked) * scannable))
        pacer.call("start", 0, scenario.processors)
        growth = max(scenario.growth.at(cycle), 0.0001)
        next_marked = INITIAL_HEAP_BYTES if cycle == 0 else int((marked - black) * growth)
        work = Work([scenario.globals_bytes, stack_bytes, int(next_marked * scannable)])
        duration_ns, assist_ns, allocated = run_cycle(pacer, scenario, cycle, work)
        share = assist_ns / (duration_ns * scenario.processors) + BACKGROUND_SHARE
        yield Result(marked, pacer.load("triggered"), pacer.load("heap_live"), pacer.call("goal"), share)
        pacer.call("end", next_marked + allocated, assist_ns, duration_ns, scenario.processors)
        black = allocated


def failure(pacer: Pacer, scenario: Scenario) -> str:
    """What a scenario finds wrong first, with the number of the cycle; empty if nothing."""
    results: list[Result] = []
    for result in run(pacer, scenario):
        results.append(result)
        try:
            assert 0 <= result.share <= 1, f"share {result.share}"
            scenario.check(results)
        except AssertionError as error:
            return f"{scenario.name}, cycle {len(results)}: {error}"
    return ""
