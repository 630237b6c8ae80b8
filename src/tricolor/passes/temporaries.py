"""The temporaries that Go's compiler makes when it reads a function, with the names that its messages give them.

The results of ``a, b = f()`` and of comma-ok forms go through temporaries to their places; a func or interface value that is itself the
result of a call is stored before it is called; what a go or defer statement evaluates is stored for its wrapper. Their numbers are
how many variables the function has so far. Temporaries of the IR's builder that the compiler does not have, which only keep the order of
evaluation, get names of another kind.

Temporaries are assigned before the statement that needs them: for analyses that do not depend on the order of evaluation.

Source: cmd/compile/internal/noder/reader.go (multiExpr, tempCopy), typecheck/typecheck.go (RewriteNonNameCall), typecheck/stmt.go
(normalizeGoDeferCall), typecheck/dcl.go (TempAt).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.walk import walk

ORDER: Final = ".order"
"""How names of temporaries begin that the compiler does not have."""
_COMPILERS: Final = ".autotmp_"
_CALLS: Final = (n.Call, n.CallMethod, n.Append, n.MakeSlice, n.MakeMap, n.MakeChan, n.Recv)


@final
@dataclass(slots=True, eq=False)
class _Temporaries:
    """State for one function. ``made``: temporaries with the position of what was read last before they were made; ``held``: what
    temporaries of the builder are declared with; ``firsts``: those for the first of several results."""

    func: n.Func
    made: list[tuple[int, n.Var]] = field(default_factory=list[tuple[int, n.Var]])
    held: dict[n.Var, n.Declare] = field(default_factory=dict[n.Var, n.Declare])
    firsts: set[n.Var] = field(default_factory=set[n.Var])
    own: set[n.Var] = field(default_factory=set[n.Var])

    def new(self, like: n.Expr, pos: int, read: int) -> n.Var:
        var = n.Var(_COMPILERS, like.type, pos, n.VarKind.LOCAL)
        self.func.locals.append(var)
        self.keep(var, read)
        return var

    def keep(self, var: n.Var, read: int) -> None:
        """The compiler has the temporary too."""
        if var not in self.own:
            self.own.add(var)
            self.made.append((read, var))

    # --- statements ---

    def block(self, block: n.Block) -> None:
        out: list[n.Stmt] = []
        for statement in block.stmts:
            self.statement(statement, out)
        block.stmts = out

    def statement(self, s: n.Stmt, out: list[n.Stmt]) -> None:
        match s:
            case n.Block():
                self.block(s)
            case n.If():
                self.expressions(s.cond, out)
                self.block(s.then)
                if s.els is not None:
                    self.block(s.els)
            case n.For():
                # What the condition needs is made in each iteration.
                inner: list[n.Stmt] = []
                if s.cond is not None:
                    self.expressions(s.cond, inner)
                for block in (s.post, s.body):
                    if block is not None:
                        self.block(block)
                s.body.stmts[:0] = inner
            case n.Range():
                self.expressions(s.x, out)
                self.block(s.body)
            case n.Switch() | n.TypeSwitch() | n.Select():
                self.cases(s, out)
            case n.Declare():
                self.declare(s, out)
            case n.AssignTuple():
                self.tuple(s, out)
                return
            case n.Return():
                self.results(s, out)
            case n.Go() | n.Defer():
                self.wrapper(s, out)
            case _:
                self.expressions(s, out)
        out.append(s)

    def cases(self, s: n.Switch | n.TypeSwitch | n.Select, out: list[n.Stmt]) -> None:
        operand = s.x if isinstance(s, n.TypeSwitch) else s.tag if isinstance(s, n.Switch) else None
        if operand is not None:
            self.expressions(operand, out)
        for case in s.cases:
            if isinstance(case, n.SwitchCase):
                for value in case.values or ():
                    self.expressions(value, out)
            elif isinstance(case, n.SelectCase):
                for x in (case.chan, case.send):
                    if x is not None:
                        self.expressions(x, out)
            self.block(case.body)

    def declare(self, s: n.Declare, out: list[n.Stmt]) -> None:
        if s.init is None:
            return
        self.expressions(s.init, out)
        if is_temporary(s.var):
            self.held[s.var] = s
            if s.var.addrtaken:
                self.keep(s.var, _last(s.init))  # new(value)

    def tuple(self, s: n.AssignTuple, out: list[n.Stmt]) -> None:
        self.expressions(s, out)
        types = _types(s.value)
        read = _last(s.value)
        if all(isinstance(x, n.Name) and is_temporary(x.var) for x in s.xs):
            variables = [x.var for x in s.xs if isinstance(x, n.Name)]
            for var in variables:
                self.keep(var, read)
            self.firsts.add(variables[0])
            out.append(s)
            return
        variables = [self.new(n.Zero(s.pos, of), s.pos, read) for of in types]
        names = [n.Name(s.pos, var.type, var) for var in variables]
        out.append(n.AssignTuple(s.pos, list(names), s.value, variables))
        values: list[n.Expr] = [_first(names[0]), *names[1:]]
        out.append(n.AssignPair(s.pos, s.xs, values, s.declares))

    def results(self, s: n.Return, out: list[n.Stmt]) -> None:
        for value in s.values:
            self.expressions(value, out)
        if len(s.values) == 1 and len(self.func.results) > 1:
            (value,) = s.values
            read = _last(value)
            variables = [self.new(n.Zero(s.pos, of), s.pos, read) for of in _types(value)]
            names = [n.Name(s.pos, var.type, var) for var in variables]
            out.append(n.AssignTuple(s.pos, list(names), value, variables))
            s.values = [_first(names[0]), *names[1:]]
        else:
            self.converted_results(s, out)

    def converted_results(self, s: n.Return, out: list[n.Stmt]) -> None:
        """The builder converts several results in temporaries: the compiler converts where it returns."""
        variables = [x.var for x in s.values if isinstance(x, n.Name) and is_temporary(x.var)]
        late = out[-1] if out else None
        if len(variables) != len(s.values) or not isinstance(late, (n.Assign, n.AssignPair)):
            return
        places = [late.x] if isinstance(late, n.Assign) else late.xs
        values = [late.value] if isinstance(late, n.Assign) else late.values
        assigned = {x.var: value for x, value in zip(places, values, strict=True) if isinstance(x, n.Name)}
        if len(assigned) == len(places) and assigned.keys() <= set(variables):
            out.pop()
            s.values = [assigned.get(var, x) for var, x in zip(variables, s.values, strict=True)]
            for var in assigned:
                self.own.discard(var)

    def wrapper(self, s: n.Go | n.Defer, out: list[n.Stmt]) -> None:
        """What is evaluated for a wrapper goes to temporaries all at once."""
        self.expressions(s.closure, out)
        closure = s.closure
        if not isinstance(closure, n.FuncLit) or not closure.func.wrapper:
            return
        wanted = [c.outer for c in closure.func.captures if c.outer in self.held]
        declares = [self.held[var] for var in wanted]
        if not declares or any(declare not in out for declare in declares):
            return
        read = max(_last(declare.init) for declare in declares if declare.init is not None)
        for var, declare in zip(wanted, declares, strict=True):
            self.keep(var, read)
            var.pos = s.pos if isinstance(declare.init, n.Name) else var.pos
        at = max(out.index(declare) for declare in declares) + 1
        pair = n.AssignPair(s.pos, [n.Name(v.pos, v.type, v) for v in wanted], [d.init for d in declares if d.init is not None], wanted)
        out[at:at] = [pair]
        for declare in declares:
            out.remove(declare)
            del self.held[declare.var]

    # --- expressions ---

    def expressions(self, node: n.Expr | n.Stmt, out: list[n.Stmt]) -> None:
        """Store what is called before it is called."""
        for x in reversed(list(walk(node))):
            match x:
                case n.CallMethod():
                    x.x = self.callee(x, x.x, out)
                case n.Call() if not isinstance(x.fun, (n.FuncName, n.FuncLit)):
                    x.fun = self.callee(x, x.fun, out)
                case _:
                    pass
            if isinstance(x, (n.Call, n.CallMethod)):
                x.args = [_first(arg) if isinstance(arg, n.Name) and arg.var in self.firsts else arg for arg in x.args]

    def callee(self, call: n.Call | n.CallMethod, x: n.Expr, out: list[n.Stmt]) -> n.Expr:
        if isinstance(x, n.Name) and x.var in self.held and _has_call(self.held[x.var].init):
            declare = self.held.pop(x.var)
            assert declare.init is not None
            self.keep(x.var, _last(call))
            assign = n.Assign(call.pos, n.Name(call.pos, x.type, x.var), declare.init)
            declare.init = None
            out.append(assign)
            return x
        if not _has_call(x):
            return x
        var = self.new(x, call.pos, _last(call))
        name = n.Name(call.pos, x.type, var)
        out += [n.Declare(call.pos, var), n.Assign(call.pos, name, x)]
        return n.Name(call.pos, x.type, var)

    # --- names ---

    def name(self) -> None:
        """Give every temporary its name."""
        for var in self.func.locals:
            if is_temporary(var) and var not in self.own:
                var.name = ORDER + var.name.removeprefix(_COMPILERS)
        if not self.made:
            return
        first = len(self.func.params) + len(self.func.results) + (self.func.outer is None and "go.shape" in self.func.symbol)
        # A copy of a loop variable has the name and position of the variable.
        declared = sorted({(var.pos, var.name) for var in self.func.locals if not var.name.startswith((ORDER, _COMPILERS))})
        declared += _unused_cases(self.func)
        for index, (read, var) in enumerate(sorted(self.made, key=lambda made: made[0])):
            var.name = f"{_COMPILERS}{first + index + sum(pos <= read for pos, _ in declared)}"


def _unused_cases(func: n.Func) -> list[tuple[int, str]]:
    """The compiler has a variable in each clause of a type switch that binds one."""
    found: list[tuple[int, str]] = []
    for node in walk(func.body):
        if isinstance(node, n.TypeSwitch) and any(case.var is not None for case in node.cases):
            found += [(case.pos, "") for case in node.cases if case.var is None]
    return found


def is_temporary(var: n.Var) -> bool:
    """Whether the builder or this pass made the variable."""
    return var.name.startswith(_COMPILERS)


def _first(x: n.Expr) -> n.Expr:
    """The compiler keeps the assignment with the first use of a temporary, in a conversion to the same type."""
    return n.Convert(x.pos, x.type, x, n.Conversion.NOP)


def _types(value: n.Expr) -> Sequence[t.Type]:
    assert isinstance(value.type, t.Tuple)
    return value.type.types


def _has_call(x: n.Expr | None) -> bool:
    return x is not None and any(isinstance(node, (*_CALLS, n.Builtin)) for node in walk(x))


def _last(x: n.Expr) -> int:
    """Where reading the expression ends, about: the last position in it."""
    return max(node.pos for node in walk(x) if hasattr(node, "pos"))


def name_temporaries(func: n.Func) -> None:
    """Make the compiler's temporaries in a function and its closures; ``func`` is no closure itself."""
    if func.body is not None:
        state = _Temporaries(func)
        state.block(func.body)
        state.name()
    for closure in func.closures:
        for capture in closure.captures:
            if is_temporary(capture.inner):
                capture.inner.name = capture.outer.name
        name_temporaries(closure)
