"""Functions whose calls become instructions, by symbol.

How it works: ``find_intrinsic`` gives an emitter ``(gen, call, argument operands) -> result operands``. An intrinsic replaces the Go
body of a function, if it has one: the portable bodies of internal/runtime/atomic would not be atomic here.

Source: Go 1.27.3 cmd/compile/internal/ssagen/intrinsics.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from tricolor.codegen.memory import (
    compare_and_swap_pointer,
    compare_and_swap_pointer_raw,
    store_pointer_atomic,
    store_pointer_raw,
    swap_pointer,
)
from tricolor.codegen.shapes import shape_of
from tricolor.codegen.state import Gen
from tricolor.codegen.vectors import vector_intrinsics
from tricolor.ir.nodes import (
    Block,
    Call,
    Expr,
    ExprStmt,
    Func,
    FuncName,
    Name,
    Return,
    Stmt,
    Var,
    VarKind,
    result_type,
)

Intrinsic: TypeAlias = Callable[[Gen, Call, list[str]], list[str]]


def is_intrinsic(symbol: str) -> bool:
    """Whether calls of the function need no body."""
    return symbol in _TABLE


def find_intrinsic(func: Func) -> Intrinsic | None:
    """The emitter for calls of the function, if it is an intrinsic."""
    return _TABLE.get(func.symbol)


def with_body(func: Func) -> Func:
    """A function whose body is a call of the intrinsic, for intrinsics that are used as values."""
    params = [Var(f"p{i}", t, func.pos, VarKind.PARAM) for i, t in enumerate(func.signature.params)]
    results = [Var(f"~r{i}", t, func.pos, VarKind.RESULT) for i, t in enumerate(func.signature.results)]
    callee = FuncName(func.pos, func.signature, func)
    args: list[Expr] = [Name(func.pos, v.type, v) for v in params]
    call = Call(func.pos, result_type(func.signature), callee, args)
    stmt: Stmt = Return(func.pos, [call]) if results else ExprStmt(func.pos, call)
    return replace(func, params=params, results=results, locals=[], body=Block(func.pos, [stmt]))


def llvm_call(g: Gen, result: str, symbol: str, *operands: tuple[str, str]) -> str:
    """Call an LLVM intrinsic, declaring it."""
    types = ", ".join(t for t, _ in operands)
    g.m.data.declare(symbol, f"declare {result} @{symbol}({types})")
    return g.op(f"call {result} @{symbol}({', '.join(f'{t} {v}' for t, v in operands)})")


def _int_type(e: Call, index: int) -> str:
    return shape_of(e.args[index].type).llvm


# --- atomics ---------------------------------------------------------------------------------------------------------


def _bytes(t: str) -> int:
    return int(t[1:]) // 8


def _atomic_load(t: str) -> Intrinsic:
    align = 8 if t == "ptr" else _bytes(t)

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        return [g.op(f"load atomic {t}, ptr {args[0]} seq_cst, align {align}")]

    return emit


def _atomic_store(t: str) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        g.do(f"store atomic {t} {args[1]}, ptr {args[0]} seq_cst, align {_bytes(t)}")
        return []

    return emit


def _atomic_rmw(op: str, t: str, result: str) -> Intrinsic:
    """``result``: ``old``, ``new`` or nothing."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        old = g.op(f"atomicrmw {op} ptr {args[0]}, {t} {args[1]} seq_cst, align {_bytes(t)}")
        if result == "new":
            return [g.op(f"{op} {t} {old}, {args[1]}")]
        return [old] if result else []

    return emit


def _store_pointer(store: Callable[[Gen, str, str], None]) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        store(g, args[0], args[1])
        return []

    return emit


def _swap_pointer(g: Gen, e: Call, args: list[str]) -> list[str]:
    g.nil_check(e.pos, args[0])
    return [swap_pointer(g, args[0], args[1])]


def _compare_and_swap_pointer(swap: Callable[[Gen, str, str, str], str]) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        return [g.op(f"extractvalue {{ptr, i1}} {swap(g, *args)}, 1")]

    return emit


def _compare_and_swap(t: str) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        g.nil_check(e.pos, args[0])
        both = g.op(f"cmpxchg ptr {args[0]}, {t} {args[1]}, {t} {args[2]} seq_cst seq_cst, align {_bytes(t)}")
        return [g.op(f"extractvalue {{{t}, i1}} {both}, 1")]

    return emit


