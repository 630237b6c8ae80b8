"""Thread structs: each thread has its own, natively through %gs and in simulation."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import llvmlite.binding as llvm
import pytest
from kernel_native import NativeModule, in_a_thread, kernel_text, native

from tricolor.kernel.llvm_text import compile_modules
from tricolor.kernel.simulation.interleaving import explore, run_threads
from tricolor.kernel.simulation.memory import MemoryFaultError
from tricolor.kernel.simulation.run import Simulation, simulate

TEXT = """
class Inner(Struct):
    low: u32
    high: u32

class Worker(Struct):
    self: "Worker"
    count: u64
    spare: u64
    inner: Embed[Inner]
    flag: bool
    items: Array[u64, 4]
    pairs: Array[Embed[Inner], 3]

worker = thread_struct(Worker)
records = global_array(Embed[Worker], 4)

@export("begin")
def begin(number: u64) -> None:
    set_thread_struct(worker, records[number])

@export("work")
def work(n: u64) -> u64:
    worker.count += atomic_add(worker.spare, n, "relaxed")
    if not atomic_compare_exchange(worker.pairs[n % 3].low, 8, 3, "acq_rel"):
        atomic_store(worker.pairs[n % 3].low, 8, "release")
    worker.inner.high = to_u32(n) + 1
    worker.flag = n > 2
    for i in range(len(worker.items)):
        worker.items[i] = worker.items[i] * 2 + i + n
    worker.items[3] += 1
    worker.pairs[n % 3].high += 7
    worker.pairs[1].low = 5
    return digest(worker)

@kernel
def digest(it: Worker) -> u64:
    x = it.count
    x = x * 3 + to_u64(it.inner.low) * 5 + to_u64(it.inner.high) + to_u64(it.flag)
    for i in range(len(it.items)):
        x = x * 31 + it.items[i]
    for i in range(len(it.pairs)):
        x = x * 31 + to_u64(it.pairs[i].low) * 3 + to_u64(it.pairs[i].high)
    return x

@export("own_address")
def own_address() -> addr:
    return address(worker)

@export("field_of_own")
def field_of_own(i: u64) -> u64:
    return field_address(worker.items[i]) - address(worker) + (field_address(worker.pairs[i].high) - address(worker)) * 1000

@export("begin_and_work")
def begin_and_work(number: u64, n: u64) -> u64:
    begin(number)
    work(n)
    return work(n)
"""


def simulation_of(text: str, **options: Any) -> Simulation:
    return simulate(["sample"], texts={"sample": kernel_text(text)}, **options)


@pytest.fixture(scope="module", params=[0, 2])
def compiled(request: pytest.FixtureRequest) -> NativeModule:
    symbols = ["begin", "work", "own_address", "field_of_own", "begin_and_work", "sample:records"]
    return native(TEXT, symbols, level=request.param, check_level=3)


def test_a_native_thread_works_on_its_own_record(compiled: NativeModule) -> None:
    begin, work = compiled.function("begin", "None", "u64"), compiled.function("work", "u64", "u64")
    both = Barrier(2)

    def run(number: int) -> list[int]:
        begin(number)
        results: list[int] = []
        for n in range(5):
            both.wait()
            results.append(work(n + number))
        return results

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(run, range(2)))
    for number in range(2):
        simulation = simulation_of(TEXT)
        simulation.call("begin", 0)
        assert found[number] == [simulation.call("work", n + number) for n in range(5)]


def test_the_address_is_kept_in_the_field_self(compiled: NativeModule) -> None:
    begin, own = compiled.function("begin", "None", "u64"), compiled.function("own_address", "addr")
    record_bytes = 8 + 8 + 8 + 8 + 8 + 4 * 8 + 3 * 8

    def run() -> tuple[int, int]:
        begin(2)
        first = own()
        begin(3)
        return first, own()

    records = compiled.address("sample:records")
    assert in_a_thread(run) == (records + 2 * record_bytes, records + 3 * record_bytes)
    assert ctypes.c_uint64.from_address(records + 2 * record_bytes).value == records + 2 * record_bytes


def test_addresses_of_fields_are_those_of_the_record(compiled: NativeModule) -> None:
    begin, field_of_own = compiled.function("begin", "None", "u64"), compiled.function("field_of_own", "u64", "u64")

    def run() -> int:
        begin(1)
        return field_of_own(2)

    simulation = simulation_of(TEXT)
    simulation.call("begin", 1)
    expected = 40 + 2 * 8 + (72 + 2 * 8 + 4) * 1000
    assert in_a_thread(run) == simulation.call("field_of_own", 2) == expected


def optimised_assembly(text: str) -> str:
    """The assembly of a kernel module after optimisation."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2, reloc="pic", codemodel="small")
    module = llvm.parse_assembly(compile_modules(["sample"], texts={"sample": kernel_text(text)}))
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(module, passes)
    return machine.emit_assembly(module)


