"""Simulated memory faults on what a machine would let pass, and every interleaving can be tried."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_native import kernel_text

from tricolor.kernel.simulation.accesses import ENTRY
from tricolor.kernel.simulation.interleaving import Thread, explore, run_threads
from tricolor.kernel.simulation.memory import (
    PAGE_BYTES,
    READ,
    WRITE,
    MemoryFaultError,
    SimulatedMemory,
    SimulationFaultError,
)
from tricolor.kernel.simulation.run import Simulation, simulate

ACCESS = """
@kernel
def get(a: addr) -> u64:
    return load_u64(a)

@kernel
def put(a: addr, v: u32) -> None:
    store_u32(a, v)
"""


def loaded(text: str, **options: Any) -> Simulation:
    return simulate(["sample"], texts={"sample": kernel_text(text)}, **options)


def test_unmapped_memory_faults() -> None:
    simulation = loaded(ACCESS)
    with pytest.raises(MemoryFaultError, match="unmapped memory: load of 8 bytes at 0x123456780"):
        simulation.call("get", 0x123456780)


def test_null_faults() -> None:
    with pytest.raises(MemoryFaultError, match="null pointer"):
        loaded(ACCESS).call("get", 8)


def test_misaligned_access_faults() -> None:
    simulation = loaded(ACCESS)
    start = simulation.memory.map(PAGE_BYTES)
    with pytest.raises(MemoryFaultError, match="misaligned: store of 4 bytes"):
        simulation.call("put", start + 2, 1)


def test_freed_memory_faults() -> None:
    simulation = loaded(ACCESS)
    start = simulation.memory.map(PAGE_BYTES)
    simulation.call("put", start, 1)
    simulation.memory.unmap(start, PAGE_BYTES)
    with pytest.raises(MemoryFaultError, match="freed memory"):
        simulation.call("get", start)


def test_poisoned_memory_faults_until_it_is_not() -> None:
    simulation = loaded(ACCESS)
    start = simulation.memory.map(PAGE_BYTES)
    simulation.memory.poison(start + 16, 8)
    assert simulation.call("get", start + 8) == 0
    with pytest.raises(MemoryFaultError, match="poisoned memory"):
        simulation.call("put", start + 20, 1)
    simulation.memory.unpoison(start + 16, 8)
    simulation.call("put", start + 20, 1)


FRAMES = """
class Pair(Struct):
    first: u64
    second: u32
    third: u32

@kernel
def same(pair: Pair) -> Pair:
    return pair

@kernel
def dangling() -> Pair:
    return same(inner())

@kernel
def inner() -> Pair:
    pair = stack_struct(Pair)
    pair.third = 5
    return same(pair)

@kernel
def use_after_return() -> u64:
    return dangling().first

@kernel
def overrun() -> u64:
    pair = stack_struct(Pair)
    return load_u64(address(pair) + size_of(Pair))

@kernel
def fails(n: u64) -> u64:
    pair = stack_struct(Pair)
    check(1, n == 0, "n is not zero")
    return pair.first
"""


def test_a_stack_struct_is_freed_at_the_return() -> None:
    with pytest.raises(MemoryFaultError, match="freed memory: load of 8 bytes"):
        loaded(FRAMES).call("use_after_return")


def test_an_access_beyond_a_stack_struct_faults() -> None:
    with pytest.raises(MemoryFaultError, match="unmapped memory: load of 8 bytes"):
        loaded(FRAMES).call("overrun")


def test_a_failing_function_frees_its_stack_structs() -> None:
    simulation = loaded(FRAMES)
    simulation.call("fails", 0)
    before = simulation.memory.touched_bytes()
    with pytest.raises(SimulationFaultError, match="n is not zero"):
        simulation.call("fails", 1)
    assert simulation.memory.touched_bytes() == before


def test_interleaved_threads_have_stack_structs_of_their_own() -> None:
    text = """
class Pair(Struct):
    first: u64

@kernel
def add(pair: Pair, n: u64) -> None:
    pair.first += n

@kernel
def run(n: u64) -> u64:
    pair = stack_struct(Pair)
    add(pair, n)
    add(pair, n)
    return pair.first
