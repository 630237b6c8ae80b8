"""Statements: declarations, assignments, branches, loops, switches, labels."""

from __future__ import annotations

from tricolor.codegen.arith import arith, shift
from tricolor.codegen.calls import drop
from tricolor.codegen.compare import equal_values, equals_nil
from tricolor.codegen.conditions import branch_on
from tricolor.codegen.interfaces import (
    has_methods,
    test_interface,
    type_word,
    unbox,
    value_as_interface,
)
from tricolor.codegen.lifetimes import emit_block
from tricolor.codegen.literals import store_expr
from tricolor.codegen.memory import copy, load, store, store_zero
from tricolor.codegen.places import begin_loop, end_loop, iface_parts, is_place, new_variable, view, zero_variable
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, LoopTargets, Mode, PlaceThunk
from tricolor.codegen.strings import concat_values, lent_string
from tricolor.gotypes.types import Type, is_integer, is_interface, is_string, underlying
from tricolor.ir.nodes import (
    Assign,
    AssignOp,
    AssignPair,
    AssignTuple,
    BinaryOp,
    Block,
    Break,
    Const,
    Continue,
    Declare,
    Expr,
    ExprStmt,
    Fallthrough,
    For,
    Goto,
    If,
    Label,
    Labeled,
    Name,
    Nil,
    Place,
    Pos,
    Switch,
    SwitchCase,
    TypeCase,
    TypeSwitch,
    Var,
    Zero,
)


def stmt_block(g: Gen, s: Block) -> None:
    emit_block(g, s.stmts)


def stmt_expr(g: Gen, s: ExprStmt) -> None:
    drop(g, s.x)


# --- declarations and assignments ------------------------------------------------------------------------------------


def stmt_declare(g: Gen, s: Declare) -> None:
    var = s.var
    if s.init is None or isinstance(s.init, Zero | Nil):
        zero_variable(g, s.pos, var)
        return
    if shape_of(var.type).form is not Form.MEMORY:
        v = g.value(s.init)
        store(g, var.type, new_variable(g, s.pos, var), v)
        return
    store_expr(g, s.init, new_variable(g, s.pos, var))


def stmt_assign(g: Gen, s: Assign) -> None:
    if s.x is None:
        drop(g, s.value)
        return
    t = s.x.type
    target = g.place(s.x)
    if shape_of(t).form is not Form.MEMORY:
        v = g.value(s.value)
        store(g, t, target(), v)
        return
    if isinstance(s.value, Zero):
        store_zero(g, t, target())
        return
    source = view(g, s.value) if is_place(s.value) else Addr(g.value(s.value), Mode.PRIVATE)
    copy(g, t, target(), source)


def target_of(g: Gen, x: Place, pos: Pos, declares: list[Var]) -> PlaceThunk:
    """A place to assign to. A variable that the statement declares is created when it is assigned."""
    if declares and isinstance(x, Name) and x.var in declares:
        var = x.var
        return lambda: new_variable(g, pos, var)
    return g.place(x)


def stmt_assign_pair(g: Gen, s: AssignPair) -> None:
    targets = [None if x is None else target_of(g, x, s.pos, s.declares) for x in s.xs]
    values = [g.value(v) for v in s.values]
    for x, target, e, v in zip(s.xs, targets, s.values, values, strict=True):
        if target is not None:
            store(g, x.type if x is not None else e.type, target(), v)


def stmt_assign_tuple(g: Gen, s: AssignTuple) -> None:
    targets = [None if x is None else target_of(g, x, s.pos, s.declares) for x in s.xs]
    values = g.tuple(s.value)
    for x, target, v in zip(s.xs, targets, values, strict=True):
        if x is not None and target is not None:
            store(g, x.type, target(), v)


def stmt_assign_op(g: Gen, s: AssignOp) -> None:
    t = s.x.type
    target = g.place(s.x)
    y = g.value(s.y)
    if s.op in (BinaryOp.DIV, BinaryOp.REM) and is_integer(t) and y[0] == "%":
        # A division that panics must not insert a map element, so check before the element's address is computed.
        llvm = shape_of(t).llvm
        g.require(g.op(f"icmp ne {llvm} {y}, 0"), g.panic_block(s.pos, "runtime.panicdivide"))
    addr = target()
    x = load(g, t, addr)
    if is_string(t):
        v = concat_values(g, s.pos, s, x, y)
    elif s.op in (BinaryOp.SHL, BinaryOp.SHR):
        v = shift(g, s.pos, s.op, t, x, s.y, y)
    else:
        v = arith(g, s.pos, s.op, t, x, y)
    store(g, t, addr, v)


