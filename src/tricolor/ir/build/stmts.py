"""Simple statements, branches, go and defer."""

from __future__ import annotations

from tricolor.gotypes.types import (
    BOOL,
    EMPTY_INTERFACE,
    EMPTY_TUPLE,
    UNSAFE_POINTER,
    Chan,
    Signature,
    Tuple,
    signature,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.assign import assign_tuple
from tricolor.ir.build.builtins import recover_token, recover_with
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.exprs import finish_function, is_tuple_call, new_closure
from tricolor.ir.build.function import FuncState, RangeFrame, is_simple
from tricolor.ir.build.rangefunc import branch_out, return_out
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import BinaryOp, Label


def build_empty(fs: FuncState, node: Node) -> None:
    """Build ``;``, which emits nothing."""


def build_expr_stmt(fs: FuncState, node: Node) -> None:
    fs.emit(n.ExprStmt(node[1], fs.expr(node[2])))


def build_send(fs: FuncState, node: Node) -> None:
    channel, value = fs.pair(node[2], node[3])
    t = underlying(channel.type)
    assert isinstance(t, Chan)
    fs.emit(n.Send(node[1], channel, convert_to(fs, value, t.elem)))


def build_block(fs: FuncState, node: Node) -> None:
    fs.pending_label = ""
    fs.emit(n.Block(node[1], fs.stmts(node[2])))


def build_labeled(fs: FuncState, node: Node) -> None:
    name = node[2]
    label = fs.gotos.setdefault(name, Label(name))
    stmt = n.Labeled(node[1], label)
    fs.emit(stmt)
    fs.labeled.append((fs.out, stmt, name))
    fs.labels_seen.append(name)
    fs.pending_label = name
    fs.stmt(node[3])
    fs.pending_label = ""


def build_branch(fs: FuncState, node: Node) -> None:
    pos, kind, name = node[1], node[2], node[3] or ""
    if kind == "fallthrough":
        fs.emit(n.Fallthrough(pos))
        return
    if kind == "goto":
        if fs.range_loop is not None and name not in fs.body_labels:
            branch_out(fs, pos, kind, name)
            return
        fs.goto_used.add(name)
        fs.emit(n.Goto(pos, fs.gotos.setdefault(name, Label(name))))
        return
    loop = kind == "continue"
    for target in reversed(fs.targets):
        if (target.name == name if name else True) and (target.loop or not loop):
            fs.emit(n.Continue(pos, target.label) if loop else n.Break(pos, target.label))
            return
    if fs.range_loop is None:
        raise fs.bug(pos, f"{kind} {name} has no target")
    branch_out(fs, pos, kind, name)


def build_return(fs: FuncState, node: Node) -> None:
    pos, given = node[1], node[2]
    if fs.range_loop is not None:
        return_out(fs, pos, given)
        return
    fs.returning = True
    _return(fs, pos, given)
    fs.returning = False


def _return(fs: FuncState, pos: int, given: list[Node]) -> None:
    results = fs.func.results
    if is_tuple_call(fs, given):
        value = fs.expr(given[0])
        assert isinstance(value.type, Tuple)
        if all(a is r.type for a, r in zip(value.type.types, results, strict=True)):
            fs.emit(n.Return(pos, [value]))
            return
        variables = [fs.temp(r.type, pos) for r in results]
        places: list[n.Place | None] = [n.Name(pos, v.type, v) for v in variables]
        assign_tuple(fs, pos, places, value, variables)
        fs.emit(n.Return(pos, [n.Name(pos, v.type, v) for v in variables]))
        return
    values = fs.exprs(given)
    fs.emit(n.Return(pos, [convert_to(fs, v, r.type) for v, r in zip(values, results, strict=False)]))


# --- go and defer --------------------------------------------------------------------------------------------------

_NO_ARGUMENTS = signature((), ())


def build_go(fs: FuncState, node: Node) -> None:
    fs.emit(n.Go(node[1], _as_closure(fs, node, ".gowrap")))


def build_defer(fs: FuncState, node: Node) -> None:
    if node[2][3] == "builtin" and node[2][4] == "recover":
        closure = _deferred_recover(fs, node[1])
    else:
        closure = _as_closure(fs, node, ".deferwrap")
    target = None
    if fs.range_frame is not None:
        frame = fs.range_frame
        frame.owner.func.has_defer = True
        target = fs.reach(_defer_token(frame), frame.owner)
    else:
        fs.func.has_defer = True
    stmt = n.Defer(node[1], closure, fs.loop_depth > 0 or target is not None, target)
    fs.defers.append((stmt, len(fs.labels_seen)))
    fs.emit(stmt)


def _deferred_recover(fs: FuncState, pos: int) -> n.Expr:
    """Build ``defer recover()``. The call counts as made by the function with the defer statement, so it captures that function's token."""
    inner, func = new_closure(fs, _NO_ARGUMENTS, pos, ".deferwrap")
    func.wrapper = True
    token = inner.capture(fs.save(recover_token(fs, pos)).var)
    call = recover_with(inner, pos, n.Name(pos, token.type, token))
    func.body = n.Block(pos, [n.ExprStmt(pos, call)])
    finish_function(inner)
    return n.FuncLit(pos, _NO_ARGUMENTS, func)


def _defer_token(frame: RangeFrame) -> n.Var:
    if frame.defers is None:
        # In Go's compiler the token is an interface.
        frame.defers = frame.owner.local("#defers", EMPTY_INTERFACE if frame.owner.b.separate else UNSAFE_POINTER, 0)
    return frame.defers


def _as_closure(fs: FuncState, node: Node, suffix: str) -> n.Expr:
    """The call of a go or defer statement as a closure without parameters. The statement itself evaluates the operands."""
    pos = node[1]
    had_recover, fs.func.has_recover = fs.func.has_recover, False
    call = fs.expr(node[2])
    recovers, fs.func.has_recover = fs.func.has_recover, had_recover
    if isinstance(call, n.Call) and not call.args and call.type is EMPTY_TUPLE:
        fun = call.fun
        if fun.type is _NO_ARGUMENTS:
            return fun
        assert isinstance(underlying(fun.type), Signature)
        return n.Convert(fun.pos, _NO_ARGUMENTS, fun, n.Conversion.NOP, implicit=True)
    inner, func = new_closure(fs, _NO_ARGUMENTS, pos, suffix)
    func.wrapper = True
    func.has_recover = recovers
    match call:
        case n.Call():
            call.fun = _kept(fs, inner, call.fun)
        case n.CallMethod():
            func.calls_interfaces = True
            call.x = _kept(fs, inner, call.x)
        case _:
            pass
    if isinstance(call, (n.Call, n.CallMethod, n.Builtin)):
        call.args = [_kept(fs, inner, a) for a in call.args]
    if isinstance(call, n.CallMethod) and func.captures:
        _check_nil(fs, func.captures[0].outer, pos)
    func.body = n.Block(pos, [n.ExprStmt(pos, call)])
    finish_function(inner)
    return n.FuncLit(pos, _NO_ARGUMENTS, func)


def _check_nil(fs: FuncState, receiver: n.Var, pos: int) -> None:
    """Emit a check of the receiver: a nil interface panics at the go or defer statement, not at the later call."""
    is_nil = n.Binary(pos, BOOL, BinaryOp.EQ, n.Name(pos, receiver.type, receiver), n.Nil(pos, receiver.type))
    panic = n.ExprStmt(pos, fs.call_runtime(pos, "runtime.panicmem", []))
    fs.emit(n.If(pos, is_nil, n.Block(pos, [panic]), None))


def _kept(fs: FuncState, inner: FuncState, x: n.Expr) -> n.Expr:
    """The operand ``x`` of a go or defer statement, for use in the wrapper.

    A constant stays. Other values go to a temporary, which the wrapper captures. The wrapper itself makes literals, from evaluated
    elements, and allocates the memory of ``new``.
    """
    if is_simple(x) and not isinstance(x, n.Name):
        return x
    match x:
        case n.New():
            return x
        case n.SliceLit() | n.ArrayLit():
            x.elems = [(i, _kept(fs, inner, e)) for i, e in x.elems]
            return x
        case n.StructLit():
            x.fields = [(i, _kept(fs, inner, e)) for i, e in x.fields]
            return x
        case _:
            saved = x if isinstance(x, n.Name) and x.var.name.startswith(".autotmp") else fs.save(x)
            captured = inner.capture(saved.var)
            return n.Name(x.pos, x.type, captured)
