"""How emitted code accesses memory and where it allocates objects, as the LLVM text shows."""

from __future__ import annotations

from tests.codegen.trees import emitted, func, name, returns, text_of, variable
from tricolor.codegen.intrinsics import is_intrinsic
from tricolor.codegen.state import Options
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n

POINT = t.struct((t.Field("x", t.INT, pkg="main"), t.Field("next", t.pointer(t.INT), pkg="main")))
BIG = t.array(t.INT, 20)


def body(text: str, symbol: str = "main.f") -> str:
    start = text.rindex("define", 0, text.index(f'@"{symbol}"(') + 1)
    return text[start : text.index("\n}", start)]


def test_what_a_pointer_points_to_is_read_and_written_word_by_word() -> None:
    p = variable("p", t.pointer(POINT))
    lit = n.StructLit(0, POINT, [(0, n.Const(0, t.INT, 3)), (1, n.Nil(0, t.pointer(t.INT)))])
    write = n.Assign(0, n.Deref(0, POINT, name(p)), lit)
    text = body(text_of(func("main.f", [p], [POINT], [write, returns(n.Deref(0, POINT, name(p)))])))
    assert "store atomic i64 " in text
    assert "store atomic volatile ptr " in text
    assert "load atomic i64, ptr" in text
    assert "load atomic ptr, ptr" in text


def test_a_local_that_nobody_else_sees_is_accessed_plainly() -> None:
    x = variable("x", t.INT)
    text = body(text_of(func("main.f", [x], [t.INT], [n.AssignOp(0, name(x), n.BinaryOp.ADD, name(x)), returns(name(x))])))
    assert "atomic" not in text


def test_a_nil_pointer_is_checked_once_per_line_block() -> None:
    p = variable("p", t.pointer(t.INT))
    text = body(text_of(func("main.f", [p], [t.INT], [returns(n.Deref(0, t.INT, name(p)))])))
    assert text.count("icmp ne ptr") == 1
    assert 'call void @"runtime.panicmem"() #92' in text


def test_large_values_are_passed_by_address_and_returned_through_sret() -> None:
    b = variable("b", BIG)
    text = body(text_of(func("main.f", [b], [BIG], [returns(name(b))])))
    assert text.startswith('define void @"main.f"(ptr sret([20 x i64]) align 8 %result, ptr "owned" %p0)')


def test_a_small_object_uses_the_inline_allocator_and_a_large_one_the_runtime() -> None:
    def made(elem: t.Type) -> str:
        return body(text_of(func("main.f", [], [t.pointer(elem)], [returns(n.New(0, t.pointer(elem), elem))])))

    assert 'call ptr @"tricolor.alloc"(ptr @"layout.16.2", i64 16)' in made(POINT)
    assert 'call ptr @"runtime.newobject"(ptr @"type:[100]int")' in made(t.array(t.INT, 100))
    assert '@"runtime.zerobase"' in made(t.EMPTY_STRUCT)


def test_accounting_stores_the_site_and_lists_it() -> None:
    made = n.New(7, t.pointer(POINT), POINT)
    result = emitted(
        func("main.f", [], [t.pointer(POINT)], [returns(made)]),
        options=Options(account=True, first_site=5, debug_lines=False),
    )
    assert 'call void @"tricolor.want_site"(i32 5)' in result.text
    assert [(s.number, s.kind, s.type, s.func, s.node) for s in result.sites] == [(5, "new", POINT, "main.f", made)]


def test_results_of_a_function_that_defers_are_volatile() -> None:
    f = func("main.f", [], [t.INT], [returns(n.Const(0, t.INT, 4))], has_defer=True)
    text = body(text_of(f))
    assert "store volatile i64 4" in text
    assert "load volatile i64" in text
    assert '@"runtime.setresume"' in text


def test_the_prefix_of_a_function_that_recovers_says_so() -> None:
    recover = n.Builtin(0, t.EMPTY_INTERFACE, n.BuiltinOp.RECOVER, [])
    text = body(text_of(func("main.f", [], [t.EMPTY_INTERFACE], [returns(recover)], has_recover=True)))
    assert f"prefix i64 {0x5452000D}" in text, "it has no parameters, and may be interrupted"
    assert text.index("runtime.recovertoken") < text.index("runtime.gorecover")


def test_an_assignment_reads_its_right_side_before_it_writes() -> None:
    x = variable("x", BIG, n.VarKind.LOCAL)
    first = n.Index(0, t.INT, name(x), n.Const(0, t.INT, 0))
    lit = n.ArrayLit(0, BIG, [(1, first)])
    text = body(text_of(func("main.f", [], [], [n.Declare(0, x), n.Assign(0, name(x), lit)])))
    assert text.count("llvm.memmove") == 1


def test_atomics_are_intrinsics_and_panics_are_not() -> None:
    assert is_intrinsic("sync/atomic.AddInt64")
    assert is_intrinsic("internal/runtime/atomic.Casp1")
    assert is_intrinsic("math/bits.TrailingZeros64")
    assert not is_intrinsic("runtime.gopanic")


def test_calls_have_line_numbers() -> None:
    p = variable("p", t.pointer(t.INT))
    f = func("main.f", [p], [t.INT], [returns(n.Deref(5, t.INT, name(p)))])
    text = text_of(f, options=Options(position=lambda pos: ("dir/a.go", pos * 10, 1)))
    assert "!DILocation(line: 50, scope: " in text
    assert '!DIFile(filename: "a.go", directory: "dir")' in text
