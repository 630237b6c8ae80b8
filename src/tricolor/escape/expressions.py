"""Flows of expressions: from which locations the pointers in each value come.

Source: cmd/compile/internal/escape/expr.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from tricolor.escape.batch import Batch
from tricolor.escape.calls import AnyCall, bound_receiver, operand_holes
from tricolor.escape.graph import Hole
from tricolor.escape.pointers import holds_pointers
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n

_COPYING = frozenset(
    {
        n.Conversion.STRING_TO_BYTES,
        n.Conversion.BYTES_TO_STRING,
        n.Conversion.STRING_TO_RUNES,
        n.Conversion.RUNES_TO_STRING,
        n.Conversion.RUNE_TO_STRING,
    }
)
"""Conversions that allocate a copy. Their results contain no pointer of the operand."""


def discard(b: Batch, *exprs: n.Expr | None) -> None:
    """Add the flows of expressions whose values are not used."""
    for x in exprs:
        if x is not None:
            expr(b, b.discard(), x)


def expr(b: Batch, k: Hole, x: n.Expr) -> None:
    """Add the flows of ``x``; its value flows to the hole ``k``."""
    if k.derefs >= 0 and not holds_pointers(x.type):
        # A value without pointers keeps nothing alive. This is why an int never leaks.
        k = b.discard()
    match x:
        case n.Const() | n.Nil() | n.Zero() | n.FuncName():
            pass
        case n.Name():
            if x.var.kind is not n.VarKind.GLOBAL:
                b.flow(k, b.location_of(x.var))
        case n.Unary():
            discard(b, x.x)
        case n.Binary():
            discard(b, x.x, x.y)
        case n.Concat():
            b.spill(k, x)
            discard(b, *x.parts)
        case n.Deref():
            expr(b, k.deref(x, "indirection"), x.x)
        case n.AddrOf():
            _address(b, k, x)
        case n.FieldOf():
            expr(b, k.note(x, "dot"), x.x)
        case n.FieldPtr():
            expr(b, k.deref(x, "dot of pointer"), x.x)
        case n.Index():
            _index(b, k, x)
        case n.MapIndex():
            discard(b, x.x, x.key)
        case n.SliceExpr():
            expr(b, k.note(x, "slice"), x.x)
            discard(b, x.low, x.high, x.max)
        case n.TypeAssert():
            expr(b, _asserted(k, x), x.x)
        case n.Convert():
            _convert(b, k, x)
        case n.Call() | n.CallMethod() | n.Append() | n.Builtin():
            call(b, [k], x)
        case n.FuncLit():
            _closure(b, k, x)
        case n.MethodValue():
            _method_value(b, k, x)
        case n.StructLit():
            for _, value in x.fields:
                expr(b, k.note(x, "struct literal element"), value)
        case n.ArrayLit():
            for _, value in x.elems:
                expr(b, k.note(x, "array literal element"), value)
        case n.SliceLit():
            inner = b.spill(k, x)
            for _, value in x.elems:
                expr(b, inner.note(x, "slice-literal-element"), value)
        case n.MapLit():
            b.spill(k, x)
            for key, value in x.entries:
                expr(b, b.to_heap().note(x, "map literal key"), key)
                expr(b, b.to_heap().note(x, "map literal value"), value)
        case n.New():
            b.spill(k, x)
        case n.MakeSlice():
            b.spill(k, x)
            discard(b, x.length, x.cap)
        case n.MakeMap():
            b.spill(k, x)
            discard(b, x.hint)
        case n.MakeChan():
            discard(b, x.size)
        case n.Recv():
            discard(b, x.x)
        case _:
            assert_never(x)


def call(b: Batch, ks: Sequence[Hole], x: AnyCall) -> None:
    """Add the flows of a call; its results flow to ``ks``, one hole for each result."""
    for hole, operand in operand_holes(b, ks, x):
        expr(b, hole, operand)


def _address(b: Batch, k: Hole, x: n.AddrOf) -> None:
    if isinstance(x.x, (n.StructLit, n.ArrayLit, n.SliceLit, n.MapLit)):
        expr(b, b.spill(k, x), x.x)
    else:
        expr(b, k.addr(x, "address-of"), x.x)


def _index(b: Batch, k: Hole, x: n.Index) -> None:
    if isinstance(t.underlying(x.x.type), t.Array):
        expr(b, k.note(x, "fixed-array-index-of"), x.x)
    else:
        expr(b, k.deref(x, "dot of pointer"), x.x)
    discard(b, x.index)


def _asserted(k: Hole, x: n.TypeAssert) -> Hole:
    if t.is_interface(x.target) or t.is_direct_iface(x.target):
        return k.note(x, "dot")
    return k.deref(x, "dot")


def _convert(b: Batch, k: Hole, x: n.Convert) -> None:
    match x.kind:
        case n.Conversion.TO_INTERFACE:
            if not t.is_direct_iface(x.x.type):
                k = b.spill(k, x)
            expr(b, k.note(x, "interface-converted"), x.x)
        case n.Conversion.INTERFACE:
            expr(b, k.note(x, "interface-converted"), x.x)
        case n.Conversion.SLICE_TO_ARRAY:
            expr(b, k.deref(x, "slice-to-array"), x.x)
        case n.Conversion.UINTPTR_TO_POINTER:
            unsafe_value(b, k, x.x)
        case n.Conversion.POINTER_TO_UINTPTR:
            expr(b, b.pinned.get(x, b.discard()), x.x)
        case n.Conversion.NUMERIC:
            discard(b, x.x)
        case kind if kind in _COPYING:
            b.spill(k, x)
            discard(b, x.x)
        case _:
            expr(b, k, x.x)


def unsafe_value(b: Batch, k: Hole, x: n.Expr) -> None:
    """Add the flows of an integer that becomes an unsafe.Pointer: the pointers from which it was computed flow to ``k``."""
    match x:
        case n.Convert(kind=n.Conversion.POINTER_TO_UINTPTR):
            expr(b, k, x.x)
        case n.Convert():
            unsafe_value(b, k, x.x)
        case n.FieldPtr() if is_header_data(x):
            expr(b, k.deref(x, "reflect.Header.Data"), x.x)
        case n.Unary():
            unsafe_value(b, k, x.x)
        case n.Binary():
            unsafe_value(b, k, x.x)
            if x.op not in (n.BinaryOp.SHL, n.BinaryOp.SHR):
                unsafe_value(b, k, x.y)
            else:
                discard(b, x.y)
        case _:
            discard(b, x)


def is_header_data(x: n.Expr) -> bool:
    """Whether ``x`` is ``h.Data`` of a *reflect.SliceHeader or *reflect.StringHeader: a pointer that is declared as an integer."""
    if not isinstance(x, n.FieldPtr) or x.index != 0:
        return False
    header = t.underlying(x.x.type)
    named = header.elem if isinstance(header, t.Pointer) else None
    return isinstance(named, t.Named) and named.pkg == "reflect" and named.name in ("SliceHeader", "StringHeader")


def _closure(b: Batch, k: Hole, x: n.FuncLit) -> None:
    inner = b.spill(k, x)
    b.closures.append((x, inner))
    for capture in x.func.captures:
        location = b.location_of(capture.outer)
        b.canonical[capture.inner] = b.canonical.get(capture.outer, capture.outer)
        if not location.captured:
            location.captured = True
            if location.loop_depth == b.loop_depth:
                # Assignments in straight-line code before the first capture do not force capture by reference.
                location.reassigned = False
    if x.func.captures:
        b.walk_body(b, x.func)


def _method_value(b: Batch, k: Hole, x: n.MethodValue) -> None:
    # Unknown code may call the value, so all results of the method may flow to the heap.
    closure_hole = b.spill(k, x)
    receiver_hole = bound_receiver(b, x)
    expr(b, b.tee([receiver_hole, closure_hole]), x.x)
