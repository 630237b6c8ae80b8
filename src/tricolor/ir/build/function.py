"""State of the function that is being built: variables, captures, temporaries, labels, and evaluation order.

Terms:
    *emit*    add a statement to the list that is being filled (``out``).
    *hoist*   emit statements while an expression is being built (``f(g())`` with a multi-valued g, ``new(expr)``).
    *effect*  a call or a receive; Go evaluates effects strictly left to right.
    *pin*     evaluate the effects of an expression into temporaries, which are emitted.
    *settle*  bring operands into Go's order if some of them hoisted statements or have effects.

Order of evaluation:
    Go orders effects. It does not order loads of variables against effects, and Go's compiler loads late, after all effects of the
    expression. Our code generator evaluates left to right. So if an effect could change a load to its left, the effect is pinned:
    it goes into a temporary that is assigned before the load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

from tricolor.base.errors import CompilerBug
from tricolor.gotypes.types import EMPTY_TUPLE, Array, Interface, Tuple, Type, underlying
from tricolor.ir import nodes as n
from tricolor.ir.build.dead import live
from tricolor.ir.build.state import Builder, Env, Node
from tricolor.ir.nodes import Capture, Func, Label, Var, VarKind
from tricolor.ir.walk import has_effect, walk


@final
@dataclass(slots=True, eq=False)
class Target:
    """A statement that break or continue may leave. ``loop``: continue is possible. ``name``: its label in source, or ''."""

    label: Label
    name: str
    loop: bool


@final
@dataclass(slots=True, eq=False)
class RangeLoop:
    """One loop over an iterator function; ``outer`` is the function around the loop.

    ``state``: the variable with the loop's state. ``codes``: the values of ``next`` with which branches leave the loop's body.
    """

    outer: FuncState
    state: Var
    frame: RangeFrame
    target: Target
    codes: dict[int, None] = field(default_factory=dict[int, None])


@final
@dataclass(slots=True, eq=False)
class RangeExit:
    """The target of a branch that leaves loop bodies: function, kind of branch, label.

    ``own``: the branch names the loop whose body is the function of ``state``."""

    state: FuncState
    kind: str
    label: Label
    own: bool = False


@final
@dataclass(slots=True, eq=False)
class RangeFrame:
    """Variables that nested iterator loops share. They belong to ``owner``, the function around the outermost loop.

    ``next``: decides where control goes after the call of an iterator (0: on, -1: return, else 1 + index in ``exits``).
    ``results``: values to return, if the results have no names. ``defers``: token for defer statements in bodies. ``panic``: token for
    ``recover`` in bodies.
    """

    owner: FuncState
    next: Var | None = None
    results: list[Var] | None = None
    defers: Var | None = None
    panic: Var | None = None
    exits: list[RangeExit] = field(default_factory=list[RangeExit])

    def code_of(self, exit_: RangeExit) -> int:
        """The value of ``next`` for an exit."""
        for number, known in enumerate(self.exits):
            if known.label is exit_.label and known.kind == exit_.kind and known.own == exit_.own:
                return number + 1
        self.exits.append(exit_)
        return len(self.exits)


@final
@dataclass(slots=True, eq=False)
class Dispatch:
    """The functions that build each kind of node, and constants. ``dispatch`` makes the table."""

    exprs: dict[str, Callable[[FuncState, Node], n.Expr]]
    stmts: dict[str, Callable[[FuncState, Node], None]]
    const: Callable[[int, Type, list[Any]], n.Expr]


@final
@dataclass(slots=True, eq=False)
class FuncState:
    """State of one function, or of a package's initialisers, while its body is built.

    ``outer``: state of the enclosing function of a closure. ``env``: type arguments. ``per_iteration``: loop variables are new in each
    iteration. ``types``: concrete types by number. ``vars``: variables by object.
    ``out``: the statement list that is being filled. ``effects``: number of effects built so far.
    ``temps``, ``lits``, ``range_lits``, ``range_states``, ``range_yields``, ``go_defers``: counters for names.
    ``loop_depth``: number of loops around the current statement. ``closure``: the function is a closure. ``returning``: a return statement
    is being built. ``pending_label``: label of the statement that comes next.
    ``targets``: statements around the current one that break or continue may name. ``gotos``: labels by name. ``goto_used``: labels that a
    goto names. ``labels_seen``: labels so far, in source order. ``labeled``: ``Labeled`` statements with their lists and names.
    ``defers``: defer statements, each with the number of labels before it.
    ``range_loop``: the iterator loop whose body the function is. ``range_frame``: shared by the iterator loops around the current
    statement. ``body_labels``: labels that the loop body declares.
    """

    b: Builder
    dispatch: Dispatch
    func: Func
    outer: FuncState | None
    env: Env
    per_iteration: bool
    types: dict[int, Type]
    vars: dict[int, Var] = field(default_factory=dict[int, Var])
    out: list[n.Stmt] = field(default_factory=list[n.Stmt])
    effects: int = 0
    temps: int = 0
    lits: int = 0
    range_lits: int = 0
    range_states: int = 0
    range_yields: int = 0
    go_defers: int = 0
    loop_depth: int = 0
    closure: bool = False
    returning: bool = False
    pending_label: str = ""
    targets: list[Target] = field(default_factory=list[Target])
    gotos: dict[str, Label] = field(default_factory=dict[str, Label])
    goto_used: set[str] = field(default_factory=set[str])
    labels_seen: list[str] = field(default_factory=list[str])
    labeled: list[tuple[list[n.Stmt], n.Labeled, str]] = field(default_factory=list[tuple[list[n.Stmt], n.Labeled, str]])
    defers: list[tuple[n.Defer, int]] = field(default_factory=list[tuple[n.Defer, int]])
    range_loop: RangeLoop | None = None
    range_frame: RangeFrame | None = None
    body_labels: frozenset[str] = frozenset()

    # --- types ---

    def type(self, number: int) -> Type:
        """The concrete type with a number of the typed program."""
        found = self.types.get(number)
        if found is None:
            found = self.b.program.type(number)
            if self.env:
                found = self.b.substitute(found, self.env)
            self.types[number] = found
        return found

    def type_of(self, node: Node) -> Type:
        """The concrete type of an expression node."""
        tv: Any = node[2]
        return self.type(tv[0] if tv.__class__ is list else tv)

    def bug(self, pos: int, message: str) -> CompilerBug:
        """An error that reports a failure of the builder in this function."""
        return CompilerBug(self.func.symbol, pos, message)

    # --- dispatch ---

    def expr(self, node: Node) -> n.Expr:
        """Build an expression. The typed program has the values of constants."""
        tv: Any = node[2]
        if tv.__class__ is list:
            return self.dispatch.const(node[1], self.type(tv[0]), tv[1])
        return self.dispatch.exprs[node[0]](self, node)

    def stmt(self, node: Node) -> None:
        """Build a statement and emit the result."""
        self.dispatch.stmts[node[0]](self, node)

    def stmts(self, nodes: list[Node]) -> list[n.Stmt]:
        """Build statements into a list of their own."""
        saved, self.out = self.out, []
        stmts = self.dispatch.stmts
        for node in live(nodes):
            stmts[node[0]](self, node)
        made, self.out = self.out, saved
        return made

    # --- variables ---

    def local(self, name: str, t: Type, pos: int) -> Var:
        """A new local variable."""
        var = Var(name, t, pos, VarKind.LOCAL)
        self.func.locals.append(var)
        return var

    def define(self, obj: int, pos: int) -> Var:
        """Make the local variable of an object that is declared here."""
        record = self.b.program.object(obj)
        var = self.local(record.name, self.type(record.type), record.pos or pos)
        self.vars[obj] = var
        return var

    def temp(self, t: Type, pos: int) -> Var:
        """A new temporary."""
        self.temps += 1
        return self.local(f".autotmp_{self.temps}", t, pos)

    def find(self, obj: int) -> Var | None:
        """The local variable of an object, captured if it belongs to an enclosing function; None for a global."""
        found = self.vars.get(obj)
        if found is None and self.outer is not None:
            around = self.outer.find(obj)
            if around is not None:
                found = self.capture(around)
                self.vars[obj] = found
        return found

    def capture(self, around: Var) -> Var:
        """Capture a variable of the directly enclosing function; return the variable that stands for it here."""
        for known in self.func.captures:
            if known.outer is around:
                return known.inner
        around.captured = True
        if self.outer is not None and not self.outer.returning:
            around.kept = True
        inner = Var(around.name, around.type, around.pos, VarKind.CAPTURE, around.addrtaken, around.reassigned)
        self.func.captures.append(Capture(around, inner))
        return inner

    def reach(self, var: Var, owner: FuncState) -> Var:
        """Capture a variable of ``owner``, an enclosing function, through all functions between; return the variable here."""
        if owner is self:
            return var
        assert self.outer is not None
        return self.capture(self.outer.reach(var, owner))

    def variable(self, obj: int) -> Var:
        """The variable of an object: local, captured or global."""
        found = self.find(obj)
        return found if found is not None else self.b.use_global(self.b.global_of(obj))

    def _each(self, var: Var, change: Callable[[Var], None]) -> None:
        """Apply ``change`` to a variable and to the outer variables from which it is captured."""
        change(var)
        state: FuncState | None = self
        while state is not None and var.kind is VarKind.CAPTURE:
            for capture in state.func.captures:
                if capture.inner is var:
                    var = capture.outer
                    change(var)
                    break
            state = state.outer

    def mark_reassigned(self, place: n.Expr) -> None:
        """Note an assignment to the variable that contains a place."""
        var = base_variable(place)
        if var is not None:
            self._each(var, _set_reassigned)

    def mark_addrtaken(self, place: n.Expr) -> None:
        """Note that the address of a place is taken."""
        var = base_variable(place)
        if var is not None:
            self._each(var, _set_addrtaken)
            if not self.returning:
                var.kept = True

    # --- emitting ---

    def emit(self, stmt: n.Stmt) -> None:
        self.out.append(stmt)

    def save(self, x: n.Expr) -> n.Name:
        """Emit a temporary with the value of ``x``, and return its name."""
        var = self.temp(x.type, x.pos)
        self.out.append(n.Declare(x.pos, var, x))
        return n.Name(x.pos, x.type, var)

    def func_name(self, pos: int, func: Func) -> n.FuncName:
        """A reference to a declared function."""
        return n.FuncName(pos, func.signature, self.b.use(func))

    def call_runtime(self, pos: int, symbol: str, args: list[n.Expr], results: tuple[Type, ...] = ()) -> n.Call:
        """A call of the function with this linker symbol."""
        func = self.b.runtime_func(symbol, tuple(a.type for a in args), results)
        self.effects += 1
        t = results[0] if len(results) == 1 else EMPTY_TUPLE
        return n.Call(pos, t, self.func_name(pos, func), args)

    # --- order of evaluation ---

    def operands(self, builders: list[Callable[[], n.Expr]]) -> list[n.Expr]:
        """Build operands left to right and settle their order."""
        out, items = self.out, list[n.Expr]()
        marks = [(len(out), self.effects)]
        for build in builders:
            items.append(build())
            marks.append((len(out), self.effects))
        return self.settle(items, marks)

    def exprs(self, nodes: list[Node]) -> list[n.Expr]:
        """Build expressions left to right and settle their order."""
        out, items = self.out, list[n.Expr]()
        marks = [(len(out), self.effects)]
        for node in nodes:
            items.append(self.expr(node))
            marks.append((len(out), self.effects))
        return self.settle(items, marks)

    def copies(self, nodes: list[Node]) -> list[n.Expr]:
        """Build expressions and evaluate all of them left to right, including loads: Go copies the operands of a select statement."""
        items: list[n.Expr] = []
        marks: list[int] = []
        before = self.mark()
        for node in nodes:
            items.append(self.expr(node))
            marks.append(len(self.out))
        if self.mark() == before:
            return items
        for k in range(len(items) - 1, -1, -1):
            if not is_simple(items[k]):
                saved, self.out = self.out, []
                items[k] = self.save(items[k])
                made, self.out = self.out, saved
                self.out[marks[k] : marks[k]] = made
        return items

    def pair(self, first: Node, second: Node) -> tuple[n.Expr, n.Expr]:
        """Build two operands and settle their order."""
        out = self.out
        m0 = (len(out), self.effects)
        x = self.expr(first)
        m1 = (len(out), self.effects)
        y = self.expr(second)
        if len(out) == m1[0] and self.effects == m1[1]:
            return x, y
        settled = self.settle([x, y], [m0, m1, (len(out), self.effects)])
        return settled[0], settled[1]

    def mark(self) -> tuple[int, int]:
        """The numbers of statements emitted and of effects built so far. ``settle`` compares these marks."""
        return len(self.out), self.effects

    def settle(self, items: list[n.Expr], marks: list[tuple[int, int]]) -> list[n.Expr]:
        """Bring operands into Go's order. ``marks[i]`` and ``marks[i+1]``: the marks before and after operand i was built."""
        if marks[0] == marks[-1] or len(items) < 2:
            return items
        last = 0
        for i in range(1, len(items)):
            if marks[i + 1] == marks[i]:
                continue
            if marks[i + 1][0] != marks[i][0]:
                last = i  # this operand hoisted statements: effects of operands to its left must come before them
            elif any(may_change(x) for x in items[:i]):
                last = i + 1
        changed = list(items)
        for k in range(min(last, len(items)) - 1, -1, -1):
            if (marks[k + 1][1] != marks[k][1] or is_ordered(items[k])) and not isinstance(items[k].type, Tuple):
                saved, self.out = self.out, []
                changed[k] = pin_calls(self, items[k])
                made, self.out = self.out, saved
                self.out[marks[k + 1][0] : marks[k + 1][0]] = made
        return changed


