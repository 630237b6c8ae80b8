"""Every diagnostic of the kernel language: the source that earns it, and where it points."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_native import kernel_text

from tricolor.kernel.check import check_modules
from tricolor.kernel.diagnostics import TITLES, KernelProgramError
from tricolor.kernel.llvm_text import compile_modules

PAIR = """
class Pair(Struct):
    first: u64
    next: "Pair"
    items: Array[u32, 4]
"""


def body(text: str, result: str = "None", parameters: str = "a: u64, b: i32, p: addr, s: Pair, f: f64") -> str:
    """A kernel function ``sample`` with a body."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"{PAIR}\n@kernel\ndef sample({parameters}) -> {result}:\n{lines}"


ASSEMBLY = PAIR + '@naked("f")\ndef f(a: u64) -> u64:\n    asm(f"movq %%rdi, %s(%%rax)")\n'

FAULTS = [
    ("K001", "def f(:\n    pass"),
    ("K002", "from tricolor.nowhere import thing\n"),
    ("K003", body("x = unknown_thing")),
    ("K003", "from tricolor.kernel.types import no_such_name\n"),
    ("K004", body("assert a == 0")),
    ("K004", body("with a: pass")),
    ("K004", body("a + 1")),
    ("K004", body("for x in s: pass")),
    ("K004", body("x = 1\ny = 1\nx, y = y, x")),
    ("K004", body("while a > 0:\n    a -= 1\nelse:\n    pass")),
    ("K004", "@libc\ndef f(a: u64) -> u64:\n    return a\n"),
    ("K004", '@naked("f")\ndef f(a: u64) -> u64:\n    return a\n'),
    ("K004", '@naked("f")\ndef f(a: u64) -> u64:\n    asm(a)\n'),
    ("K004", ASSEMBLY % "{Pair.first:x}"),
    ("K003", ASSEMBLY % "{Nothing.first}"),
    ("K010", ASSEMBLY % "{Pair.second}"),
    ("K010", ASSEMBLY % "{Pair.next.first}"),
    ("K017", ASSEMBLY % "{Pair}"),
    ("K017", ASSEMBLY % "{Pair.first > 3}"),
    ("K005", body("x = [1, 2]")),
    ("K005", body("x = 1 < a < 3")),
    ("K005", body("x = s.items")),
    ("K005", body("x = u32(a)")),
    ("K005", "count = global_value(u64)\n@kernel\ndef f() -> u64:\n    return count\n"),
    ("K006", "@kernel\ndef f(a) -> None:\n    pass\n"),
    ("K006", "@kernel\ndef f(a: u64):\n    pass\n"),
    ("K006", "@kernel\ndef f(a: str) -> None:\n    pass\n".replace("str", "kernel")),
    ("K006", "@kernel\ndef f(a: Array[u64, 4]) -> None:\n    pass\n"),
    ("K006", "class S(Struct):\n    a: Embed[u64]\n"),
    ("K007", body("x = a + b")),
    ("K007", body("if a:\n    pass")),
    ("K007", body("x: u32 = a")),
    ("K007", body("return a", "addr")),
    ("K007", body("x = a == b")),
    ("K007", body("x = sample(a, b, p, s, f)")),
    ("K008", body("x: u8 = 256")),
    ("K008", body("x = a + -1")),
    ("K008", body("x = b << 32")),
    ("K008", body("x = s.items[4]")),
    ("K008", "T = const_table(u8, (1, 256))\n"),
    ("K009", body("x = a / 2")),
    ("K009", body("x = p * 2")),
    ("K009", body("x = s == s")),
    ("K009", body("x = f % f")),
    ("K009", body("x = -p")),
    ("K010", body("x = s.second")),
    ("K010", body("x = p.first")),
    ("K010", PAIR + 'N: Final = offset_of(Pair, "second")\n'),
    ("K006", "t = thread_struct(u64)\n"),
    ("K010", PAIR + "t = thread_struct(Pair)\n@kernel\ndef f() -> addr:\n    return address(t)\n"),
    ("K010", PAIR + "t = thread_struct(Pair)\n@kernel\ndef f() -> addr:\n    return field_address(t.items[1])\n"),
    ("K010", PAIR + "t = thread_struct(Pair)\n@kernel\ndef f() -> Pair:\n    return t\n"),
    ("K011", PAIR + "t = global_struct(Pair)\n@kernel\ndef f(s: Pair) -> None:\n    set_thread_struct(t, s)\n"),
    ("K007", PAIR + "t = thread_struct(Pair)\n@kernel\ndef f(a: addr) -> None:\n    set_thread_struct(t, a)\n"),
    ("K020", PAIR + "t = thread_struct(Pair)\nu = thread_struct(Pair)\n"),
    ("K011", body("sample(a)")),
    ("K011", body("store_u64(p)")),
    ("K011", body("memory_zero(p, length_bytes=3)")),
    ("K011", body("x = null(Pair, a)")),
    ("K011", body("memory_zero(*text('a'), 3)")),
    (
        "K011",
        body("memory_zero(*pair(a))")
        + "\n@kernel\ndef pair(a: u64) -> tuple[addr, u64]:\n    return s, a\n".replace("s, a", "to_addr(a), a"),
    ),
    ("K007", body("x = multiply_high_u64(*text('a'))")),
    ("K017", body("memory_zero(*text(a))", parameters="a: addr")),
    ("K012", body("other()") + '\n@goroutine("go.other")\ndef other() -> None:\n    pass\n'),
    ("K012", "@inline\ndef f() -> None:\n    g()\n\n@kernel\ndef g() -> None:\n    pass\n"),
    ("K012", '@goroutine("g")\ndef f() -> None:\n    abort()\n\n@libc\ndef abort() -> None: ...\n'),
    (
        "K012",
        "@inline\ndef f() -> None:\n    pass\n\n@kernel\ndef g() -> addr:\n    return function_address(f)\n",
    ),
    ("K013", body("if a > 1:\n    x = a\ny = x")),
    ("K013", body("while a > 1:\n    x = a\n    break\ny = x")),
    ("K013", body("for i in range(a):\n    pass\ny = i")),
    ("K014", body("if a > 1:\n    return a", "u64")),
    ("K014", body("while a > 1:\n    return a", "u64")),
    ("K015", body("x = a\nx: i32 = 5")),
    ("K015", body("x = a\nx: u32 = 1")),
    ("K016", "def f() -> None:\n    pass\n"),
    ("K016", "@systemstack\ndef f() -> None:\n    pass\n"),
    ("K016", '@kernel("a", "b")\ndef f() -> None:\n    pass\n'),
    ("K016", "@null\ndef f() -> None:\n    pass\n"),
    ("K017", "N: Final = 1 // 0\n"),
    ("K017", "N: Final = -7 // 2\n"),
    ("K017", "N: Final = N + 1\n"),
    ("K017", "N: Final = 1 << 1000\n"),
    ("K017", body("check(a, True, 'text')")),
    ("K017", body("for i in range(1, a, a):\n    pass")),
    ("K018", body("x = atomic_load(a_place.value, a)") + "\na_place = global_value(u64)\n"),
    ("K018", body("x = atomic_load(s.first, 'release')")),
    ("K018", body("atomic_store(s.first, 1, 'acquire')")),
    ("K011", body("x = atomic_load(s.first)")),
    ("K011", body("x = atomic_add(s.first, 1, 2, 'relaxed')")),
    ("K011", body("x = memory_at(u64, p)")),
    ("K011", body("x = atomic_load(memory_at(u64), 'relaxed')")),
    ("K007", body("atomic_store(s.first, b, 'relaxed')")),
    ("K007", body("x = atomic_load(memory_at(u64, a), 'relaxed')")),
    ("K008", body("atomic_store(s.items[0], 1 << 32, 'relaxed')")),
    ("K009", body("x = atomic_add(s.next, s, 'relaxed')")),
    ("K009", body("x = atomic_load(flag.value, 'relaxed')") + "\nflag = global_value(bool)\n"),
    ("K023", body("x = atomic_load(a, 'relaxed')")),
    ("K023", body("x = atomic_add(TABLE[1], 1, 'relaxed')") + "\nTABLE = const_table(u64, (1, 2))\n"),
    ("K027", body("t = stack_struct(Pair)\natomic_store(s.next, t, 'release')")),
    ("K027", body("t = stack_struct(Pair)\nif atomic_compare_exchange(s.next, s, t, 'release'):\n    pass")),
    ("K019", "@kernel\ndef f(a: u64 = 1) -> None:\n    pass\n"),
    ("K019", "@kernel\ndef f(*a: u64) -> None:\n    pass\n"),
    ("K019", "@kernel\ndef f() -> tuple[u64, u64, u64, u64]:\n    return 1, 2, 3, 4\n"),
    (
        "K019",
        '@systemstack("s")\ndef f(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> None:\n    pass\n',
    ),
    ("K020", "N: Final = 1\nN: Final = 2\n"),
    ("K020", '@export("x")\ndef f() -> None:\n    pass\n\n@export("x")\ndef g() -> None:\n    pass\n'),
    ("K020", "class S(Struct):\n    a: u64\n    a: u32\n"),
    ("K021", "@inline\ndef f() -> None:\n    g()\n\n@inline\ndef g() -> None:\n    f()\n"),
    ("K022", 'class A(Struct):\n    b: Embed["B"]\n\nclass B(Struct):\n    a: Embed[A]\n'),
    ("K022", "class S(Struct):\n    a: u64 = 1\n"),
    ("K022", "class S:\n    a: u64\n"),
    ("K023", "T = const_table(u8, (1, 2))\n@kernel\ndef f() -> None:\n    T[0] = 1\n"),
    ("K023", body("x = field_address(a)")),
    ("K023", body("a, s.first = sample(a, b, p, s, f)", "tuple[u64, u64]")),
    ("K011", body("x = stack_struct()")),
    ("K011", body("sample(a, b, p, stack_struct(Pair), f)")),
    ("K006", body("x = stack_struct(u64)")),
    ("K012", PAIR + "@inline\ndef f() -> None:\n    s = stack_struct(Pair)\n"),
    ("K023", body("s = stack_struct(Pair)")),
    ("K023", body("t = stack_struct(Pair)\nt = s")),
    ("K023", body("t = stack_struct(Pair)\nt = stack_struct(Pair)")),
    ("K027", body("t = stack_struct(Pair)\nreturn t", "Pair")),
    ("K027", body("t = stack_struct(Pair)\nreturn address(t)", "addr")),
    ("K027", body("t = stack_struct(Pair)\nx = field_address(t.items[1]) + 4\nreturn a, x", "tuple[u64, addr]")),
    ("K027", body("t = stack_struct(Pair)\nx = t if a > 3 else s\nreturn to_u64(address(x))", "u64")),
    ("K027", body("t = stack_struct(Pair)\ns.next = t")),
    ("K027", body("t = stack_struct(Pair)\nx: Pair = t\ns.next = x")),
    ("K027", body("t = stack_struct(Pair)\nkept.value = address(t)") + "\nkept = global_value(addr)\n"),
    ("K027", body("t = stack_struct(Pair)\nstore_addr(p, address(t))")),
    ("K027", PAIR + "w = thread_struct(Pair)\n@kernel\ndef f() -> None:\n    t = stack_struct(Pair)\n    set_thread_struct(w, t)\n"),
    ("K024", body("break")),
    ("K024", body("continue")),
    ("K025", "for x in (1, 2):\n    pass\n"),
    ("K025", "if True:\n    pass\n"),
    ("K026", "import os\n"),
    ("K026", "from tricolor.kernel.types import *\n"),
    ("K026", "from . import thing\n"),
]