# --- branches and loops ----------------------------------------------------------------------------------------------


def stmt_if(g: Gen, s: If) -> None:
    then, done = g.label("then"), g.label("endif")
    els = g.label("else") if s.els is not None else done
    branch_on(g, s.cond, then, els)
    g.start(then)
    g.stmt(s.then)
    g.branch(done)
    if s.els is not None:
        g.start(els)
        g.stmt(s.els)
    g.start(done)


def stmt_for(g: Gen, s: For) -> None:
    head, body, again, done = g.label("for"), g.label("body"), g.label("post"), g.label("endfor")
    g.loops[s.label] = LoopTargets(break_to=done, continue_to=again)
    begin_loop(g)
    g.start(head)
    if s.cond is not None:
        branch_on(g, s.cond, body, done)
        g.start(body)
    g.stmt(s.body)
    g.start(again)
    if s.post is not None:
        g.stmt(s.post)
    g.branch(head)
    g.start(done)
    end_loop(g)


def stmt_break(g: Gen, s: Break) -> None:
    g.branch(_targets(g, s.label, s.pos).break_to)


def stmt_continue(g: Gen, s: Continue) -> None:
    g.branch(_targets(g, s.label, s.pos).continue_to)


def _targets(g: Gen, label: Label, pos: Pos) -> LoopTargets:
    found = g.loops.get(label)
    if found is None:
        g.bug(pos, f"label {label.name or '(none)'} of no enclosing statement")
    return found


def _goto_label(g: Gen, label: Label) -> str:
    found = g.gotos.get(label)
    if found is None:
        found = g.gotos[label] = g.label("label")
    return found


def stmt_goto(g: Gen, s: Goto) -> None:
    g.branch(_goto_label(g, s.label))


def stmt_labeled(g: Gen, s: Labeled) -> None:
    g.start(_goto_label(g, s.label))


def stmt_fallthrough(g: Gen, s: Fallthrough) -> None:
    if not g.fallthrough:
        g.bug(s.pos, "fallthrough out of place")
    g.branch(g.fallthrough)


# --- switch ----------------------------------------------------------------------------------------------------------


def stmt_switch(g: Gen, s: Switch) -> None:
    done = g.label("endswitch")
    g.loops[s.label] = LoopTargets(break_to=done)
    labels = [g.label("case") for _ in s.cases]
    default = next((at for c, at in zip(s.cases, labels, strict=True) if c.values is None), done)
    if s.tag is None:
        _dispatch_conditions(g, s, labels, default)
    else:
        _dispatch_tag(g, s.tag, s.cases, labels, default)
    outer = g.fallthrough
    for i, (case, label) in enumerate(zip(s.cases, labels, strict=True)):
        g.start(label)
        g.fallthrough = labels[i + 1] if i + 1 < len(labels) else ""
        g.stmt(case.body)
        g.branch(done)
    g.fallthrough = outer
    g.start(done)


def _dispatch_conditions(g: Gen, s: Switch, labels: list[str], default: str) -> None:
    for case, label in zip(s.cases, labels, strict=True):
        for cond in case.values or ():
            following = g.label("next")
            branch_on(g, cond, label, following)
            g.start(following)
    g.branch(default)


def _dispatch_tag(g: Gen, tag: Expr, cases: list[SwitchCase], labels: list[str], default: str) -> None:
    constant = all(isinstance(v, Const) for c in cases for v in c.values or ())
    if constant and is_integer(tag.type):
        targets: dict[str, str] = {}
        for case, label in zip(cases, labels, strict=True):
            for v in case.values or ():
                targets.setdefault(g.value(v), label)
        llvm = shape_of(tag.type).llvm
        text = " ".join(f"{llvm} {v}, label %{label}" for v, label in targets.items())
        g.end(f"switch {llvm} {g.value(tag)}, label %{default} [ {text} ]")
        return
    if constant and is_string(tag.type):
        _dispatch_strings(g, tag, cases, labels, default)
        return
    v = g.value(tag)
    for case, label in zip(cases, labels, strict=True):
        for e in case.values or ():
            following = g.label("next")
            g.branch_if(_matches(g, tag, v, e), label, following)
            g.start(following)
    g.branch(default)


