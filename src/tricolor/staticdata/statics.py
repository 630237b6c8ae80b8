"""Static values: LLVM constants of constant IR expressions, addresses of composites included.

Function modules use ``StaticValues`` for read-only values: boxes of constants in interfaces, initial contents of literals.
The data module uses it for initial values of globals. There ``&T{...}`` and slices become writable globals, and those with
pointers are roots of our collector.
"""

from __future__ import annotations

import struct as bits
from fractions import Fraction
from functools import cache
from typing import final

from tricolor.base.errors import CompilerBug
from tricolor.gotypes.sizes import align_of, field_offset, is_laid_out, round_up, size_of, struct_layout
from tricolor.gotypes.types import (
    Array,
    Basic,
    Interface,
    Kind,
    Pointer,
    Slice,
    Struct,
    Type,
    array,
    has_pointers,
    is_direct_iface,
    underlying,
)
from tricolor.ir.nodes import (
    AddrOf,
    ArrayLit,
    Const,
    Conversion,
    Convert,
    Expr,
    FieldOf,
    FuncLit,
    FuncName,
    Index,
    Name,
    New,
    Nil,
    SliceExpr,
    SliceLit,
    StructLit,
    VarKind,
    Zero,
)
from tricolor.staticdata.emitter import DataEmitter
from tricolor.staticdata.llvmtypes import bytes_literal, memory_type

ZERO = "zeroinitializer"


def round_fraction(value: Fraction, mantissa_bits: int, least_exponent: int) -> Fraction:
    """The nearest binary number with ``mantissa_bits``, ties to even. ``least_exponent``: the exponent of the smallest
    positive (subnormal) number: -149 for float32, -1074 for float64."""
    if value == 0:
        return value
    n, d = abs(value.numerator), value.denominator
    exponent = n.bit_length() - d.bit_length() - mantissa_bits
    if Fraction(n, d) >= Fraction(2) ** (exponent + mantissa_bits):
        exponent += 1
    unit = Fraction(2) ** max(exponent, least_exponent)
    rounded = round(Fraction(n, d) / unit) * unit
    return rounded if value > 0 else -rounded


def float_text(value: Fraction, kind: Kind) -> str:
    """LLVM constant of a float: hexadecimal bits of a double (for float32 of the exactly rounded value)."""
    single = kind in (Kind.FLOAT32, Kind.COMPLEX64)
    rounded = round_fraction(value, 24, -149) if single else round_fraction(value, 53, -1074)
    return f"0x{int.from_bytes(bits.pack('>d', float(rounded)), 'big'):016X}"


