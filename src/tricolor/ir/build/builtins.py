"""Calls of builtin functions, including the functions of package unsafe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tricolor.gotypes.lookup import FieldSelection, lookup
from tricolor.gotypes.sizes import align_of, field_offset, size_of
from tricolor.gotypes.types import (
    EMPTY_INTERFACE,
    EMPTY_TUPLE,
    INT,
    UNSAFE_POINTER,
    UNTYPED_NIL,
    Chan,
    Map,
    Pointer,
    Slice,
    Struct,
    Type,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.exprs import address, hoist_tuple, is_tuple_call, package_of
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import BuiltinOp

_Build: TypeAlias = Callable[[FuncState, Node], n.Expr]

_OPS = {
    "len": BuiltinOp.LEN,
    "cap": BuiltinOp.CAP,
    "real": BuiltinOp.REAL,
    "imag": BuiltinOp.IMAG,
    "Add": BuiltinOp.UNSAFE_ADD,
    "Slice": BuiltinOp.UNSAFE_SLICE,
    "SliceData": BuiltinOp.UNSAFE_SLICE_DATA,
    "String": BuiltinOp.UNSAFE_STRING,
    "StringData": BuiltinOp.UNSAFE_STRING_DATA,
}
_SAME_TYPE = {"min": BuiltinOp.MIN, "max": BuiltinOp.MAX}
_ACTIONS = {
    "clear": BuiltinOp.CLEAR,
    "close": BuiltinOp.CLOSE,
    "print": BuiltinOp.PRINT,
    "println": BuiltinOp.PRINTLN,
}


def build_builtin(fs: FuncState, node: Node) -> n.Expr:
    name = node[4]
    special = _SPECIAL.get(name)
    if special is not None:
        return special(fs, node)
    args = _arguments(fs, node)
    pos = node[1]
    if name in _ACTIONS:
        fs.effects += 1
        return n.Builtin(pos, EMPTY_TUPLE, _ACTIONS[name], [_typed(a) for a in args])
    t = fs.type_of(node)
    if name in _SAME_TYPE:
        return n.Builtin(pos, t, _SAME_TYPE[name], [convert_to(fs, a, t) for a in args])
    return n.Builtin(pos, t, _OPS[name], args)


def _typed(x: n.Expr) -> n.Expr:
    """``x``, with a type for the nil of ``print(nil)``, the only nil without one. It prints as a nil interface."""
    return n.Nil(x.pos, EMPTY_INTERFACE) if x.type is UNTYPED_NIL else x


def _arguments(fs: FuncState, node: Node) -> list[n.Expr]:
    given = node[5]
    return hoist_tuple(fs, given[0], node[1]) if is_tuple_call(fs, given) else fs.exprs(given)


def _new(fs: FuncState, node: Node) -> n.Expr:
    arg = node[5][0]
    t = fs.type_of(node)
    u = underlying(t)
    assert isinstance(u, Pointer)
    if arg[0] == "Type":
        return n.New(node[1], t, u.elem)
    var = fs.temp(u.elem, node[1])
    fs.emit(n.Declare(node[1], var, convert_to(fs, fs.expr(arg), u.elem)))
    return address(fs, n.Name(node[1], u.elem, var), node[1])


def _make(fs: FuncState, node: Node) -> n.Expr:
    pos, t = node[1], fs.type_of(node)
    sizes = fs.exprs(node[5][1:])
    first = sizes[0] if sizes else None
    match underlying(t):
        case Slice():
            assert first is not None
            return n.MakeSlice(pos, t, first, sizes[1] if len(sizes) > 1 else None)
        case Map():
            return n.MakeMap(pos, t, first)
        case Chan():
            return n.MakeChan(pos, t, first)
        case _:
            raise fs.bug(pos, f"make of {t}")


def _append(fs: FuncState, node: Node) -> n.Expr:
    pos, t = node[1], fs.type_of(node)
    args = _arguments(fs, node)
    u = underlying(t)
    assert isinstance(u, Slice), f"append to {t}"
    x = convert_to(fs, args[0], t)
    if node[6]:
        tail = args[1]
        if tail.type is UNTYPED_NIL:
            tail = n.Nil(tail.pos, t)
        return n.Append(pos, t, x, [tail], spread=True)
    return n.Append(pos, t, x, [convert_to(fs, a, u.elem) for a in args[1:]])


def _copy(fs: FuncState, node: Node) -> n.Expr:
    args = _arguments(fs, node)
    if args[1].type is UNTYPED_NIL:
        args[1] = n.Nil(args[1].pos, args[0].type)
    fs.effects += 1
    return n.Builtin(node[1], INT, BuiltinOp.COPY, args)


def _delete(fs: FuncState, node: Node) -> n.Expr:
    m, key = _arguments(fs, node)
    u = underlying(m.type)
    assert isinstance(u, Map)
    fs.effects += 1
    return n.Builtin(node[1], EMPTY_TUPLE, BuiltinOp.DELETE, [m, convert_to(fs, key, u.key)])


def _complex(fs: FuncState, node: Node) -> n.Expr:
    args = _arguments(fs, node)
    if args[0].type is not args[1].type:
        whole = args[1] if isinstance(args[0], n.Const) else args[0]
        args = [convert_to(fs, a, whole.type) for a in args]
    return n.Builtin(node[1], fs.type_of(node), BuiltinOp.COMPLEX, args)


def _panic(fs: FuncState, node: Node) -> n.Expr:
    (arg,) = _arguments(fs, node)
    fs.effects += 1
    return n.Builtin(node[1], EMPTY_TUPLE, BuiltinOp.PANIC, [convert_to(fs, arg, EMPTY_INTERFACE)])


def _recover(fs: FuncState, node: Node) -> n.Expr:
    # This holds also in the body of a loop over a function. There recover returns nil in Go, since the iterator calls the body.
    fs.func.has_recover = True
    fs.effects += 1
    return n.Builtin(node[1], EMPTY_INTERFACE, BuiltinOp.RECOVER, [])


def recover_token(fs: FuncState, pos: int) -> n.Expr:
    """The token that a deferred ``recover`` needs: it identifies the function whose defer statement it is.

    In the body of a loop over a function this is the function around the outermost loop."""
    frame = fs.range_frame
    if frame is None:
        fs.func.has_recover = True
        return n.Builtin(pos, UNSAFE_POINTER, BuiltinOp.RECOVER_TOKEN, [])
    frame.owner.func.has_recover = True
    if frame.panic is None:
        frame.panic = frame.owner.local("#panic", UNSAFE_POINTER, pos)
    return n.Name(pos, UNSAFE_POINTER, fs.reach(frame.panic, frame.owner))


def recover_with(fs: FuncState, pos: int, token: n.Expr) -> n.Call:
    """A call of ``recover`` for the function with this token."""
    return fs.call_runtime(pos, "runtime.gorecover", [token], (EMPTY_INTERFACE,))


def _number(fs: FuncState, node: Node, value: int) -> n.Expr:
    return n.Const(node[1], fs.type_of(node), value)


def _sizeof(fs: FuncState, node: Node) -> n.Expr:
    return _number(fs, node, size_of(fs.type_of(node[5][0])))


def _alignof(fs: FuncState, node: Node) -> n.Expr:
    return _number(fs, node, align_of(fs.type_of(node[5][0])))


def _offsetof(fs: FuncState, node: Node) -> n.Expr:
    selector = node[5][0]
    t: Type = fs.type_of(selector[3])
    found = lookup(t, selector[4], package_of(fs, selector[6]))
    assert isinstance(found, FieldSelection)
    u = underlying(t)
    if isinstance(u, Pointer):
        t = u.elem
    total = 0
    for index in found.path:
        total += field_offset(t, index)
        fields = underlying(t)
        assert isinstance(fields, Struct)
        t = fields.fields[index].type
    return _number(fs, node, total)


_SPECIAL: dict[str, _Build] = {
    "new": _new,
    "make": _make,
    "append": _append,
    "copy": _copy,
    "delete": _delete,
    "complex": _complex,
    "panic": _panic,
    "recover": _recover,
    "Sizeof": _sizeof,
    "Alignof": _alignof,
    "Offsetof": _offsetof,
}
