"""Flows of calls: arguments flow to parameters, results to the holes for the call's values.

Source: cmd/compile/internal/escape/call.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, assert_never

from tricolor.escape.batch import Batch
from tricolor.escape.graph import Hole
from tricolor.escape.leaks import CALLEE, FIRST_RESULT, HEAP, MUTATOR, RESULTS, Leaks, everything_to_heap
from tricolor.escape.pointers import holds_pointers
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

AnyCall: TypeAlias = n.Call | n.CallMethod | n.Append | n.Builtin
Operand: TypeAlias = tuple[Hole, n.Expr]

_UINTPTR_PRAGMAS = frozenset(("uintptrescapes", "uintptrkeepalive"))
_ESCAPE_NON_STRING = "internal/abi.EscapeNonString["


def operand_holes(b: Batch, ks: Sequence[Hole], x: AnyCall) -> Iterator[Operand]:
    """Every operand of the call with the hole that its value flows to.

    ``ks``: one hole for each result; one hole if the result is single or ignored.
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


def _call(b: Batch, ks: Sequence[Hole], x: n.Call) -> Iterator[Operand]:
    callees = _callees(b, x.fun)
    if not callees or any(len(callee.params) != len(x.args) for callee in callees):
        used = any(k.dst is not b.blank for k in ks)
        yield (b.to_callee().note(x, "callee operand") if used else b.discard()), x.fun
        for arg in x.args:
            yield _argument(b.to_heap(), x, arg)
        return
    if b.inline is not None and len(callees) == 1 and not _is_analysed_here(b, callees[0]):
        inlined = b.inline(b, ks, x, callees[0])
        if inlined is not None:
            yield from inlined
            return
    for callee in callees:
        if _is_analysed_here(b, callee):
            for k, result in zip(ks, callee.results, strict=False):
                yield k, n.Name(x.pos, result.type, result)
    yield b.discard(), x.fun
    if len(callees) == 1 and callees[0].symbol.startswith(_ESCAPE_NON_STRING):
        for arg in x.args:
            yield _argument(b.to_heap() if _has_non_string_pointers(arg.type) else b.discard(), x, arg)
        return
    pragmas = frozenset(p for callee in callees for p in _uintptr_pragmas(callee))
    for index, arg in enumerate(x.args):
        if pragmas:
            _keep_pointers(b, arg, pragmas)
        yield _argument(b.tee([_parameter(b, ks, callee, index) for callee in callees]), x, arg)


def _is_analysed_here(b: Batch, callee: n.Func) -> bool:
    return callee in b.members and callee.body is not None


def _parameter(b: Batch, ks: Sequence[Hole], callee: n.Func, index: int) -> Hole:
    """The hole for the argument with this index."""
    if callee.body is not None and "noescape" in callee.pragmas:
        # The declaration without a body, by which another package knows the function, promises it.
        return tag_hole(b, ks, untagged(callee))
    if _is_analysed_here(b, callee):
        return b.to(b.location_of(callee.params[index]))
    tags = b.tags.get(callee)
    return tag_hole(b, ks, tags[index] if tags is not None else untagged(callee))


def untagged(callee: n.Func) -> Leaks:
    """Tag of every parameter of a function whose body the analysis does not look at."""
    if "noescape" not in callee.pragmas:
        return everything_to_heap()
    leaks = Leaks()
    leaks.add(MUTATOR, 0)
    leaks.add(CALLEE, 0)
    return leaks


def _callees(b: Batch, fun: n.Expr) -> Sequence[n.Func]:
    """The functions that the callee expression may hold; empty if they are not known."""
    value = b.static_value(fun)
    callee = _named_function(value)
    if callee is not None:
        return [callee]
    if not isinstance(value, n.Name):
        return ()
    assert b.func is not None
    found: list[n.Func] = []
    for assigned in b.assignments_of(b.func).functions(b.canonical_of(value.var)) or ():
        # The variable holds one of the assigned functions or nil, and a call of nil panics.
        callee = _named_function(assigned)
        if callee is None or _uintptr_pragmas(callee):
            return ()
        found.append(callee)
    return found


