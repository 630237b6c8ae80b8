"""if, for, switch, type switch and select."""

from __future__ import annotations

from collections.abc import Callable

from tricolor.gotypes.types import BOOL, Chan, Pointer, Slice, Type, is_interface, underlying
from tricolor.ir import nodes as n
from tricolor.ir.build.assign import build_place, is_blank, is_definition
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.dead import always_taken, pruned, static_bool
from tricolor.ir.build.exprs import common_type, compare, new_label
from tricolor.ir.build.function import FuncState, Target
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Label, SelectCase, SwitchCase, TypeCase, UnaryOp, Var


def enter(fs: FuncState, loop: bool) -> Label:
    """Begin a statement that break can leave: return its label, which takes the name of the pending label."""
    name, fs.pending_label = fs.pending_label, ""
    label = new_label(name)
    fs.targets.append(Target(label, name, loop))
    fs.loop_depth += loop
    return label


def leave(fs: FuncState) -> None:
    fs.loop_depth -= fs.targets.pop().loop


def with_init(fs: FuncState, init: Node | None, pos: int, build: Callable[[], None]) -> None:
    """Build a statement with an optional init statement; the init statement puts a block around both."""
    if init is None:
        build()
        return
    saved, fs.out = fs.out, []
    name, fs.pending_label = fs.pending_label, ""
    fs.stmt(init)
    fs.pending_label = name
    build()
    made, fs.out = fs.out, saved
    fs.emit(n.Block(pos, made))


def separately(fs: FuncState, build: Callable[[], n.Expr]) -> tuple[list[n.Stmt], n.Expr]:
    """Build an expression; return the statements that it hoisted, and the expression."""
    saved, fs.out = fs.out, []
    x = build()
    made, fs.out = fs.out, saved
    return made, x


def build_if(fs: FuncState, node: Node) -> None:
    fs.pending_label = ""
    with_init(fs, node[2], node[1], lambda: _if(fs, node))


def _if(fs: FuncState, node: Node) -> None:
    condition = fs.expr(pruned(node[3]))
    value = static_bool(node[3])
    then = n.Block(node[4][1], fs.stmts(node[4][2]) if value is not False else [])
    els = None
    other = node[5]
    if other is not None and value is not True:
        els = n.Block(other[1], fs.stmts(other[2] if other[0] == "BlockStmt" else [other]))
    fs.emit(n.If(node[1], condition, then, els))


# --- for -----------------------------------------------------------------------------------------------------------


def build_for(fs: FuncState, node: Node) -> None:
    with_init(fs, node[2], node[1], lambda: _for(fs, node))


def _for(fs: FuncState, node: Node) -> None:
    pos = node[1]
    init = fs.out if node[2] is not None else []
    declared = _declared(init) if fs.per_iteration else []
    label = enter(fs, loop=True)
    hoisted: list[n.Stmt] = []
    condition: n.Expr | None = None
    if node[3] is not None:
        hoisted, condition = separately(fs, lambda: fs.expr(node[3]))
    post = n.Block(pos, fs.stmts([node[4]])) if node[4] is not None else None
    body = n.Block(node[5][1], fs.stmts(node[5][2]))
    leave(fs)
    split = [v for v in declared if v.kept]
    if split:
        _per_iteration(fs, pos, init, split, hoisted, condition, post, body, label)
        return
    if hoisted and condition is not None:
        body = n.Block(body.pos, [*hoisted, _stop_unless(condition, label), body])
        condition = None
    fs.emit(n.For(pos, condition, post, body, label))


def _stop_unless(condition: n.Expr, label: Label) -> n.Stmt:
    stop = n.Block(condition.pos, [n.Break(condition.pos, label)])
    return n.If(condition.pos, n.Unary(condition.pos, condition.type, UnaryOp.NOT, condition), stop, None)


def _declared(init: list[n.Stmt]) -> list[Var]:
    """The loop variables: variables that the init statement declares, without temporaries."""
    found: list[Var] = []
    for stmt in init:
        match stmt:
            case n.Declare():
                found.append(stmt.var)
            case n.AssignPair() | n.AssignTuple():
                found += stmt.declares
            case _:
                pass
    return [v for v in found if not v.name.startswith(".")]