"""
    simulation = loaded(text, interleaved=True)
    assert run_threads([simulation.call("run", 1), simulation.call("run", 20)], lambda n: n - 1) == [2, 40]


def test_protected_memory_faults_and_keeps_its_contents() -> None:
    simulation = loaded(ACCESS)
    memory = simulation.memory
    start = memory.map(3 * PAGE_BYTES)
    simulation.call("put", start + PAGE_BYTES, 9)
    memory.protect(start + PAGE_BYTES, PAGE_BYTES, READ)
    assert simulation.call("get", start + PAGE_BYTES) == 9
    with pytest.raises(MemoryFaultError, match="protected memory"):
        simulation.call("put", start + PAGE_BYTES, 1)
    simulation.call("put", start + 2 * PAGE_BYTES, 1)
    memory.protect(start + PAGE_BYTES, PAGE_BYTES, 0)
    with pytest.raises(MemoryFaultError, match="protected memory"):
        simulation.call("get", start + PAGE_BYTES)


def test_running_off_a_global_faults() -> None:
    simulation = loaded("items = global_array(u64, 3)\n" + ACCESS)
    start = simulation.globals["items"]
    assert simulation.call("get", start + 16) == 0
    with pytest.raises(MemoryFaultError, match="poisoned memory"):
        simulation.call("get", start + 24)


def test_an_access_beyond_a_table_faults() -> None:
    simulation = loaded("items = const_table(u64, (7, 8))\n" + ACCESS)
    with pytest.raises(MemoryFaultError, match="poisoned memory"):
        simulation.call("get", simulation.globals["items"] + 16)


def test_a_table_is_read_only() -> None:
    simulation = loaded("items = const_table(u64, (7, 8))\n" + ACCESS)
    assert simulation.call("get", simulation.globals["items"] + 8) == 8
    with pytest.raises(MemoryFaultError, match="protected memory"):
        simulation.call("put", simulation.globals["items"], 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3 * PAGE_BYTES - 1), st.binary(max_size=5000))))
def test_bytes_are_read_as_they_were_written(writes: list[tuple[int, bytes]]) -> None:
    memory = SimulatedMemory()
    start = memory.map(5 * PAGE_BYTES)
    model = bytearray(5 * PAGE_BYTES)
    for offset, data in writes:
        memory.write(start + offset, data)
        model[offset : offset + len(data)] = data
    assert memory.read(start, len(model)) == model


offset = st.integers(0, 2 * PAGE_BYTES - 1)
memory_step = st.one_of(
    st.tuples(st.sampled_from(["poison", "unpoison"]), offset, st.integers(1, 40)),
    st.tuples(st.just("protect"), st.integers(0, 1), st.sampled_from([READ, READ | WRITE])),
    st.tuples(st.sampled_from(["load", "store"]), offset, st.integers(0, 2**64 - 1)),
)


def outcome(action: Any, *arguments: int) -> Any:
    """The result of an access, or the kind of its fault."""
    try:
        return action(*arguments)
    except MemoryFaultError as error:
        return error.kind


@settings(max_examples=100, deadline=None)
@given(st.lists(memory_step, max_size=60), st.sampled_from([1, 2, 4, 8]), st.booleans())
def test_the_fast_accesses_do_what_the_plain_ones_do(steps: list[tuple[str, int, int]], length: int, signed: bool) -> None:
    fast, plain = SimulatedMemory(), SimulatedMemory()
    start = fast.map(2 * PAGE_BYTES)
    assert plain.map(2 * PAGE_BYTES) == start
    load, store = fast.loader(length, signed), fast.storer(length, signed)
    for kind, where, value in steps:
        match kind:
            case "poison" | "unpoison":
                for memory in (fast, plain):
                    getattr(memory, kind)(start + where, min(value, 2 * PAGE_BYTES - where))
            case "protect":
                for memory in (fast, plain):
                    memory.protect(start + where * PAGE_BYTES, PAGE_BYTES, value)
            case "load":
                assert outcome(load, start + where) == outcome(plain.load, start + where, length, signed)
            case _:
                assert outcome(store, start + where, value) == outcome(plain.store, start + where, length, value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return n // (n - n)", "division by zero"),
        (
            "x: i64 = to_i64(n) - to_i64(n) - 1\nreturn to_u64((-9223372036854775807 - 1) // x)",
            "does not fit",
        ),
        ("return n << (n + 60)", "shift of 64 bits by 64"),
        ("return items[n]", "index 4 outside an array of 4"),
        ("return call_address(to_addr(n), (u64,), u64, n)", "which is no function"),
        ("return outside(n)", "no fake for outside"),
        ('check(3, n != 4, "n is four")\nreturn 0', "n is four"),
        ('unreachable("not here")', "not here"),
    ],
)
def test_what_is_undefined_natively_faults(body: str, message: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"items = global_array(u64, 4)\n@libc\ndef outside(n: u64) -> u64: ...\n@kernel\ndef f(n: u64) -> u64:\n{lines}"
    with pytest.raises(SimulationFaultError, match=message):
        loaded(text).call("f", 4)


def test_a_fault_names_the_kernel_lines() -> None:
    text = kernel_text(ACCESS + "\n@kernel\ndef outer(a: addr) -> u64:\n    x = get(a)\n    return x\n")
    simulation = simulate(["sample"], texts={"sample": text})
    with pytest.raises(SimulationFaultError) as caught:
        simulation.call("outer", 0)
    lines = text.splitlines()
    inner, outer = lines.index("    return load_u64(a)") + 1, lines.index("    x = get(a)") + 1
    assert str(caught.value).endswith(f"\n    at <sample>:{inner}:5\n    at <sample>:{outer}:5")


def test_libc_memory_output_and_clock() -> None:
    simulation = loaded(
        """
class Time(Struct):
    seconds: i64
    nanoseconds: i64

now = global_struct(Time)

@libc
def mmap(at: addr, n: u64, protection: i32, flags: i32, descriptor: i32, offset: i64) -> addr: ...
@libc
def munmap(at: addr, n: u64) -> i32: ...
@libc
def write(descriptor: i32, text: addr, n: u64) -> i64: ...
@libc
def clock_gettime(clock: i32, time: addr) -> i32: ...

