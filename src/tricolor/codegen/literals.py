"""Values that the source writes down: constants, nil, zero, composite literals, new."""

from __future__ import annotations

from collections.abc import Callable

from tricolor.codegen.allocation import new_object
from tricolor.codegen.maps import fill_map
from tricolor.codegen.memory import copy_constant, offset, store, store_zero, to_byte, zero_value
from tricolor.codegen.places import is_place
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, Mode
from tricolor.gotypes.sizes import field_offset, size_of
from tricolor.gotypes.types import Array, Slice, array, underlying
from tricolor.ir.nodes import AddrOf, ArrayLit, Const, Expr, MapLit, New, Nil, SliceLit, StructLit, Zero
from tricolor.staticdata.statics import blank_fields, const_text

_STATIC_COPY_BYTES = 64
"""Constant literals of at least this size are copied from read-only memory; smaller ones are written field by field."""


def value_const(g: Gen, e: Const) -> str:
    if isinstance(e.value, bool):
        return "true" if e.value else "false"
    if isinstance(e.value, bytes):
        length = str(len(e.value))
        return g.string(g.m.data.string_ref(e.value), length)
    return const_text(g.m.data, e)


def value_zero(g: Gen, e: Nil | Zero) -> str:
    return zero_value(e.type)


def into_zero(g: Gen, e: Zero, dest: Addr) -> None:
    store_zero(g, e.type, dest)


# --- structs and arrays ----------------------------------------------------------------------------------------------


def member_form(g: Gen, e: Expr) -> str:
    """Evaluate to the form that a value has inside an aggregate: a bool is i8 there."""
    v = g.value(e)
    return to_byte(g, v) if shape_of(e.type).form is Form.BOOL else v


def value_struct(g: Gen, e: StructLit) -> str:
    shape = shape_of(e.type)
    if not shape.leaves:
        for _, x in e.fields:
            g.value(x)
        return "zeroinitializer"
    if g.m.statics.is_static(e):
        return g.m.statics.value(e)
    current = "zeroinitializer"
    blank = blank_fields(e.type)
    for index, x in e.fields:
        member = shape_of(x.type)
        v = member_form(g, x)
        if index in blank:
            continue
        if member.leaves:
            t = "i8" if member.form is Form.BOOL else member.llvm
            current = g.op(f"insertvalue {shape.llvm} {current}, {t} {v}, {index}")
    return current


def value_array(g: Gen, e: ArrayLit) -> str:
    """An array of at most one element."""
    shape = shape_of(e.type)
    current = "zeroinitializer"
    for index, x in e.elems:
        member = shape_of(x.type)
        v = member_form(g, x)
        if member.leaves:
            t = "i8" if member.form is Form.BOOL else member.llvm
            current = g.op(f"insertvalue {shape.llvm} {current}, {t} {v}, {index}")
    return current


def store_expr(g: Gen, e: Expr, dest: Addr) -> None:
    """Evaluate an expression of any type into memory that it cannot reach."""
    if shape_of(e.type).form is Form.MEMORY:
        g.into(e, dest)
    else:
        store(g, e.type, dest, g.value(e))


def _copy_static(g: Gen, e: Expr, dest: Addr) -> bool:
    """Copy a large constant literal from read-only memory; False if it is small or not constant."""
    shape = shape_of(e.type)
    if shape.size < _STATIC_COPY_BYTES or not g.m.statics.is_static(e):
        return False
    copy_constant(g, e.type, dest, g.m.statics.readonly(e))
    return True


def into_struct(g: Gen, e: StructLit, dest: Addr) -> None:
    u = underlying(e.type)
    fields = getattr(u, "fields", ())
    if _copy_static(g, e, dest):
        return
    blank = blank_fields(e.type)
    if (len(e.fields) < len(fields) or blank) and dest.ptr not in g.fresh:
        store_zero(g, e.type, dest)
    for index, x in e.fields:
        if index in blank:
            g.value(x)
            continue
        store_expr(g, x, offset(g, dest, field_offset(e.type, index)))


def _fill_fresh(g: Gen, dest: Addr, fill: Callable[[], None]) -> None:
    """Fill memory that holds zero and that nobody else knows, each word at most once."""
    outer = g.fresh
    g.fresh = {dest.ptr} if dest.mode is Mode.SHARED else set()
    fill()
    g.fresh = outer


def into_array(g: Gen, e: ArrayLit, dest: Addr) -> None:
    u = underlying(e.type)
    assert isinstance(u, Array)
    if _copy_static(g, e, dest):
        return
    if len(e.elems) < u.length and dest.ptr not in g.fresh:
        store_zero(g, e.type, dest)
    elem_bytes = size_of(u.elem)
    for index, x in e.elems:
        store_expr(g, x, offset(g, dest, index * elem_bytes))


# --- what allocates --------------------------------------------------------------------------------------------------


def value_new(g: Gen, e: New) -> str:
    return new_object(g, e.pos, "new", e.elem, e, g.m.placements.on_stack(e)).ptr


def value_addr_of(g: Gen, e: AddrOf) -> str:
    if is_place(e.x):
        return g.address(e.x).ptr
    dest = new_object(g, e.pos, "literal", e.x.type, e, g.m.placements.on_stack(e))
    _fill_fresh(g, dest, lambda: store_expr(g, e.x, dest))
    return dest.ptr


def value_slice_lit(g: Gen, e: SliceLit) -> str:
    u = underlying(e.type)
    assert isinstance(u, Slice)
    backing = array(u.elem, e.length)
    if e.length == 0:
        return g.slice(g.m.external("runtime.zerobase", "i64"), "0", "0")
    kind = "variadic slice" if e.variadic else "slice literal"
    dest = new_object(g, e.pos, kind, backing, e, g.m.placements.on_stack(e))
    elem_bytes = size_of(u.elem)
    whole = ArrayLit(e.pos, backing, e.elems)

    def fill() -> None:
        if not _copy_static(g, whole, dest):
            for index, x in e.elems:
                store_expr(g, x, offset(g, dest, index * elem_bytes))

    _fill_fresh(g, dest, fill)
    return g.slice(dest.ptr, str(e.length), str(e.length))


def value_map_lit(g: Gen, e: MapLit) -> str:
    return fill_map(g, e)