def _per_iteration(
    fs: FuncState,
    pos: int,
    init: list[n.Stmt],
    split: list[Var],
    hoisted: list[n.Stmt],
    condition: n.Expr | None,
    post: n.Block | None,
    body: n.Block,
    label: Label,
) -> None:
    """Give each iteration its own copies of the loop variables in ``split``, which are captured or have their address taken (Go 1.22)::

    i' := init; first := true
    for {
        i := i'
        if first { first = false } else { post }
        if !condition { break }
        body
        i' = i          // the post block of the loop, so that continue reaches it
    }
    """
    outer = {v: fs.local(v.name, v.type, v.pos) for v in split}
    _rename(init, outer)
    first = fs.temp(BOOL, pos)
    for var in (first, *outer.values()):
        var.reassigned = True
    fs.emit(n.Declare(pos, first, n.Const(pos, BOOL, True)))
    top: list[n.Stmt] = [n.Declare(v.pos, v, n.Name(v.pos, v.type, outer[v])) for v in split]
    if post is not None:
        done = n.Assign(pos, n.Name(pos, BOOL, first), n.Const(pos, BOOL, False))
        top.append(n.If(pos, n.Name(pos, BOOL, first), n.Block(pos, [done]), post))
    top += hoisted
    if condition is not None:
        top.append(_stop_unless(condition, label))
    copies: list[n.Stmt] = [n.Assign(pos, n.Name(pos, v.type, outer[v]), n.Name(pos, v.type, v)) for v in split]
    fs.emit(n.For(pos, None, n.Block(pos, copies), n.Block(body.pos, [*top, body]), label))


def _rename(init: list[n.Stmt], to: dict[Var, Var]) -> None:
    """Make the init statement declare and assign the variables in ``to`` in place of its own."""
    for stmt in init:
        match stmt:
            case n.Declare():
                stmt.var = to.get(stmt.var, stmt.var)
            case n.AssignPair() | n.AssignTuple():
                stmt.declares = [to.get(v, v) for v in stmt.declares]
                for place in stmt.xs:
                    if isinstance(place, n.Name):
                        place.var = to.get(place.var, place.var)
            case _:
                pass


# --- switch --------------------------------------------------------------------------------------------------------


def build_switch(fs: FuncState, node: Node) -> None:
    with_init(fs, node[2], node[1], lambda: _switch(fs, node))


def _switch(fs: FuncState, node: Node) -> None:
    pos, clauses = node[1], node[4]
    tag = fs.expr(node[3]) if node[3] is not None else None
    taken = always_taken(node[3], clauses)
    if taken is not None:
        tag, clauses = None, taken
    label = enter(fs, loop=False)
    values: list[list[tuple[list[n.Stmt], n.Expr]] | None] = [
        None if clause[2] is None else [separately(fs, _delayed(fs, v)) for v in clause[2]] for clause in clauses
    ]
    bodies = [n.Block(clause[1], fs.stmts(clause[3])) for clause in clauses]
    leave(fs)
    flat = [pair for group in values if group is not None for pair in group]
    if tag is not None:
        tag = _common_tag(fs, tag, [x for _, x in flat])
    if any(hoisted for hoisted, _ in flat):
        _by_gotos(fs, pos, tag, values, bodies, label)
        return
    cases: list[SwitchCase] = []
    for group, body in zip(values, bodies, strict=True):
        given = None if group is None else [_case_value(fs, tag, x) for _, x in group]
        cases.append(SwitchCase(body.pos, given, body))
    fs.emit(n.Switch(pos, tag, cases, label))


def _delayed(fs: FuncState, node: Node) -> Callable[[], n.Expr]:
    return lambda: fs.expr(node)


def _common_tag(fs: FuncState, tag: n.Expr, values: list[n.Expr]) -> n.Expr:
    """The tag, converted to an interface type to which all values are assignable if one of them is an interface."""
    common = tag.type
    for x in values:
        if is_interface(x.type):
            common = common_type(common, x.type)
    return convert_to(fs, tag, common)


def _case_value(fs: FuncState, tag: n.Expr | None, x: n.Expr) -> n.Expr:
    """A case value, converted to the type of the tag; without a tag, an interface value becomes a comparison with true."""
    if tag is not None:
        return convert_to(fs, x, tag.type)
    if is_interface(x.type):
        return compare(fs, x.pos, BOOL, "==", x, n.Const(x.pos, BOOL, True))
    return x


def _by_gotos(
    fs: FuncState,
    pos: int,
    tag: n.Expr | None,
    values: list[list[tuple[list[n.Stmt], n.Expr]] | None],
    bodies: list[n.Block],
    label: Label,
) -> None:
    """Build a switch whose case values hoist statements: tests with gotos to the bodies, inside a switch with one default case."""
    saved = fs.save(tag) if tag is not None else None
    labels = [new_label(f".case{i}") for i in range(len(bodies))]
    tests: list[n.Stmt] = []
    default: n.Stmt = n.Break(pos, label)
    for group, to in zip(values, labels, strict=True):
        if group is None:
            default = n.Goto(pos, to)
            continue
        for hoisted, x in group:
            test = _case_value(fs, saved, x)
            if saved is not None:
                test = compare(fs, x.pos, BOOL, "==", saved, test)
            tests += [*hoisted, n.If(x.pos, test, n.Block(x.pos, [n.Goto(x.pos, to)]), None)]
    tests.append(default)
    parts: list[n.Stmt] = [n.Block(pos, tests)]
    for to, body in zip(labels, bodies, strict=True):
        falls = bool(body.stmts) and isinstance(body.stmts[-1], n.Fallthrough)
        if falls:
            body.stmts.pop()
        parts += [n.Labeled(body.pos, to), body]
        if not falls:
            parts.append(n.Break(body.pos, label))
    fs.emit(n.Switch(pos, None, [SwitchCase(pos, None, n.Block(pos, parts))], label))


