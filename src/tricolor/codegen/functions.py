"""One Go function: its header, entry, defer frame, body and returns; and the table of all emitters.

Source: docs/abi.md ("Calls"; "Defer, panic, recover").
"""

from __future__ import annotations

from tricolor.abi.frames import FLAG_INIT, FLAG_WRAPPER
from tricolor.abi.prefix import prefix_text
from tricolor.codegen import (
    builtins,
    calls,
    channels,
    compare,
    control,
    conversions,
    interfaces,
    literals,
    maps,
    places,
    ranges,
    slices,
    strings,
)
from tricolor.codegen.allocation import is_runtime
from tricolor.codegen.arith import value_unary
from tricolor.codegen.flat import gather, is_flat
from tricolor.codegen.memory import copy, load, offset, store
from tricolor.codegen.recovery import recovers
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, Mode, ModuleState, Tables
from tricolor.gotypes.sizes import field_offset, result_struct
from tricolor.gotypes.types import Interface, underlying
from tricolor.ir import nodes as n
from tricolor.staticdata.emitter import is_closure
from tricolor.staticdata.llvmtypes import FunctionType, quote

DEFER_FRAME_BYTES = 128
_CALLERS = frozenset({"runtime.callClosure", "runtime.runMore", "runtime.unwind"})
"""Functions that run deferred calls. In Go their callers, panic and the function that defers, do so themselves."""


def _stmt_return(g: Gen, s: n.Return) -> None:
    results = g.func.results
    types = [r.type for r in results]
    values: list[str] | None = None
    if s.values:
        if len(s.values) == 1 and len(types) > 1:
            values = g.tuple(s.values[0])
        elif g.sret and len(types) == 1 and not _has_variables(g) and shape_of(types[0]).form is Form.MEMORY:
            g.into(s.values[0], Addr(g.sret, Mode.PRIVATE))
            g.end("ret void")
            return
        else:
            values = [g.value(v) for v in s.values]
        if _has_variables(g):
            for r, v in zip(results, values, strict=True):
                store(g, r.type, places.var_addr(g, r), v)
    if g.frame:
        g.rt(s.pos, "runtime.deferreturn", g.frame)
        values = None
    write_return(g, values)


def _has_variables(g: Gen) -> bool:
    """Whether results live in variables that deferred calls or the function itself may read."""
    return bool(g.frame) or g.func.named_results


def write_return(g: Gen, values: list[str] | None) -> None:
    """Return the values, or what the result variables hold."""
    results = g.func.results
    if not results:
        g.end("ret void")
        return
    if g.sret:
        layout = result_struct(tuple(r.type for r in results))
        for i, r in enumerate(results):
            dest = Addr(g.sret, Mode.PRIVATE)
            if len(results) > 1:
                dest = offset(g, dest, field_offset(layout, i))
            if values is not None:
                store(g, r.type, dest, values[i])
            elif shape_of(r.type).form is Form.MEMORY:
                copy(g, r.type, dest, places.var_addr(g, r))
            else:
                store(g, r.type, dest, load(g, r.type, places.var_addr(g, r)))
        g.end("ret void")
        return
    if values is None:
        values = [load(g, r.type, places.var_addr(g, r)) for r in results]
    types = [shape_of(r.type).llvm for r in results]
    if len(results) == 1:
        g.end(f"ret {types[0]} {values[0]}")
        return
    whole = "{" + ", ".join(types) + "}"
    g.end(f"ret {whole} {g.build(whole, tuple(types), tuple(values))}")


def _never_nil(g: Gen, e: n.Expr, closure: str) -> str:
    """Replace a deferred nil func by a closure that panics, since Go panics only when the deferred call runs."""
    if isinstance(e, n.FuncLit | n.FuncName | n.MethodValue):
        return closure
    code = g.m.declare_entry("runtime.panicnilcall")
    panics = g.m.data.add_constant(f"private constant ptr {code}, align 8")
    is_nil = g.op(f"icmp eq ptr {closure}, null")
    return g.op(f"select i1 {is_nil}, ptr {panics}, ptr {closure}")