@pytest.mark.parametrize(("code", "text"), FAULTS)
def test_a_fault_has_its_code_and_only_that(code: str, text: str) -> None:
    result = check_modules(["sample"], {"sample": kernel_text(text)})
    assert [each.code for each in result.diagnostics] == [code], [str(each) for each in result.diagnostics]


def test_every_code_has_a_sample() -> None:
    assert {code for code, _ in FAULTS} == set(TITLES)


def test_a_diagnostic_names_file_line_and_column() -> None:
    text = kernel_text("\n@kernel\ndef f(a: u64) -> u64:\n    return a + nothing\n")
    diagnostic = check_modules(["sample"], {"sample": text}).diagnostics[0]
    line = text.splitlines().index("    return a + nothing") + 1
    assert str(diagnostic).startswith(f"<sample>:{line}:16: K003 unknown name nothing")


def test_a_diagnostic_in_assembly_names_the_line() -> None:
    function = '@naked("f")\ndef f() -> None:\n    asm(f"""\n        pushq %rax\n        movq {Pair.second}(%rax), %rax\n    """)\n'
    text = kernel_text(PAIR + function)
    diagnostic = check_modules(["sample"], {"sample": text}).diagnostics[0]
    line = text.splitlines().index("        movq {Pair.second}(%rax), %rax") + 1
    assert (diagnostic.code, diagnostic.position.line) == ("K010", line)


