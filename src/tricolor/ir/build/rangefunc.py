"""Range over iterator functions: rewrites loop bodies to closures.

``for k, v := range f { body }`` becomes a call ``f(func(k K, v V) bool { body; return true })``.

Terms:
    *state*  a variable for each loop with the state of its body, in the numbers of Go's runtime:
             0 done (left by break, return or goto), 1 ready, 2 running or panicked, 3 the iterator has returned.
    *next*   a variable for each nest of loops that decides where control goes after the call of the iterator: 0 on, -1 return, else the
             code of a branch that leaves a body.

How it works: a branch that leaves a body sets ``next``, sets the state to done and returns false. After the call of the iterator, code
tests ``next``. If the target of the branch is in this function, it branches; else it leaves the enclosing body in the same way.

Source: Go 1.27.3 cmd/compile/internal/rangefunc/rewrite.go (its head explains the scheme), internal/abi/rangefuncconsts.go.
"""

from __future__ import annotations

from tricolor.gotypes.types import BOOL, INT, UNSAFE_POINTER, Signature, underlying
from tricolor.ir import nodes as n
from tricolor.ir.build.assign import assign_tuple, build_place, is_blank, is_definition
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.exprs import finish_function, is_tuple_call, new_closure
from tricolor.ir.build.function import FuncState, RangeExit, RangeFrame, RangeLoop, Target
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import BinaryOp, Label, Var, VarKind, result_type

DONE, READY, RUNNING, EXHAUSTED, MISSING_PANIC = 0, 1, 2, 3, 4
_RETURN = -1


def build_range_func(fs: FuncState, node: Node, x: n.Expr, name: str) -> None:
    """Build a RangeStmt whose operand ``x`` is an iterator function. ``name``: the loop's label, or ''."""
    pos = node[1]
    outermost = fs.range_frame is None
    frame = fs.range_frame or RangeFrame(fs)
    start = len(fs.out)
    frame.owner.range_states += 1
    state = fs.local(f"#state{frame.owner.range_states}", INT, pos)
    state.reassigned = True
    fs.emit(n.Declare(pos, state, _int(pos, READY)))
    loop = RangeLoop(fs, state, frame, Target(Label(name), name, loop=True))
    sig = underlying(x.type)
    assert isinstance(sig, Signature)
    body = _body(fs, node, loop, sig)
    if fs.b.separate:
        body = _in_variable(fs, frame, pos, body)
    call = n.Call(pos, result_type(sig), x, [convert_to(fs, body, sig.params[0])])
    fs.emit(n.ExprStmt(pos, call))
    panicked = n.Binary(pos, BOOL, BinaryOp.EQ, n.Name(pos, INT, state), _int(pos, RUNNING))
    fs.emit(n.If(pos, panicked, n.Block(pos, [_panic(fs, pos, _int(pos, MISSING_PANIC))]), None))
    fs.emit(n.Assign(pos, n.Name(pos, INT, state), _int(pos, EXHAUSTED)))
    _leave(fs, pos, loop)
    if outermost:
        fs.out[start:start] = _frame_variables(fs, frame, pos)


def _in_variable(fs: FuncState, frame: RangeFrame, pos: int, body: n.Expr) -> n.Expr:
    """Store the closure in a variable, as Go's compiler does."""
    frame.owner.range_yields += 1
    var = fs.local(f"#yield{frame.owner.range_yields}", body.type, pos)
    fs.emit(n.Declare(pos, var, body))
    return n.Name(pos, var.type, var)


def _int(pos: int, value: int) -> n.Const:
    return n.Const(pos, INT, value)


def _panic(fs: FuncState, pos: int, state: n.Expr) -> n.Stmt:
    return n.ExprStmt(pos, fs.call_runtime(pos, "runtime.panicrangestate", [state]))


def _frame_variables(fs: FuncState, frame: RangeFrame, pos: int) -> list[n.Stmt]:
    """Declarations of the variables that a nest of loops shares; they come before the outermost loop."""
    made: list[n.Stmt] = []
    if frame.defers is not None:
        token = fs.call_runtime(pos, "runtime.deferframe", [], (frame.defers.type,))
        made.append(n.Declare(pos, frame.defers, token))
    if frame.panic is not None:
        made.append(n.Declare(pos, frame.panic, n.Builtin(pos, UNSAFE_POINTER, n.BuiltinOp.RECOVER_TOKEN, [])))
    if frame.next is not None:
        made.append(n.Declare(pos, frame.next, _int(pos, 0)))
    made += [n.Declare(pos, var) for var in frame.results or ()]
    return made


