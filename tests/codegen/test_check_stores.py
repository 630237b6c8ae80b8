"""No pointer store goes round the door of codegen.memory, and the check that proves it can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.codegen.trees import func, name, returns, text_of, variable
from tricolor.base.errors import CompilerBug
from tricolor.base.progress import Progress
from tricolor.codegen import calls, memory
from tricolor.codegen.check_stores import check_stores, find_stray_stores
from tricolor.codegen.functions import TABLES
from tricolor.codegen.placement import ConservativePlacement
from tricolor.codegen.state import Gen, ModuleState, Options
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.pipeline import Analysed, CompileRequest, Faults, analyse_program, emit_units, load_typed
from tricolor.runtime.modules import runtime_prelude
from tricolor.staticdata.emitter import DataEmitter

ROOT = Path(__file__).parents[2]


def strays(*lines: str, symbol: str = "main.f", params: str = "ptr %p") -> int:
    """How many of a function's lines are refused."""
    body = "\n".join(f"  {line}" for line in lines)
    return len(list(find_stray_stores(f'define void @"{symbol}"({params}) #90 {{\nentry:\n{body}\n}}\n')))


# --- rules of the check ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "store ptr %v, ptr %p, align 8",
        "store atomic ptr %v, ptr %p unordered, align 8, !tbaa !993",
        "store volatile ptr %v, ptr %p, align 8",
        "store {ptr, i64} %v, ptr %p, align 8",
        "store {i64, [2 x {ptr, i64}]} zeroinitializer, ptr @global, align 8",
        "%o = atomicrmw xchg ptr %p, ptr %v seq_cst, align 8",
        "%o = cmpxchg ptr %p, ptr %a, ptr %b seq_cst seq_cst, align 8",
        "call void @llvm.memmove.p0.p0.i64(ptr align 8 %p, ptr align 8 %q, i64 16, i1 false)",
        "call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 16, i1 false)",
        "call void @llvm.memset.p0.i64(ptr align 8 %p, i8 0, i64 16, i1 false)",
        "call void @llvm.masked.store.v2p0.p0(<2 x ptr> %v, ptr %p, i32 8, <2 x i1> %m)",
        'call void @"main.g"(ptr sret({ptr, i64}) align 8 %p)',
        'call void @"main.g"(i64 1, ptr "owned" %p), !dbg !7',
    ],
)
def test_a_pointer_that_reaches_shared_memory_unmarked_is_refused(line: str) -> None:
    assert strays(line) == 1


@pytest.mark.parametrize(
    "line",
    [
        "store atomic ptr %v, ptr %p unordered, align 8, !tbaa !993, !barrier !{}",
        "store i64 %v, ptr %p, align 8",
        "store {i64, double} %v, ptr %p, align 8",
        "%o = atomicrmw xchg ptr %p, ptr %v seq_cst, align 8, !barrier !{}",
        "%o = atomicrmw add ptr %p, i64 %v seq_cst, align 8",
        "%o = cmpxchg ptr %p, i64 %a, i64 %b seq_cst seq_cst, align 8",
        "call void @llvm.memmove.p0.p0.i64(ptr align 1 %p, ptr align 1 %q, i64 16, i1 false), !noscan !{}",
        "call void @llvm.memset.p0.i64(ptr align 8 %p, i8 0, i64 16, i1 false), !barrier !{}",
        'call void @"main.g"(ptr sret([20 x i64]) align 8 %p)',
        'call void @"main.g"(ptr %p, {ptr, i64} %v)',
    ],
)
def test_marked_stores_and_stores_without_pointers_are_accepted(line: str) -> None:
    assert strays(line) == 0


def test_memory_of_the_frame_its_results_and_owned_parameters_are_private() -> None:
    params = 'ptr sret({ptr, {ptr, i64}}) align 8 %result, ptr %p0, ptr "owned" %p1'
    for address in ("%result", "%p1", "%a", "%b", "%c"):
        lines = (
            "%a = alloca [16 x i8], align 8",
            "%b = getelementptr inbounds i8, ptr %a, i64 8",
            "%c = select i1 %t, ptr %a, ptr %b",
            f"store ptr %v, ptr {address}, align 8",
            f"call void @llvm.memset.p0.i64(ptr align 8 {address}, i8 0, i64 8, i1 false)",
            f'call void @"main.g"(ptr sret({{ptr, i64}}) align 8 {address})',
        )
        assert strays(*lines, params=params) == 0
    assert strays("store ptr %v, ptr %p0, align 8", params=params) == 1


