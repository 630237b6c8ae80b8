"""Symbols, stacks and linkage of compiled kernel code."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from kernel_native import NativeModule, in_a_thread, kernel_text, link, native

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.check import checked_program
from tricolor.kernel.llvm_text import CompileOptions, compile_modules, inline_prelude, prelude_symbols
from tricolor.kernel.registers import STACK_LIMIT_OFFSET

MACHINE = """
class Machine(Struct):
    system_stack: addr
    goroutine_sp: addr
    goroutine_fp: addr
    system_limit: u64
    goroutine_limit: u64

machine = thread_struct(Machine, symbol_name="tricolor.machine")
record = global_struct(Machine, symbol_name="record")

@export("begin")
def begin() -> None:
    set_thread_struct(machine, record)
"""
STACK_BYTES = 1 << 16


MACHINE_FIELDS = ("system_stack", "goroutine_sp", "goroutine_fp", "system_limit", "goroutine_limit")


class Machine(ctypes.Structure):
    """The contract of the thunk."""

    _fields_ = [(name, ctypes.c_uint64) for name in MACHINE_FIELDS]


def with_machine(module: NativeModule, function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the function in a thread that has the record as its machine."""

    def run() -> Any:
        module.function("begin", "None")()
        return function(*arguments)

    return in_a_thread(run)


def with_stack(module: NativeModule) -> tuple[Machine, object, int]:
    """Gives the module's machine a system stack; the buffer must stay alive."""
    machine = Machine.from_address(module.address("record"))
    stack = ctypes.create_string_buffer(STACK_BYTES)
    top = (ctypes.addressof(stack) + STACK_BYTES) & ~15
    machine.system_stack = top
    return machine, stack, top


def test_the_kernel_and_compiled_code_agree_on_the_place_of_the_stack_limit() -> None:
    assert STACK_LIMIT_OFFSET == THREAD_LIMIT_OFFSET


def test_the_machine_has_the_offsets_of_the_contract() -> None:
    struct = checked_program(["sample"], {"sample": kernel_text(MACHINE)}).structs[0]
    assert [(each.name, each.offset_bytes) for each in struct.fields] == [(name, getattr(Machine, name).offset) for name in MACHINE_FIELDS]


THUNK = (
    MACHINE
    + """
seen = global_array(u64, 4)

@systemstack("entry")
def entry(a: u64, x: f64, b: u32, c: addr, d: u64, e: u8, g: i16) -> f64:
    here: u64 = to_u64(frame_address())
    seen[0] = here
    seen[1] = to_u64(machine.system_stack)
    seen[2] = to_u64(machine.goroutine_sp)
    seen[3] = to_u64(nested(a))
    return x + to_f64(a) + to_f64(b) + to_f64(d) + to_f64(e) + to_f64(g) + to_f64(load_u64(c))

@systemstack("nested")
def nested(a: u64) -> u64:
    return a + to_u64(machine.system_stack)

@export("nested_through_thunk")
def through(a: u64) -> u64:
    return call_address(function_address(nested), (u64,), u64, a)

@systemstack("three")
def three(a: u64) -> tuple[u64, addr, u64]:
    return a + 1, field_address(seen), a + 3

@systemstack("switch")
def switch(other: addr) -> u64:
    machine.goroutine_sp = other
    return 77

@export("run_three")
def run_three(a: u64) -> u64:
    f = function_address(three)
    x, p, y = call_address(f, (u64,), tuple[u64, addr, u64], a)
    return x * 1000 + y * 10 + to_u64(p == field_address(seen))
"""
)


def test_a_systemstack_body_runs_on_the_system_stack() -> None:
    module = native(THUNK, ["entry", "begin", "record", "sample:seen"])
    machine, stack, top = with_stack(module)
    entry = module.function("entry", "f64", "u64", "f64", "u32", "addr", "u64", "u8", "i16")
    value = ctypes.c_uint64(5)
    assert with_machine(module, entry, 1, 0.5, 2, ctypes.addressof(value), 3, 255, -4) == 0.5 + 1 + 2 + 3 + 255 - 4 + 5
    seen = (ctypes.c_uint64 * 4).from_address(module.address("sample:seen"))
    assert top - STACK_BYTES < seen[0] < top
    assert seen[1] == 0
    assert not top - STACK_BYTES <= seen[2] <= top
    assert seen[3] == 1
    assert machine.system_stack == top
    assert stack is not None


