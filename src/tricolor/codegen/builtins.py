"""Builtin functions that have no IR node of their own."""

from __future__ import annotations

from collections.abc import Callable

from tricolor.codegen.arith import complex_part, make_complex
from tricolor.codegen.maps import builtin_delete, map_length
from tricolor.codegen.places import index_operand, slice_parts, slice_words, string_parts
from tricolor.codegen.shapes import shape_of
from tricolor.codegen.slices import builtin_copy, clear_slice
from tricolor.codegen.state import Gen
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Pointer,
    Slice,
    is_complex,
    is_float,
    is_integer,
    is_signed,
    is_string,
    underlying,
)
from tricolor.ir.nodes import Builtin, BuiltinOp, Const, Expr, Pos


def value_builtin(g: Gen, e: Builtin) -> str:
    """The result, or ``""`` if the builtin has none."""
    return _BUILTINS[e.op](g, e)


def _len(g: Gen, e: Builtin) -> str:
    x = e.args[0]
    u = underlying(x.type)
    match u:
        case Basic():
            return string_parts(g, x)[1]
        case Slice():
            return slice_parts(g, x)[1]
        case Map():
            return map_length(g, g.value(x))
        case Chan():
            return g.rt(e.pos, "runtime.chanlen", g.value(x))
        case _:
            return _array_length(g, x)


def _array_length(g: Gen, x: Expr) -> str:
    """Length of an array or pointer to array. The operand is evaluated only for its effects."""
    u = underlying(x.type)
    if isinstance(u, Pointer):
        u = underlying(u.elem)
    assert isinstance(u, Array)
    g.value(x)
    return str(u.length)


def _cap(g: Gen, e: Builtin) -> str:
    x = e.args[0]
    u = underlying(x.type)
    if isinstance(u, Slice):
        return slice_words(g, x)[2]
    if isinstance(u, Chan):
        return g.rt(e.pos, "runtime.chancap", g.value(x))
    return _array_length(g, x)


def _delete(g: Gen, e: Builtin) -> str:
    builtin_delete(g, e.pos, e.args[0], e.args[1])
    return ""


def _clear(g: Gen, e: Builtin) -> str:
    x = e.args[0]
    if isinstance(underlying(x.type), Map):
        g.rt(e.pos, "runtime.mapclear", g.m.type_ref(x.type), g.value(x))
    else:
        clear_slice(g, x)
    return ""


def _close(g: Gen, e: Builtin) -> str:
    g.rt(e.pos, "runtime.closechan", g.value(e.args[0]))
    return ""


def _min_max(g: Gen, e: Builtin) -> str:
    lowest = e.op is BuiltinOp.MIN
    llvm = shape_of(e.type).llvm
    values = [g.value(a) for a in e.args]
    result = values[0]
    for v in values[1:]:
        if is_float(e.type):
            symbol = f"llvm.{'minimum' if lowest else 'maximum'}.{'f32' if llvm == 'float' else 'f64'}"
        elif is_string(e.type):
            order = g.rt(e.pos, "runtime.cmpstring", v, result)
            better = g.op(f"icmp s{'lt' if lowest else 'gt'} i64 {order}, 0")
            result = g.op(f"select i1 {better}, {llvm} {v}, {llvm} {result}")
            continue
        else:
            symbol = f"llvm.{'s' if is_signed(e.type) else 'u'}{'min' if lowest else 'max'}.{llvm}"
        g.m.data.declare(symbol, f"declare {llvm} @{symbol}({llvm}, {llvm})")
        result = g.op(f"call {llvm} @{symbol}({llvm} {result}, {llvm} {v})")
    return result


def _complex(g: Gen, e: Builtin) -> str:
    re = g.value(e.args[0])
    return make_complex(g, e.type, re, g.value(e.args[1]))


def _part(g: Gen, e: Builtin) -> str:
    x = e.args[0]
    return g.extract(shape_of(x.type).llvm, g.value(x), 0 if e.op is BuiltinOp.REAL else 1)


def _panic(g: Gen, e: Builtin) -> str:
    g.rt(e.pos, "runtime.gopanic", g.value(e.args[0]))
    return ""


def _recover(g: Gen, e: Builtin) -> str:
    if not g.token:
        g.bug(e.pos, "recover in a function that is not marked so")
    return g.token if e.op is BuiltinOp.RECOVER_TOKEN else g.rt(e.pos, "runtime.gorecover", g.token)


# --- print -----------------------------------------------------------------------------------------------------------


def _print(g: Gen, e: Builtin) -> str:
    values = [(a, g.value(a)) for a in e.args]
    g.rt(e.pos, "runtime.printlock")
    for i, (a, v) in enumerate(values):
        if i and e.op is BuiltinOp.PRINTLN:
            g.rt(e.pos, "runtime.printsp")
        _print_value(g, e.pos, a, v)
    if e.op is BuiltinOp.PRINTLN:
        g.rt(e.pos, "runtime.printnl")
    g.rt(e.pos, "runtime.printunlock")
    return ""