def _stmt_defer(g: Gen, s: n.Defer) -> None:
    closure = _never_nil(g, s.closure, g.value(s.closure))
    frame = g.frame
    if s.target is not None:
        v = load(g, s.target.type, places.var_addr(g, s.target))
        if isinstance(underlying(s.target.type), Interface):
            frame = g.extract("{ptr, ptr}", v, 1)
        elif shape_of(s.target.type).llvm == "i64":
            frame = g.op(f"inttoptr i64 {v} to ptr")
        else:
            frame = v
    if not frame:
        g.bug(s.pos, "defer in a function that is not marked so")
    g.rt(s.pos, "runtime.deferproc", frame, closure)


TABLES = Tables(
    values={
        n.Const: literals.value_const,
        n.Nil: literals.value_zero,
        n.Zero: literals.value_zero,
        n.Name: places.value_place,
        n.Deref: places.value_place,
        n.FieldPtr: places.value_place,
        n.FieldOf: places.value_field,
        n.Index: places.value_index,
        n.MapIndex: maps.value_map_index,
        n.FuncName: calls.value_func_name,
        n.FuncLit: calls.value_func_lit,
        n.MethodValue: calls.value_method,
        n.Call: calls.value_call,
        n.CallMethod: calls.value_call,
        n.Unary: value_unary,
        n.Binary: compare.value_binary,
        n.Concat: strings.value_concat,
        n.AddrOf: literals.value_addr_of,
        n.SliceExpr: slices.value_slice_expr,
        n.TypeAssert: interfaces.value_assert,
        n.Convert: conversions.value_convert,
        n.StructLit: literals.value_struct,
        n.ArrayLit: literals.value_array,
        n.SliceLit: literals.value_slice_lit,
        n.MapLit: literals.value_map_lit,
        n.New: literals.value_new,
        n.MakeSlice: slices.value_make_slice,
        n.MakeMap: maps.value_make_map,
        n.MakeChan: channels.value_make_chan,
        n.Append: slices.value_append,
        n.Builtin: builtins.value_builtin,
        n.Recv: channels.value_recv,
    },
    tuples={
        n.Call: calls.tuple_call,
        n.CallMethod: calls.tuple_call,
        n.MapIndex: maps.tuple_map_index,
        n.TypeAssert: interfaces.tuple_assert,
        n.Recv: channels.tuple_recv,
        n.Builtin: builtins.tuple_builtin,
    },
    intos={
        n.Zero: literals.into_zero,
        n.Name: places.into_view,
        n.Deref: places.into_view,
        n.FieldPtr: places.into_view,
        n.FieldOf: places.into_view,
        n.Index: places.into_view,
        n.MapIndex: maps.into_map_index,
        n.Call: calls.into_call,
        n.CallMethod: calls.into_call,
        n.TypeAssert: interfaces.into_assert,
        n.Convert: conversions.into_convert,
        n.StructLit: literals.into_struct,
        n.ArrayLit: literals.into_array,
        n.Recv: channels.into_recv,
    },
    places={
        n.Name: places.place_name,
        n.Deref: places.place_deref,
        n.FieldPtr: places.place_field_ptr,
        n.FieldOf: places.place_field,
        n.Index: places.place_index,
        n.MapIndex: maps.place_map_index,
    },
    stmts={
        n.Block: control.stmt_block,
        n.Declare: control.stmt_declare,
        n.Assign: control.stmt_assign,
        n.AssignPair: control.stmt_assign_pair,
        n.AssignTuple: control.stmt_assign_tuple,
        n.AssignOp: control.stmt_assign_op,
        n.ExprStmt: control.stmt_expr,
        n.If: control.stmt_if,
        n.For: control.stmt_for,
        n.Range: ranges.stmt_range,
        n.Switch: control.stmt_switch,
        n.TypeSwitch: control.stmt_type_switch,
        n.Select: channels.stmt_select,
        n.Send: channels.stmt_send,
        n.Go: calls.stmt_go,
        n.Defer: _stmt_defer,
        n.Return: _stmt_return,
        n.Break: control.stmt_break,
        n.Continue: control.stmt_continue,
        n.Goto: control.stmt_goto,
        n.Labeled: control.stmt_labeled,
        n.Fallthrough: control.stmt_fallthrough,
    },
)
"""Emitters of all nodes."""


# --- a whole function ------------------------------------------------------------------------------------------------


def emit_function(m: ModuleState, func: n.Func) -> str:
    """LLVM text of the function's definition."""
    g = Gen(m, func)
    g.context = is_closure(func)
    g.scope = m.debug.subprogram(func.link_name or func.name, func.symbol, func.pos, _flag(func))
    g.recovers = recovers(func)
    kind = calls.convention(m, func)
    names = _bind_params(g, kind)
    _enter(g)
    assert func.body is not None
    g.stmt(func.body)
    if not g.dead:
        if func.results:
            g.unreachable()
        else:
            _stmt_return(g, n.Return(func.end_pos or func.pos, []))
    return _definition(g, kind, names)


