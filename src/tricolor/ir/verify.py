"""Verifies that IR is well-typed and well-formed. A violation raises CompilerBug with the function and the position.

Invariants:
    1. Assignments, arguments, results and elements MUST have exactly the type of their place; a type that mentions shapes
       (``shapes``) MUST have the same form. Checked by _Checker.same().
    2. Operands of operators, conversions, indexing and field access MUST have the kinds that the node's docstring names.
       Checked by _Checker.expr().
    3. Every variable that is used MUST be a global, or a parameter, result, local or capture of the function.
       Checked by _Checker.variable().
    4. The statement that break or continue names MUST enclose it, and the label of a goto MUST be in the function.
       Checked by _Checker.stmt() and _Checker.labels_found().
    5. A Tuple MUST be the right side of AssignTuple, a statement, or the one value of Return. Checked by _Checker.value().
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import final

from tricolor.base.errors import CompilerBug
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import (
    BOOL,
    COMPLEXES,
    FLOATS,
    INT,
    STRING,
    UINT8,
    UNTYPED_NIL,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    is_integer,
    is_interface,
    is_string,
    tuple_of,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.nodes import BinaryOp, BuiltinOp, Conversion, Func, Label, Program, Var, VarKind
from tricolor.ir.shapes import DICTIONARY, agree
from tricolor.ir.walk import children

_COMPARISONS = frozenset((BinaryOp.EQ, BinaryOp.NE, BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE))
_SHIFTS = frozenset((BinaryOp.SHL, BinaryOp.SHR))
_NILABLE = (Pointer, Slice, Map, Chan, Signature, Interface)


def verify_program(program: Program) -> None:
    """Verify all functions and static values. Raises CompilerBug."""
    verify_funcs(program.funcs)
    nowhere = _Checker(Func("static data", "static data", "", Signature((), ()), 0))
    for var, value in program.static_init.items():
        nowhere.expr(value)
        nowhere.same(value, var.type, f"initial value of {var.symbol}")
    known = set(program.globals)
    for func in program.funcs:
        for var in _globals_of(func):
            # Dictionaries are only read here: the IR with shapes is never compiled, so nothing defines them.
            if var not in known and var.name != DICTIONARY:
                raise CompilerBug(func.symbol, var.pos, f"global {var.symbol} is used but not listed")


def _globals_of(func: Func) -> list[Var]:
    found: list[Var] = []
    todo: list[object] = [func.body] if func.body is not None else []
    while todo:
        at = todo.pop()
        if isinstance(at, n.Name) and at.var.kind is VarKind.GLOBAL:
            found.append(at.var)
        todo += children(at)
    return found


def verify_funcs(funcs: Iterable[Func]) -> None:
    """Verify several functions. Raises CompilerBug."""
    for func in funcs:
        verify_func(func)


def verify_func(func: Func) -> None:
    """Verify one function (its closures are verified on their own). Raises CompilerBug with symbol and position."""
    if func.body is None:
        return
    checker = _Checker(func)
    checker.signature()
    checker.block(func.body)
    checker.labels_found()


@final
class _Checker:
    def __init__(self, func: Func) -> None:
        self.func = func
        self.known = {*func.params, *func.results, *func.locals, *(c.inner for c in func.captures)}
        self.around: list[Label] = []
        self.loops: list[Label] = []
        self.defined: set[Label] = set()
        self.gone_to: dict[Label, int] = {}

    def fail(self, pos: int, message: str) -> CompilerBug:
        return CompilerBug(self.func.symbol, pos, f"IR is ill-formed: {message}")

    def require(self, truth: bool, at: n.Expr | n.Stmt, message: str) -> None:
        if not truth:
            raise self.fail(at.pos, f"{type(at).__name__}: {message}")

    def same(self, x: n.Expr, t: Type, what: str) -> None:
        """Check invariant 1: ``x`` has the type ``t``. ``what``: the text that names ``x`` in the error."""
        if not agree(x.type, t):
            raise self.fail(x.pos, f"{what} has type {x.type}, not {t} ({type(x).__name__})")

    def signature(self) -> None:
        params = tuple(p.type for p in self.func.params)
        results = tuple(r.type for r in self.func.results)
        if params != self.func.signature.params or results != self.func.signature.results:
            raise self.fail(self.func.pos, "variables do not fit the signature")

    def labels_found(self) -> None:
        """Check invariant 4 for goto: the target of every goto has been found."""
        for label, pos in self.gone_to.items():
            if label not in self.defined:
                raise self.fail(pos, f"goto {label.name} has no target")

    # --- statements ---

    def block(self, block: n.Block) -> None:
        for stmt in block.stmts:
            self.stmt(stmt)

    def variable(self, var: Var, at: n.Expr | n.Stmt) -> None:
        """Check invariant 3: the variable is a global or belongs to the function."""
        if var.kind is not VarKind.GLOBAL and var not in self.known:
            raise self.fail(at.pos, f"variable {var.name} does not belong to the function")

    def place(self, place: n.Place | None) -> None:
        if place is not None:
            self.expr(place)

    def body(self, block: n.Block, label: Label, loop: bool = False) -> None:
        self.around.append(label)
        if loop:
            self.loops.append(label)
        self.block(block)
        self.around.pop()
        if loop:
            self.loops.pop()

    def stmt(self, s: n.Stmt) -> None:
        match s:
            case n.Block():
                self.block(s)
            case n.Declare():
                self.variable(s.var, s)
                if s.init is not None:
                    self.value(s.init)
                    self.same(s.init, s.var.type, f"initial value of {s.var.name}")
            case n.Assign():
                self.place(s.x)
                self.value(s.value)
                if s.x is not None:
                    self.same(s.value, s.x.type, "assigned value")
            case n.AssignPair() | n.AssignTuple():
                self._assign_several(s)
            case n.AssignOp():
                self.place(s.x)
                self.value(s.y)
                if s.op in _SHIFTS:
                    self.require(is_integer(s.y.type), s, "shift count is no integer")
                else:
                    self.same(s.y, s.x.type, "right operand")
            case n.ExprStmt():
                self.expr(s.x)
            case n.Send():
                self.value(s.chan)
                self.value(s.value)
                t = underlying(s.chan.type)
                self.require(isinstance(t, Chan), s, "no channel")
                if isinstance(t, Chan):
                    self.same(s.value, t.elem, "sent value")
            case n.Go() | n.Defer():
                self.value(s.closure)
                t = s.closure.type
                self.require(isinstance(t, Signature) and not t.params and not t.results, s, f"closure of type {t}")
            case n.Return():
                self._return(s)
            case _:
                self._control(s)

    def _assign_several(self, s: n.AssignPair | n.AssignTuple) -> None:
        for var in s.declares:
            self.variable(var, s)
        for place in s.xs:
            self.place(place)
        if isinstance(s, n.AssignPair):
            self.require(len(s.xs) == len(s.values), s, "numbers of places and values differ")
            for place, value in zip(s.xs, s.values, strict=True):
                self.value(value)
                if place is not None:
                    self.same(value, place.type, "assigned value")
            return
        self.expr(s.value)
        t = s.value.type
        self.require(isinstance(t, Tuple) and len(t.types) == len(s.xs), s, f"value of type {t}")
        if isinstance(t, Tuple):
            for place, part in zip(s.xs, t.types, strict=True):
                if place is not None and not agree(place.type, part):
                    raise self.fail(s.pos, f"component of type {part} is assigned to a place of type {place.type}")

    def _return(self, s: n.Return) -> None:
        results = self.func.signature.results
        if not s.values:
            self.require(not results or self.func.named_results, s, "no values")
            return
        if len(s.values) == 1 and isinstance(s.values[0].type, Tuple):
            self.expr(s.values[0])
            self.same(s.values[0], tuple_of(results), "results")
            return
        self.require(len(s.values) == len(results), s, "number of values")
        for value, t in zip(s.values, results, strict=True):
            self.value(value)
            self.same(value, t, "result")

    def _control(self, s: n.Stmt) -> None:
        match s:
            case n.If():
                self.condition(s.cond)
                self.block(s.then)
                if s.els is not None:
                    self.block(s.els)
            case n.For():
                if s.cond is not None:
                    self.condition(s.cond)
                self.body(s.body, s.label, loop=True)
                if s.post is not None:
                    self.block(s.post)
            case n.Range():
                self._range(s)
            case n.Switch():
                self._switch(s)
            case n.TypeSwitch():
                self.value(s.x)
                self.require(is_interface(s.x.type), s, f"operand of type {s.x.type}")
                for case in s.cases:
                    if case.var is not None:
                        self.variable(case.var, s)
                    self.body(case.body, s.label)
            case n.Select():
                self._select(s)
            case n.Break():
                self.require(s.label in self.around, s, f"label {s.label.name} is not around")
            case n.Continue():
                self.require(s.label in self.loops, s, f"loop {s.label.name} is not around")
            case n.Goto():
                self.gone_to[s.label] = s.pos
            case n.Labeled():
                self.require(s.label not in self.defined, s, f"label {s.label.name} is defined twice")
                self.defined.add(s.label)
            case _:
                pass

    def condition(self, x: n.Expr) -> None:
        self.value(x)
        t = underlying(x.type)
        self.require(t is BOOL, x, f"condition of type {x.type}")

    def _range(self, s: n.Range) -> None:
        self.value(s.x)
        for var in s.declares:
            self.variable(var, s)
        u = underlying(s.x.type)
        if isinstance(u, Pointer):
            u = underlying(u.elem)
        key: Type
        value: Type | None = None
        match u:
            case Slice() | Array():
                key, value = INT, u.elem
            case Map():
                key, value = u.key, u.elem
            case Chan():
                key = u.elem
            case Basic() if u is STRING:
                key, value = INT, None
            case _:
                key = s.x.type
                self.require(is_integer(key), s, f"range over {key}")
        for place, t in ((s.key, key), (s.value, value)):
            self.place(place)
            if place is not None and t is not None:
                self.same(place, t, "iteration variable")
        self.body(s.body, s.label, loop=True)

    def _switch(self, s: n.Switch) -> None:
        if s.tag is not None:
            self.value(s.tag)
        for case in s.cases:
            for value in case.values or ():
                if s.tag is None:
                    self.condition(value)
                else:
                    self.value(value)
                    self.same(value, s.tag.type, "case value")
            self.body(case.body, s.label)

    def _select(self, s: n.Select) -> None:
        for case in s.cases:
            if case.chan is not None:
                self.value(case.chan)
                t = underlying(case.chan.type)
                self.require(isinstance(t, Chan), s, "no channel")
                if case.send is not None and isinstance(t, Chan):
                    self.value(case.send)
                    self.same(case.send, t.elem, "sent value")
            for var in (case.recv_var, case.ok_var):
                if var is not None:
                    self.variable(var, s)
            self.body(case.body, s.label)

    # --- expressions ---

    def value(self, x: n.Expr) -> None:
        """Check an expression that is used as a value (invariants 2 and 5)."""
        self.expr(x)
        if isinstance(x.type, (Tuple, TypeParam)) or x.type is UNTYPED_NIL:
            raise self.fail(x.pos, f"{type(x).__name__} of type {x.type} is used as a value")

    def expr(self, x: n.Expr) -> None:
        for child in children(x):
            self.value(child)
        match x:
            case n.Const():
                self._constant(x)
            case n.Nil():
                u = underlying(x.type)
                is_pointer = isinstance(u, Basic) and u.kind is Kind.UNSAFE_POINTER
                self.require(isinstance(u, _NILABLE) or is_pointer, x, f"nil of type {x.type}")
            case n.Name():
                self.variable(x.var, x)
                self.require(agree(x.type, x.var.type), x, f"{x.var.name} has type {x.var.type}, not {x.type}")
            case n.FuncName():
                self.require(x.type is x.func.signature, x, f"{x.func.symbol} has another signature")
            case n.Binary():
                self._binary(x)
            case n.Concat():
                self.require(is_string(x.type) and len(x.parts) > 1, x, "no strings")
                for part in x.parts:
                    self.same(part, x.type, "operand")
            case n.Deref():
                self.require(self.pointed(x.x) is x.type, x, f"of {x.x.type} gives {x.type}")
            case n.AddrOf():
                self.require(self.pointed(x) is x.x.type, x, f"address of {x.x.type} has type {x.type}")
            case n.FieldOf():
                self._field(x, x.x.type)
            case n.FieldPtr():
                self._field(x, self.pointed(x.x))
            case n.Convert():
                self._convert(x)
            case n.Call() | n.CallMethod():
                self._call(x)
            case _:
                self._container(x)

    def pointed(self, x: n.Expr) -> Type | None:
        u = underlying(x.type)
        return u.elem if isinstance(u, Pointer) else None

    def _constant(self, x: n.Const) -> None:
        u = underlying(x.type)
        if not isinstance(u, Basic):
            raise self.fail(x.pos, f"constant of type {x.type}")
        if u.kind is Kind.BOOL:
            fits = isinstance(x.value, bool)
        elif u.kind is Kind.STRING:
            fits = isinstance(x.value, bytes)
        elif u.kind in FLOATS:
            fits = isinstance(x.value, Fraction)
        elif u.kind in COMPLEXES:
            fits = isinstance(x.value, tuple)
        else:
            fits = isinstance(x.value, int) and not isinstance(x.value, bool)
        self.require(fits, x, f"{x.value!r} as {x.type}")

    def _binary(self, x: n.Binary) -> None:
        if x.op in _SHIFTS:
            self.require(agree(x.x.type, x.type) and is_integer(x.y.type), x, f"{x.x.type} {x.op.value} {x.y.type}")
        elif x.op in _COMPARISONS:
            self.require(agree(x.x.type, x.y.type), x, f"{x.x.type} {x.op.value} {x.y.type}")
            self.require(underlying(x.type) is BOOL, x, f"comparison of type {x.type}")
        else:
            self.same(x.x, x.type, "left operand")
            self.same(x.y, x.type, "right operand")

    def _field(self, x: n.FieldOf | n.FieldPtr, t: Type | None) -> None:
        u = underlying(t) if t is not None else None
        if not isinstance(u, Struct) or x.index >= len(u.fields) or not agree(u.fields[x.index].type, x.type):
            raise self.fail(x.pos, f"field {x.index} of {t} is no {x.type}")

    def _convert(self, x: n.Convert) -> None:
        source, target = is_interface(x.x.type), is_interface(x.type)
        match x.kind:
            case Conversion.TO_INTERFACE:
                self.require(target and not source, x, f"from {x.x.type} to {x.type}")
            case Conversion.INTERFACE:
                self.require(target and source, x, f"from {x.x.type} to {x.type}")
            case Conversion.NOP:  # a linkname may declare an interface as the struct that represents it in memory
                same_kind = type(underlying(x.type)) is type(underlying(x.x.type))
                fits = same_kind or size_of(x.type) == size_of(x.x.type)
                self.require(fits, x, f"{x.kind.value} from {x.x.type} to {x.type}")
            case _:
                self.require(source == target, x, f"{x.kind.value} from {x.x.type} to {x.type}")

    def _call(self, x: n.Call | n.CallMethod) -> None:
        if isinstance(x, n.Call):
            sig = underlying(x.fun.type)
        else:
            iface = underlying(x.x.type)
            if not isinstance(iface, Interface) or x.method >= len(iface.methods):
                raise self.fail(x.pos, f"method {x.method} of {x.x.type}")
            sig = iface.methods[x.method].signature
        if not isinstance(sig, Signature):
            raise self.fail(x.pos, f"call of {sig}")
        self.require(len(sig.params) == len(x.args), x, f"{len(x.args)} arguments for {sig}")
        for arg, t in zip(x.args, sig.params, strict=True):
            self.same(arg, t, "argument")
        self.require(agree(x.type, n.result_type(sig)), x, f"result of type {x.type}, not that of {sig}")

    def _container(self, x: n.Expr) -> None:
        u = underlying(x.type)
        match x:
            case n.Index():
                t = underlying(x.x.type)
                element = t.elem if isinstance(t, (Array, Slice)) else None
                fits = element is x.type or (t is STRING and u is UINT8)
                self.require(fits, x, f"of {x.x.type} gives {x.type}")
                self.require(is_integer(x.index.type), x, f"by {x.index.type}")
            case n.MapIndex():
                t = underlying(x.x.type)
                if not isinstance(t, Map):
                    raise self.fail(x.pos, f"map index of {x.x.type}")
                self.same(x.key, t.key, "key")
                self._comma_ok(x, t.elem, x.comma_ok)
            case n.Recv():
                t = underlying(x.x.type)
                if not isinstance(t, Chan):
                    raise self.fail(x.pos, f"receive from {x.x.type}")
                self._comma_ok(x, t.elem, x.comma_ok)
            case n.TypeAssert():
                self.require(is_interface(x.x.type), x, f"of {x.x.type}")
                self._comma_ok(x, x.target, x.comma_ok)
            case n.SliceExpr():
                t = underlying(x.x.type)
                self.require(t is STRING or isinstance(t, (Slice, Pointer)), x, f"of {x.x.type}")
            case n.StructLit():
                for index, value in x.fields:
                    fields = u.fields if isinstance(u, Struct) else ()
                    self.require(index < len(fields), x, f"field {index} of {x.type}")
                    self.same(value, fields[index].type, f"field {fields[index].name}")
            case n.ArrayLit() | n.SliceLit():
                if not isinstance(u, (Array, Slice)):
                    raise self.fail(x.pos, f"list literal of {x.type}")
                for _, value in x.elems:
                    self.same(value, u.elem, "element")
            case n.MapLit():
                if not isinstance(u, Map):
                    raise self.fail(x.pos, f"map literal of {x.type}")
                for key, value in x.entries:
                    self.same(key, u.key, "key")
                    self.same(value, u.elem, "element")
            case n.Append():
                self._append(x)
            case n.Builtin():
                if x.op in (BuiltinOp.MIN, BuiltinOp.MAX):
                    for arg in x.args:
                        self.same(arg, x.type, "argument")
            case _:
                pass

    def _comma_ok(self, x: n.Expr, t: Type, comma_ok: bool) -> None:
        wanted = tuple_of((t, BOOL)) if comma_ok else t
        self.require(agree(x.type, wanted), x, f"has type {x.type}, not {wanted}")

    def _append(self, x: n.Append) -> None:
        u = underlying(x.type)
        if not isinstance(u, Slice):
            raise self.fail(x.pos, f"append to {x.type}")
        self.same(x.x, x.type, "slice")
        if not x.spread:
            for value in x.elems:
                self.same(value, u.elem, "element")
