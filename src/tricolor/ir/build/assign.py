"""Declarations and assignments.

Go evaluates calls in places and values left to right, then loads the operands of the places, then assigns. The code generator may
evaluate a place before or after its value. Where this order matters, the builder evaluates the calls into temporaries (it *pins* them).
"""

from __future__ import annotations

from fractions import Fraction

from tricolor.gotypes.types import (
    BOOL,
    COMPLEXES,
    FLOATS,
    Array,
    Basic,
    Tuple,
    Type,
    tuple_of,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.exprs import binary_op
from tricolor.ir.build.function import FuncState, is_ordered, may_change, pin_calls
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import BinaryOp, Var

_PLACES = (n.Name, n.Deref, n.FieldOf, n.FieldPtr, n.Index, n.MapIndex)


def build_assign(fs: FuncState, node: Node) -> None:
    lhs, op, rhs = node[2], node[3], node[4]
    if op not in {"=", ":="}:
        _op_assign(fs, node)
    elif len(lhs) != len(rhs):
        _tuple_assign(fs, node[1], lhs, rhs[0])
    elif len(lhs) == 1:
        _single_assign(fs, node[1], lhs[0], rhs[0])
    else:
        _pair_assign(fs, node[1], lhs, rhs)


def is_definition(node: Node) -> bool:
    """Whether the left side of an assignment declares a new variable."""
    return node[0] == "Ident" and len(node) > 5


def is_blank(node: Node) -> bool:
    return node[0] == "Ident" and node[4] == 0


def build_place(fs: FuncState, node: Node) -> n.Place | None:
    """Build an expression on the left of an assignment; None for the blank identifier."""
    if is_blank(node):
        return None
    place = fs.expr(node)
    fs.mark_reassigned(place)
    if not isinstance(place, _PLACES):
        raise fs.bug(node[1], f"assignment to {type(place).__name__}")
    return place


def _single_assign(fs: FuncState, pos: int, left: Node, right: Node) -> None:
    if is_definition(left):
        value = fs.expr(right)
        var = fs.define(left[4], left[1])
        fs.emit(n.Declare(pos, var, convert_to(fs, value, var.type)))
        return
    before = fs.mark()
    place = build_place(fs, left)
    between = fs.mark()
    value = fs.expr(right)
    if place is None:
        fs.emit(n.Assign(pos, None, value))
        return
    place, (value,) = _order(fs, place, [convert_to(fs, value, place.type)], before, between)
    fs.emit(n.Assign(pos, place, value))


def _order(
    fs: FuncState, place: n.Place, values: list[n.Expr], before: tuple[int, int], between: tuple[int, int]
) -> tuple[n.Place, list[n.Expr]]:
    """Bring the evaluation of a place and of values into Go's order: calls of the place, calls of the values, loads of the place.

    ``before``, ``between``: the marks (``FuncState.mark``) before the place was built, and between the place and the values."""
    after = fs.mark()
    if after == between:
        return place, values
    if before[1] != between[1] or is_ordered(place):
        (pinned,) = _pin_at(fs, [place], between[0])
        assert pinned is not None
        place = pinned
    if after[1] != between[1] and _loads(place):
        values = [fs.save(v) if is_ordered(v) else v for v in values]
    return place, values


def _loads(place: n.Place) -> bool:
    """Whether evaluation of the place reads memory that a call could change."""
    match place:
        case n.Name():
            return False
        case n.FieldOf():
            return isinstance(place.x, _PLACES) and _loads(place.x)
        case n.Deref() | n.FieldPtr():
            return may_change(place.x)
        case n.MapIndex():
            return True
        case n.Index():
            if isinstance(underlying(place.x.type), Array):
                inner = isinstance(place.x, _PLACES) and _loads(place.x)
                return inner or may_change(place.index) or not isinstance(place.index, n.Const)
            return True


def _pin_at(fs: FuncState, places: list[n.Place | None], at: int) -> list[n.Place | None]:
    """Pin the calls of places in temporaries; their declarations go to index ``at`` of the statement list."""
    saved, fs.out = fs.out, []
    pinned: list[n.Place | None] = []
    for place in places:
        calm = None if place is None else pin_calls(fs, place)
        assert calm is None or isinstance(calm, _PLACES)
        pinned.append(calm)
    made, fs.out = fs.out, saved
    fs.out[at:at] = made
    return pinned


def _pair_assign(fs: FuncState, pos: int, lhs: list[Node], rhs: list[Node]) -> None:
    before = fs.mark()
    places: list[n.Place | None] = [None if is_definition(e) else build_place(fs, e) for e in lhs]
    between = fs.mark()
    values = fs.exprs(rhs)
    declares: list[Var] = []
    for i, left in enumerate(lhs):
        if is_definition(left):
            var = fs.define(left[4], left[1])
            declares.append(var)
            places[i] = n.Name(left[1], var.type, var)
    values = [v if p is None else convert_to(fs, v, p.type) for p, v in zip(places, values, strict=True)]
    if fs.mark() != between:
        if before[1] != between[1] or any(p is not None and is_ordered(p) for p in places):
            places = _pin_at(fs, places, between[0])
        if any(p is not None and _loads(p) for p in places):
            values = [fs.save(v) if is_ordered(v) else v for v in values]
    fs.emit(n.AssignPair(pos, places, values, declares))


def _tuple_assign(fs: FuncState, pos: int, lhs: list[Node], right: Node) -> None:
    before = fs.mark()
    places: list[n.Place | None] = [None if is_definition(e) else build_place(fs, e) for e in lhs]
    between = fs.mark()
    value = fs.expr(right)
    if before[1] != between[1] or any(p is not None and is_ordered(p) for p in places):
        places = _pin_at(fs, places, between[0])
    declares: list[Var] = []
    for i, left in enumerate(lhs):
        if is_definition(left):
            var = fs.define(left[4], left[1])
            declares.append(var)
            places[i] = n.Name(left[1], var.type, var)
    assign_tuple(fs, pos, places, value, declares)


def assign_tuple(fs: FuncState, pos: int, places: list[n.Place | None], value: n.Expr, declares: list[Var]) -> None:
    """Assign the components of a tuple value, through temporaries where a place is not a variable or needs a conversion."""
    types = _components(value)
    # Go evaluates the operands of all places before it assigns any: "p, *p = f()" writes through the old p.
    together = any(not isinstance(p, n.Name) for p in places if p is not None)
    late: list[tuple[n.Place, Var]] = []
    direct: list[n.Place | None] = []
    declared = list(declares)
    for place, t in zip(places, types, strict=True):
        if place is None or (not together and isinstance(place, n.Name) and place.type is t):
            direct.append(place)
            continue
        temp = fs.temp(t, place.pos)
        declared.append(temp)
        direct.append(n.Name(place.pos, t, temp))
        late.append((place, temp))
    for place, _ in late:
        if isinstance(place, n.Name) and place.var in declared:
            declared.remove(place.var)
            fs.emit(n.Declare(place.pos, place.var))
    fs.emit(n.AssignTuple(pos, direct, value, declared))
    if len(late) == 1:
        place, temp = late[0]
        fs.emit(n.Assign(pos, place, convert_to(fs, n.Name(place.pos, temp.type, temp), place.type)))
    elif late:
        values = [convert_to(fs, n.Name(p.pos, v.type, v), p.type) for p, v in late]
        fs.emit(n.AssignPair(pos, [p for p, _ in late], values))


def _components(value: n.Expr) -> tuple[Type, ...]:
    """Component types of a tuple value. The second component of a comma-ok form becomes plain bool, whatever type it is assigned to."""
    assert isinstance(value.type, Tuple)
    if isinstance(value, (n.MapIndex, n.TypeAssert, n.Recv)):
        value.type = tuple_of((value.type.types[0], BOOL))
    return value.type.types


def _op_assign(fs: FuncState, node: Node) -> None:
    pos, op = node[1], binary_op(node[3][:-1])
    before = fs.mark()
    place = build_place(fs, node[2][0])
    between = fs.mark()
    assert place is not None
    y = fs.expr(node[4][0])
    if op not in (BinaryOp.SHL, BinaryOp.SHR):
        y = convert_to(fs, y, place.type)
    place, (y,) = _order(fs, place, [y], before, between)
    if isinstance(place, n.Name) and fs.mark()[1] != between[1] and may_change(place):
        y = fs.save(y)
    fs.emit(n.AssignOp(pos, place, op, y))


def build_inc_dec(fs: FuncState, node: Node) -> None:
    place = build_place(fs, node[2])
    assert place is not None
    op = BinaryOp.ADD if node[3] == "++" else BinaryOp.SUB
    fs.emit(n.AssignOp(node[1], place, op, one(node[1], place.type)))


def one(pos: int, t: Type) -> n.Const:
    """The constant 1 of a numeric type."""
    u = underlying(t)
    assert isinstance(u, Basic)
    if u.kind in FLOATS:
        return n.Const(pos, t, Fraction(1))
    if u.kind in COMPLEXES:
        return n.Const(pos, t, (Fraction(1), Fraction(0)))
    return n.Const(pos, t, 1)


def build_decl(fs: FuncState, node: Node) -> None:
    for spec in node[2]:
        _value_spec(fs, spec)


def _value_spec(fs: FuncState, spec: Node) -> None:
    pos, objects, values = spec[1], spec[2], spec[3]
    declared = fs.type(spec[4]) if spec[4] else None
    if not values:
        for obj in objects:
            if obj:
                var = fs.define(obj, pos)
                fs.emit(n.Declare(var.pos, var))
        return
    if len(values) == len(objects):
        built = fs.exprs(values)
        for obj, value in zip(objects, built, strict=True):
            if obj:
                var = fs.define(obj, pos)
                fs.emit(n.Declare(var.pos, var, convert_to(fs, value, var.type)))
            else:
                fs.emit(n.Assign(pos, None, value if declared is None else convert_to(fs, value, declared)))
        return
    value = fs.expr(values[0])
    variables = [fs.define(obj, pos) if obj else None for obj in objects]
    places: list[n.Place | None] = [None if v is None else n.Name(v.pos, v.type, v) for v in variables]
    assign_tuple(fs, pos, places, value, [v for v in variables if v is not None])