def _atomics() -> dict[str, Intrinsic]:
    out: dict[str, Intrinsic] = {}
    user = {
        "Int32": "i32",
        "Int64": "i64",
        "Uint32": "i32",
        "Uint64": "i64",
        "Uintptr": "i64",
    }
    p = "sync/atomic."
    for name, t in user.items():
        out[f"{p}Load{name}"] = _atomic_load(t)
        out[f"{p}Store{name}"] = _atomic_store(t)
        out[f"{p}Swap{name}"] = _atomic_rmw("xchg", t, "old")
        out[f"{p}CompareAndSwap{name}"] = _compare_and_swap(t)
        out[f"{p}Add{name}"] = _atomic_rmw("add", t, "new")
        out[f"{p}And{name}"] = _atomic_rmw("and", t, "old")
        out[f"{p}Or{name}"] = _atomic_rmw("or", t, "old")
    out[f"{p}LoadPointer"] = _atomic_load("ptr")
    out[f"{p}StorePointer"] = _store_pointer(store_pointer_atomic)
    out[f"{p}SwapPointer"] = _swap_pointer
    out[f"{p}CompareAndSwapPointer"] = _compare_and_swap_pointer(compare_and_swap_pointer)
    p = "internal/runtime/atomic."
    sized = {
        "": "i32",
        "64": "i64",
        "int32": "i32",
        "int64": "i64",
        "uintptr": "i64",
        "uint": "i64",
        "8": "i8",
    }
    for name, t in sized.items():
        out[f"{p}Load{name}"] = _atomic_load(t)
        out[f"{p}Store{name}"] = _atomic_store(t)
        out[f"{p}Xadd{name}"] = _atomic_rmw("add", t, "new")
        out[f"{p}Xchg{name}"] = _atomic_rmw("xchg", t, "old")
        out[f"{p}Cas{name}"] = _compare_and_swap(t)
    for name, t in {"": "i32", "64": "i64", "uintptr": "i64"}.items():
        out[f"{p}LoadAcq{name}"] = _atomic_load(t)
        out[f"{p}StoreRel{name}"] = _atomic_store(t)
    for op, text in (("And", "and"), ("Or", "or")):
        out[f"{p}{op}"] = _atomic_rmw(text, "i32", "")
        out[f"{p}{op}8"] = _atomic_rmw(text, "i8", "")
        out[f"{p}{op}32"] = _atomic_rmw(text, "i32", "old")
        out[f"{p}{op}64"] = _atomic_rmw(text, "i64", "old")
        out[f"{p}{op}uintptr"] = _atomic_rmw(text, "i64", "old")
    out[f"{p}CasRel"] = _compare_and_swap("i32")
    out[f"{p}Loadp"] = _atomic_load("ptr")
    out[f"{p}StorepNoWB"] = _store_pointer(store_pointer_raw)
    out[f"{p}storePointer"] = _store_pointer(store_pointer_atomic)
    out[f"{p}Casp1"] = _compare_and_swap_pointer(compare_and_swap_pointer_raw)
    out[f"{p}casPointer"] = _compare_and_swap_pointer(compare_and_swap_pointer)
    return out


# --- mathematics -----------------------------------------------------------------------------------------------------


def _float_function(name: str, count: int = 1) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        return [llvm_call(g, "double", f"llvm.{name}.f64", *(("double", v) for v in args[:count]))]

    return emit


def _bitcast(source: str, target: str) -> Intrinsic:
    return lambda g, e, args: [g.op(f"bitcast {source} {args[0]} to {target}")]


def _math() -> dict[str, Intrinsic]:
    out: dict[str, Intrinsic] = {}
    for name, function in {
        "sqrt": "sqrt", "Sqrt": "sqrt", "archSqrt": "sqrt", "Floor": "floor", "archFloor": "floor", "Ceil": "ceil",
        "archCeil": "ceil", "Trunc": "trunc", "archTrunc": "trunc", "Abs": "fabs", "RoundToEven": "roundeven",
    }.items():  # fmt: skip
        out[f"math.{name}"] = _float_function(function)
    out["math.Copysign"] = _float_function("copysign", 2)
    out["math.FMA"] = _float_function("fma", 3)
    out["math.archMax"] = _float_function("maximum", 2)
    out["math.archMin"] = _float_function("minimum", 2)
    out["math.Float64bits"] = _bitcast("double", "i64")
    out["math.Float64frombits"] = _bitcast("i64", "double")
    out["math.Float32bits"] = _bitcast("float", "i32")
    out["math.Float32frombits"] = _bitcast("i32", "float")
    return out


# --- bits ------------------------------------------------------------------------------------------------------------


