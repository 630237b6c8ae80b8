"""Readable text of the IR, for ``--dump=ir`` and for golden tests.

The text uses Go's syntax where it exists, and shows what the builder made explicit: conversions as ``T<kind>(x)``, loads through pointers
as ``p->f`` and ``*p``. Marks after the name of a variable where it is declared: ``'`` begins them, ``&`` address taken, ``=`` reassigned,
``^`` captured.
"""

from __future__ import annotations

from fractions import Fraction

from tricolor.gotypes.types import Interface, Struct, Type, go_quote, pointer, underlying
from tricolor.ir import nodes as n
from tricolor.ir.nodes import Func, Program, Var

_INDENT = "    "


def program_text(program: Program) -> str:
    """All functions, static values, initialisation order, types with methods, itabs."""
    parts = [func_text(f) for f in program.funcs]
    parts += [f"static {v.symbol} {v.type} = {expr_text(x)}\n" for v, x in program.static_init.items()]
    parts += [f"global {v.symbol} {v.type}\n" for v in program.globals if v not in program.static_init]
    parts += [f"init {f.symbol}\n" for f in program.init_tasks]
    for t, refs in program.methods.items():
        parts += [f"method {t} {r.name}{r.signature.describe()} func {r.func.symbol} entry {r.entry.symbol}\n" for r in refs]
    parts += [f"itab {concrete}, {iface}\n" for concrete, iface in program.itabs]
    return "".join(parts)


def func_text(func: Func) -> str:
    """One function. Its text names its closures; their own texts are separate."""
    notes = [*sorted(func.pragmas)]
    notes += [word for word in ("wrapper", "has_defer", "has_recover") if getattr(func, word)]
    head = f"func {func.symbol}{_signature(func)}" + (f" // {' '.join(notes)}" if notes else "")
    if func.body is None:
        return head + "\n"
    lines = [head + " {"]
    if func.captures:
        lines.append(_INDENT + "captures " + ", ".join(f"{c.inner.name}{_flags(c.outer)}" for c in func.captures))
    _Printer(lines, 1).block(func.body)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _signature(func: Func) -> str:
    params = ", ".join(f"{p.name}{_flags(p)} {p.type}" for p in func.params)
    results = ", ".join(f"{r.name}{_flags(r)} {r.type}" for r in func.results)
    return f"({params})" + (f" ({results})" if results else "")


def _flags(var: Var) -> str:
    marks = ("&" if var.addrtaken else "") + ("=" if var.reassigned else "") + ("^" if var.captured else "")
    return f"'{marks}" if marks else ""


class _Printer:
    """Appends lines, indented to ``depth``."""

    def __init__(self, lines: list[str], depth: int) -> None:
        self.lines = lines
        self.depth = depth

    def line(self, text: str) -> None:
        self.lines.append(_INDENT * self.depth + text)

    def block(self, block: n.Block) -> None:
        for stmt in block.stmts:
            self.stmt(stmt)

    def nested(self, block: n.Block) -> None:
        _Printer(self.lines, self.depth + 1).block(block)

    def stmt(self, s: n.Stmt) -> None:
        if isinstance(s, (n.Block, n.If, n.For, n.Range, n.Switch, n.TypeSwitch, n.Select)):
            self._compound(s)
        else:
            self.line(_simple(s))

    def _compound(self, s: n.Block | n.If | n.For | n.Range | n.Switch | n.TypeSwitch | n.Select) -> None:
        match s:
            case n.Block():
                self.line("{")
                self.nested(s)
            case n.If():
                self.line(f"if {expr_text(s.cond)} {{")
                self.nested(s.then)
                if s.els is not None:
                    self.line("} else {")
                    self.nested(s.els)
            case n.For():
                self.line(f"{_label(s.label)}for {expr_text(s.cond) if s.cond is not None else ''} {{")
                self.nested(s.body)
                if s.post is not None:
                    self.line("} post {")
                    self.nested(s.post)
            case n.Range():
                keys = ", ".join(_place(p) for p in (s.key, s.value))
                fresh = " new " + " ".join(v.name + _flags(v) for v in s.declares) if s.declares else ""
                self.line(f"{_label(s.label)}for {keys}{fresh} = range {expr_text(s.x)} {{")
                self.nested(s.body)
            case n.Switch():
                self.line(f"{_label(s.label)}switch {expr_text(s.tag) if s.tag is not None else ''} {{")
                for case in s.cases:
                    values = "default" if case.values is None else "case " + _list(case.values)
                    self.line(values + ":")
                    self.nested(case.body)
            case n.TypeSwitch():
                self.line(f"{_label(s.label)}switch type {expr_text(s.x)} {{")
                for case in s.cases:
                    types = ", ".join("nil" if t is None else str(t) for t in case.types or ())
                    bound = f" {case.var.name}{_flags(case.var)} {case.var.type} :=" if case.var is not None else ""
                    self.line(f"case{bound} {types}:" if case.types is not None else f"default{bound}:")
                    self.nested(case.body)
            case n.Select():
                self.line(f"{_label(s.label)}select {{")
                for case in s.cases:
                    self.line(_select_case(case))
                    self.nested(case.body)
        self.line("}")


