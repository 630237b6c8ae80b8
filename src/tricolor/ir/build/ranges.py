"""Range loops, except loops over functions, which ``rangefunc`` rewrites."""

from __future__ import annotations

from tricolor.gotypes.types import (
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
from tricolor.ir import nodes as n
from tricolor.ir.build.assign import build_place, is_blank
from tricolor.ir.build.control import enter, leave
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.rangefunc import build_range_func
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Var
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
    """Types of the key and the value in a loop over a type. The second has no meaning if the loop has only a key."""
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
    if isinstance(x, n.Const) and not is_string(x.type) and node[2] is not None and not is_blank(node[2]):
        x = convert_to(fs, x, fs.type_of(node[2]))
    u = underlying(x.type)
    if isinstance(u, Array) and (node[3] is None or is_blank(node[3])) and not has_effect(x):
        x = n.Const(x.pos, INT, u.length)  # Go does not evaluate the operand, so a nil pointer in it does not panic
    types = iteration_types(x.type)
    places: list[n.Place | None] = [None, None]
    declares: list[Var] = []
    label = enter(fs, loop=True)
    saved, fs.out = fs.out, []
    before: list[n.Stmt] = []
    if node[4] == "=":
        places = _assigned(fs, node, types, declares)
    for i, key in enumerate((node[2], node[3])):
        if node[4] == "=" or key is None or is_blank(key):
            continue
        var = fs.define(key[4], key[1])
        places[i] = n.Name(key[1], var.type, var)
        if fs.per_iteration:
            declares.append(var)
        else:
            var.reassigned = True
            before.append(n.Declare(var.pos, var))
    assigns, fs.out = fs.out, saved
    body = n.Block(node[6][1], [*assigns, *fs.stmts(node[6][2])])
    leave(fs)
    fs.out += before
    fs.emit(n.Range(node[7], x, places[0], places[1], declares, body, label))


def _assigned(fs: FuncState, node: Node, types: tuple[Type, Type], declares: list[Var]) -> list[n.Place | None]:
    """The places of ``for key, value = range``: the variables themselves if they have the types of the iteration; else temporaries, from
    which the body assigns both at once."""
    saved, fs.out = fs.out, []
    keys: list[Node | None] = [node[2], node[3]]
    places = [build_place(fs, key) if key is not None else None for key in keys]
    hoisted, fs.out = fs.out, saved
    if all(p is None or (isinstance(p, n.Name) and p.type is t) for p, t in zip(places, types, strict=True)):
        return places
    fs.out += hoisted
    names: list[n.Place | None] = [None, None]
    targets: list[n.Place | None] = []
    values: list[n.Expr] = []
    for i, place in enumerate(places):
        if place is not None:
            temp = fs.temp(types[i], place.pos)
            declares.append(temp)
            names[i] = n.Name(place.pos, temp.type, temp)
            targets.append(place)
            values.append(convert_to(fs, n.Name(place.pos, temp.type, temp), place.type))
    if len(targets) == 1:
        fs.emit(n.Assign(node[1], targets[0], values[0]))
    else:
        fs.emit(n.AssignPair(node[1], targets, values))
    return names