def _resize(g: Gen, v: str, t: str, to: str) -> str:
    if t == to:
        return v
    return g.op(f"{'zext' if int(to[1:]) > int(t[1:]) else 'trunc'} {t} {v} to {to}")


def _count_bits(name: str, flag: bool, from_width: bool = False) -> Intrinsic:
    """ctlz, cttz, ctpop: the result is an int. ``from_width``: the width minus the count (Len)."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        t = _int_type(e, 0)
        operands = [(t, args[0]), ("i1", "false")] if flag else [(t, args[0])]
        n = llvm_call(g, t, f"llvm.{name}.{t}", *operands)
        if from_width:
            n = g.op(f"sub {t} {int(t[1:])}, {n}")
        return [_resize(g, n, t, shape_of(e.type).llvm)]

    return emit


def _rotate(g: Gen, e: Call, args: list[str]) -> list[str]:
    t = _int_type(e, 0)
    count = _resize(g, args[1], _int_type(e, 1), t)
    return [llvm_call(g, t, f"llvm.fshl.{t}", (t, args[0]), (t, args[0]), (t, count))]


def _permute(name: str) -> Intrinsic:
    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        t = _int_type(e, 0)
        return [args[0] if t == "i8" else llvm_call(g, t, f"llvm.{name}.{t}", (t, args[0]))]

    return emit


def _reverse(g: Gen, e: Call, args: list[str]) -> list[str]:
    t = _int_type(e, 0)
    return [llvm_call(g, t, f"llvm.bitreverse.{t}", (t, args[0]))]


def _mul64(g: Gen, e: Call, args: list[str]) -> list[str]:
    x, y = (g.op(f"zext i64 {v} to i128") for v in args)
    product = g.op(f"mul i128 {x}, {y}")
    high = g.op(f"trunc i128 {g.op(f'lshr i128 {product}, 64')} to i64")
    return [high, g.op(f"trunc i128 {product} to i64")]


def _carry(op: str) -> Intrinsic:
    """Add64 and Sub64: result and carry or borrow."""

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        symbol = f"llvm.u{op}.with.overflow.i64"
        first = llvm_call(g, "{i64, i1}", symbol, ("i64", args[0]), ("i64", args[1]))
        partial = g.op(f"extractvalue {{i64, i1}} {first}, 0")
        second = llvm_call(g, "{i64, i1}", symbol, ("i64", partial), ("i64", args[2]))
        result = g.op(f"extractvalue {{i64, i1}} {second}, 0")
        flags = [g.op(f"extractvalue {{i64, i1}} {v}, 1") for v in (first, second)]
        either = g.op(f"or i1 {flags[0]}, {flags[1]}")
        return [result, g.op(f"zext i1 {either} to i64")]

    return emit


def _mul_overflow(g: Gen, e: Call, args: list[str]) -> list[str]:
    """MulUintptr: the product, and whether it overflows."""
    both = llvm_call(g, "{i64, i1}", "llvm.umul.with.overflow.i64", ("i64", args[0]), ("i64", args[1]))
    return [g.op(f"extractvalue {{i64, i1}} {both}, {i}") for i in range(2)]


def _div64(g: Gen, e: Call, args: list[str]) -> list[str]:
    """Div64: quotient and remainder of a number of two words. LLVM has no division that fails when the quotient overflows."""
    high, low, divisor = args
    g.require(g.op(f"icmp ne i64 {divisor}, 0"), g.panic_block(e.pos, "runtime.panicdivide"))
    g.require(g.op(f"icmp ult i64 {high}, {divisor}"), g.panic_block(e.pos, "runtime.panicoverflow"))
    both = g.op(f'call {{i64, i64}} asm "divq $2", "={{rax}},={{rdx}},r,{{rax}},{{rdx}},~{{flags}}"(i64 {divisor}, i64 {low}, i64 {high})')
    return [g.op(f"extractvalue {{i64, i64}} {both}, {i}") for i in range(2)]


def _bits() -> dict[str, Intrinsic]:
    out: dict[str, Intrinsic] = {}
    for width in ("", "8", "16", "32", "64"):
        for p in ("math/bits.", "internal/runtime/sys."):
            out[f"{p}LeadingZeros{width}"] = _count_bits("ctlz", True)
            out[f"{p}TrailingZeros{width}"] = _count_bits("cttz", True)
            out[f"{p}OnesCount{width}"] = _count_bits("ctpop", False)
            out[f"{p}Len{width}"] = _count_bits("ctlz", True, from_width=True)
        out[f"math/bits.RotateLeft{width}"] = _rotate
        out[f"math/bits.Reverse{width}"] = _reverse
        out[f"math/bits.ReverseBytes{width}"] = _permute("bswap")
    del out["math/bits.ReverseBytes8"]
    for width in ("32", "64"):
        out[f"internal/runtime/sys.Bswap{width}"] = _permute("bswap")
    for width in ("", "64"):
        out[f"math/bits.Mul{width}"] = _mul64
        out[f"math/bits.Add{width}"] = _carry("add")
        out[f"math/bits.Sub{width}"] = _carry("sub")
        out[f"math/bits.Div{width}"] = _div64
    out["math/big.mulWW"] = _mul64
    out["internal/runtime/math.Mul64"] = _mul64
    out["internal/runtime/math.MulUintptr"] = _mul_overflow
    out["internal/runtime/math.Add64"] = _carry("add")
    return out


# --- groups of a map --------------------------------------------------------------------------------------------------


def _match_control(condition: str, other: Callable[[Gen, list[str]], str]) -> Intrinsic:
    """The set of slots whose control byte fulfils the condition, one bit for each slot.

    The portable bodies have one byte for each slot: either all functions on these sets are intrinsics, or none.
    """

    def emit(g: Gen, e: Call, args: list[str]) -> list[str]:
        controls = g.op(f"bitcast i64 {args[0]} to <8 x i8>")
        matches = g.op(f"icmp {condition} <8 x i8> {controls}, {other(g, args)}")
        return [g.op(f"zext i8 {g.op(f'bitcast <8 x i1> {matches} to i8')} to i64")]

    return emit


def _hash_in_all_slots(g: Gen, args: list[str]) -> str:
    byte = g.op(f"trunc i64 {args[1]} to i8")
    first = g.op(f"insertelement <8 x i8> poison, i8 {byte}, i32 0")
    return g.op(f"shufflevector <8 x i8> {first}, <8 x i8> poison, <8 x i32> zeroinitializer")


def _clear_below(g: Gen, e: Call, args: list[str]) -> list[str]:
    below = g.op(f"shl i64 -1, {args[1]}")
    return [g.op(f"and i64 {args[0]}, {below}")]


def _maps() -> dict[str, Intrinsic]:
    empty = "<" + ", ".join(["i8 -128"] * 8) + ">"
    p = "internal/runtime/maps."
    return {
        f"{p}ctrlGroupMatchH2": _match_control("eq", _hash_in_all_slots),
        f"{p}ctrlGroupMatchEmpty": _match_control("eq", lambda g, args: empty),
        f"{p}ctrlGroupMatchEmptyOrDeleted": _match_control("slt", lambda g, args: "zeroinitializer"),
        f"{p}ctrlGroupMatchFull": _match_control("sge", lambda g, args: "zeroinitializer"),
        f"{p}bitsetFirst": _count_bits("cttz", True),
        f"{p}bitsetRemoveBelow": _clear_below,
        f"{p}bitsetLowestSet": lambda g, e, args: [g.op(f"trunc i64 {args[0]} to i1")],
        f"{p}bitsetShiftOutLowest": lambda g, e, args: [g.op(f"lshr i64 {args[0]}, 1")],
    }


# --- the machine -----------------------------------------------------------------------------------------------------


def _prefetch(g: Gen, e: Call, args: list[str]) -> list[str]:
    t = _int_type(e, 0)
    ptr = args[0] if t == "ptr" else g.op(f"inttoptr {t} {args[0]} to ptr")
    g.m.data.declare("llvm.prefetch.p0", "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    g.do(f"call void @llvm.prefetch.p0(ptr {ptr}, i32 0, i32 3, i32 1)")
    return []


def _as_result(g: Gen, e: Call, ptr: str) -> list[str]:
    """A pointer as a value of the call's type, pointer or integer."""
    if shape_of(e.type).llvm == "ptr":
        return [ptr]
    return [g.op(f"ptrtoint ptr {ptr} to i64")]