def _label(label: n.Label) -> str:
    return f"{label.name}: " if label.name else ""


def _select_case(case: n.SelectCase) -> str:
    if case.chan is None:
        return "default:"
    if case.send is not None:
        return f"case {expr_text(case.chan)} <- {expr_text(case.send)}:"
    bound = [v.name + _flags(v) if v is not None else "_" for v in (case.recv_var, case.ok_var)]
    return f"case {', '.join(bound)} := <-{expr_text(case.chan)}:"


def _place(place: n.Place | None) -> str:
    return "_" if place is None else expr_text(place)


def _places(xs: list[n.Place | None], declares: list[Var]) -> str:
    fresh = " new " + " ".join(v.name + _flags(v) for v in declares) if declares else ""
    return ", ".join(map(_place, xs)) + fresh


def _simple(s: n.Stmt) -> str:
    match s:
        case n.Declare():
            init = f" = {expr_text(s.init)}" if s.init is not None else ""
            return f"var {s.var.name}{_flags(s.var)} {s.var.type}{init}"
        case n.Assign():
            return f"{_place(s.x)} = {expr_text(s.value)}"
        case n.AssignPair():
            return f"{_places(s.xs, s.declares)} = {_list(s.values)}"
        case n.AssignTuple():
            return f"{_places(s.xs, s.declares)} = {expr_text(s.value)}"
        case n.AssignOp():
            return f"{expr_text(s.x)} {s.op.value}= {expr_text(s.y)}"
        case n.ExprStmt():
            return expr_text(s.x)
        case n.Send():
            return f"{expr_text(s.chan)} <- {expr_text(s.value)}"
        case n.Go():
            return f"go {expr_text(s.closure)}()"
        case n.Defer():
            where = f" in {s.target.name}" if s.target is not None else ""
            return f"defer{' looping' if s.in_loop else ''}{where} {expr_text(s.closure)}()"
        case n.Return():
            return f"return {_list(s.values)}".rstrip()
        case n.Break():
            return f"break {s.label.name}".rstrip()
        case n.Continue():
            return f"continue {s.label.name}".rstrip()
        case n.Goto():
            return f"goto {s.label.name}"
        case n.Labeled():
            return f"{s.label.name}:"
        case n.Fallthrough():
            return "fallthrough"
        case _:
            raise AssertionError(type(s).__name__)


def _list(xs: list[n.Expr]) -> str:
    return ", ".join(map(expr_text, xs))


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def _constant(x: n.Const) -> str:
    match x.value:
        case bool():
            return "true" if x.value else "false"
        case int():
            return str(x.value)
        case bytes():
            return go_quote(x.value.decode("utf-8", "backslashreplace"))
        case Fraction():
            return _number(x.value)
        case (real, imag):
            return f"({_number(real)}+{_number(imag)}i)"


def _field(t: Type, index: int) -> str:
    u = underlying(t)
    return u.fields[index].name if isinstance(u, Struct) else f"#{index}"


def _pointed(t: Type) -> Type:
    u = underlying(t)
    return u.elem if isinstance(u, type(pointer(t))) else t


