"""Calls of known functions, func values and interface methods; closures and method values; go statements.

How it works: ``staticdata.llvmtypes.function_type`` says how parameters and results are passed. Results in memory (sret) go to a
temporary, or to the destination that ``into`` was given if it is private. The closure object of a func value is its code's first parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from tricolor.abi.prefix import PREFIX_RECOVERS
from tricolor.codegen.allocation import is_runtime, new_object, new_site
from tricolor.codegen.fast_paths import begin_fast_path
from tricolor.codegen.flat import flat_type, flatten
from tricolor.codegen.intrinsics import find_intrinsic
from tricolor.codegen.memory import copy, load, offset, store, store_code_address, store_leaf
from tricolor.codegen.places import iface_parts, var_addr
from tricolor.codegen.recovery import recovers
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, Mode, ModuleState
from tricolor.gotypes.sizes import field_offset, result_struct
from tricolor.gotypes.types import (
    UINTPTR,
    UNSAFE_POINTER,
    Field,
    Interface,
    Signature,
    Struct,
    Type,
    has_pointers,
    is_direct_iface,
    is_interface,
    pointer,
    signature,
    struct,
    underlying,
)
from tricolor.ir.nodes import (
    AddrOf,
    Call,
    CallMethod,
    Conversion,
    Convert,
    Deref,
    Expr,
    FieldOf,
    FieldPtr,
    Func,
    FuncLit,
    FuncName,
    Go,
    MethodValue,
    Pos,
    TypeAssert,
)
from tricolor.ir.walk import has_effect
from tricolor.staticdata.emitter import is_closure
from tricolor.staticdata.llvmtypes import FunctionType, function_type

ITAB_FUN_OFFSET = 24
"""Offset of the first method's code address in an itab (internal/abi.ITab.Fun)."""
_KEEPS: Final = frozenset(("uintptrescapes", "uintptrkeepalive"))
"""Pragmas of functions that get pointers as integers."""


@final
@dataclass(frozen=True, slots=True)
class Callee:
    """``code``: operand to call; ``context``: the closure object or interface data word that comes first, or None."""

    code: str
    context: str | None
    type: FunctionType
    signature: Signature


@final
@dataclass(frozen=True, slots=True)
class Results:
    """``text``: the LLVM result, or for sret the address of the memory, which ``addr`` holds too."""

    text: str
    addr: Addr | None


def convention(m: ModuleState, func: Func) -> FunctionType:
    """How the function takes its parameters."""
    kind = flat_type if func.symbol in m.options.local else function_type
    return kind(func.signature, is_closure(func))


def emit_call(g: Gen, pos: Pos, callee: Callee, args: list[str], dest: Addr | None) -> Results:
    """Write the call. ``dest``: private memory for sret results; without it a temporary is made."""
    kind = callee.type
    operands: list[str] = []
    addr: Addr | None = None
    if kind.sret:
        addr = dest if dest is not None else _result_memory(g, callee.signature)
        operands.append(addr.ptr)
    if callee.context is not None:
        operands.append(callee.context)
    operands += args
    text = ", ".join(f"{t} {v}" for t, v in zip(kind.params, operands, strict=True))
    line = f"call {kind.result} {callee.code}({text}){g.at(pos)}"
    if kind.result == "void":
        g.do(line)
        return Results(addr.ptr if addr else "", addr)
    return Results(g.op(line), None)


def _result_memory(g: Gen, sig: Signature) -> Addr:
    return g.temp(sig.results[0] if len(sig.results) == 1 else result_struct(sig.results))


# --- calls as expressions --------------------------------------------------------------------------------------------


def value_call(g: Gen, e: Call | CallMethod) -> str:
    """A call with one result that is no memory-class value (or a call whose results are dropped)."""
    if isinstance(e, Call) and isinstance(e.fun, FuncName):
        intrinsic = find_intrinsic(e.fun.func)
        if intrinsic is not None:
            results = intrinsic(g, e, [g.value(a) for a in e.args])
            return results[0] if results else ""
    results = _call(g, e, None)
    return load(g, e.type, results.addr) if results.addr is not None else results.text


def into_call(g: Gen, e: Call | CallMethod, dest: Addr) -> None:
    """A call with one memory-class result. The callee stores it plainly, so pointers reach shared memory through a temporary."""
    if dest.mode is Mode.SHARED and has_pointers(e.type):
        temp = g.temp(e.type)
        _call(g, e, temp)
        copy(g, e.type, dest, temp)
    else:
        _call(g, e, dest)