def _set_reassigned(var: Var) -> None:
    var.reassigned = True


def _set_addrtaken(var: Var) -> None:
    var.addrtaken = True


def base_variable(place: n.Expr) -> Var | None:
    """The variable that contains a place; None if the place is reached through a pointer or is in a map."""
    while True:
        match place:
            case n.Name():
                return place.var
            case n.FieldOf():
                place = place.x
            case n.Index():
                if not isinstance(underlying(place.x.type), Array):
                    return None
                place = place.x
            case _:
                return None


_ORDERED = frozenset(
    {
        n.BuiltinOp.LEN,
        n.BuiltinOp.CAP,
        n.BuiltinOp.REAL,
        n.BuiltinOp.IMAG,
        n.BuiltinOp.COMPLEX,
        n.BuiltinOp.MIN,
        n.BuiltinOp.MAX,
    }
)
"""Builtins that make no call at run time, but that Go evaluates in the order of calls."""


def is_ordered(x: n.Expr) -> bool:
    """Whether the expression must be evaluated before the effects that follow it in source."""
    if has_effect(x):
        return True
    return any(isinstance(at, n.Builtin) and at.op in _ORDERED and any(map(may_change, at.args)) for at in walk(x))


def pin_calls(fs: FuncState, x: n.Expr) -> n.Expr:
    """Pin the effects of ``x`` in emitted temporaries, and return ``x`` with their names. Loads stay, so they happen late as in Go."""
    if not is_ordered(x):
        return x
    match x:
        case n.Deref():
            return n.Deref(x.pos, x.type, pin_calls(fs, x.x))
        case n.FieldPtr():
            return n.FieldPtr(x.pos, x.type, pin_calls(fs, x.x), x.index)
        case n.FieldOf():
            return n.FieldOf(x.pos, x.type, pin_calls(fs, x.x), x.index)
        case n.Index():
            return n.Index(x.pos, x.type, pin_calls(fs, x.x), pin_calls(fs, x.index))
        case n.MapIndex():
            return n.MapIndex(x.pos, x.type, pin_calls(fs, x.x), pin_calls(fs, x.key), x.comma_ok)
        case n.Binary() if x.op not in (n.BinaryOp.AND_AND, n.BinaryOp.OR_OR):
            return n.Binary(x.pos, x.type, x.op, pin_calls(fs, x.x), pin_calls(fs, x.y))
        case n.Unary():
            return n.Unary(x.pos, x.type, x.op, pin_calls(fs, x.x))
        case _:
            return fs.save(x)


