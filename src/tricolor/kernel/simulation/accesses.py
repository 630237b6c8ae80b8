"""The functions through which generated code accesses memory; in an interleaved run they yield first."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, cast, final

from tricolor.kernel.simulation.memory import SimulatedMemory, SimulationFaultError
from tricolor.kernel.types import INTEGERS, Integer

AccessTable: TypeAlias = dict[str, tuple[int, Callable[..., Any]]]
"""By the name that generated code uses: length in bytes (0: given by an argument), and the function."""


class Access(NamedTuple):
    """An access that an interleaved simulation is about to make."""

    kind: str
    address: int
    length_bytes: int


ENTRY: Final = Access("entry", 0, 0)
"""What a simulation in coroutine mode yields where a ``@goroutine`` function begins: it may be preempted there."""


@final
@dataclass(slots=True)
class Sleep:
    """A thread sleeps on a word of memory until another one wakes it; yielded in place of an ``Access``."""

    word: int
    awake: bool = False


@final
@dataclass(slots=True)
class CurrentThread:
    """The thread that runs: the address of its thread struct, 0 if it has none, and what pthread_self() gives."""

    base: int = 0
    number: int = 1
    last_number: int = 1

    def new_number(self) -> int:
        """The number of a thread that begins."""
        self.last_number += 1
        return self.last_number


def run_as_thread(current: CurrentThread, steps: Generator[Access, None, Any]) -> Generator[Access, None, Any]:
    """The steps of an interleaved call, as a thread that has a thread struct and a number of its own."""
    base = 0
    number = current.new_number()
    while True:
        current.base = base
        current.number = number
        try:
            access = next(steps)
        except StopIteration as stop:
            return stop.value
        base = current.base
        yield access


def access_functions(memory: SimulatedMemory, thread: CurrentThread, interleaved: bool) -> dict[str, Callable[..., Any]]:
    """All access functions by name; generators if interleaved."""
    table = _block_accesses(memory) | _thread_accesses(memory, thread)
    for name, what in INTEGERS.items():
        table |= _plain_accesses(memory, name, what)
        table |= _atomic_accesses(memory, name, what)
    if not interleaved:
        return {name: access for name, (_, access) in table.items()}
    return {name: _yielding(name, length, access) for name, (length, access) in table.items()}


def _yielding(name: str, length: int, access: Callable[..., Any]) -> Callable[..., Any]:
    kind = name.rsplit("_", 1)[0]

    def generator(address: int, *arguments: Any) -> Generator[Access, None, Any]:
        yield Access(kind, address, length)
        return access(address, *arguments)

    return generator


def coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function given from outside, in the form that code in coroutine mode calls; it may be a generator function itself."""

    def generator(*arguments: Any) -> Generator[Any, Any, Any]:
        result: Any = function(*arguments)
        if isinstance(result, Generator):
            result = yield from cast("Generator[Any, Any, Any]", result)
        return result

    return generator


def _awake(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function given from outside, which must not sleep, since no other thread can wake it."""

    def plain(*arguments: Any) -> Any:
        result: object = function(*arguments)
        if isinstance(result, Generator):
            raise SimulationFaultError("the only thread sleeps, and nobody wakes it")
        return result

    return plain


def waiting(function: Callable[..., Any], interleaved: bool) -> Callable[..., Any]:
    """A function given from outside, in the form that generated code calls."""
    if not interleaved:
        return _awake(function)

    outside: Callable[..., Generator[Any, Any, Any]] = coroutine(function)

    def generator(*arguments: Any) -> Generator[Access, None, Any]:
        yield Access("call", 0, 0)
        return (yield from outside(*arguments))

    return generator


def _block_accesses(memory: SimulatedMemory) -> AccessTable:
    load_byte, store_byte = memory.loader(1, signed=False), memory.storer(1, signed=False)
    load_word, store_word = memory.loader(8, signed=False), memory.storer(8, signed=False)

    def load_bool(address: int) -> bool:
        return load_byte(address) != 0

    def store_bool(address: int, value: bool) -> None:
        store_byte(address, int(value))

    def copy(destination: int, source: int, length: int) -> None:
        memory.write(destination, memory.read(source, length))

    def zero(destination: int, length: int) -> None:
        memory.write(destination, bytes(length))

    def compare(left: int, right: int, length: int) -> int:
        first, second = memory.read(left, length), memory.read(right, length)
        return (first > second) - (first < second)

    def bump(pair: int, size: int) -> tuple[int, bool]:
        cursor = load_word(pair)
        fits = cursor + size <= load_word(pair + 8)
        if fits:
            store_word(pair, cursor + size)
        return cursor, fits

    return {
        "bump": (16, bump),
        "load_f64": (8, memory.load_double),
        "store_f64": (8, memory.store_double),
        "load_bool": (1, load_bool),
        "store_bool": (1, store_bool),
        "memory_copy": (0, copy),
        "memory_zero": (0, zero),
        "memory_compare": (0, compare),
    }


def _thread_accesses(memory: SimulatedMemory, thread: CurrentThread) -> AccessTable:
    def set_thread(record: int, self_offset: int | None) -> None:
        if self_offset is not None:
            memory.store(record + self_offset, 8, record)
        thread.base = record

    return {"set_thread": (8, set_thread)}


def _plain_accesses(memory: SimulatedMemory, name: str, what: Integer) -> AccessTable:
    length, signed = what.bits // 8, what.signed
    load, store = memory.loader(length, signed), memory.storer(length, signed)

    def load_unaligned(address: int) -> int:
        return int.from_bytes(memory.read(address, length), "little", signed=signed)

    def store_unaligned(address: int, value: int) -> None:
        memory.write(address, value.to_bytes(length, "little", signed=signed))

    return {
        f"load_{name}": (length, load),
        f"store_{name}": (length, store),
        f"atomic_load_{name}": (length, load),
        f"atomic_store_{name}": (length, store),
        f"load_unaligned_{name}": (length, load_unaligned),
        f"store_unaligned_{name}": (length, store_unaligned),
    }


def _atomic_accesses(memory: SimulatedMemory, name: str, what: Integer) -> AccessTable:
    length, signed = what.bits // 8, what.signed
    load, store = memory.loader(length, signed), memory.storer(length, signed)

    def exchange(address: int, value: int) -> int:
        old = load(address)
        store(address, value)
        return old

    def compare_exchange(address: int, old: int, new: int) -> bool:
        # A failed exchange needs write access too, as on the machine.
        found = load(address)
        store(address, new if found == old else found)
        return found == old

    def add(address: int, value: int) -> int:
        return exchange(address, load(address) + value)

    def conjunction(address: int, value: int) -> int:
        return exchange(address, load(address) & value)

    def disjunction(address: int, value: int) -> int:
        return exchange(address, load(address) | value)

    return {
        f"atomic_exchange_{name}": (length, exchange),
        f"atomic_compare_exchange_{name}": (length, compare_exchange),
        f"atomic_add_{name}": (length, add),
        f"atomic_and_{name}": (length, conjunction),
        f"atomic_or_{name}": (length, disjunction),
    }
