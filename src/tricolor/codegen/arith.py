"""Arithmetic: operators on integers, floats and complex numbers, and conversions between them, with the results of Go on amd64.

How it works: integers wrap (no ``nsw``/``nuw``); shifts by the width or more give 0 or the sign; what LLVM leaves undefined
(division of the least integer by -1, float to integer out of range) is written out so that the result is Go's.

Source: the Go specification, "Arithmetic operators"; Go 1.27.3 cmd/compile/internal/ssagen/ssa.go (conversions).
"""

from __future__ import annotations

from tricolor.codegen.shapes import shape_of
from tricolor.codegen.state import Gen
from tricolor.gotypes.types import Type, is_complex, is_float, is_integer, is_signed
from tricolor.ir.nodes import BinaryOp, Const, Expr, Pos, Unary, UnaryOp

_INTEGER = {
    BinaryOp.ADD: "add", BinaryOp.SUB: "sub", BinaryOp.MUL: "mul",
    BinaryOp.AND: "and", BinaryOp.OR: "or", BinaryOp.XOR: "xor",
}  # fmt: skip
_FLOAT = {BinaryOp.ADD: "fadd", BinaryOp.SUB: "fsub", BinaryOp.MUL: "fmul", BinaryOp.DIV: "fdiv"}


def value_unary(g: Gen, e: Unary) -> str:
    x = g.value(e.x)
    t = shape_of(e.type).llvm
    match e.op:
        case UnaryOp.PLUS:
            return x
        case UnaryOp.NOT:
            return g.op(f"xor i1 {x}, true")
        case UnaryOp.COMPLEMENT:
            return g.op(f"xor {t} {x}, -1")
        case UnaryOp.NEG:
            if is_float(e.type):
                return g.op(f"fneg {t} {x}")
            if is_complex(e.type):
                part = complex_part(e.type)
                re, im = (g.op(f"fneg {part} {g.extract(t, x, i)}") for i in (0, 1))
                return make_complex(g, e.type, re, im)
            return g.op(f"sub {t} 0, {x}")


def arith(g: Gen, pos: Pos, op: BinaryOp, t: Type, x: str, y: str) -> str:
    """``x op y`` of two operands of one numeric type; no shifts, no comparisons."""
    llvm = shape_of(t).llvm
    if is_integer(t):
        plain = _INTEGER.get(op)
        if plain is not None:
            return g.op(f"{plain} {llvm} {x}, {y}")
        if op is BinaryOp.AND_NOT:
            return g.op(f"and {llvm} {x}, " + g.op(f"xor {llvm} {y}, -1")) if y[0] == "%" else _and_not(g, llvm, x, y)
        return divide(g, pos, op, t, x, y)
    if is_float(t):
        return g.op(f"{_FLOAT[op]} {llvm} {x}, {y}")
    if not is_complex(t):
        g.bug(pos, f"operator {op.value} on {t}")
    return _complex(g, pos, op, t, x, y)


def _and_not(g: Gen, llvm: str, x: str, y: str) -> str:
    return g.op(f"and {llvm} {x}, {~int(y)}")


def divide(g: Gen, pos: Pos, op: BinaryOp, t: Type, x: str, y: str) -> str:
    """Integer quotient or remainder; panics for zero, wraps for the least integer by -1."""
    llvm, signed = shape_of(t).llvm, is_signed(t)
    quotient = op is BinaryOp.DIV
    text = ("s" if signed else "u") + ("div" if quotient else "rem")
    if y[0] != "%" and int(y) != 0:
        if int(y) == -1 and signed:
            return g.op(f"sub {llvm} 0, {x}") if quotient else "0"
        return g.op(f"{text} {llvm} {x}, {y}")
    g.require(g.op(f"icmp ne {llvm} {y}, 0"), g.panic_block(pos, "runtime.panicdivide"))
    if not signed:
        return g.op(f"{text} {llvm} {x}, {y}")
    minus = g.op(f"icmp eq {llvm} {y}, -1")
    safe = g.op(f"select i1 {minus}, {llvm} 1, {llvm} {y}")
    result = g.op(f"{text} {llvm} {x}, {safe}")
    if not quotient:
        return result
    negated = g.op(f"sub {llvm} 0, {x}")
    return g.op(f"select i1 {minus}, {llvm} {negated}, {llvm} {result}")


