"""Inserts the temporaries that Go's compiler makes when it reads a function, with the names that its messages give them.

Go's compiler makes temporaries for the results of ``a, b = f()`` and of comma-ok forms; for a func or interface value that is itself the
result of a call; and for the operands that a go or defer statement evaluates for its wrapper. The number in a temporary's name is the
number of variables that the function has so far. Temporaries that only our builder has, to fix the order of evaluation, get names that
begin with ``.order``.

A temporary is assigned before the statement that needs it. The result suits analyses that do not depend on the order of evaluation.

Source: cmd/compile/internal/noder/reader.go (multiExpr, tempCopy), typecheck/typecheck.go (RewriteNonNameCall), typecheck/stmt.go
(normalizeGoDeferCall), typecheck/dcl.go (TempAt).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

ORDER: Final = ".order"
"""Prefix of the names of temporaries that Go's compiler does not have."""
_COMPILERS: Final = ".autotmp_"
_CALLS: Final = (n.Call, n.CallMethod, n.Append, n.MakeSlice, n.MakeMap, n.MakeChan, n.Recv)


@final
@dataclass(slots=True, eq=False)
class _Temporaries:
    """State for one function.

    ``made``: the compiler's temporaries, each with the last position that the compiler had read when it made the temporary. ``held``:
    declarations of the builder's temporaries. ``firsts``: temporaries for the first of several results. ``own``: the variables in
    ``made``."""

    func: n.Func
    made: list[tuple[int, n.Var]] = field(default_factory=list[tuple[int, n.Var]])
    held: dict[n.Var, n.Declare] = field(default_factory=dict[n.Var, n.Declare])
    firsts: set[n.Var] = field(default_factory=set[n.Var])
    own: set[n.Var] = field(default_factory=set[n.Var])

    def new(self, of: t.Type, pos: int, read: int) -> n.Var:
        var = n.Var(_COMPILERS, of, pos, n.VarKind.LOCAL)
        self.func.locals.append(var)
        self.keep(var, read)
        return var

    def keep(self, var: n.Var, read: int) -> None:
        """Note that Go's compiler has the temporary too."""
        if var not in self.own:
            self.own.add(var)
            self.made.append((read, var))

    # --- statements ---

    def block(self, block: n.Block) -> None:
        out: list[n.Stmt] = []
        todo = block.stmts[::-1]
        while todo:
            statement = todo.pop()
            if isinstance(statement, n.AssignTuple):
                late = _late_places(statement, todo[-1]) if todo else {}
                if late:
                    todo.pop()
                self.tuple(statement, late, out)
            else:
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
                # The condition is evaluated in each iteration, so its temporaries are assigned in the body.
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

    def tuple(self, s: n.AssignTuple, late: dict[n.Var, tuple[n.Place | None, n.Expr]], out: list[n.Stmt]) -> None:
        """Assign the results of a tuple value to temporaries, and these to the places of ``s``.

        ``late``: for temporaries of the builder, the place and value that the next statement assigns (``_late_places``)."""
        self.expressions(s, out)
        read = _last(s.value)
        given = [x.var if isinstance(x, n.Name) and is_temporary(x.var) else None for x in s.xs]
        variables: list[n.Var] = []
        for var, of in zip(given, _types(s.value), strict=True):
            if var is not None:
                self.keep(var, read)
            variables.append(var or self.new(of, s.pos, read))
        names = [n.Name(s.pos, var.type, var) for var in variables]
        out.append(n.AssignTuple(s.pos, list(names), s.value, variables))
        if all(given) and not late:
            self.firsts.add(variables[0])
            return
        places: list[n.Place | None] = []
        values: list[n.Expr] = []
        for x, name in zip(s.xs, names, strict=True):
            place, value = late.get(name.var, (x, name))
            places.append(place)
            values.append(_moved(value, s.pos))
        values[0] = _first(values[0]) if isinstance(values[0], n.Name) else values[0]
        out.append(n.AssignPair(s.pos, places, values, [var for var in s.declares if var not in variables]))

    def results(self, s: n.Return, out: list[n.Stmt]) -> None:
        for value in s.values:
            self.expressions(value, out)
        if len(s.values) == 1 and len(self.func.results) > 1:
            (value,) = s.values
            read = _last(value)
            variables = [self.new(of, s.pos, read) for of in _types(value)]
            names = [n.Name(s.pos, var.type, var) for var in variables]
            out.append(n.AssignTuple(s.pos, list(names), value, variables))
            # The compiler does not read functions that it generates itself; there it adds no conversion to the first result.
            s.values = [names[0] if self.func.wrapper else _first(names[0]), *names[1:]]
        else:
            self.converted_results(s, out)

    def converted_results(self, s: n.Return, out: list[n.Stmt]) -> None:
        """Move the conversion of several results into the return statement, where the compiler has it. The builder converts them
        in an assignment of temporaries."""
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
        """Assign all operands that a go or defer statement evaluates for its wrapper in one statement, as the compiler does."""
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
            if isinstance(declare.init, n.Name):
                var.pos = s.pos
                _move_uses(closure.func, var, s.pos)
        at = max(out.index(declare) for declare in declares) + 1
        pair = n.AssignPair(s.pos, [n.Name(v.pos, v.type, v) for v in wanted], [d.init for d in declares if d.init is not None], wanted)
        out[at:at] = [pair]
        for declare in declares:
            out.remove(declare)
            del self.held[declare.var]

    # --- expressions ---

    def expressions(self, node: n.Expr | n.Stmt, out: list[n.Stmt]) -> None:
        """Store func and interface values that are results of calls in temporaries before they are called."""
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
        var = self.new(x.type, call.pos, _last(call))
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
        # The copy of a loop variable for one iteration has the same name and position, and counts once.
        declared = sorted({(var.pos, var.name) for var in self.func.locals if not var.name.startswith((ORDER, _COMPILERS))})
        declared += _unused_cases(self.func)
        for index, (read, var) in enumerate(sorted(self.made, key=lambda made: made[0])):
            var.name = f"{_COMPILERS}{first + index + sum(pos <= read for pos, _ in declared)}"