def _matches(g: Gen, tag: Expr, v: str, e: Expr) -> str:
    """``tag == e`` with the tag evaluated already."""
    if isinstance(e, Nil):
        return _is_nil(g, tag.type, v)
    if isinstance(tag, Nil):
        return equals_nil(g, e)
    y = g.value(e)
    if is_interface(tag.type) and not is_interface(e.type):
        y = value_as_interface(g, e, y, tag.type)
    elif is_interface(e.type) and not is_interface(tag.type):
        v = value_as_interface(g, tag, v, e.type)
        return equal_values(g, e.pos, e.type, v, y)
    return equal_values(g, e.pos, tag.type, v, y)


def _is_nil(g: Gen, t: Type, v: str) -> str:
    shape = shape_of(t)
    word = v if shape.form is Form.SCALAR else g.extract(shape.llvm, v, 0)
    return g.op(f"icmp eq ptr {word}, null")


def _dispatch_strings(g: Gen, tag: Expr, cases: list[SwitchCase], labels: list[str], default: str) -> None:
    """Switch on the length first, then compare with the strings of that length."""
    parts = lent_string(g, tag)
    groups: dict[int, list[tuple[Const, str]]] = {}
    for case, label in zip(cases, labels, strict=True):
        for v in case.values or ():
            assert isinstance(v, Const) and isinstance(v.value, bytes)
            groups.setdefault(len(v.value), []).append((v, label))
    starts = {length: g.label("length") for length in groups}
    text = " ".join(f"i64 {length}, label %{label}" for length, label in starts.items())
    g.end(f"switch i64 {parts[1]}, label %{default} [ {text} ]")
    for length, members in groups.items():
        g.start(starts[length])
        for const, label in members:
            assert isinstance(const.value, bytes)
            if length == 0:
                g.branch(label)
                break
            following = g.label("next")
            same = g.rt(const.pos, "runtime.memequal", parts[0], g.m.data.string_ref(const.value), str(length))
            g.branch_if(same, label, following)
            g.start(following)
        g.branch(default)


# --- type switch -----------------------------------------------------------------------------------------------------


def stmt_type_switch(g: Gen, s: TypeSwitch) -> None:
    done = g.label("endswitch")
    g.loops[s.label] = LoopTargets(break_to=done)
    tab, data = iface_parts(g, s.x)
    have = type_word(g, s.x.type, tab)
    default: TypeCase | None = None
    for case in s.cases:
        if case.types is None:
            default = case
            continue
        _type_case(g, s, case, (tab, data, have), done)
    if default is not None:
        _bind_whole(g, s, default, tab, data)
        g.stmt(default.body)
    g.start(done)


def _type_case(g: Gen, s: TypeSwitch, case: TypeCase, words: tuple[str, str, str], done: str) -> None:
    tab, data, have = words
    assert case.types is not None
    body, other = g.label("case"), g.label("next")
    itab = ""
    for i, target in enumerate(case.types):
        following = other if i == len(case.types) - 1 else g.label("alt")
        if target is None:
            cond = g.op(f"icmp eq ptr {tab}, null")
        elif is_interface(target):
            itab, cond = test_interface(g, s.pos, have, target)
        else:
            cond = g.op(f"icmp eq ptr {have}, {g.m.type_ref(target)}")
        g.branch_if(cond, body, following)
        if following != other:
            g.start(following)
    g.start(body)
    only = case.types[0] if len(case.types) == 1 else None
    if case.var is not None and only is not None and underlying(case.var.type) is underlying(only):
        _bind_type(g, case, case.var, only, itab, data)
    else:
        _bind_whole(g, s, case, tab, data)
    g.stmt(case.body)
    g.branch(done)
    g.start(other)


def _bind_type(g: Gen, case: TypeCase, var: Var, target: Type, itab: str, data: str) -> None:
    """The variable of a clause with one type."""
    if is_interface(target):
        v = g.iface(itab, data)
    elif shape_of(target).form is Form.MEMORY:
        v = data
    else:
        v = unbox(g, target, data)
    store(g, target, new_variable(g, case.pos, var), v)


def _bind_whole(g: Gen, s: TypeSwitch, case: TypeCase, tab: str, data: str) -> None:
    """The variable of a clause with several types, nil or none: the operand itself."""
    if case.var is not None:
        assert has_methods(case.var.type) == has_methods(s.x.type)
        store(g, case.var.type, new_variable(g, case.pos, case.var), g.iface(tab, data))