def _named_function(x: n.Expr) -> n.Func | None:
    return x.func if isinstance(x, (n.FuncName, n.FuncLit)) else None


def _uintptr_pragmas(callee: n.Func) -> frozenset[str]:
    found = callee.pragmas & _UINTPTR_PRAGMAS
    return found | {"uintptrkeepalive"} if callee.body is None else found


def _keep_pointers(b: Batch, arg: n.Expr, pragmas: frozenset[str]) -> None:
    """Pin the pointer in an argument ``uintptr(p)`` of a system call: its object stays alive during the call. With
    ``//go:uintptrescapes`` it also moves to the heap."""
    elems = [elem for _, elem in arg.elems] if isinstance(arg, n.SliceLit) else [arg]
    for elem in elems:
        if isinstance(elem, n.Convert) and elem.kind is n.Conversion.POINTER_TO_UINTPTR:
            escapes = "uintptrescapes" in pragmas
            hole = b.to_heap().note(elem, "//go:uintptrescapes") if escapes else b.to_mutator()
            b.pinned[elem] = hole


def _has_non_string_pointers(of: t.Type) -> bool:
    match t.underlying(of):
        case t.Struct(fields=fields):
            return any(_has_non_string_pointers(f.type) for f in fields)
        case t.Array(elem=elem):
            return _has_non_string_pointers(elem)
        case u:
            return not t.is_string(u) and holds_pointers(u)


def _argument(k: Hole, x: n.Expr, arg: n.Expr) -> Operand:
    return k.note(x, "call parameter"), arg


def tag_hole(b: Batch, ks: Sequence[Hole], leaks: Leaks) -> Hole:
    """The hole for an argument whose parameter has the tag ``leaks``. ``ks``: holes for the results."""
    holes: list[Hole] = []
    for sink, target in ((HEAP, b.to_heap()), (MUTATOR, b.to_mutator()), (CALLEE, b.to_callee())):
        if leaks.derefs[sink] >= 0:
            holes.append(target.shift(leaks.derefs[sink]))
    for index in range(min(RESULTS, len(ks))):
        derefs = leaks.derefs[FIRST_RESULT + index]
        if derefs >= 0:
            holes.append(ks[index].shift(derefs))
    return b.tee(holes)


def bound_receiver(b: Batch, x: n.MethodValue) -> Hole:
    """The hole for the receiver of a method value: where it may flow when unknown code calls the value."""
    for node in walk(x.func):
        match node:
            case n.Call(fun=n.FuncName(func=callee)) if callee.params:
                return _parameter(b, [b.to_heap()] * len(callee.results), callee, 0)
            case _:
                continue
    return b.to_heap()


def _append(b: Batch, k: Hole, x: n.Append) -> Iterator[Operand]:
    # If the capacity suffices, the slice itself is the result. Otherwise append copies its elements to a new array on the heap.
    slice_type = t.underlying(x.type)
    assert isinstance(slice_type, t.Slice)
    pointers = holds_pointers(slice_type.elem)
    hole = b.tee([k, b.to_mutator()])
    if pointers:
        hole = b.tee([hole, b.to_heap().deref(x, "appendee slice")])
    yield _argument(hole, x, x.x)
    if x.spread:
        (spread,) = x.elems
        copied = pointers and not t.is_string(spread.type)
        yield _argument(b.to_heap().deref(x, "appended slice...") if copied else b.discard(), x, spread)
    else:
        for elem in x.elems:
            yield _argument(b.to_heap(), x, elem)
    # The new array. The same append never uses it again in a later iteration, so it counts as allocated outside of loops.
    b.spill(k, x).dst.loop_depth = 0


def _builtin(b: Batch, ks: Sequence[Hole], x: n.Builtin) -> Iterator[Operand]:
    match x.op:
        case n.BuiltinOp.COPY:
            dst, src = x.args
            yield _argument(b.to_mutator(), x, dst)
            elem = t.underlying(dst.type)
            copied = isinstance(elem, t.Slice) and holds_pointers(elem.elem) and not t.is_string(src.type)
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