def _move_uses(wrapper: n.Func, var: n.Var, pos: int) -> None:
    """Give the uses of ``var`` in the wrapper the position of the statement."""
    for capture in wrapper.captures:
        if capture.outer is var:
            for node in walk(wrapper):
                if isinstance(node, n.Name) and node.var is capture.inner:
                    node.pos = pos


def _unused_cases(func: n.Func) -> list[tuple[int, str]]:
    """The clauses without a variable in type switches that bind one, where the compiler has a variable in every clause."""
    found: list[tuple[int, str]] = []
    for node in walk(func.body):
        if isinstance(node, n.TypeSwitch) and any(case.var is not None for case in node.cases):
            found += [(case.pos, "") for case in node.cases if case.var is None]
    return found


def is_temporary(var: n.Var) -> bool:
    """Whether the variable is a temporary; after ``name_temporaries`` only temporaries that Go's compiler has too count."""
    return var.name.startswith(_COMPILERS)


def _late_places(s: n.AssignTuple, following: n.Stmt) -> dict[n.Var, tuple[n.Place | None, n.Expr]]:
    """For each temporary that ``s`` assigns, the place and converted value that the next statement assigns.

    Empty unless the next statement assigns exactly these temporaries: then the builder made it to convert the results."""
    match following:
        case n.Assign():
            pairs = [(following.x, following.value)]
        case n.AssignPair() if not following.declares:
            pairs = list(zip(following.xs, following.values, strict=True))
        case _:
            return {}
    found: dict[n.Var, tuple[n.Place | None, n.Expr]] = {}
    for place, value in pairs:
        inner = value.x if isinstance(value, n.Convert) and value.implicit else value
        if isinstance(inner, n.Name):
            found[inner.var] = place, value
    wanted = {x.var for x in s.xs if isinstance(x, n.Name) and is_temporary(x.var)}
    return found if len(found) == len(pairs) and found.keys() == wanted else {}


def _moved(x: n.Expr, pos: int) -> n.Expr:
    """The expression with the position of the assignment, as the compiler has it for conversions of results."""
    if isinstance(x, n.Convert):
        return n.Convert(pos, x.type, _moved(x.x, pos), x.kind, x.implicit)
    return n.Name(pos, x.type, x.var) if isinstance(x, n.Name) else x


def _first(x: n.Expr) -> n.Expr:
    """The first use of a temporary: a conversion to the same type, in which the compiler keeps the assignment."""
    return n.Convert(x.pos, x.type, x, n.Conversion.NOP)


def _types(value: n.Expr) -> Sequence[t.Type]:
    assert isinstance(value.type, t.Tuple)
    return value.type.types


def _has_call(x: n.Expr | None) -> bool:
    return x is not None and any(isinstance(node, (*_CALLS, n.Builtin)) for node in walk(x))


def _last(x: n.Expr) -> int:
    """The last position in the expression: about where the compiler stops reading it."""
    return max(node.pos for node in walk(x) if hasattr(node, "pos"))


def name_temporaries(func: n.Func) -> None:
    """Insert the compiler's temporaries in a function and its closures, and name all temporaries."""
    if func.body is not None:
        state = _Temporaries(func)
        state.block(func.body)
        state.name()
    for closure in func.closures:
        for capture in closure.captures:
            if is_temporary(capture.inner):
                capture.inner.name = capture.outer.name
        name_temporaries(closure)
