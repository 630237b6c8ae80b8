"""The C functions that a simulated runtime may call: memory, output, a virtual clock, sleeping on a word of memory."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Final, final

from tricolor.kernel.simulation.accesses import Sleep
from tricolor.kernel.simulation.memory import (
    NONE,
    READ,
    WRITE,
    MemoryFaultError,
    SimulatedMemory,
    SimulationFaultError,
)

MAP_FIXED: Final = 0x10
MAP_FIXED_NOREPLACE: Final = 0x100000
MADV_DONTNEED: Final = 4
TIMER_ABSTIME: Final = 1
FUTEX_NUMBER: Final = 202
FUTEX_WAKE_PRIVATE: Final = 129
CLOCK_STEP_NS: Final = 1_000
NANOSECONDS: Final = 1_000_000_000
MAP_FAILED: Final = (1 << 64) - 1


class AbortError(SimulationFaultError):
    """The simulated program called abort or exit."""


@final
@dataclass(slots=True)
class SimulatedSystem:
    """The state of the C functions; ``output`` holds the bytes written to each descriptor.

    ``now_ns`` is virtual: it rises by 1 us whenever it is read. ``address_space_limit_bytes`` makes
    mmap fail beyond it.
    """

    memory: SimulatedMemory
    output: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    now_ns: int = NANOSECONDS
    address_space_limit_bytes: int | None = None
    sleepers: list[Sleep] = field(default_factory=list[Sleep])
    """Threads that sleep on words of memory."""

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The C functions by name."""
        return {
            "mmap": self.mmap,
            "munmap": self.munmap,
            "mprotect": self.mprotect,
            "madvise": self.madvise,
            "write": self.write,
            "clock_gettime": self.clock_gettime,
            "clock_nanosleep": self.clock_nanosleep,
            "abort": self.abort,
            "exit": self.exit,
            "_exit": self.exit,
            "getpid": lambda: 1,
            "memcmp": self.memcmp,
            "syscall": self.syscall,
        }

    def mmap(self, at: int, length: int, protection: int, flags: int, _descriptor: int, _offset: int) -> int:
        limit = self.address_space_limit_bytes
        if limit is not None and self.memory.mapped_bytes() + length > limit:
            return MAP_FAILED
        wanted = protection & (READ | WRITE)
        if flags & (MAP_FIXED | MAP_FIXED_NOREPLACE):
            return self.memory.map(length, wanted, at)
        return self.memory.map(length, wanted)

    def munmap(self, address: int, length: int) -> int:
        self.memory.unmap(address, length)
        return 0

    def mprotect(self, address: int, length: int, protection: int) -> int:
        self.memory.protect(address, length, protection & (READ | WRITE) or NONE)
        return 0

    def madvise(self, address: int, length: int, advice: int) -> int:
        if advice == MADV_DONTNEED:
            self.memory.discard(address, length)
        return 0

    def write(self, descriptor: int, address: int, length: int) -> int:
        try:
            data = self.memory.read(address, length)
        except MemoryFaultError:
            return -1
        self.output.setdefault(descriptor, bytearray()).extend(data)
        return length

    def clock_gettime(self, _clock: int, address: int) -> int:
        self.now_ns += CLOCK_STEP_NS
        self.memory.store(address, 8, self.now_ns // NANOSECONDS)
        self.memory.store(address + 8, 8, self.now_ns % NANOSECONDS)
        return 0

    def clock_nanosleep(self, _clock: int, flags: int, until: int, _remaining: int) -> int:
        """Sleeps in virtual time: sets the clock."""
        time = self.memory.load(until, 8) * NANOSECONDS + self.memory.load(until + 8, 8)
        self.now_ns = max(self.now_ns, time) if flags & TIMER_ABSTIME else self.now_ns + time
        return 0

    def syscall(self, number: int, word: int, operation: int, value: int, timeout: int) -> int | Generator[Sleep, None, int]:
        """futex(2) without timeouts; the generator of a sleep ends when another thread has woken this one."""
        if number != FUTEX_NUMBER or timeout != 0:
            raise SimulationFaultError(f"system call {number} is not simulated")
        if operation == FUTEX_WAKE_PRIVATE:
            woken = [each for each in self.sleepers if each.word == word][:value]
            for each in woken:
                each.awake = True
                self.sleepers.remove(each)
            return len(woken)
        if self.memory.load(word, 4) != value:
            return -1
        return self._sleep(word)

    def _sleep(self, word: int) -> Generator[Sleep, None, int]:
        sleep = Sleep(word)
        self.sleepers.append(sleep)
        while not sleep.awake:
            yield sleep
        return 0

    def abort(self) -> None:
        message = bytes(self.output.get(2, b"")).decode("utf-8", "replace")
        raise AbortError(f"abort: {message}")

    def exit(self, status: int) -> None:
        raise AbortError(f"exit status {status}")

    def memcmp(self, left: int, right: int, length: int) -> int:
        a, b = self.memory.read(left, length), self.memory.read(right, length)
        return (a > b) - (a < b)