def test_a_thunk_passes_on_three_results() -> None:
    module = native(THUNK, ["run_three", "begin", "record"])
    run = module.function("run_three", "u64", "u64")
    assert with_machine(module, run, 4) == 5 * 1000 + 7 * 10 + 1
    _, stack, _ = with_stack(module)
    assert with_machine(module, run, 4) == 5 * 1000 + 7 * 10 + 1
    assert stack is not None


def test_on_the_system_stack_the_thunk_only_calls() -> None:
    module = native(THUNK, ["nested_through_thunk", "begin", "record"])
    assert with_machine(module, module.function("nested_through_thunk", "u64", "u64"), 3) == 3


def test_the_limit_is_the_systems_during_the_call_and_the_goroutines_after() -> None:
    text = (
        MACHINE
        + """
@naked("limit")
def limit() -> u64:
    asm("movq %fs:112, %rax\\nretq")

@naked("set_limit")
def set_limit(value: u64) -> None:
    asm("movq %rdi, %fs:112\\nretq")

@systemstack("inside")
def inside() -> u64:
    return limit()

@export("sample")
def sample() -> u64:
    before = limit()
    set_limit(40)
    seen = call_address(function_address(inside), (), u64)
    after = limit()
    set_limit(before)
    return seen * 1000 + after
"""
    )
    module = native(text, ["sample", "begin", "record"])
    machine, stack, _ = with_stack(module)
    machine.system_limit = 7
    assert with_machine(module, module.function("sample", "u64")) == 7040
    assert machine.goroutine_limit == 40
    assert stack is not None


ASSEMBLY = """
class Inner(Struct):
    a: u32
    b: u32

class Outer(Struct):
    x: u64
    inner: Embed[Inner]
    items: Array[u64, 3]

STEP: Final = 100
ADD_STEP: Final = "addq $100, %rax"
memory = global_struct(Outer)

@naked("sum")
def sum(outer: Outer) -> u64:
    asm(f'''
        movl {Outer.inner.b}(%rdi), %eax
        addq {Outer.items + 8 * 2}(%rdi), %rax
        addq ${STEP}, %rax
        {ADD_STEP}
        addq ${size_of(Outer)}, %rax
        retq
    ''')

@export("sample")
def sample() -> u64:
    memory.inner.a = 4
    memory.inner.b = 5
    memory.items[1] = 70000
    memory.items[2] = 7000
    return sum(memory)
"""


def test_assembly_names_fields_and_constants() -> None:
    assert native(ASSEMBLY, ["sample"]).function("sample", "u64")() == 5 + 7000 + 100 + 100 + 40


def test_doubled_braces_in_formatted_assembly_are_braces() -> None:
    text = "@naked('f')\ndef f() -> None:\n    asm(f'vmovups %zmm0, %zmm1 {{%k1}}')\n"
    assert "vmovups %zmm0, %zmm1 {%k1}" in compile_modules(["sample"], texts={"sample": kernel_text(text)})


INLINE = """
count = global_value(u64)
STEPS = const_table(u64, (10, 20))

@inline(symbol_name="go.fast")
def fast(n: u64) -> u64:
    check(1, n < 1000, "n is too large")
    count.value += twice(n)
    if n > 100:
        return slow(n)
    return count.value + STEPS[n & 1]

@inline
def twice(n: u64) -> u64:
    return n * 2

@systemstack("go.slow")
def slow(n: u64) -> u64:
    return n + 5000

@export("count_now")
def count_now() -> u64:
    return count.value
"""


@pytest.mark.parametrize("level", [0, 2])
def test_inline_functions_are_copied_into_other_modules(level: int) -> None:
    texts = {"sample": kernel_text(INLINE)}
    prelude = inline_prelude(["sample"], texts=texts)
    assert {"go.fast", "go.slow", "sample:count", "sample:twice"} <= prelude_symbols(prelude)
    program = prelude + (
        'define i64 @caller(i64 %n) "split-stack" { %r = call i64 @"go.fast"(i64 %n)\n ret i64 %r }\n'
        "define void @__morestack() { ret void }\n"
    )
    module = link([compile_modules(["sample"], texts=texts), program], ["caller", "count_now"], level)
    caller = module.function("caller", "u64", "u64")
    assert (caller(1), caller(2), caller(200)) == (2 + 20, 6 + 10, 5200)
    assert module.function("count_now", "u64")() == 406


