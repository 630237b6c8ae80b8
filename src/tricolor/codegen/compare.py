"""Binary expressions: ``==`` of every comparable type, ordering of numbers and strings, ``&&`` and ``||`` as values.

How it works: one instruction compares scalars. Strings are compared by length, then by bytes; interfaces by type word, then by
``efaceeq`` or ``ifaceeq``. Structs and arrays are compared by bytes where that gives the same answer, field by field where they
have few scalars, and otherwise by the type's equality function.

Source: the Go specification, "Comparison operators".
"""

from __future__ import annotations

from collections.abc import Callable

from tricolor.codegen.arith import arith, shift
from tricolor.codegen.memory import load
from tricolor.codegen.places import iface_parts, view
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.codegen.strings import concat_pair, lent_string
from tricolor.gotypes.sizes import is_memory_comparable, size_of
from tricolor.gotypes.types import (
    Array,
    Basic,
    Interface,
    Kind,
    Slice,
    Struct,
    Type,
    is_complex,
    is_direct_iface,
    is_float,
    is_interface,
    is_signed,
    is_string,
    underlying,
)
from tricolor.ir.nodes import Binary, BinaryOp, Const, Conversion, Convert, Expr, Nil, Pos

_FLOAT = {
    BinaryOp.EQ: "oeq", BinaryOp.NE: "une", BinaryOp.LT: "olt",
    BinaryOp.LE: "ole", BinaryOp.GT: "ogt", BinaryOp.GE: "oge",
}  # fmt: skip
_ORDER = {BinaryOp.LT: "lt", BinaryOp.LE: "le", BinaryOp.GT: "gt", BinaryOp.GE: "ge"}
_SHIFTS = (BinaryOp.SHL, BinaryOp.SHR)


def value_binary(g: Gen, e: Binary) -> str:
    op = e.op
    if op in _FLOAT:
        return _compare(g, e)
    if op is BinaryOp.AND_AND or op is BinaryOp.OR_OR:
        return _short_circuit(g, e)
    if op is BinaryOp.ADD and is_string(e.type):
        return concat_pair(g, e.pos, e, e.x, e.y)
    x = g.value(e.x)
    y = g.value(e.y)
    if op in _SHIFTS:
        return shift(g, e.pos, op, e.type, x, e.y, y)
    return arith(g, e.pos, op, e.type, x, y)


def _short_circuit(g: Gen, e: Binary) -> str:
    x = g.value(e.x)
    before = g.block
    right, done = g.label("rhs"), g.label("bool")
    if e.op is BinaryOp.AND_AND:
        g.branch_if(x, right, done)
        known = "false"
    else:
        g.branch_if(x, done, right)
        known = "true"
    g.start(right)
    y = g.value(e.y)
    after = g.block
    g.start(done)
    return g.phi("i1", (known, before), (y, after))


def _compare(g: Gen, e: Binary) -> str:
    x, y = e.x, e.y
    if isinstance(x, Nil):
        x, y = y, x
    if e.op in (BinaryOp.EQ, BinaryOp.NE):
        equal = _equality(g, e.pos, x, y)
        return equal if e.op is BinaryOp.EQ else negate(g, equal)
    t = x.type
    if is_string(t):
        a, b = lent_string(g, x), lent_string(g, y)
        order = g.rt(e.pos, "runtime.cmpstring", g.string(*a), g.string(*b))
        return g.op(f"icmp s{_ORDER[e.op]} i64 {order}, 0")
    a, b = g.value(x), g.value(y)
    llvm = shape_of(t).llvm
    if is_float(t):
        return g.op(f"fcmp {_FLOAT[e.op]} {llvm} {a}, {b}")
    return g.op(f"icmp {'s' if is_signed(t) else 'u'}{_ORDER[e.op]} {llvm} {a}, {b}")


def negate(g: Gen, v: str) -> str:
    """``!v``."""
    if v[0] != "%":
        return "false" if v == "true" else "true"
    return g.op(f"xor i1 {v}, true")


def _equality(g: Gen, pos: Pos, x: Expr, y: Expr) -> str:
    if isinstance(y, Nil):
        return equals_nil(g, x)
    if is_string(x.type):
        return equal_strings(g, pos, lent_string(g, x), lent_string(g, y))
    if is_interface(x.type) and is_interface(y.type):
        if _boxes(y) and not _boxes(x):
            return _equal_mixed(g, pos, x, y, True)
        if _boxes(x) and not _boxes(y):
            return _equal_mixed(g, pos, y, x, False)
    if shape_of(x.type).form is Form.MEMORY:
        # The evaluation of y may call a function that changes x, so copy x first.
        a = view(g, x) if isinstance(y, Const) else Addr(g.value(x), Mode.PRIVATE)
        return equal_memory(g, pos, x.type, a, view(g, y))
    a = g.value(x)
    return equal_values(g, pos, x.type, a, g.value(y))


def equals_nil(g: Gen, x: Expr) -> str:
    """``x == nil`` of any type that has nil."""
    u = underlying(x.type)
    v = g.value(x)
    match u:
        case Slice():
            v = g.extract("{ptr, i64, i64}", v, 0)
        case Interface():
            v = g.extract("{ptr, ptr}", v, 0)
        case _:
            pass
    return g.op(f"icmp eq ptr {v}, null")