def test_several_faults_are_reported_together() -> None:
    text = body("x = nothing\ny = x + 1\nz = a + b")
    result = check_modules(["sample"], {"sample": kernel_text(text)})
    assert [each.code for each in result.diagnostics] == ["K003", "K007"]


def test_what_stays_in_the_frame_may_be_stored_there() -> None:
    text = body(
        "t = stack_struct(Pair)\nu = stack_struct(Pair)\nt.next = u\nstore_addr(field_address(u.next), address(t))\nreturn t.first", "u64"
    )
    assert not check_modules(["sample"], {"sample": kernel_text(text)}).diagnostics


def test_compiling_a_faulty_module_raises_its_diagnostics() -> None:
    with pytest.raises(KernelProgramError, match="K003"):
        compile_modules(["sample"], texts={"sample": kernel_text(body("x = nothing"))})


def test_a_plain_module_gives_constants() -> None:
    text = "from tricolor.kernel.statements import CHECK_LEVELS\nT = const_table(u8, CHECK_LEVELS)\n"
    text += "from tricolor.kernel.types import U64\nN: Final = len(T) + U64.bits\n"
    assert not check_modules(["sample"], {"sample": kernel_text(text)}).diagnostics


def test_modules_may_refer_to_each_other() -> None:
    first = kernel_text("from second import B\nclass A(Struct):\n    b: 'B'\nSIZE: Final = 4\n")
    second = kernel_text("from first import A, SIZE\nclass B(Struct):\n    a: Embed[A]\n    n: Array[u8, SIZE]\n")
    assert not check_modules(["first"], {"first": first, "second": second}).diagnostics