def build_type_switch(fs: FuncState, node: Node) -> None:
    with_init(fs, node[2], node[1], lambda: _type_switch(fs, node))


def _type_switch(fs: FuncState, node: Node) -> None:
    x = fs.expr(node[4])
    label = enter(fs, loop=False)
    cases: list[TypeCase] = []
    for clause in node[5]:
        types: list[Type | None] | None = None
        if clause[2] is not None:
            types = [fs.type(e[3]) if e[0] == "Type" else None for e in clause[2]]
            for t in types:
                if t is not None:
                    fs.b.call_all_through(t)
        var = _clause_variable(fs, clause, types, x.type)
        places = tuple(e[1] for e in clause[2] or ())
        cases.append(TypeCase(clause[1], types, var, n.Block(clause[1], fs.stmts(clause[3])), places))
    leave(fs)
    fs.emit(n.TypeSwitch(node[1], x, cases, label))


def _clause_variable(fs: FuncState, clause: Node, types: list[Type | None] | None, operand: Type) -> Var | None:
    if not clause[4]:
        return None
    var = fs.define(clause[4], clause[1])
    var.pos = _clause_pos(clause, types)
    single = types[0] if types is not None and len(types) == 1 else None
    var.type = operand if single is None else single
    return var


def _clause_pos(clause: Node, types: list[Type | None] | None) -> int:
    """The position that Go's compiler gives the variable of a clause: the name in the clause's last type, else the clause."""
    if not types:
        return int(clause[1])
    pos, t = int(clause[2][-1][1]), types[-1]
    while isinstance(t, (Pointer, Slice)):
        pos, t = pos + (1 if isinstance(t, Pointer) else 2), t.elem
    return pos


# --- select --------------------------------------------------------------------------------------------------------


def build_select(fs: FuncState, node: Node) -> None:
    label = enter(fs, loop=False)
    operands: list[Node] = []
    for clause in node[2]:
        comm = clause[2]
        if comm is not None:
            operands += [comm[2], comm[3]] if comm[0] == "SendStmt" else [_received(comm)[4]]
    built = iter(fs.copies(operands))
    cases = [_select_case(fs, clause, built.__next__) for clause in node[2]]
    leave(fs)
    fs.emit(n.Select(node[1], cases, label))


def _received(comm: Node) -> Node:
    """The receive expression of a communication clause."""
    return comm[2] if comm[0] == "ExprStmt" else comm[4][0]


def _select_case(fs: FuncState, clause: Node, operand: Callable[[], n.Expr]) -> SelectCase:
    pos, comm = clause[1], clause[2]
    if comm is None:
        return SelectCase(pos, None, None, None, None, n.Block(pos, fs.stmts(clause[3])))
    channel = operand()
    t = underlying(channel.type)
    assert isinstance(t, Chan)
    if comm[0] == "SendStmt":
        value = convert_to(fs, operand(), t.elem)
        return SelectCase(pos, channel, value, None, None, n.Block(pos, fs.stmts(clause[3])))
    saved, fs.out = fs.out, []
    variables: list[Var | None] = [None, None]
    if comm[0] == "AssignStmt":
        for i, left in enumerate(comm[2]):
            variables[i] = _received_variable(fs, left, t.elem if i == 0 else BOOL)
    assigns, fs.out = fs.out, saved
    body = n.Block(pos, [*assigns, *fs.stmts(clause[3])])
    return SelectCase(pos, channel, None, variables[0], variables[1], body)


def _received_variable(fs: FuncState, left: Node, t: Type) -> Var | None:
    """The variable that takes the received value. For another place on the left it is a temporary, and the assignment is emitted."""
    if is_blank(left):
        return None
    if is_definition(left):
        var = fs.define(left[4], left[1])
        var.type = t
        return var
    place = build_place(fs, left)
    assert place is not None
    temp = fs.temp(t, left[1])
    fs.emit(n.Assign(left[1], place, convert_to(fs, n.Name(left[1], t, temp), place.type)))
    return temp