def _print_value(g: Gen, pos: Pos, e: Expr, v: str) -> None:
    t, llvm = e.type, shape_of(e.type).llvm
    u = underlying(t)
    if isinstance(u, Slice):
        g.rt(pos, "runtime.printslice", v)
    elif isinstance(u, Interface):
        g.rt(pos, "runtime.printeface", v)
    elif is_string(t):
        g.rt(pos, "runtime.printstring", v)
    elif is_integer(t):
        signed = is_signed(t)
        if llvm != "i64" and v[0] == "%":
            v = g.op(f"{'sext' if signed else 'zext'} {llvm} {v} to i64")
        g.rt(pos, "runtime.printint" if signed else "runtime.printuint", v)
    elif is_float(t):
        g.rt(pos, "runtime.printfloat32" if llvm == "float" else "runtime.printfloat", v)
    elif is_complex(t):
        g.rt(pos, "runtime.printcomplex64" if complex_part(t) == "float" else "runtime.printcomplex", v)
    elif isinstance(u, Basic) and u.kind is Kind.BOOL:
        g.rt(pos, "runtime.printbool", v)
    else:
        g.rt(pos, "runtime.printpointer", v)


# --- package unsafe --------------------------------------------------------------------------------------------------


def _unsafe_add(g: Gen, e: Builtin) -> str:
    ptr = g.value(e.args[0])
    return g.op(f"getelementptr i8, ptr {ptr}, i64 {index_operand(g, e.args[1])}")


def _unsafe_slice(g: Gen, e: Builtin) -> str:
    u = underlying(e.type)
    assert isinstance(u, Slice)
    ptr = g.value(e.args[0])
    length = index_operand(g, e.args[1])
    if not (isinstance(e.args[1], Const) and length == "0"):
        _check_unsafe(g, e.pos, ptr, length, size_of(u.elem), "slice")
    return g.slice(ptr, length, length)


def _unsafe_string(g: Gen, e: Builtin) -> str:
    ptr = g.value(e.args[0])
    length = index_operand(g, e.args[1])
    _check_unsafe(g, e.pos, ptr, length, 1, "string")
    return g.string(ptr, length)


def _check_unsafe(g: Gen, pos: Pos, ptr: str, length: str, elem_bytes: int, what: str) -> None:
    """Panic if the length is negative, reaches beyond the address space, or is positive while the pointer is nil."""
    too_long = g.panic_block(pos, f"runtime.panicunsafe{what}len")
    g.require(g.op(f"icmp ule i64 {length}, {((1 << 63) - 1) // max(elem_bytes, 1)}"), too_long)
    there = g.op(f"icmp ne ptr {ptr}, null")
    empty = g.op(f"icmp eq i64 {length}, 0")
    g.require(g.op(f"or i1 {empty}, {there}"), g.panic_block(pos, f"runtime.panicunsafe{what}nilptr"))
    if elem_bytes == 0:
        return
    address = g.op(f"ptrtoint ptr {ptr} to i64")
    last = g.op(f"sub i64 {g.op(f'mul i64 {length}, {elem_bytes}')}, 1")
    fits = g.op(f"icmp uge i64 {g.op(f'add i64 {address}, {last}')}, {address}")
    g.require(g.op(f"or i1 {empty}, {fits}"), too_long)


def _slice_data(g: Gen, e: Builtin) -> str:
    return slice_parts(g, e.args[0])[0]


def _string_data(g: Gen, e: Builtin) -> str:
    return string_parts(g, e.args[0])[0]


_BUILTINS: dict[BuiltinOp, Callable[[Gen, Builtin], str]] = {
    BuiltinOp.LEN: _len,
    BuiltinOp.CAP: _cap,
    BuiltinOp.COPY: builtin_copy,
    BuiltinOp.DELETE: _delete,
    BuiltinOp.CLEAR: _clear,
    BuiltinOp.CLOSE: _close,
    BuiltinOp.MIN: _min_max,
    BuiltinOp.MAX: _min_max,
    BuiltinOp.COMPLEX: _complex,
    BuiltinOp.REAL: _part,
    BuiltinOp.IMAG: _part,
    BuiltinOp.PANIC: _panic,
    BuiltinOp.RECOVER: _recover,
    BuiltinOp.RECOVER_TOKEN: _recover,
    BuiltinOp.PRINT: _print,
    BuiltinOp.PRINTLN: _print,
    BuiltinOp.UNSAFE_ADD: _unsafe_add,
    BuiltinOp.UNSAFE_SLICE: _unsafe_slice,
    BuiltinOp.UNSAFE_SLICE_DATA: _slice_data,
    BuiltinOp.UNSAFE_STRING: _unsafe_string,
    BuiltinOp.UNSAFE_STRING_DATA: _string_data,
}


def tuple_builtin(g: Gen, e: Builtin) -> list[str]:
    """A builtin as a statement."""
    result = value_builtin(g, e)
    return [result] if result else []