def test_a_field_is_one_operand_and_is_read_again_after_a_call() -> None:
    text = """
class Worker(Struct):
    count: u64
    spare: u64

worker = thread_struct(Worker)

@go_function("go.park")
def park() -> None: ...

@goroutine("go.sample")
def sample() -> u64:
    before = worker.spare
    park()
    return before + worker.spare
"""
    code = optimised_assembly(text)
    body = code[code.index("\ngo.sample:") : code.index(".size\tgo.sample")]
    assert body.count("%gs:8") == 2
    assert body.count("%gs") == 2


MACHINE = """
class Machine(Struct):
    spare: u64
    goroutine_limit: u64
    system_limit: u64
    goroutine_fp: addr
    goroutine_sp: addr
    system_stack: addr

machine = thread_struct(Machine, symbol_name="tricolor.machine")
record = global_struct(Machine)
stack = global_array(u64, 4096)

@naked("limit")
def limit() -> u64:
    asm("movq %fs:112, %rax\\nretq")

@systemstack("inside")
def inside(n: u64) -> u64:
    here = frame_address() - field_address(stack)
    on_stack = here < size_of(u64) * 4096 and machine.system_stack == 0
    return limit() * 100 + n + to_u64(on_stack) * 10

@export("sample")
def sample(n: u64) -> u64:
    before = limit()
    set_thread_struct(machine, record)
    machine.system_stack = field_address(stack) + size_of(u64) * 4096
    machine.system_limit = 7
    seen = call_address(function_address(inside), (u64,), u64, n)
    if limit() != before or machine.goroutine_limit != before or machine.system_stack == 0:
        return 0
    return seen
"""


def test_the_thunk_reaches_the_machine_of_the_thread_by_the_names_of_its_fields() -> None:
    module = native(MACHINE, ["sample"])
    assert in_a_thread(module.function("sample", "u64", "u64"), 3) == 7 * 100 + 10 + 3


# --- Simulated ------------------------------------------------------------------------------------


def test_a_simulated_thread_without_a_record_faults() -> None:
    with pytest.raises(MemoryFaultError, match="null pointer"):
        simulation_of(TEXT).call("work", 1)


def test_simulated_threads_have_records_of_their_own() -> None:
    simulation = simulation_of(TEXT, interleaved=True)
    alone = simulation_of(TEXT)
    results = run_threads([simulation.call("begin_and_work", 0, 3), simulation.call("begin_and_work", 1, 4)], lambda n: n - 1)
    assert results == [alone.call("begin_and_work", 0, 3), alone.call("begin_and_work", 1, 4)]


COUNTER = """
class Worker(Struct):
    count: u64

worker = thread_struct(Worker)
records = global_array(Embed[Worker], 2)

@kernel
def count_twice(number: u64) -> u64:
    set_thread_struct(worker, records[number])
    worker.count += 1
    worker.count += 1
    return worker.count
"""


def test_no_interleaving_mixes_up_the_records() -> None:
    current: list[Simulation] = []

    def build() -> list[Any]:
        current[:] = [simulation_of(COUNTER, interleaved=True)]
        return [current[0].call("count_twice", 0), current[0].call("count_twice", 1)]

    def verify(results: list[Any]) -> None:
        assert results == [2, 2]

    assert explore(build, verify, limit=300) == 300
