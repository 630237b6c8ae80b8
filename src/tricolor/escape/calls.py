"""Flows of calls: arguments to parameters, results to where the call's values go.

Source: cmd/compile/internal/escape/call.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, assert_never

from tricolor.escape.batch import Batch
from tricolor.escape.graph import Hole
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS, Leaks, everything_to_heap
from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.walk import walk


AnyCall: TypeAlias = n.Call | n.CallMethod | n.Append | n.Builtin


def operand_holes(b: Batch, ks: Sequence[Hole], x: AnyCall) -> Iterator[tuple[Hole, n.Expr]]:
    """Every operand of the call with the hole that its value goes to.

    ``ks`` has a hole per result, or is one hole for a single (or ignored) result.
    """
    match x:
        case n.Call():
            yield from _call(b, ks, x)
        case n.CallMethod():
            for arg in (x.x, *x.args):
                yield _argument(b.to_heap(), x, arg)
        case n.Append():
            yield from _append(b, ks[0], x)
        case n.Builtin():
            yield from _builtin(b, ks, x)
        case _:
            assert_never(x)


def _call(b: Batch, ks: Sequence[Hole], x: n.Call) -> Iterator[tuple[Hole, n.Expr]]:
    callee = static_callee(x.fun)
    if callee is None:
        used = any(k.dst is not b.blank for k in ks)
        yield b.to_callee() if used else b.discard(), x.fun
        for arg in x.args:
            yield _argument(b.to_heap(), x, arg)
        return
    yield b.discard(), x.fun
    if callee in b.members and callee.body is not None:
        for k, result in zip(ks, callee.results, strict=False):
            yield k, n.Name(x.pos, result.type, result)
        for arg, param in zip(x.args, callee.params, strict=True):
            yield _argument(b.to(b.location_of(param)), x, arg)
        return
    tags = b.tags.get(callee)
    for index, arg in enumerate(x.args):
        leaks = tags[index] if tags is not None else _untagged(callee)
        yield _argument(tag_hole(b, ks, leaks), x, arg)


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


def _argument(k: Hole, x: n.Expr, arg: n.Expr) -> tuple[Hole, n.Expr]:
    return k.note(x, "call parameter"), arg


def tag_hole(b: Batch, ks: Sequence[Hole], leaks: Leaks) -> Hole:
    """The hole for an argument of a function that was analysed before."""
    holes: list[Hole] = []
    for sink, target in ((HEAP, b.to_heap()), (MUTATOR, b.to_mutator()), (CALLEE, b.to_callee())):
        if leaks.derefs[sink] >= 0:
            holes.append(target.shift(leaks.derefs[sink]))
    for index in range(min(RESULTS, len(ks))):
        derefs = leaks.derefs[FIRST_RESULT + index]
        if derefs >= 0:
            holes.append(Hole(ks[index].dst, ks[index].derefs + derefs, False, ks[index].notes))
    return b.tee(holes)


def bound_receiver(b: Batch, x: n.MethodValue) -> Hole:
    """Where the receiver of a method value may flow once the value is called by somebody."""
    for node in walk(x.func):
        match node:
            case n.Call(fun=n.FuncName(func=callee)) if callee.params:
                tags = b.tags.get(callee)
                if callee in b.members or tags is None:
                    return b.to_heap()
                results = [b.to_heap()] * len(callee.results)
                return tag_hole(b, results, tags[0])
            case _:
                continue
    return b.to_heap()


def _append(b: Batch, k: Hole, x: n.Append) -> Iterator[tuple[Hole, n.Expr]]:
    # The slice may be the result if its capacity is enough; its elements may be copied to a new heap array.
    slice_type = t.underlying(x.type)
    assert isinstance(slice_type, t.Slice)
    pointers = t.has_pointers(slice_type.elem)
    b.allocations[x] = b.heap
    holes = [k, b.to_mutator()]
    if pointers:
        holes.append(b.to_heap().deref(x, "appendee slice"))
    yield _argument(b.tee(holes), x, x.x)
    if not x.spread:
        for elem in x.elems:
            yield _argument(b.to_heap(), x, elem)
        return
    (spread,) = x.elems
    copied = pointers and not t.is_string(spread.type)
    yield _argument(b.to_heap().deref(x, "appended slice...") if copied else b.discard(), x, spread)


def _builtin(b: Batch, ks: Sequence[Hole], x: n.Builtin) -> Iterator[tuple[Hole, n.Expr]]:
    match x.op:
        case n.BuiltinOp.COPY:
            dst, src = x.args
            yield _argument(b.to_mutator(), x, dst)
            elem = t.underlying(dst.type)
            copied = isinstance(elem, t.Slice) and t.has_pointers(elem.elem) and not t.is_string(src.type)
            yield _argument(b.to_heap().deref(x, "copied slice") if copied else b.discard(), x, src)
        case n.BuiltinOp.PANIC:
            yield _argument(b.to_heap(), x, x.args[0])
        case n.BuiltinOp.MIN | n.BuiltinOp.MAX:
            for arg in x.args:
                yield _argument(ks[0], x, arg)
        case n.BuiltinOp.CLEAR:
            yield _argument(b.to_mutator(), x, x.args[0])
        case (
            n.BuiltinOp.UNSAFE_ADD
            | n.BuiltinOp.UNSAFE_SLICE
            | n.BuiltinOp.UNSAFE_SLICE_DATA
            | n.BuiltinOp.UNSAFE_STRING
            | n.BuiltinOp.UNSAFE_STRING_DATA
        ):
            yield _argument(ks[0], x, x.args[0])
            yield from ((b.discard(), arg) for arg in x.args[1:])
        case _:
            yield from ((b.discard(), arg) for arg in x.args)
