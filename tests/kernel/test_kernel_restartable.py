"""The restartable sequence: its meaning in both back ends, and the bytes by which a signal handler recognises it."""

from __future__ import annotations

import ctypes

import pytest
from kernel_native import NativeModule, in_a_thread, kernel_text, link

from tricolor.kernel.diagnostics import KernelProgramError
from tricolor.kernel.llvm_text import compile_modules, inline_prelude
from tricolor.kernel.restartable import BUMP_BLOCK_AT, BUMP_BYTES, BUMP_INSIDE, BUMP_MASK, BUMP_POINTER_AT, bump_assembly
from tricolor.kernel.simulation.run import simulate

POINTER_OFFSET = 8
BLOCK_OFFSET = 128
TEXT = """
class Block(Struct):
    words: Array[u64, 8]

class Pool(Struct):
    room: Array[u64, 16]
    block: Embed[Block]

class Worker(Struct):
    unused: u64
    pool: Pool

worker = thread_struct(Worker)
the_worker = global_struct(Worker)
the_pool = global_struct(Pool)

@export("begin")
def begin() -> None:
    set_thread_struct(worker, the_worker)
    worker.pool = the_pool
    the_pool.block.words[2] = 1000
    the_pool.block.words[3] = 1040

@inline(symbol_name="take")
def take(size: u64) -> u64:
    start, fits = bump_restartable(worker.pool.block, 16, size)
    return to_u64(start) if fits else 0

@export("take_in_kernel")
def take_in_kernel(size: u64) -> u64:
    return take(size)
"""
GO_CODE = "define i64 @go_code(i64 %n, i64 %a, i64 %b) {{ {calls} ret i64 %s }}\n"


def go_code(level: int) -> NativeModule:
    """The functions of the module, and Go code with one copy of the sequence."""
    texts = {"sample": kernel_text(TEXT)}
    calls = '%r = call i64 @"take"(i64 %n)\n %t = add i64 %r, %a\n %s = sub i64 %t, %b\n'
    module = inline_prelude(["sample"], texts=texts) + GO_CODE.format(calls=calls)
    return link([compile_modules(["sample"], texts=texts), module], ["begin", "take_in_kernel", "go_code", "sample:the_pool"], level)


def expected_results(sizes: list[int]) -> list[int]:
    simulation = simulate(["sample"], texts={"sample": kernel_text(TEXT)})
    simulation.call("begin")
    return [simulation.call("take_in_kernel", size) for size in sizes]


def test_memory_is_taken_while_it_fits() -> None:
    assert expected_results([8, 16, 24, 16, 1]) == [1000, 1008, 0, 1024, 0]


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("symbol", ["take_in_kernel", "go_code"])
def test_both_native_forms_do_what_the_simulation_does(symbol: str, level: int) -> None:
    module = go_code(level)
    sizes = [8, 16, 24, 16, 1]
    parameters = ["u64"] if symbol == "take_in_kernel" else ["u64", "u64", "u64"]
    function = module.function(symbol, "u64", *parameters)

    def run() -> list[int]:
        module.function("begin", "None")()
        return [function(size, *([7, 7] if len(parameters) > 1 else [])) for size in sizes]

    assert in_a_thread(run) == expected_results(sizes)


def matches(code: bytes) -> list[int]:
    """Where the sequence stands in the code."""
    last = len(code) - len(BUMP_BYTES) + 1
    return [at for at in range(last) if all(b & m == v for b, v, m in zip(code[at:], BUMP_BYTES, BUMP_MASK, strict=False))]


@pytest.mark.parametrize("level", [0, 2])
def test_the_sequence_in_compiled_code_has_the_bytes_that_the_handler_looks_for(level: int) -> None:
    module = go_code(level)
    code = ctypes.string_at(module.address("go_code"), 200)
    (at,) = matches(code)
    assert int.from_bytes(code[at + BUMP_POINTER_AT :][:4], "little") == POINTER_OFFSET
    assert int.from_bytes(code[at + BUMP_BLOCK_AT :][:4], "little") == BLOCK_OFFSET


def test_the_places_inside_are_those_of_the_instructions_after_the_first() -> None:
    assert BUMP_INSIDE == (9, 17, 20, 23, 31, 33)
    assert len(BUMP_BYTES) == len(BUMP_MASK) == 41


def test_a_block_near_the_start_of_its_struct_is_refused() -> None:
    with pytest.raises(ValueError, match="other instructions"):
        bump_assembly(8, 120)


def test_a_block_outside_the_thread_struct_is_refused() -> None:
    text = kernel_text(TEXT + "\n@kernel\ndef f() -> None:\n    x, y = bump_restartable(the_pool.block, 0, 8)\n")
    with pytest.raises(KernelProgramError, match="K011"):
        compile_modules(["sample"], texts={"sample": text})