def _body(fs: FuncState, node: Node, loop: RangeLoop, sig: Signature) -> n.Expr:
    """The loop's body as a closure."""
    pos = node[1]
    yield_sig = underlying(sig.params[0])
    assert isinstance(yield_sig, Signature)
    inner, func = new_closure(fs, yield_sig, pos, "-range")
    inner.range_loop, inner.range_frame = loop, loop.frame
    inner.body_labels = _labels_in(node[6])
    func.end_pos = node[6][3]
    func.results.append(Var("~r0", BOOL, pos, VarKind.RESULT))
    state = inner.capture(loop.state)
    out: list[n.Stmt] = []
    inner.out = out
    before = inner.local("#tmpState", INT, pos)
    inner.emit(n.Declare(pos, before, n.Name(0, INT, state)))
    inner.emit(n.Assign(pos, n.Name(pos, INT, state), _int(pos, RUNNING)))
    not_ready = n.Binary(pos, BOOL, BinaryOp.NE, n.Name(pos, INT, before), _int(pos, READY))
    inner.emit(n.If(pos, not_ready, n.Block(pos, [_panic(inner, pos, n.Name(pos, INT, before))]), None))
    keys: list[Node | None] = [node[2], node[3]]
    for i, t in enumerate(yield_sig.params):
        key = keys[i]
        if key is not None and is_definition(key):
            record = fs.b.program.object(key[4])
            var = Var(record.name, t, record.pos, VarKind.PARAM)
            inner.vars[key[4]] = var
            func.params.append(var)
            continue
        blank = key is not None and is_blank(key) and node[4] == ":="
        var = Var("_" if blank else f"#p{i + 1}", t, pos, VarKind.PARAM)
        func.params.append(var)
        place = build_place(inner, key) if key is not None else None
        if key is not None and place is not None:
            inner.emit(n.Assign(key[1], place, convert_to(inner, n.Name(key[1], t, var), place.type)))
    inner.emit(n.Block(node[6][1], inner.stmts(node[6][2])))
    _finish_body(inner, pos, READY)
    func.body = n.Block(pos, out)
    finish_function(inner)
    return n.FuncLit(pos, yield_sig, func)


def _finish_body(inner: FuncState, pos: int, state: int) -> None:
    """Set the loop's state and return from the body: true, which goes on, if the state is READY; else false, which ends the loop."""
    loop = inner.range_loop
    assert loop is not None
    var = inner.reach(loop.state, loop.outer)
    inner.emit(n.Assign(pos, n.Name(pos, INT, var), _int(pos, state)))
    inner.emit(n.Return(pos, [n.Const(pos, BOOL, state == READY)]))


def _labels_in(node: Node) -> frozenset[str]:
    """Names of the labels inside a statement, without those in function literals."""
    found: set[str] = set()
    todo: list[Node] = [node]
    while todo:
        at = todo.pop()
        if at and at[0] == "FuncLit":
            continue
        if at and at[0] == "LabeledStmt":
            found.add(at[2])
        todo += [part for part in at if part.__class__ is list]
    return frozenset(found)


# --- leaving bodies ------------------------------------------------------------------------------------------------


def _next(fs: FuncState, pos: int, frame: RangeFrame) -> n.Name:
    if frame.next is None:
        frame.next = frame.owner.local("#next", INT, 0)
        frame.next.reassigned = True
    var = fs.reach(frame.next, frame.owner)
    return n.Name(pos, INT, var)


def branch_out(fs: FuncState, pos: int, kind: str, name: str) -> None:
    """Build a break, continue or goto whose target is outside of this body."""
    state, crossed = fs, list[RangeLoop]()
    while True:
        loop = state.range_loop
        exit_ = _own_exit(state, kind, name)
        if exit_ is None and loop is None:
            raise fs.bug(pos, f"{kind} {name} has no target")
        if exit_ is not None:
            break
        assert loop is not None
        crossed.append(loop)
        state = loop.outer
        exit_ = _ordinary_exit(state, kind, name)
        if exit_ is not None:
            break
    if not crossed:
        _do_exit(fs, pos, exit_)
        return
    frame = crossed[0].frame
    code = frame.code_of(exit_)
    for loop in crossed:
        loop.codes[code] = None
    fs.emit(n.Assign(pos, _next(fs, pos, frame), _int(pos, code)))
    _finish_body(fs, pos, DONE)


def _matches(target: Target, kind: str, name: str) -> bool:
    return (target.name == name if name else True) and (target.loop or kind != "continue")