def shift(g: Gen, pos: Pos, op: BinaryOp, t: Type, x: str, count: Expr, y: str) -> str:
    """``x << y`` or ``x >> y``; ``y`` is the evaluated ``count``, of any integer type."""
    llvm = shape_of(t).llvm
    bits = shape_of(t).size * 8
    arithmetic = op is BinaryOp.SHR and is_signed(t)
    text = "shl" if op is BinaryOp.SHL else "ashr" if arithmetic else "lshr"
    if isinstance(count, Const):
        n = const_count(count)
        if n >= bits:
            if not arithmetic:
                return "0"
            n = bits - 1
        return g.op(f"{text} {llvm} {x}, {n}")
    count_shape = shape_of(count.type)
    if is_signed(count.type):
        ok = g.op(f"icmp sge {count_shape.llvm} {y}, 0")
        g.require(ok, g.panic_block(pos, "runtime.panicshift"))
    count_bits = count_shape.size * 8
    # An 8-bit count holds every width.
    inside = g.op(f"icmp ult {count_shape.llvm} {y}, {bits}")
    if count_bits < bits:
        amount = g.op(f"zext {count_shape.llvm} {y} to {llvm}")
    elif count_bits > bits:
        amount = g.op(f"trunc {count_shape.llvm} {y} to {llvm}")
    else:
        amount = y
    if arithmetic:
        clamped = g.op(f"select i1 {inside}, {llvm} {amount}, {llvm} {bits - 1}")
        return g.op(f"ashr {llvm} {x}, {clamped}")
    # The unselected arm may be poison; select passes on the chosen one only.
    shifted = g.op(f"{text} {llvm} {x}, {amount}")
    return g.op(f"select i1 {inside}, {llvm} {shifted}, {llvm} 0")


def const_count(e: Const) -> int:
    """An integer constant, of whatever numeric type it was written as (a shift count may be ``1.`` or ``0i``)."""
    value = e.value[0] if isinstance(e.value, tuple) else e.value
    assert not isinstance(value, bytes), "a string counts nothing"
    return int(value)


# --- complex numbers -------------------------------------------------------------------------------------------------


def complex_part(t: Type) -> str:
    """LLVM type of the real and imaginary parts."""
    return "float" if shape_of(t).size == 8 else "double"


def make_complex(g: Gen, t: Type, re: str, im: str) -> str:
    part = complex_part(t)
    return g.build(f"{{{part}, {part}}}", (part, part), (re, im))


def _complex(g: Gen, pos: Pos, op: BinaryOp, t: Type, x: str, y: str) -> str:
    llvm, part = shape_of(t).llvm, complex_part(t)
    a, b = g.extract(llvm, x, 0), g.extract(llvm, x, 1)
    c, d = g.extract(llvm, y, 0), g.extract(llvm, y, 1)
    if op in (BinaryOp.ADD, BinaryOp.SUB):
        text = _FLOAT[op]
        return make_complex(g, t, g.op(f"{text} {part} {a}, {c}"), g.op(f"{text} {part} {b}, {d}"))
    # Products and quotients of complex64 are computed in double precision, as Go does.
    a, b, c, d = (widen(g, part, v) for v in (a, b, c, d))
    if op is BinaryOp.MUL:
        re = g.op(f"fsub double {g.op(f'fmul double {a}, {c}')}, {g.op(f'fmul double {b}, {d}')}")
        im = g.op(f"fadd double {g.op(f'fmul double {a}, {d}')}, {g.op(f'fmul double {b}, {c}')}")
    else:
        pair = "{double, double}"
        left = g.build(pair, ("double", "double"), (a, b))
        right = g.build(pair, ("double", "double"), (c, d))
        result = g.rt(pos, "runtime.complex128div", left, right)
        re, im = g.extract(pair, result, 0), g.extract(pair, result, 1)
    if part == "float":
        re, im = g.op(f"fptrunc double {re} to float"), g.op(f"fptrunc double {im} to float")
    return make_complex(g, t, re, im)


