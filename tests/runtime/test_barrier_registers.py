"""The barrier that compiled Go code calls keeps the registers that its convention promises, also when it flushes."""

from __future__ import annotations

import ctypes

import pytest

from tests.runtime.memory_native import GO_SIDE, NUMBERS
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.link import load_objects

KEPT = ("rax", "rcx", "rdx", "r8", "r9", "r10", "rbx", "r12", "r13", "r14", "r15")
SAVED = ("rbx", "r12", "r13", "r14", "r15")
TINY = dict.fromkeys(("tricolor.runtime.allocator.sizes", "tricolor.abi.sizeclasses"), "tests.runtime.tiny_sizes")


def probe() -> str:
    """``i64 test.probe(ptr old, ptr new)``: calls the barrier with a number in each register; gives how many have changed."""
    lines = ["pushq %rbp", *(f"pushq %{each}" for each in SAVED), "pushq %rdi", "pushq %rsi", "subq $8, %rsp"]
    lines += [f"movq ${number}, %{each}" for number, each in enumerate(KEPT, 1000)]
    lines += ["movq $2000, %rbp", "callq tricolor.barrier", "xorl %r11d, %r11d"]
    tests = [f"cmpq ${number}, %{each}" for number, each in enumerate(KEPT, 1000)]
    tests += ["cmpq $2000, %rbp", "cmpq 8(%rsp), %rsi", "cmpq 16(%rsp), %rdi"]
    for number, test in enumerate(tests):
        lines += [test, f"je {number + 10}f", "incq %r11", f"{number + 10}:"]
    lines += ["movq %r11, %rax", "addq $24, %rsp", *(f"popq %{each}" for each in reversed(SAVED)), "popq %rbp", "retq"]
    text = "\\0A".join(lines).replace("$", "$$")
    return f'define i64 @"test.probe"(ptr %a, ptr %b) naked noinline nounwind {{\n  call void asm sideeffect "{text}", "~{{memory}}"()\n  unreachable\n}}\n'


@pytest.mark.parametrize("substitutes", [{}, TINY], ids=["large", "tiny"])
def test_the_barrier_changes_only_r11(substitutes: dict[str, str]) -> None:
    kernel = compile_object(Unit("kernel", compile_modules(["tests.runtime.driver_kernel"], CompileOptions(1), substitutes=substitutes)))
    go_side = compile_object(Unit("go", GO_SIDE.replace("NUMBERS", NUMBERS) + probe(), 0))
    loaded = load_objects([kernel, go_side], ["test.start", "test.malloc", "test.probe"])
    word, nothing = ctypes.c_uint64, None
    ctypes.CFUNCTYPE(nothing, ctypes.c_int64)(loaded.addresses["test.start"])(1 << 26)
    allocate = ctypes.CFUNCTYPE(word, word, word)(loaded.addresses["test.malloc"])
    changed = ctypes.CFUNCTYPE(word, word, word)(loaded.addresses["test.probe"])
    old, new = allocate(32, 0), allocate(32, 0)
    assert [changed(old, new) for _ in range(600)] == [0] * 600
