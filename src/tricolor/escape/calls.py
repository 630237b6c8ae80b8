"""Flows of calls: arguments to parameters, results to where the call's values go.

Source: cmd/compile/internal/escape/call.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from tricolor.escape import expressions
from tricolor.escape.batch import Batch
from tricolor.escape.graph import Hole
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS, Leaks, everything_to_heap
from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.walk import walk


def call(b: Batch, ks: Sequence[Hole], x: n.Call | n.CallMethod | n.Append | n.Builtin) -> None:
    """``ks`` has a hole per result, or is one hole for a single (or ignored) result."""
    match x:
        case n.Call():
            _call(b, ks, x)
        case n.CallMethod():
            _argument(b, b.to_heap(), x, x.x)
            for arg in x.args:
                _argument(b, b.to_heap(), x, arg)
        case n.Append():
            _append(b, ks[0], x)
        case n.Builtin():
            _builtin(b, ks, x)
        case _:
            assert_never(x)


def _call(b: Batch, ks: Sequence[Hole], x: n.Call) -> None:
    callee = static_callee(x.fun)
    if callee is None:
        used = any(k.dst is not b.blank for k in ks)
        expressions.expr(b, b.to_callee() if used else b.discard(), x.fun)
        for arg in x.args:
            _argument(b, b.to_heap(), x, arg)
        return
    if isinstance(x.fun, n.FuncLit):
        expressions.expr(b, b.discard(), x.fun)
    elif isinstance(x.fun, n.Name):
        expressions.expr(b, b.discard(), x.fun)
    if callee in b.members and callee.body is not None:
        for k, result in zip(ks, callee.results, strict=False):
            expressions.expr(b, k, n.Name(x.pos, result.type, result))
        for arg, param in zip(x.args, callee.params, strict=True):
            _argument(b, b.to(b.location_of(param)), x, arg)
        return
    tags = b.tags.get(callee)
    for index, arg in enumerate(x.args):
        leaks = tags[index] if tags is not None else _untagged(callee)
        _argument(b, tag_hole(b, ks, x, leaks), x, arg)


def _untagged(callee: n.Func) -> Leaks:
    """Tag of a parameter of a function without a body."""
    if "noescape" not in callee.pragmas:
        return everything_to_heap()
    leaks = Leaks()
    leaks.add(MUTATOR, 0)
    leaks.add(CALLEE, 0)
    return leaks


def static_callee(fun: n.Expr) -> n.Func | None:
    """The one function that the expression can be, if that is known."""
    match fun:
        case n.FuncName():
            return fun.func
        case n.FuncLit():
            return fun.func
        case n.Convert(kind=n.Conversion.NOP):
            return static_callee(fun.x)
        case _:
            return None


def _argument(b: Batch, k: Hole, x: n.Expr, arg: n.Expr) -> None:
    expressions.expr(b, k.note(x, "call parameter"), arg)


def tag_hole(b: Batch, ks: Sequence[Hole], x: n.Expr, leaks: Leaks) -> Hole:
    """The hole for an argument of a function that was analysed before."""
    holes: list[Hole] = []
    for sink, target in ((HEAP, b.to_heap()), (MUTATOR, b.to_mutator()), (CALLEE, b.to_callee())):
        if leaks.derefs[sink] >= 0:
            holes.append(target.shift(leaks.derefs[sink]))
    for index in range(min(RESULTS, len(ks))):
        derefs = leaks.derefs[FIRST_RESULT + index]
        if derefs >= 0:
            holes.append(Hole(ks[index].dst, ks[index].derefs + derefs, False, ks[index].notes))
    return b.tee([hole for hole in holes]) if holes else b.discard()


def bound_receiver(b: Batch, x: n.MethodValue) -> Hole:
    """Where the receiver of a method value may flow once the value is called by somebody."""
    for node in walk(x.func):
        match node:
            case n.Call(fun=n.FuncName(func=callee)) if callee.params:
                tags = b.tags.get(callee)
                if callee in b.members or tags is None:
                    return b.to_heap()
                results = [b.to_heap()] * len(callee.results)
                return tag_hole(b, results, x, tags[0])
            case _:
                continue
    return b.to_heap()


def _append(b: Batch, k: Hole, x: n.Append) -> None:
    # The slice may be the result if its capacity is enough; its elements may be copied to a new heap array.
    slice_type = t.underlying(x.type)
    assert isinstance(slice_type, t.Slice)
    pointers = t.has_pointers(slice_type.elem)
    b.allocations[x] = b.heap
    holes = [k, b.to_mutator()]
    if pointers:
        holes.append(b.to_heap().deref(x, "appendee slice"))
    _argument(b, b.tee(holes), x, x.x)
    if not x.spread:
        for elem in x.elems:
            _argument(b, b.to_heap(), x, elem)
        return
    (spread,) = x.elems
    copied = pointers and not t.is_string(spread.type)
    _argument(b, b.to_heap().deref(x, "appended slice...") if copied else b.discard(), x, spread)


def _builtin(b: Batch, ks: Sequence[Hole], x: n.Builtin) -> None:
    match x.op:
        case n.BuiltinOp.COPY:
            dst, src = x.args
            _argument(b, b.to_mutator(), x, dst)
            elem = t.underlying(dst.type)
            copied = isinstance(elem, t.Slice) and t.has_pointers(elem.elem) and not t.is_string(src.type)
            _argument(b, b.to_heap().deref(x, "copied slice") if copied else b.discard(), x, src)
        case n.BuiltinOp.PANIC:
            _argument(b, b.to_heap(), x, x.args[0])
        case n.BuiltinOp.MIN | n.BuiltinOp.MAX:
            for arg in x.args:
                _argument(b, ks[0], x, arg)
        case n.BuiltinOp.CLEAR:
            _argument(b, b.to_mutator(), x, x.args[0])
        case (
            n.BuiltinOp.UNSAFE_ADD
            | n.BuiltinOp.UNSAFE_SLICE
            | n.BuiltinOp.UNSAFE_SLICE_DATA
            | n.BuiltinOp.UNSAFE_STRING
            | n.BuiltinOp.UNSAFE_STRING_DATA
        ):
            _argument(b, ks[0], x, x.args[0])
            expressions.discard(b, *x.args[1:])
        case _:
            expressions.discard(b, *x.args)