def _caller_pc(g: Gen, e: Call, args: list[str]) -> list[str]:
    return _as_result(g, e, llvm_call(g, "ptr", "llvm.returnaddress", ("i32", "0")))


def _frame(g: Gen, e: Call, args: list[str]) -> list[str]:
    return _as_result(g, e, llvm_call(g, "ptr", "llvm.frameaddress.p0", ("i32", "0")))


def _caller_sp(g: Gen, e: Call, args: list[str]) -> list[str]:
    """The stack pointer of the caller before its call: above the saved frame pointer and the return address."""
    frame = llvm_call(g, "ptr", "llvm.frameaddress.p0", ("i32", "0"))
    return _as_result(g, e, g.op(f"getelementptr i8, ptr {frame}, i64 16"))


def _closure_ptr(g: Gen, e: Call, args: list[str]) -> list[str]:
    return _as_result(g, e, "%ctx" if g.context else "null")


def _code_address(g: Gen, e: Call, args: list[str]) -> list[str]:
    """FuncPCABI0(f): the code address in the closure object that the interface holds."""
    closure = g.extract("{ptr, ptr}", args[0], 1)
    return _as_result(g, e, g.op(f"load ptr, ptr {closure}, align 8"))


def _identity(g: Gen, e: Call, args: list[str]) -> list[str]:
    return [args[0]]


