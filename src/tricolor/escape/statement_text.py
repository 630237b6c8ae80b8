"""Statements as Go's compiler prints them in its messages. For loops and switches it prints only their kind.

Source: cmd/compile/internal/ir/fmt.go (stmtFmt, Nodes.Format).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from tricolor.escape.expression_text import expression_text
from tricolor.escape.naming import Names
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.passes.temporaries import is_temporary

_SCOPED: Final = (n.If, n.For, n.Switch, n.TypeSwitch)


def statement_text(s: n.Stmt | n.TypeCase, names: Names) -> str:
    """The statement in Go's syntax."""
    match s:
        case n.Block():
            # The compiler does not print the init statement of an if, for or switch.
            stmts = s.stmts[-1:] if s.stmts and isinstance(s.stmts[-1], _SCOPED) and s.stmts[-1].pos == s.pos else s.stmts
            return _sequence(stmts, names)
        case n.Declare() if s.init is None:
            return f"{names.local(s.var)} = <nil>"
        case n.Declare():
            return f"{names.local(s.var)} := {_optional(s.init, names)}"
        case n.Assign():
            return f"{_place(s.x, names)} = {expression_text(s.value, names)}"
        case n.AssignPair():
            # The compiler declares the temporaries of a go or defer statement earlier, so it prints "=" here.
            defines = any(not is_temporary(var) for var in s.declares)
            return f"{_places(s.xs, names)} {':' if defines else ''}= {_list(s.values, names)}"
        case n.AssignTuple():
            return f"{_places(s.xs, names)} {':' if s.declares else ''}= {expression_text(s.value, names)}"
        case n.AssignOp():
            return _operation(s, names)
        case n.ExprStmt():
            return expression_text(s.x, names)
        case n.If():
            text = f"if {expression_text(s.cond, names)} {{ {statement_text(s.then, names)} }}"
            return text + (f" else {{ {statement_text(s.els, names)} }}" if s.els is not None else "")
        case n.For() | n.Range():
            return "for loop"
        case n.Switch() | n.TypeSwitch():
            return "switch statement"
        case n.TypeCase():
            types = ", ".join("nil" if of is None else names.type_at(pos, of) for of, pos in zip(s.types or (), s.places, strict=True))
            return f"{f'case {types}' if s.types is not None else 'default'}: {statement_text(s.body, names)}"
        case n.Select():
            return "select statement"
        case n.Send():
            return f"{expression_text(s.chan, names)} <- {expression_text(s.value, names)}"
        case n.Go():
            return f"go {_called(s.closure, names)}()"
        case n.Defer():
            return f"defer {_called(s.closure, names)}()"
        case n.Return():
            return f"return {_list(s.values, names)}"
        case n.Break() | n.Continue() | n.Goto() | n.Labeled() | n.Fallthrough():
            return _jump(s)
        case _:
            assert_never(s)


def _jump(s: n.Break | n.Continue | n.Goto | n.Labeled | n.Fallthrough) -> str:
    if isinstance(s, n.Labeled):
        return f"{s.label.name}: "
    if isinstance(s, n.Fallthrough):
        return "fallthrough"
    return f"{type(s).__name__.lower()} {s.label.name}".rstrip()


def _operation(s: n.AssignOp, names: Names) -> str:
    place = expression_text(s.x, names)
    counts = isinstance(s.y, n.Const) and s.y.pos == s.pos and s.y.value == 1 and not t.is_string(s.y.type)
    if counts and s.op in (n.BinaryOp.ADD, n.BinaryOp.SUB):
        return f"{place}{s.op.value * 2}"
    return f"{place} {s.op.value}= {expression_text(s.y, names)}"


def _called(closure: n.Expr, names: Names) -> str:
    text = expression_text(closure, names)
    return f"({text})" if isinstance(closure, n.FuncLit) else text


def _sequence(stmts: Sequence[n.Stmt], names: Names) -> str:
    return "; ".join(statement_text(s, names) for s in stmts if not _is_part_of_next(s))


def _is_part_of_next(s: n.Stmt) -> bool:
    """Whether the statement only stores operands of the next statement in the compiler's temporaries. The compiler does not print it."""
    match s:
        case n.Declare():
            return is_temporary(s.var)
        case n.Assign():
            return isinstance(s.x, n.Name) and is_temporary(s.x.var)
        case n.AssignPair() | n.AssignTuple():
            return bool(s.xs) and all(isinstance(x, n.Name) and is_temporary(x.var) for x in s.xs)
        case _:
            return False


def _place(x: n.Place | None, names: Names) -> str:
    return "_" if x is None else expression_text(x, names)


def _places(xs: Sequence[n.Place | None], names: Names) -> str:
    return ", ".join(_place(x, names) for x in xs)


def _optional(x: n.Expr | None, names: Names) -> str:
    return "" if x is None else expression_text(x, names)


def _list(xs: Sequence[n.Expr], names: Names) -> str:
    return ", ".join(expression_text(x, names) for x in xs)