def test_goroutine_functions_have_split_stacks_and_kernel_functions_do_not() -> None:
    text = kernel_text('@goroutine("go.f")\ndef f() -> None:\n    pass\n\n@export("g")\ndef g() -> None:\n    pass\n')
    lines = compile_modules(["sample"], texts={"sample": text}).splitlines()
    definitions = {line.split('"')[1]: line for line in lines if line.startswith("define")}
    assert '"split-stack"' in definitions["go.f"]
    assert '"split-stack"' not in definitions["g"]


def test_a_goroutine_function_enters_systemstack_functions_through_the_thunk() -> None:
    text = kernel_text(
        '@systemstack("s")\ndef s() -> None:\n    pass\n\n@kernel\ndef k() -> None:\n    s()\n'
        '\n@goroutine("g")\ndef g() -> None:\n    s()\n'
    )
    llvm_text = compile_modules(["sample"], texts={"sample": text})
    assert llvm_text.count('call void @"s"()') == 1
    assert llvm_text.count('call void @"s:system"()') == 1


def test_checks_are_compiled_in_by_level() -> None:
    text = kernel_text('@export("f")\ndef f(n: u64) -> None:\n    check(2, n > 3, "n is small")\n')
    lengths = ["n is small" in compile_modules(["sample"], CompileOptions(level), {"sample": text}) for level in (1, 2, 3)]
    assert lengths == [False, True, True]


FAILING = """
import sys
sys.path.insert(0, {folder!r})
from kernel_native import native
module = native('''{text}''', ["f"], check_level=2)
module.function("f", "u64", "u64")(int(sys.argv[1]))
"""


@pytest.mark.parametrize(("argument", "message"), [(3, "n is three"), (4, "never four"), (50, "array index out of range")])
def test_a_failed_check_says_so_and_aborts(argument: int, message: str) -> None:
    text = """
items = global_array(u64, 50)

@export("f")
def f(n: u64) -> u64:
    check(1, n != 3, "n is three")
    if n == 4:
        unreachable("never four")
    return items[n]
"""
    script = FAILING.format(folder=str(__file__).rsplit("/", 1)[0], text=text)
    done = subprocess.run([sys.executable, "-c", script, str(argument)], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == f"tricolor: runtime check failed: {message}\n"
    assert done.returncode == -6


def test_an_extern_global_is_that_of_another_module() -> None:
    text = """
class Pair(Struct):
    a: u64
    b: u64

pair = extern_global("other.pair", Pair)
single = extern_global("other.single", u32)

@export("f")
def f() -> u64:
    single.value += 1
    return pair.a + pair.b + to_u64(single.value)
"""
    other = '@"other.pair" = global [2 x i64] [i64 30, i64 4]\n@"other.single" = global i32 5\n'
    llvm_text = compile_modules(["sample"], texts={"sample": kernel_text(text)})
    assert link([llvm_text, other], ["f"]).function("f", "u64")() == 40


def test_a_prelude_holds_what_is_named_and_what_that_needs() -> None:
    other = kernel_text(
        '@inline(symbol_name="go.named")\ndef named() -> u64:\n    return 1\n'
        "\n@inline\ndef needed() -> u64:\n    return 2\n\n@inline\ndef unneeded() -> u64:\n    return 3\n"
    )
    sample = kernel_text("from other import needed\n\n@inline\ndef own() -> u64:\n    return needed()\n")
    symbols = prelude_symbols(inline_prelude(["sample"], texts={"sample": sample, "other": other}))
    assert symbols == {"go.named", "other:needed", "sample:own"}


def test_a_named_inline_function_can_be_called_from_outside() -> None:
    text = '@inline(symbol_name="go.named")\ndef named(n: u64) -> u64:\n    return n + 1\n'
    assert native(text, ["go.named"], level=2).function("go.named", "u64", "u64")(4) == 5