def _keep_alive(g: Gen, e: Call, args: list[str]) -> list[str]:
    shape = shape_of(e.args[0].type)
    word = args[0] if shape.llvm == "ptr" else g.extract(shape.llvm, args[0], 1)
    g.do(f'call void asm sideeffect "", "r,~{{memory}}"(ptr {word})')
    return []


def _defer_frame(g: Gen, e: Call, args: list[str]) -> list[str]:
    """deferframe(): the address of this function's defer frame, as a value of the call's type."""
    if not g.frame:
        g.bug(e.pos, "token of a defer frame in a function that does not defer")
    llvm = shape_of(e.type).llvm
    if llvm == "{ptr, ptr}":
        return [g.iface("null", g.frame)]
    return _as_result(g, e, g.frame)


def _syscall6(g: Gen, e: Call, args: list[str]) -> list[str]:
    """The Linux system call instruction: r1, r2, errno."""
    operands = ", ".join(f"i64 {v}" for v in args)
    both = g.op(
        'call {i64, i64} asm sideeffect "syscall", '
        '"={rax},={rdx},{rax},{rdi},{rsi},{rdx},{r10},{r8},{r9},~{rcx},~{r11},~{memory},~{dirflag},~{fpsr},~{flags}"'
        f"({operands})"
    )
    rax = g.op(f"extractvalue {{i64, i64}} {both}, 0")
    rdx = g.op(f"extractvalue {{i64, i64}} {both}, 1")
    failed = g.op(f"icmp ugt i64 {rax}, -4096")
    negated = g.op(f"sub i64 0, {rax}")
    return [
        g.op(f"select i1 {failed}, i64 -1, i64 {rax}"),
        g.op(f"select i1 {failed}, i64 0, i64 {rdx}"),
        g.op(f"select i1 {failed}, i64 {negated}, i64 0"),
    ]


def _choose(g: Gen, e: Call, args: list[str]) -> list[str]:
    """constanttime.Select(v, x, y): x unless v is 0."""
    return [g.op(f"select i1 {g.op(f'icmp ne i64 {args[0]}, 0')}, i64 {args[1]}, i64 {args[2]}")]


def _bool_to_uint8(g: Gen, e: Call, args: list[str]) -> list[str]:
    return [g.op(f"zext i1 {args[0]} to i8")]


def _fence(g: Gen, e: Call, args: list[str]) -> list[str]:
    g.do("fence seq_cst")
    return []


def _machine() -> dict[str, Intrinsic]:
    sys = "internal/runtime/sys."
    return {
        f"{sys}Prefetch": _prefetch,
        f"{sys}PrefetchStreamed": _prefetch,
        f"{sys}GetCallerPC": _caller_pc,
        f"{sys}GetCallerSP": _caller_sp,
        f"{sys}GetClosurePtr": _closure_ptr,
        "runtime.getclosureptr": _closure_ptr,
        "runtime.getcallerframe": _frame,
        "runtime.deferframe": _defer_frame,
        "runtime.KeepAlive": _keep_alive,
        "runtime.publicationBarrier": _fence,
        "internal/abi.FuncPCABI0": _code_address,
        "internal/abi.FuncPCABIInternal": _code_address,
        "internal/abi.NoEscape": _identity,
        "crypto/internal/constanttime.Select": _choose,
        "crypto/internal/constanttime.boolToUint8": _bool_to_uint8,
        "internal/runtime/syscall/linux.Syscall6": _syscall6,
        "syscall.RawSyscall6": _syscall6,
    }


_TABLE: dict[str, Intrinsic] = {**_atomics(), **_math(), **_bits(), **_maps(), **_machine(), **vector_intrinsics()}