def tuple_call(g: Gen, e: Call | CallMethod) -> list[str]:
    """A call with any number of results."""
    if isinstance(e, Call) and isinstance(e.fun, FuncName):
        intrinsic = find_intrinsic(e.fun.func)
        if intrinsic is not None:
            return intrinsic(g, e, [g.value(a) for a in e.args])
    results = _call(g, e, None)
    types = getattr(e.type, "types", (e.type,))
    if not types:
        return []
    if results.addr is not None:
        if len(types) == 1:
            return [load(g, types[0], results.addr)]
        layout = result_struct(types)
        return [_component(g, t, offset(g, results.addr, field_offset(layout, i))) for i, t in enumerate(types)]
    if len(types) == 1:
        return [results.text]
    whole = "{" + ", ".join(shape_of(t).llvm for t in types) + "}"
    return [g.op(f"extractvalue {whole} {results.text}, {i}") for i in range(len(types))]


def _component(g: Gen, t: Type, addr: Addr) -> str:
    return addr.ptr if shape_of(t).form is Form.MEMORY else load(g, t, addr)


def _call(g: Gen, e: Call | CallMethod, dest: Addr | None) -> Results:
    if isinstance(e, CallMethod):
        return _call_method(g, e, dest)
    match e.fun:
        case FuncName():
            return _call_static(g, e, e.fun.func, "null", dest)
        case FuncLit():
            return _call_static(g, e, e.fun.func, closure_object(g, e.fun), dest)
        case _:
            return _call_value(g, e, dest)


def _call_static(g: Gen, e: Call, func: Func, context: str, dest: Addr | None) -> Results:
    with_context = is_closure(func)
    args = _arguments(g, e.args)
    if func.body is None or is_runtime(func.pkg):
        new_site(g, e.pos, "call", e.type, e, False)
    if g.recovers and g.func.wrapper and recovers(func):
        forward_token(g)
    kind = convention(g.m, func)
    integers = [text for x, text in zip(e.args, args, strict=True) if _is_kept(func, x)]
    if func.symbol in g.m.options.local:
        args = flatten(g, func.signature, args)
    callee = Callee(g.m.declare_func(func), context if with_context else None, kind, func.signature)
    done = begin_fast_path(g, e.pos, func, args)
    results = emit_call(g, e.pos, callee, args, dest)
    for integer in integers:
        g.do(f'call void asm sideeffect "", "r"(i64 {integer})')
    if done:
        g.start(done)
    return results


def _is_kept(func: Func, argument: Expr) -> bool:
    """Whether the argument is a pointer as an integer whose object must live until the call returns: that of a system call, or of a function
    that asks for it. On the stack the collector finds the object by the integer."""
    if not isinstance(argument, Convert) or argument.kind is not Conversion.POINTER_TO_UINTPTR:
        return False
    return func.body is None or not _KEEPS.isdisjoint(func.pragmas)


def _arguments(g: Gen, args: list[Expr]) -> list[str]:
    """The arguments as operands. Unwrap an interface receiver last, so that a nil receiver panics only at the call."""
    if args and _is_checked_late(args[0]):
        others = [g.value(a) for a in args[1:]]
        return [g.value(args[0]), *others]
    return [g.value(a) for a in args]


def _is_checked_late(x: Expr) -> bool:
    """Whether it is the pointer receiver of a call that devirtualization made direct. Go copies other receivers before the arguments."""
    while isinstance(x, AddrOf | Deref | FieldOf | FieldPtr):
        x = x.x
    return isinstance(x, TypeAssert) and x.nil_fault and is_direct_iface(x.target) and not has_effect(x)


def _call_value(g: Gen, e: Call, dest: Addr | None) -> Results:
    sig = underlying(e.fun.type)
    assert isinstance(sig, Signature), f"call of {e.fun.type}"
    closure = g.value(e.fun)
    args = [g.value(a) for a in e.args]
    g.nil_check(e.pos, closure)
    code = g.op(f"load ptr, ptr {closure}, align 8")
    if g.recovers and g.func.wrapper:
        _forward_if_recovers(g, code)
    return emit_call(g, e.pos, Callee(code, closure, function_type(sig, True), sig), args, dest)