def is_simple(x: n.Expr) -> bool:
    """Whether evaluation has no effect, and no effect can change the value."""
    return isinstance(x, (n.Const, n.Nil, n.Zero, n.FuncName)) or (isinstance(x, n.Name) and x.var.name.startswith(".autotmp"))


def may_change(x: n.Expr) -> bool:
    """Whether the value depends on memory that a call could change."""
    match x:
        case n.Name():
            v = x.var
            return v.kind is VarKind.GLOBAL or (v.reassigned and v.captured) or v.addrtaken or (v.kind is VarKind.CAPTURE and v.reassigned)
        case n.Deref() | n.FieldPtr() | n.MapIndex():
            return True
        case n.FieldOf() | n.Unary() | n.Convert() | n.TypeAssert():
            return may_change(x.x)
        case n.Binary():
            return may_change(x.x) or may_change(x.y)
        case n.Index():
            return not isinstance(underlying(x.x.type), Array) or may_change(x.x) or may_change(x.index)
        case n.SliceExpr():
            return may_change(x.x) or any(may_change(i) for i in (x.low, x.high, x.max) if i is not None)
        case n.Concat():
            return any(map(may_change, x.parts))
        case n.Builtin():
            return x.op not in _ORDERED and any(map(may_change, x.args))
        case n.StructLit():
            return any(may_change(v) for _, v in x.fields)
        case n.AddrOf():
            return isinstance(x.x, (n.FieldPtr, n.Index)) and may_change(x.x.x)
        case _:
            return False


def has_methods(t: Type) -> bool:
    """Whether an interface type has methods."""
    u = underlying(t)
    return isinstance(u, Interface) and bool(u.methods)
