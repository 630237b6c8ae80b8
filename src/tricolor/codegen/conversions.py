"""Conversions of every kind, and uintptr arithmetic on pointers."""

from __future__ import annotations

from tricolor.codegen.arith import convert_number
from tricolor.codegen.interfaces import between_interfaces, to_interface
from tricolor.codegen.memory import copy, shared
from tricolor.codegen.places import index_operand
from tricolor.codegen.shapes import shape_of
from tricolor.codegen.slices import array_pointer, slice_to_array
from tricolor.codegen.state import Addr, Gen
from tricolor.codegen.strings import convert_string
from tricolor.gotypes.types import Basic, Kind, Pointer, Type, is_interface, underlying
from tricolor.ir.nodes import Binary, BinaryOp, Conversion, Convert, Expr


def value_convert(g: Gen, e: Convert) -> str:
    match e.kind:
        case Conversion.NOP:
            return _same(g, e)
        case Conversion.NUMERIC:
            return convert_number(g, g.value(e.x), e.x.type, e.type)
        case Conversion.TO_INTERFACE:
            return to_interface(g, e)
        case Conversion.INTERFACE:
            return between_interfaces(g, e)
        case Conversion.SLICE_TO_ARRAY:
            return slice_to_array(g, e)
        case Conversion.SLICE_TO_ARRAY_POINTER:
            u = underlying(e.type)
            assert isinstance(u, Pointer)
            return array_pointer(g, e.pos, e.x, u.elem)
        case Conversion.POINTER_TO_UINTPTR:
            return g.op(f"ptrtoint ptr {g.value(e.x)} to i64")
        case Conversion.UINTPTR_TO_POINTER:
            return _to_pointer(g, e.x)
        case _:
            return convert_string(g, e)


def _same(g: Gen, e: Convert) -> str:
    """The value itself. Conversions between pointers and uintptr may have this kind too."""
    if _is_pointer(e.type) and not _is_pointer(e.x.type) and shape_of(e.x.type).llvm == "i64":
        return _to_pointer(g, e.x)
    if is_interface(e.type):
        return between_interfaces(g, e)
    v = g.value(e.x)
    if shape_of(e.type).llvm == "i64" and shape_of(e.x.type).llvm == "ptr":
        return g.op(f"ptrtoint ptr {v} to i64")
    return v


def _is_pointer(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Pointer) or (isinstance(u, Basic) and u.kind is Kind.UNSAFE_POINTER)


def _to_pointer(g: Gen, x: Expr) -> str:
    """``unsafe.Pointer(x)``.

    A sum with a converted pointer becomes getelementptr, since LLVM may lose track of a pointer that goes through an integer.
    """
    if isinstance(x, Convert) and x.kind is Conversion.POINTER_TO_UINTPTR:
        return g.value(x.x)
    if shape_of(x.type).llvm == "ptr":
        return g.value(x)
    if isinstance(x, Convert) and x.kind is Conversion.NOP:
        return _to_pointer(g, x.x)
    if isinstance(x, Binary) and x.op in (BinaryOp.ADD, BinaryOp.SUB) and _holds_pointer(x.x):
        base = _to_pointer(g, x.x)
        delta = index_operand(g, x.y)
        if x.op is BinaryOp.SUB:
            delta = g.op(f"sub i64 0, {delta}")
        return g.op(f"getelementptr i8, ptr {base}, i64 {delta}")
    return g.op(f"inttoptr i64 {g.value(x)} to ptr")


def _holds_pointer(x: Expr) -> bool:
    match x:
        case Convert():
            return x.kind is Conversion.POINTER_TO_UINTPTR or (x.kind is Conversion.NOP and _holds_pointer(x.x))
        case Binary():
            return x.op in (BinaryOp.ADD, BinaryOp.SUB) and _holds_pointer(x.x)
        case _:
            return False


def into_convert(g: Gen, e: Convert, dest: Addr) -> None:
    """A memory-class value: only its type changes, or it is an array made of a slice."""
    if e.kind is Conversion.SLICE_TO_ARRAY:
        copy(g, e.type, dest, shared(array_pointer(g, e.pos, e.x, e.type)))
    elif e.kind is Conversion.NOP:
        g.into(e.x, dest)
    else:
        g.bug(e.pos, f"conversion {e.kind.value} to {e.type}")