@kernel
def run() -> u64:
    p = mmap(0, 100, 3, 34, -1, 0)
    store_u64(p + 8, 5)
    write(1, *text("hello"))
    clock_gettime(1, address(now))
    munmap(p, 100)
    return load_u64(p + 8)
"""
    )
    with pytest.raises(MemoryFaultError, match="freed memory"):
        simulation.call("run")
    assert simulation.system.output[1] == b"hello"
    assert simulation.load_field("Time", simulation.globals["now"], "nanoseconds") > 0


def test_fakes_stand_in_for_naked_go_and_kernel_functions() -> None:
    text = """
@naked("asm.f")
def f(n: u64) -> u64:
    asm("retq")

@kernel(symbol_name="k.g")
def g(n: u64) -> u64:
    return n

@kernel
def run(n: u64) -> u64:
    return f(n) * 100 + g(n) * 10 + call_address(function_address(f), (u64,), u64, n)
"""

    def doubled(n: int) -> int:
        return n * 2

    simulation = loaded(text, fakes={"asm.f": doubled, "k.g": doubled})
    assert simulation.call("run", 2) == 444


COUNTER = """
count = global_value(u64)

@kernel
def plain() -> None:
    count.value += 1

@kernel
def atomic() -> None:
    atomic_add(count.value, 1, "seq_cst")

@kernel
def by_exchange() -> None:
    while True:
        old = atomic_load(count.value, "relaxed")
        if atomic_compare_exchange(count.value, old, old + 1, "relaxed"):
            break
"""


def final_counts(function: str) -> tuple[set[int], int]:
    """The values of the counter after every interleaving of two threads, and how many there are."""
    seen: set[int] = set()
    current: list[Simulation] = []

    def build() -> list[Thread]:
        current[:] = [loaded(COUNTER, interleaved=True)]
        return [current[0].call(function), current[0].call(function)]

    def verify(_results: list[Any]) -> None:
        seen.add(current[0].memory.load(current[0].globals["count"], 8))

    return seen, explore(build, verify)


def test_every_interleaving_of_a_plain_increment_loses_an_update_somewhere() -> None:
    seen, runs = final_counts("plain")
    assert seen == {1, 2}
    assert runs > 2


@pytest.mark.parametrize("function", ["atomic", "by_exchange"])
def test_no_interleaving_of_an_atomic_increment_loses_an_update(function: str) -> None:
    seen, _ = final_counts(function)
    assert seen == {2}


def test_interleaved_calls_and_fakes() -> None:
    text = """
@libc
def outside(n: u64) -> u64: ...

@kernel
def inner(n: u64) -> u64:
    return outside(n) + 1

@kernel
def run(n: u64) -> u64:
    return inner(n) * 10 + call_address(function_address(inner), (u64,), u64, n)
"""

    def triple(n: int) -> int:
        return n * 3

    simulation = loaded(text, fakes={"outside": triple}, interleaved=True)
    assert run_threads([simulation.call("run", 1), simulation.call("run", 2)], lambda n: n - 1) == [44, 77]


def test_in_coroutine_mode_a_call_can_be_left_and_gone_on_with() -> None:
    text = """
@naked("switch")
def switch(n: u64) -> u64:
    asm("retq")

@goroutine("task")
def task(n: u64) -> u64:
    return call_address(function_address(inner), (u64,), u64, n * 10)

@kernel
def inner(n: u64) -> u64:
    return switch(n) + 1
"""

    def outside(n: int) -> Generator[int, None, int]:
        yield n
        return n * 2

    simulation = loaded(text, fakes={"switch": outside}, coroutines=True)
    first, second = simulation.call("task", 1), simulation.call("task", 2)
    assert [next(first), next(second)] == [ENTRY, ENTRY]
    assert [next(second), next(first)] == [20, 10]
    assert [results_of(first), results_of(second)] == [21, 41]


def results_of(generator: Generator[Any, None, Any]) -> Any:
    """What a generator that yields no more returns."""
    try:
        next(generator)
    except StopIteration as stop:
        return stop.value
    raise AssertionError


def test_memory_goes_back_to_a_snapshot() -> None:
    memory = SimulatedMemory()
    kept, read_only = memory.map(8192), memory.map(4096, READ)
    memory.store(kept, 8, 1)
    memory.poison(kept + 4096, 8)
    snapshot = memory.snapshot()
    memory.store(kept, 8, 2)
    memory.store(kept + 4096 + 8, 8, 3)
    memory.unpoison(kept + 4096, 8)
    later = memory.map(4096)
    memory.unmap(read_only, 4096)
    memory.restore(snapshot)
    assert memory.load(kept, 8) == 1
    assert memory.load(kept + 4096 + 8, 8) == 0
    assert memory.load(read_only, 8) == 0
    for address, kind in ((kept + 4096, "poisoned memory"), (read_only, "protected memory"), (later, "unmapped memory")):
        with pytest.raises(MemoryFaultError, match=kind):
            memory.store(address, 8, 0)
    assert memory.map(4096) == later