ODD_STATEMENTS = [
    "lambda: 1",
    "x = {1: 2}",
    "x = f'{a}'",
    "x = (y := a)",
    "x = a[1:2]",
    "del a",
    "global a",
    "x = s.items[0][1]",
    "def inner() -> None:\n    pass",
    "class C:\n    pass",
    "try:\n    pass\nfinally:\n    pass",
    "x = *a",
    "x = 'a' < 1",
    "x: 'a b' = 1",
    "x = size_of()",
    "x = range(3)",
    "x = null(u64)",
    "x = Array[u64, 3]",
    "x = u64",
    "x = len(3)",
    "x = None",
    "x = ...",
    "x = 1.5 if a else 'b'",
    "raise a",
    "yield a",
    "a.b.c.d",
    "x = s.first.first",
    "x = await_(a)",
    "x, y = a",
    "x = y = 1",
    "s = 1",
    "check()",
    "asm('')",
    "x = call_address(p)",
    "x = load_u64(p, p)",
    "for x, y in range(3): pass",
    "x = 2 ** a",
    "x = 'a' * 3",
    "x = b'abc'",
    "import os",
    "match a:\n    case 1: pass",
    "x = [i for i in range(3)]",
]


@pytest.mark.parametrize("statement", ODD_STATEMENTS)
def test_any_other_python_is_diagnosed(statement: str) -> None:
    result = check_modules(["sample"], {"sample": kernel_text(body(statement))})
    assert result.diagnostics


def test_the_page_lists_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "kernel-language.md").read_text(encoding="utf-8")
    for code, title in TITLES.items():
        assert f"| {code} | {title} |" in page
