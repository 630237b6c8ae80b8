"""Range loops over everything but functions, which ``rangefunc`` rewrites."""

from __future__ import annotations

from tricolor.ir import nodes as n
from tricolor.ir.build.assign import build_place, is_blank, is_definition
from tricolor.ir.build.control import enter, leave
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.rangefunc import build_range_func
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Var
from tricolor.ir.types import (
    INT,
    INT32,
    UINT8,
    Array,
    Chan,
    Map,
    Pointer,
    Signature,
    Slice,
    Type,
    is_string,
    underlying,
)
from tricolor.ir.walk import has_effect


def build_range(fs: FuncState, node: Node) -> None:
    name, fs.pending_label = fs.pending_label, ""
    saved, fs.out = fs.out, []
    x = fs.expr(node[5])
    if isinstance(underlying(x.type), Signature):
        build_range_func(fs, node, x, name)
    else:
        fs.pending_label = name
        _range(fs, node, x)
    made, fs.out = fs.out, saved
    fs.emit(made[0] if len(made) == 1 else n.Block(node[1], made))


def iteration_types(t: Type) -> tuple[Type, Type]:
    """Types of key and value of a loop over a type; the second is meaningless where there is only one."""
    u = underlying(t)
    match u:
        case Map():
            return u.key, u.elem
        case Slice() | Array():
            return INT, u.elem
        case Pointer():
            inner = underlying(u.elem)
            assert isinstance(inner, Array)
            return INT, inner.elem
        case Chan():
            return u.elem, u.elem
        case _:
            return (INT, INT32) if is_string(t) else (t, UINT8)


def _range(fs: FuncState, node: Node, x: n.Expr) -> None:
    pos = node[1]
    if isinstance(x, n.Const) and not is_string(x.type) and node[2] is not None and not is_blank(node[2]):
        x = convert_to(fs, x, fs.type_of(node[2]))
    u = underlying(x.type)
    if isinstance(u, Array) and (node[3] is None or is_blank(node[3])) and not has_effect(x):
        x = n.Const(x.pos, INT, u.length)  # the operand is not evaluated: a nil pointer in it does no harm
    types = iteration_types(x.type)
    places: list[n.Place | None] = [None, None]
    declares: list[Var] = []
    label = enter(fs, loop=True)
    saved, fs.out = fs.out, []
    before: list[n.Stmt] = []
    for i, key in enumerate((node[2], node[3])):
        if key is None or is_blank(key):
            continue
        if is_definition(key):
            var = fs.define(key[4], key[1])
            places[i] = n.Name(key[1], var.type, var)
            if fs.per_iteration:
                declares.append(var)
            else:
                var.reassigned = True
                before.append(n.Declare(var.pos, var))
            continue
        places[i] = _assigned(fs, key, types[i], declares)
    assigns, fs.out = fs.out, saved
    body = n.Block(node[6][1], [*assigns, *fs.stmts(node[6][2])])
    leave(fs)
    fs.out += before
    fs.emit(n.Range(pos, x, places[0], places[1], declares, body, label))


def _assigned(fs: FuncState, key: Node, t: Type, declares: list[Var]) -> n.Place:
    """The place of ``for key = range``: a variable itself, else a temporary that the body assigns from."""
    saved, fs.out = fs.out, []
    place = build_place(fs, key)
    hoisted, fs.out = fs.out, saved
    assert place is not None
    if isinstance(place, n.Name) and place.type is t:
        return place
    temp = fs.temp(t, key[1])
    declares.append(temp)
    fs.out += hoisted
    fs.emit(n.Assign(key[1], place, convert_to(fs, n.Name(key[1], t, temp), place.type)))
    return n.Name(key[1], t, temp)