def _flag(func: n.Func) -> int:
    """Why call stacks leave the function out; 0: they do not."""
    if func.wrapper or func.symbol in _CALLERS:
        return FLAG_WRAPPER
    return FLAG_INIT if func.symbol == f"{func.pkg}.init" else 0


def _definition(g: Gen, kind: FunctionType, names: list[str]) -> str:
    func = g.func
    params = ", ".join(f"{t} {v}" for t, v in zip(kind.params, names, strict=True))
    attributes = "#94" if "noinline" in func.pragmas else "#90"
    interruptible = not is_runtime(func.pkg)
    prefix = prefix_text(recovers=g.recovers, wrapper=func.wrapper, parameters=bool(func.params), interruptible=interruptible)
    debug = f" !dbg {g.scope}" if g.scope else ""
    g.m.data.define(func.symbol)
    linkage = "internal " if func.symbol in g.m.options.local else ""
    parts = [f"define {linkage}{kind.result} {quote(func.symbol)}({params}) {attributes} {prefix}{debug} {{", "entry:"]
    parts += g.entry
    parts += g.out
    parts += g.cold
    parts.append("}\n")
    return "\n".join(parts)


def _bind_params(g: Gen, kind: FunctionType) -> list[str]:
    """Give names and storage to parameters and captured variables."""
    func = g.func
    names: list[str] = []
    if kind.sret:
        g.sret = "%result"
        names.append(g.sret)
    if g.context:
        names.append("%ctx")
    flat = func.symbol in g.m.options.local
    for i, p in enumerate(func.params):
        name = f"%p{i}"
        if flat and is_flat(p.type):
            leaves = [f"{name}.{j}" for j in range(len(shape_of(p.type).leaves))]
            names += leaves
            store(g, p.type, places.new_variable(g, p.pos, p), gather(g, p.type, leaves))
            continue
        names.append(name)
        memory = shape_of(p.type).form is Form.MEMORY
        if memory and g.m.placements.on_stack(p):
            g.stored[p] = Addr(name, Mode.PRIVATE)
            continue
        store(g, p.type, places.new_variable(g, p.pos, p), name)
    if len(names) != len(kind.params):
        g.bug(func.pos, f"{len(func.params)} parameters do not fit the signature {func.signature}")
    if func.captures:
        _bind_captures(g)
    return names


def _bind_captures(g: Gen) -> None:
    layout = calls.closure_struct(g, g.func)
    for i, capture in enumerate(g.func.captures):
        slot = offset(g, Addr("%ctx", Mode.PRIVATE), field_offset(layout, i + 1))
        t = capture.inner.type
        if not calls.captured_by_value(g, g.func, i):
            ptr = g.op(f"load ptr, ptr {slot.ptr}, align 8")
            g.stored[capture.inner] = Addr(ptr, Mode.SHARED)
        elif shape_of(t).form is Form.MEMORY or capture.inner.addrtaken or capture.inner.captured:
            g.stored[capture.inner] = slot
        else:
            temp = g.temp(t)
            store(g, t, temp, load(g, t, slot))
            g.stored[capture.inner] = temp


def _enter(g: Gen) -> None:
    """Set up the recover token, the result variables and the defer frame."""
    func = g.func
    if g.recovers:
        g.token = g.rt(func.pos, "runtime.recovertoken")
    if func.has_defer:
        g.frame = g.alloca(f"[{DEFER_FRAME_BYTES} x i8]", 16, "frame")
    if _has_variables(g):
        for r in func.results:
            places.zero_variable(g, func.pos, r)
    if not func.has_defer:
        return
    g.rt(func.pos, "runtime.deferenter", g.frame)
    name = g.m.declare_entry("runtime.setresume")
    again = g.op(f"call i32 {name}(ptr {g.frame}) #93{g.dbg(func.pos)}")
    resumed, body = g.label("resumed"), g.label("body")
    g.branch_if(g.op(f"icmp eq i32 {again}, 0"), body, resumed)
    g.start(resumed)
    g.rt(func.end_pos or func.pos, "runtime.deferreturn", g.frame)
    write_return(g, None)
    g.start(body)