def const_text(emitter: DataEmitter, e: Const) -> str:
    """LLVM constant of a Const in memory form (bool is i8), of type ``memory_type(e.type)``."""
    u = underlying(e.type)
    assert isinstance(u, Basic), f"constant of type {e.type}"
    value = e.value
    if isinstance(value, bytes):
        return emitter.string_value(value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        part = "float" if u.kind is Kind.COMPLEX64 else "double"
        return f"{{{part} {float_text(value[0], u.kind)}, {part} {float_text(value[1], u.kind)}}}"
    if u.kind in (Kind.COMPLEX64, Kind.COMPLEX128):
        part = "float" if u.kind is Kind.COMPLEX64 else "double"
        return f"{{{part} {float_text(Fraction(value), u.kind)}, {part} 0.0}}"
    if u.kind in (Kind.FLOAT32, Kind.FLOAT64):
        return float_text(Fraction(value), u.kind)
    assert isinstance(value, int) or value.denominator == 1, f"constant {value} of type {e.type}"
    number = int(value)
    if u.kind is Kind.UNSAFE_POINTER:
        return f"inttoptr (i64 {number} to ptr)" if number else "null"
    return str(number)


@final
class StaticValues:
    """Static values of one module. With ``writable``, composites whose address is taken become globals; those that hold
    pointers are listed in ``roots`` as (name, type)."""

    def __init__(self, emitter: DataEmitter, writable: bool = False) -> None:
        self.emitter = emitter
        self.writable = writable
        self.roots: list[tuple[str, Type]] = []

    def is_static(self, e: Expr) -> bool:
        """Whether ``value`` can give a constant for the expression."""
        match e:
            case Const() | Nil() | Zero() | FuncName():
                return True
            case FuncLit():
                return not e.func.captures
            case StructLit():
                return all(self.is_static(v) for _, v in e.fields)
            case ArrayLit():
                return _is_laid_out(e) and all(self.is_static(v) for _, v in e.elems)
            case SliceLit():
                return self.writable and _is_laid_out(e) and all(self.is_static(v) for _, v in e.elems)
            case New():
                return self.writable
            case AddrOf():
                return self._is_static_place(e.x) or (
                    self.writable and isinstance(e.x, StructLit | ArrayLit | SliceLit) and self.is_static(e.x)
                )
            case Convert():
                if e.kind is Conversion.INTERFACE:
                    return _concrete(e) is not None and self.is_static(e.x)
                return e.kind in (Conversion.NOP, Conversion.TO_INTERFACE) and self.is_static(e.x)
            case SliceExpr():
                return self._is_static_slice(e)
            case _:
                return False

    def _is_static_place(self, e: Expr) -> bool:
        match e:
            case Name():
                return e.var.kind is VarKind.GLOBAL
            case FieldOf():
                return self._is_static_place(e.x)
            case Index():
                return isinstance(underlying(e.x.type), Array) and isinstance(e.index, Const) and self._is_static_place(e.x)
            case _:
                return False

    def _is_static_slice(self, e: SliceExpr) -> bool:
        bounds = [b for b in (e.low, e.high, e.max) if b is not None]
        return isinstance(underlying(e.x.type), Pointer) and all(isinstance(b, Const) for b in bounds) and self.is_static(e.x)

    def value(self, e: Expr) -> str:
        """LLVM constant of type ``memory_type(e.type)``. Raises CompilerBug where ``is_static`` is false."""
        match e:
            case Const():
                return const_text(self.emitter, e)
            case Nil() | Zero():
                return "null" if memory_type(e.type) == "ptr" else zero_text(e.type)
            case FuncName() | FuncLit():
                return self.emitter.closure_ref(e.func)
            case StructLit():
                return self._struct(e)
            case ArrayLit():
                u = underlying(e.type)
                assert isinstance(u, Array)
                return self._elements(u.elem, u.length, e.elems)
            case SliceLit():
                return self._slice(e)
            case New():
                return self._variable(e.elem, ZERO)
            case AddrOf():
                if isinstance(e.x, StructLit | ArrayLit | SliceLit):
                    return self._variable(e.x.type, self.value(e.x))
                return self._place(e.x)
            case Convert():
                return self._convert(e)
            case SliceExpr():
                return self._slice_of_array(e)
            case _:
                raise CompilerBug("static value", e.pos, f"{type(e).__name__} is not static")

    def _struct(self, e: StructLit) -> str:
        u = underlying(e.type)
        assert isinstance(u, Struct)
        blank = blank_fields(u)
        values = {index: v for index, v in e.fields if index not in blank}
        parts: list[str] = []
        for index, f in enumerate(u.fields):
            given = values.get(index)
            text = self.value(given) if given is not None else zero_text(f.type)
            parts.append(f"{memory_type(f.type)} {text}")
        tail = memory_type(u).removesuffix("}").rpartition(", ")[2]
        if len(parts) < memory_member_count(u):
            parts.append(f"{tail} {ZERO}")
        return "{" + ", ".join(parts) + "}" if parts else ZERO

    def _elements(self, elem: Type, length: int, elems: list[tuple[int, Expr]]) -> str:
        if not elems or length == 0:
            return ZERO
        if size_of(elem) == 1 and all(isinstance(v, Const) for _, v in elems):
            data = bytearray(length)
            for index, v in elems:
                assert isinstance(v, Const) and isinstance(v.value, int | Fraction)
                data[index] = int(v.value) & 0xFF
            return bytes_literal(bytes(data))
        ty = memory_type(elem)
        texts = [f"{ty} {zero_text(elem)}"] * length
        for index, v in elems:
            texts[index] = f"{ty} {self.value(v)}"
        return "[" + ", ".join(texts) + "]"

    def _slice(self, e: SliceLit) -> str:
        u = underlying(e.type)
        assert isinstance(u, Slice)
        elem = u.elem
        backing = array(elem, e.length)
        name = self._variable(backing, self._elements(elem, e.length, e.elems))
        return f"{{ptr {name}, i64 {e.length}, i64 {e.length}}}"

    def _variable(self, t: Type, value: str) -> str:
        """A further global that holds ``value``: the target of a pointer or slice."""
        if not self.writable:
            raise CompilerBug("static value", 0, f"address of a variable of type {t} in a function's module")
        if size_of(t) == 0:
            return self.zerobase()
        name = self.emitter.add_constant(f"internal global {memory_type(t)} {value}, align {align_of(t)}", ".stmp")
        if has_pointers(t):
            self.roots.append((name, t))
        return name

    def zerobase(self) -> str:
        """Address of all variables without size."""
        return self.emitter.declare("runtime.zerobase", '@"runtime.zerobase" = external global i64')

    def _place(self, e: Expr) -> str:
        match e:
            case Name():
                return self.emitter.global_ref(e.var)
            case FieldOf():
                return _offset(self._place(e.x), field_offset(e.x.type, e.index))
            case Index():
                u = underlying(e.x.type)
                assert isinstance(u, Array) and isinstance(e.index, Const) and isinstance(e.index.value, int)
                return _offset(self._place(e.x), size_of(u.elem) * e.index.value)
            case _:
                raise CompilerBug("static value", e.pos, f"address of {type(e).__name__} is not static")

    def _slice_of_array(self, e: SliceExpr) -> str:
        u = underlying(e.x.type)
        assert isinstance(u, Pointer)
        arr = underlying(u.elem)
        assert isinstance(arr, Array)
        low = const_int(e.low, 0)
        high = const_int(e.high, arr.length)
        limit = const_int(e.max, arr.length)
        address = _offset(self.value(e.x), low * size_of(arr.elem))
        return f"{{ptr {address}, i64 {high - low}, i64 {limit - low}}}"

    def _convert(self, e: Convert) -> str:
        if e.kind is Conversion.NOP:
            return self.value(e.x)
        if e.kind is Conversion.INTERFACE:
            inner = _concrete(e)
            assert inner is not None
            return self.interface(inner, e.type)
        if e.kind is Conversion.TO_INTERFACE:
            return self.interface(e.x, e.type)
        raise CompilerBug("static value", e.pos, f"conversion {e.kind.value} is not static")

    def interface(self, x: Expr, iface: Type) -> str:
        """Constant of type ``{ptr, ptr}``: a static value of concrete type in an interface, boxed read-only."""
        u = underlying(iface)
        assert isinstance(u, Interface)
        first = self.emitter.itab_ref(x.type, iface) if u.methods else self.emitter.type_ref(x.type)
        return f"{{ptr {first}, ptr {self.box(x)}}}"

    def box(self, x: Expr) -> str:
        """The data word of an interface that holds a static value."""
        if is_direct_iface(x.type):
            return self._direct_word(x)
        if size_of(x.type) == 0:
            return self.zerobase()
        return self.readonly(x)

    def readonly(self, x: Expr) -> str:
        """Address of a read-only copy of a static value."""
        text = f"{memory_type(x.type)} {self.value(x)}, align {align_of(x.type)}"
        return self.emitter.add_constant(f"private unnamed_addr constant {text}", ".box")

    def _direct_word(self, x: Expr) -> str:
        """The single pointer inside a pointer-shaped static value."""
        match x:
            case StructLit():
                return self._direct_word(x.fields[0][1]) if x.fields else "null"
            case ArrayLit():
                return self._direct_word(x.elems[0][1]) if x.elems else "null"
            case Zero() | Nil():
                return "null"
            case Convert() if x.kind is Conversion.NOP:
                return self._direct_word(x.x)
            case _:
                return self.value(x)


@cache
def _is_laid_out(e: ArrayLit | SliceLit) -> bool:
    t = underlying(e.type)
    assert isinstance(t, Array | Slice)
    length = e.length if isinstance(e, SliceLit) else t.length if isinstance(t, Array) else 0
    return is_laid_out(t.elem, length, len(e.elems))


def blank_fields(t: Type) -> frozenset[int]:
    """Indices of a struct's fields named ``_``, which stay zero in literals."""
    u = underlying(t)
    assert isinstance(u, Struct)
    return frozenset(index for index, f in enumerate(u.fields) if f.name == "_")


def const_int(e: Expr | None, default: int) -> int:
    """The value of an integer constant, or ``default`` for a bound that is not given."""
    if e is None:
        return default
    assert isinstance(e, Const) and isinstance(e.value, int)
    return e.value


def zero_text(t: Type) -> str:
    """Zero of a type in memory form."""
    ty = memory_type(t)
    if ty == "ptr":
        return "null"
    return "0" if ty.startswith("i") else ZERO


def memory_member_count(t: Struct) -> int:
    """Members of the struct's LLVM type: its fields and, where needed, the explicit tail."""
    layout = struct_layout(t)
    end = layout.size - layout.tail_bytes
    natural = round_up(end, layout.align)
    return len(t.fields) + (natural != layout.size)


def _concrete(e: Convert) -> Expr | None:
    """The concrete operand below a chain of static interface conversions."""
    x = e.x
    while isinstance(x, Convert) and x.kind is Conversion.INTERFACE:
        x = x.x
    return x.x if isinstance(x, Convert) and x.kind is Conversion.TO_INTERFACE else None


def _offset(base: str, offset: int) -> str:
    return f"getelementptr (i8, ptr {base}, i64 {offset})" if offset else base