def widen(g: Gen, part: str, v: str) -> str:
    """A float or double as double."""
    return g.op(f"fpext float {v} to double") if part == "float" else v


# --- conversions -----------------------------------------------------------------------------------------------------


def convert_number(g: Gen, v: str, from_type: Type, to_type: Type) -> str:
    """Conversion between numeric types."""
    if is_complex(to_type):
        src, part, to = shape_of(from_type).llvm, complex_part(from_type), complex_part(to_type)
        if part == to:
            return v
        text = "fpext" if to == "double" else "fptrunc"
        re, im = (g.op(f"{text} {part} {g.extract(src, v, i)} to {to}") for i in (0, 1))
        return make_complex(g, to_type, re, im)
    src, dst = shape_of(from_type), shape_of(to_type)
    if is_float(from_type):
        if is_float(to_type):
            if src.size == dst.size:
                return v
            return g.op(f"{'fpext' if dst.size > src.size else 'fptrunc'} {src.llvm} {v} to {dst.llvm}")
        return float_to_int(g, v, src.llvm, dst.size, is_signed(to_type))
    if is_float(to_type):
        return g.op(f"{'s' if is_signed(from_type) else 'u'}itofp {src.llvm} {v} to {dst.llvm}")
    if src.size == dst.size:
        return v
    if dst.size < src.size:
        return g.op(f"trunc {src.llvm} {v} to {dst.llvm}")
    return g.op(f"{'sext' if is_signed(from_type) else 'zext'} {src.llvm} {v} to {dst.llvm}")


def float_to_int(g: Gen, v: str, float_type: str, size: int, signed: bool) -> str:
    """Float to integer of ``size`` bytes, with the results of amd64's instructions even out of range."""
    if size == 8 and not signed:
        return _float_to_uint64(g, v, float_type)
    if size == 8:
        return _truncate(g, v, float_type, 64)
    if size == 4:
        if signed:
            return _truncate(g, v, float_type, 32)
        return g.op(f"trunc i64 {_truncate(g, v, float_type, 64)} to i32")
    return g.op(f"trunc i32 {_truncate(g, v, float_type, 32)} to i{size * 8}")


def _truncate(g: Gen, v: str, float_type: str, bits: int) -> str:
    single = float_type == "float"
    suffix = ("cvttss2si" if single else "cvttsd2si") + ("64" if bits == 64 else "")
    vector = "<4 x float>" if single else "<2 x double>"
    symbol = f"llvm.x86.{'sse' if single else 'sse2'}.{suffix}"
    g.m.data.declare(symbol, f"declare i{bits} @{symbol}({vector})")
    packed = g.op(f"insertelement {vector} zeroinitializer, {float_type} {v}, i32 0")
    return g.op(f"call i{bits} @{symbol}({vector} {packed})")


def _float_to_uint64(g: Gen, v: str, float_type: str) -> str:
    cutoff = "0x43E0000000000000"
    small = g.op(f"fcmp olt {float_type} {v}, {cutoff}")
    low = _truncate(g, v, float_type, 64)
    reduced = g.op(f"fsub {float_type} {v}, {cutoff}")
    high = g.op(f"or i64 {_truncate(g, reduced, float_type, 64)}, -9223372036854775808")
    return g.op(f"select i1 {small}, i64 {low}, i64 {high}")