def equal_values(g: Gen, pos: Pos, t: Type, a: str, b: str) -> str:
    """``a == b`` of two evaluated operands of one comparable type."""
    u = underlying(t)
    shape = shape_of(t)
    match u:
        case Basic() if u.kind is Kind.STRING:
            s = "{ptr, i64}"
            return equal_strings(g, pos, (g.extract(s, a, 0), g.extract(s, a, 1)), (g.extract(s, b, 0), g.extract(s, b, 1)))
        case Interface():
            return equal_interfaces(g, pos, bool(u.methods), a, b)
        case Struct() | Array():
            if shape.form is Form.MEMORY:
                return equal_memory(g, pos, t, Addr(a, Mode.PRIVATE), Addr(b, Mode.PRIVATE))
            return _equal_aggregates(g, pos, u, shape.llvm, a, b)
        case _:
            pass
    if is_complex(t):
        part = "float" if shape.size == 8 else "double"
        re, im = (g.op(f"fcmp oeq {part} {g.extract(shape.llvm, a, i)}, {g.extract(shape.llvm, b, i)}") for i in (0, 1))
        return g.op(f"and i1 {re}, {im}")
    return g.op(f"{'fcmp oeq' if is_float(t) else 'icmp eq'} {shape.llvm} {a}, {b}")


def _equal_aggregates(g: Gen, pos: Pos, u: Struct | Array, llvm: str, a: str, b: str) -> str:
    """Compare member by member in order. Stop at the first difference if a comparison takes more than one instruction."""
    members = [u.elem] * u.length if isinstance(u, Array) else [None if f.name == "_" else f.type for f in u.fields]
    result = "true"
    for i, member in enumerate(members):
        if member is None or size_of(member) == 0:
            continue
        x, y = g.extract(llvm, a, i), g.extract(llvm, b, i)
        shape = shape_of(member)
        if shape.form is Form.BOOL:
            equal = g.op(f"icmp eq i8 {x}, {y}")
        elif shape.form is Form.SCALAR or is_complex(member) or result == "true":
            equal = equal_values(g, pos, member, x, y)
        else:
            result = _and_then(g, result, _later(g, pos, member, x, y))
            continue
        result = equal if result == "true" else g.op(f"and i1 {result}, {equal}")
    return result


def _later(g: Gen, pos: Pos, t: Type, x: str, y: str) -> Callable[[], str]:
    return lambda: equal_values(g, pos, t, x, y)


def _and_then(g: Gen, cond: str, rest: Callable[[], str]) -> str:
    before = g.block
    more, done = g.label("more"), g.label("eq")
    g.branch_if(cond, more, done)
    g.start(more)
    v = rest()
    after = g.block
    g.start(done)
    return g.phi("i1", ("false", before), (v, after))


def equal_memory(g: Gen, pos: Pos, t: Type, a: Addr, b: Addr) -> str:
    """``==`` of two memory-class values."""
    if is_memory_comparable(t):
        return g.rt(pos, "runtime.memequal", a.ptr, b.ptr, str(size_of(t)))
    name = g.m.data.equal_ref(t)
    return g.op(f"call zeroext i1 {name}(ptr null, ptr {a.ptr}, ptr {b.ptr}){g.at(pos)}")


def equal_strings(g: Gen, pos: Pos, a: tuple[str, str], b: tuple[str, str]) -> str:
    """Length first, then bytes."""
    if b[1][0] != "%":
        a, b = b, a
    same = g.op(f"icmp eq i64 {a[1]}, {b[1]}")
    if a[1] == "0":
        return same
    return _and_then(g, same, lambda: g.rt(pos, "runtime.memequal", a[0], b[0], a[1]))


def equal_interfaces(g: Gen, pos: Pos, has_methods: bool, a: str, b: str) -> str:
    """Same type word, and equal values of that type."""
    t = "{ptr, ptr}"
    tab = g.extract(t, a, 0)
    same = g.op(f"icmp eq ptr {tab}, {g.extract(t, b, 0)}")
    symbol = "runtime.ifaceeq" if has_methods else "runtime.efaceeq"
    x, y = g.extract(t, a, 1), g.extract(t, b, 1)
    return _and_then(g, same, lambda: g.rt(pos, symbol, tab, x, y))


# --- an interface with a concrete value ------------------------------------------------------------------------------


def _boxes(e: Expr) -> bool:
    return isinstance(e, Convert) and e.kind is Conversion.TO_INTERFACE and not is_interface(e.x.type)


def _equal_mixed(g: Gen, pos: Pos, iface: Expr, boxed: Expr, iface_first: bool) -> str:
    """Compare an interface with a concrete value without boxing it: the type words first, then the values."""
    assert isinstance(boxed, Convert)
    concrete = boxed.x
    if iface_first:
        tab, data = iface_parts(g, iface)
        v = g.value(concrete)
    else:
        v = g.value(concrete)
        tab, data = iface_parts(g, iface)
    u = underlying(iface.type)
    assert isinstance(u, Interface)
    want = g.m.data.itab_ref(concrete.type, iface.type) if u.methods else g.m.type_ref(concrete.type)
    same = g.op(f"icmp eq ptr {tab}, {want}")

    def values() -> str:
        t = concrete.type
        if is_direct_iface(t):
            shape = shape_of(t)
            word = v if shape.form is Form.SCALAR else g.op(f"extractvalue {shape.llvm} {v}, {shape.leaves[0].path}")
            return g.op(f"icmp eq ptr {word}, {data}")
        if size_of(t) == 0:
            return "true"
        if shape_of(t).form is Form.MEMORY:
            return equal_memory(g, pos, t, Addr(v, Mode.PRIVATE), Addr(data, Mode.PRIVATE))
        # What an interface holds never changes.
        return equal_values(g, pos, t, v, load(g, t, Addr(data, Mode.PRIVATE)))

    return _and_then(g, same, values)