def test_an_address_that_may_be_shared_is_shared() -> None:
    lines = (
        "%a = alloca ptr, align 8",
        "%b = select i1 %t, ptr %a, ptr %p",
        "%c = phi ptr [ %a, %x ], [ %p, %y ]",
        "%d = load ptr, ptr %a, align 8",
    )
    assert strays(*lines, "store ptr %v, ptr %b, align 8", "store ptr %v, ptr %c, align 8", "store ptr %v, ptr %d, align 8") == 3


def test_what_is_private_in_one_function_is_not_in_the_next() -> None:
    first = "define void @f(ptr %p) {\n  %a = alloca ptr, align 8\n}\n"
    assert len(list(find_stray_stores(f"{first}define void @g(ptr %a) {{\n  store ptr null, ptr %a, align 8\n}}\n"))) == 1


def test_outside_the_runtime_only_code_addresses_are_stored_raw() -> None:
    line = "store ptr %v, ptr %p, align 8, !raw !{}"
    assert strays(line) == 1
    assert strays(line, symbol="runtimes.f") == 1
    assert strays(line, symbol="runtime.f") == strays(line, symbol="internal/runtime/atomic.StorepNoWB") == 0
    assert strays('store ptr @"main.g", ptr %p, align 8, !raw !{}') == 0
    assert strays("%o = cmpxchg ptr %p, ptr %a, ptr %b seq_cst seq_cst, align 8, !raw !{}") == 1


def test_the_fault_names_the_function_and_the_store() -> None:
    with pytest.raises(CompilerBug, match=r"in main\.f: .*store ptr %v, ptr %p"):
        check_stores('define void @"main.f"(ptr %p, ptr %v) {\n  store ptr %v, ptr %p, align 8\n}\n')


# --- the emitters keep the rules, and a broken door is noticed -------------------------------------------------------

PTR = t.pointer(t.INT)
NODE = t.struct((t.Field("next", PTR, pkg="main"), t.Field("text", t.STRING, pkg="main")))
BIG = t.array(PTR, 20)
OUTER = t.struct((t.Field("all", BIG, pkg="main"),))
P, Q = variable("p", t.pointer(PTR)), variable("q", PTR)
S, R = variable("s", t.slice_of(PTR)), variable("r", t.slice_of(PTR))
B, C = variable("b", t.pointer(BIG)), variable("c", t.pointer(BIG))


def _call(symbol: str, params: tuple[n.Var, ...], result: t.Type, *args: n.Expr) -> n.Call:
    callee = n.Func(symbol, symbol, symbol.rpartition(".")[0], t.signature(tuple(p.type for p in params), (result,)), 0)
    return n.Call(0, result, n.FuncName(0, callee.signature, callee), list(args))


def _atomic(symbol: str, *more: n.Var) -> n.Stmt:
    place = variable("place", t.pointer(t.UNSAFE_POINTER))
    word = n.Convert(0, t.pointer(t.UNSAFE_POINTER), name(P), n.Conversion.NOP)
    values = [n.Convert(0, t.UNSAFE_POINTER, name(v), n.Conversion.NOP) for v in more]
    return n.ExprStmt(0, _call(symbol, (place, *more), t.BOOL, word, *values))


STORES: dict[str, tuple[list[n.Var], list[n.Stmt]]] = {
    "one pointer": ([P, Q], [n.Assign(0, n.Deref(0, PTR, name(P)), name(Q))]),
    "a struct": (
        [P],
        [returns(n.AddrOf(0, t.pointer(NODE), n.StructLit(0, NODE, [(0, n.Deref(0, PTR, name(P)))])))],
    ),
    "an array": ([B, C], [n.Assign(0, n.Deref(0, BIG, name(B)), n.Deref(0, BIG, name(C)))]),
    "zero of an array": ([B], [n.Assign(0, n.Deref(0, BIG, name(B)), n.Zero(0, BIG))]),
    "append of elements": ([S, Q], [returns(n.Append(0, S.type, name(S), [name(Q)], spread=False))]),
    "append of a slice": ([S, R], [returns(n.Append(0, S.type, name(S), [name(R)], spread=True))]),
    "copy": ([S, R], [returns(n.Builtin(0, t.INT, n.BuiltinOp.COPY, [name(S), name(R)]))]),
    "clear": ([S], [n.ExprStmt(0, n.Builtin(0, t.Tuple(()), n.BuiltinOp.CLEAR, [name(S)]))]),
    "an atomic store": ([P, Q], [_atomic("sync/atomic.StorePointer", Q)]),
    "an atomic swap": ([P, Q], [_atomic("sync/atomic.SwapPointer", Q)]),
    "a compare-and-swap": ([P, Q], [_atomic("sync/atomic.CompareAndSwapPointer", Q, Q)]),
    "a store of package atomic of the runtime": ([P, Q], [_atomic("internal/runtime/atomic.storePointer", Q)]),
    "a result in a new object": (
        [],
        [returns(n.AddrOf(0, t.pointer(OUTER), n.StructLit(0, OUTER, [(0, _call("main.make", (), BIG))])))],
    ),
}