def _call_method(g: Gen, e: CallMethod, dest: Addr | None) -> Results:
    iface = underlying(e.x.type)
    assert isinstance(iface, Interface)
    if _is_checked_late(e.x):
        args = [g.value(a) for a in e.args]
        tab, data = iface_parts(g, e.x)
    else:
        tab, data = iface_parts(g, e.x)
        args = [g.value(a) for a in e.args]
    g.nil_check(e.pos, tab)
    slot = g.op(f"getelementptr inbounds i8, ptr {tab}, i64 {ITAB_FUN_OFFSET + 8 * e.method}")
    code = g.op(f"load ptr, ptr {slot}, align 8")
    sig = iface.methods[e.method].signature
    full = signature((UNSAFE_POINTER, *sig.params), sig.results, sig.variadic)
    if g.recovers and g.func.wrapper:
        _forward_if_recovers(g, code)
    return emit_call(g, e.pos, Callee(code, None, function_type(full), full), [data, *args], dest)


# --- recover tokens in wrappers --------------------------------------------------------------------------------------


def forward_token(g: Gen) -> None:
    """Pass this wrapper's recover token on to the function that it calls next."""
    g.rt(g.func.pos, "runtime.settoken", g.token)


def _forward_if_recovers(g: Gen, code: str) -> None:
    """Pass the token on to a callee that is known only at run time, if the prefix of its code says that it recovers."""
    slot = g.op(f"getelementptr i8, ptr {code}, i64 -8")
    flags = g.op(f"load i32, ptr {slot}, align 4")
    bit = g.op(f"and i32 {flags}, {PREFIX_RECOVERS}")
    yes, done = g.label("forward"), g.label("call")
    g.branch_if(g.op(f"icmp ne i32 {bit}, 0"), yes, done)
    g.start(yes)
    forward_token(g)
    g.start(done)


# --- closures --------------------------------------------------------------------------------------------------------


def closure_struct(g: Gen, func: Func) -> Struct:
    """The Go struct type of a function's closure object: code address, then captured values or addresses."""
    fields = [Field("F", UINTPTR, pkg="runtime")]
    for i, capture in enumerate(func.captures):
        t = capture.inner.type if captured_by_value(g, func, i) else pointer(capture.outer.type)
        fields.append(Field(f"X{i}", t, pkg="runtime"))
    return struct(tuple(fields))


def captured_by_value(g: Gen, func: Func, index: int) -> bool:
    """Whether the capture holds a copy. A bound method always captures by value, since nothing else knows its receiver."""
    return bound_method(func) or g.m.placements.by_value(func.captures[index])


def bound_method(func: Func) -> bool:
    """Whether the function implements a method value: a wrapper with one capture and no enclosing function."""
    return func.wrapper and func.outer is None and len(func.captures) == 1


def closure_object(g: Gen, e: FuncLit) -> str:
    """A new closure object, or the constant one of a function without captures."""
    func = e.func
    if not func.captures:
        return g.m.data.closure_ref(func)
    layout = closure_struct(g, func)
    addr = new_object(g, e.pos, "closure", layout, e, g.m.placements.on_stack(e))
    store_code_address(g, addr.ptr, g.m.declare_func(func))
    for i, capture in enumerate(func.captures):
        slot = offset(g, addr, field_offset(layout, i + 1))
        outer = var_addr(g, capture.outer)
        if captured_by_value(g, func, i):
            _store_capture(g, capture.inner.type, slot, outer)
        else:
            store_leaf(g, slot, "ptr", outer.ptr, 8)
    return addr.ptr


def _store_capture(g: Gen, t: Type, slot: Addr, source: Addr) -> None:
    if shape_of(t).form is Form.MEMORY:
        store(g, t, slot, source.ptr)
    else:
        store(g, t, slot, load(g, t, source))


def value_func_lit(g: Gen, e: FuncLit) -> str:
    return closure_object(g, e)


def value_func_name(g: Gen, e: FuncName) -> str:
    return g.m.data.closure_ref(e.func)


def value_method(g: Gen, e: MethodValue) -> str:
    """``x.M`` as a value: a closure over the receiver."""
    func = e.func
    receiver = g.value(e.x)
    if is_interface(e.x.type):
        g.nil_check(e.pos, g.extract("{ptr, ptr}", receiver, 0))
    layout = closure_struct(g, func)
    addr = new_object(g, e.pos, "method value", layout, e, g.m.placements.on_stack(e))
    store_code_address(g, addr.ptr, g.m.declare_func(func))
    store(g, e.x.type, offset(g, addr, field_offset(layout, 1)), receiver)
    return addr.ptr


def stmt_go(g: Gen, s: Go) -> None:
    closure = g.value(s.closure)
    new_site(g, s.pos, "goroutine", s.closure.type, s, False)
    g.rt(s.pos, "runtime.newproc", closure)


def drop(g: Gen, e: Expr) -> None:
    """Evaluate for effects."""
    if hasattr(e.type, "types"):
        g.tuple(e)
    else:
        g.value(e)