def _own_exit(state: FuncState, kind: str, name: str) -> RangeExit | None:
    """The exit if the branch names the loop whose body is this function; else None."""
    loop = state.range_loop
    if kind != "goto" and loop is not None and _matches(loop.target, kind, name):
        return RangeExit(state, kind, loop.target.label, own=True)
    return None


def _ordinary_exit(state: FuncState, kind: str, name: str) -> RangeExit | None:
    """The exit if the branch names an ordinary statement or a label of this function; else None."""
    if kind == "goto":
        if state.range_loop is None or name in state.body_labels:
            state.goto_used.add(name)
            return RangeExit(state, kind, state.gotos.setdefault(name, Label(name)))
        return None
    for target in reversed(state.targets):
        if _matches(target, kind, name):
            return RangeExit(state, kind, target.label)
    return None


def _do_exit(fs: FuncState, pos: int, exit_: RangeExit) -> None:
    """Emit the branch itself, in the function that contains its target."""
    if exit_.own:
        _finish_body(fs, pos, READY if exit_.kind == "continue" else DONE)
    elif exit_.kind == "goto":
        fs.emit(n.Goto(pos, exit_.label))
    elif exit_.kind == "continue":
        fs.emit(n.Continue(pos, exit_.label))
    else:
        fs.emit(n.Break(pos, exit_.label))


def return_out(fs: FuncState, pos: int, given: list[Node]) -> None:
    """Build a return statement in the body of a loop."""
    frame, loop = fs.range_frame, fs.range_loop
    assert frame is not None and loop is not None
    if given:
        _store_results(fs, pos, frame, given)
    at: RangeLoop | None = loop
    while at is not None:
        at.codes[_RETURN] = None
        at = at.outer.range_loop
    fs.emit(n.Assign(pos, _next(fs, pos, frame), _int(pos, _RETURN)))
    _finish_body(fs, pos, DONE)


def _store_results(fs: FuncState, pos: int, frame: RangeFrame, given: list[Node]) -> None:
    owner = frame.owner
    results = owner.func.results
    if owner.b.separate:
        _name_results(owner.func)
    elif not owner.func.named_results:
        if frame.results is None:
            frame.results = [owner.local(f"#rv{i + 1}", r.type, r.pos or pos) for i, r in enumerate(results)]
        results = frame.results
    places: list[n.Place | None] = []
    for var in results:
        var.reassigned = True
        places.append(n.Name(pos, var.type, fs.reach(var, owner)))
    if is_tuple_call(fs, given):
        assign_tuple(fs, pos, places, fs.expr(given[0]), [])
        return
    values = [convert_to(fs, v, r.type) for v, r in zip(fs.exprs(given), results, strict=True)]
    if len(values) == 1:
        fs.emit(n.Assign(pos, places[0], values[0]))
    else:
        fs.emit(n.AssignPair(pos, places, values))


def _name_results(func: n.Func) -> None:
    """Name all unnamed results, as Go's compiler does: a return statement in a body stores its values in them."""
    func.named_results = True
    for i, var in enumerate(func.results):
        if var.name == f"~r{i}":
            var.name = f"#rv{i + 1}"


def _leave(fs: FuncState, pos: int, loop: RangeLoop) -> None:
    """Emit the tests of ``next`` after the call of the iterator: complete the branches that left the body."""
    further = False
    for code in loop.codes:
        exit_ = None if code == _RETURN else loop.frame.exits[code - 1]
        here = fs.range_loop is None if exit_ is None else exit_.state is fs
        if not here:
            further = True
            continue
        _when_next(fs, pos, loop.frame, BinaryOp.EQ, code, exit_)
    if further:
        _when_next(fs, pos, loop.frame, BinaryOp.NE, 0, None)


def _when_next(fs: FuncState, pos: int, frame: RangeFrame, op: BinaryOp, code: int, exit_: RangeExit | None) -> None:
    """Emit ``if next op code { ... }``, which completes the exit, returns, or leaves this body too."""
    condition = n.Binary(pos, BOOL, op, _next(fs, pos, frame), _int(pos, code))
    saved, fs.out = fs.out, []
    if exit_ is not None:
        fs.emit(n.Assign(pos, _next(fs, pos, frame), _int(pos, 0)))
        _do_exit(fs, pos, exit_)
    elif op is BinaryOp.NE:
        _finish_body(fs, pos, DONE)
    else:
        fs.emit(n.Return(pos, [n.Name(pos, v.type, v) for v in frame.results or ()]))
    body, fs.out = fs.out, saved
    fs.emit(n.If(pos, condition, n.Block(pos, body), None))