def emitted_text(params: list[n.Var], stmts: list[n.Stmt]) -> str:
    last = stmts[-1]
    results = [v.type for v in last.values] if isinstance(last, n.Return) else []
    return text_of(func("main.f", params, results, stmts))


@pytest.mark.parametrize("what", STORES)
def test_a_door_that_forgets_the_barrier_is_noticed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_stores(emitted_text(*STORES[what]))
    monkeypatch.setattr(memory, "BARRIER", "")
    with pytest.raises(CompilerBug):
        check_stores(emitted_text(*STORES[what]))


def test_a_call_that_fills_a_heap_object_directly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: t.Type) -> bool:
        return False

    monkeypatch.setattr(calls, "has_pointers", never)
    with pytest.raises(CompilerBug, match="sret"):
        check_stores(emitted_text(*STORES["a result in a new object"]))


def test_a_copy_of_bytes_to_shared_memory_is_refused() -> None:
    g = Gen(ModuleState(DataEmitter(), ConservativePlacement(), Options(), TABLES), func("main.f", [], [], []))
    with pytest.raises(AssertionError, match="know their type"):
        memory.copy_bytes(g, memory.shared("%p"), memory.shared("%q"), "8")
    with pytest.raises(AssertionError, match="by its type"):
        memory.clear_bytes(g, memory.shared("%p"), 8, 8)


def test_stores_without_write_barrier_are_marked_so_and_their_namesakes_are_not() -> None:
    """Go's StorepNoWB and Casp1 never have a barrier; storePointer and casPointer, which do the same otherwise, always have one."""
    for raw, barred, values in (("StorepNoWB", "storePointer", (Q,)), ("Casp1", "casPointer", (Q, Q))):
        texts = [emitted_text([P, Q], [_atomic(f"internal/runtime/atomic.{symbol}", *values)]) for symbol in (raw, barred)]
        assert ["!raw !{}" in text for text in texts] == [True, False]
        assert ["!barrier !{}" in text for text in texts] == [False, True]


# --- real programs ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "examples/container.go",
        "examples/lru.go",
        "examples/workerpool.go",
        "tests/codegen/programs/concurrency.go",
        "tests/codegen/programs/generics.go",
        "tests/codegen/programs/maplit.go",
        "tests/goroot/programs/reflection.go",
    ],
)
def test_no_store_of_a_program_goes_round_the_door(source: str) -> None:
    """The program's packages, those of Go's library that it imports, the runtime's Go code and the stubs of reflect."""
    request = CompileRequest((source,), ROOT)
    typed = load_typed(request, Progress())
    assert not isinstance(typed, Faults)
    analysed = analyse_program(request, typed, Progress())
    assert isinstance(analysed, Analysed)
    *units, kernel = emit_units(request, analysed, Progress())[0]
    assert "tricolor.alloc" in kernel.text, "the last unit is the runtime's kernel, which is no Go code"
    texts = [unit.text.removeprefix(runtime_prelude(0)) for unit in units]
    assert [stray for text in texts for stray in find_stray_stores(text)] == []
    assert sum(text.count("!barrier") for text in texts) > 100


@pytest.mark.slow
def test_a_build_with_check_level_1_refuses_stray_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    request = CompileRequest(("tests/codegen/programs/maplit.go",), ROOT, check_level=1)
    typed = load_typed(request, Progress())
    assert not isinstance(typed, Faults)
    analysed = analyse_program(request, typed, Progress())
    assert isinstance(analysed, Analysed)
    emit_units(request, analysed, Progress())
    monkeypatch.setattr(memory, "BARRIER", "")
    with pytest.raises(CompilerBug, match="a pointer is stored"):
        emit_units(request, analysed, Progress())