def expr_text(x: n.Expr) -> str:
    """One expression."""
    match x:
        case n.Const():
            return _constant(x)
        case n.Nil():
            return "nil"
        case n.Zero():
            return f"{x.type}{{}}"
        case n.Name():
            return x.var.symbol or x.var.name
        case n.FuncName():
            return x.func.symbol
        case n.Unary():
            return f"{x.op.value}{expr_text(x.x)}"
        case n.Binary():
            return f"({expr_text(x.x)} {x.op.value} {expr_text(x.y)})"
        case n.Concat():
            return "(" + " + ".join(map(expr_text, x.parts)) + ")"
        case n.Deref():
            return f"*{expr_text(x.x)}"
        case n.AddrOf():
            return ("&implicit " if x.implicit else "&") + expr_text(x.x)
        case n.FieldOf():
            return f"{expr_text(x.x)}.{_field(x.x.type, x.index)}"
        case n.FieldPtr():
            return f"{expr_text(x.x)}->{_field(_pointed(x.x.type), x.index)}"
        case _:
            return _operation(x)


def _operation(x: n.Expr) -> str:
    match x:
        case n.Index():
            return f"{expr_text(x.x)}[{expr_text(x.index)}]"
        case n.MapIndex():
            return f"{expr_text(x.x)}[{expr_text(x.key)}]{', ok' if x.comma_ok else ''}"
        case n.SliceExpr():
            parts = [expr_text(p) if p is not None else "" for p in (x.low, x.high)]
            limit = ":" + expr_text(x.max) if x.max is not None else ""
            return f"{expr_text(x.x)}[{':'.join(parts)}{limit}]"
        case n.TypeAssert():
            return f"{expr_text(x.x)}.({x.target}){', ok' if x.comma_ok else ''}"
        case n.Convert():
            return f"{x.type}<{x.kind.value}>({expr_text(x.x)})"
        case n.Call():
            return f"{expr_text(x.fun)}({_list(x.args)})"
        case n.CallMethod():
            iface = underlying(x.x.type)
            name = iface.methods[x.method].name if isinstance(iface, Interface) else str(x.method)
            return f"{expr_text(x.x)}.{name}({_list(x.args)})"
        case n.FuncLit():
            return f"closure {x.func.symbol}"
        case n.MethodValue():
            return f"bind {x.func.symbol}({expr_text(x.x)})"
        case n.Recv():
            return f"<-{expr_text(x.x)}{', ok' if x.comma_ok else ''}"
        case n.Builtin():
            return f"{x.op.value}({_list(x.args)})"
        case n.Append():
            return f"append({_list([x.x, *x.elems])}{'...' if x.spread else ''})"
        case _:
            return _allocation(x)


def _allocation(x: n.Expr) -> str:
    match x:
        case n.StructLit():
            return f"{x.type}{{" + ", ".join(f"{_field(x.type, i)}: {expr_text(v)}" for i, v in x.fields) + "}"
        case n.ArrayLit():
            return f"{x.type}{{" + _elements(x.elems) + "}"
        case n.SliceLit():
            return f"{'...' if x.variadic else ''}{x.type}{{" + _elements(x.elems) + "}"
        case n.MapLit():
            return f"{x.type}{{" + ", ".join(f"{expr_text(k)}: {expr_text(v)}" for k, v in x.entries) + "}"
        case n.New():
            return f"new({x.elem})"
        case n.MakeSlice():
            return f"make({x.type}, {_list([x.length] if x.cap is None else [x.length, x.cap])})"
        case n.MakeMap():
            return f"make({x.type}{', ' + expr_text(x.hint) if x.hint is not None else ''})"
        case n.MakeChan():
            return f"make({x.type}{', ' + expr_text(x.size) if x.size is not None else ''})"
        case _:
            raise AssertionError(type(x).__name__)


def _elements(elems: list[tuple[int, n.Expr]]) -> str:
    """Elements, with the index of each element that does not follow the previous one."""
    out: list[str] = []
    following = 0
    for index, value in elems:
        out.append(expr_text(value) if index == following else f"{index}: {expr_text(value)}")
        following = index + 1
    return ", ".join(out)
