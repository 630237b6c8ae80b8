"""Evaluates constant expressions with Python's unbounded integers; a type is checked only where the context asks for one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from tricolor.kernel.diagnostics import Position, fault
from tricolor.kernel.environment import ConstantName

BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.Pow: lambda a, b: a**b,
}
COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}
# A shift or power beyond this would only fill memory.
MAXIMUM_SHIFT: Final = 256


def fold(
    node: ast.expr,
    position: Callable[[ast.AST], Position],
    resolve: Callable[[ast.expr], ConstantName | None],
) -> ConstantName | None:
    """The value of a constant expression, or None if it is not constant.

    ``resolve`` gives the value of names, attributes and calls. Raises KernelError (K017) for
    constant expressions without a value, such as a division by zero.
    """

    def go(each: ast.expr) -> ConstantName | None:
        match each:
            case ast.Constant(value=bool() | int() | float() | str() | bytes() as value):
                return ConstantName(value)
            case ast.UnaryOp(op=op, operand=operand):
                inner = go(operand)
                return None if inner is None else _unary(op, inner)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = go(left), go(right)
                return None if a is None or b is None else _binary(each, op, a, b, position(each))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                a, b = go(left), go(right)
                return None if a is None or b is None else _comparison(op, a, b)
            case ast.BoolOp(op=op, values=values):
                folded = [go(value) for value in values]
                known = [value.value for value in folded if value is not None]
                if len(known) != len(folded):
                    return None
                return ConstantName(all(known) if isinstance(op, ast.And) else any(known))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = go(test)
                return None if condition is None else go(body if condition.value else orelse)
            case ast.Tuple(elts=elements):
                items = [go(element) for element in elements]
                known_items = [item.value for item in items if item is not None]
                return ConstantName(tuple(known_items)) if len(known_items) == len(items) else None
            case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript():
                return resolve(each)
            case _:
                return None

    return go(node)


def _unary(op: ast.unaryop, value: ConstantName) -> ConstantName | None:
    match op, value.value:
        case ast.Not(), bool():
            return ConstantName(not value.value)
        case ast.USub(), int() | float():
            return ConstantName(-value.value)
        case ast.UAdd(), int() | float():
            return value
        case ast.Invert(), int():
            return ConstantName(~int(value.value), wraps=True)
        case _:
            return None


def _comparison(op: ast.cmpop, left: ConstantName, right: ConstantName) -> ConstantName | None:
    try:
        return ConstantName(COMPARISONS[type(op)](left.value, right.value))
    except TypeError:
        return None


def _binary(node: ast.expr, op: ast.operator, left: ConstantName, right: ConstantName, position: Position) -> ConstantName | None:
    function = BINARY.get(type(op))
    if function is None:
        return None
    if isinstance(op, ast.LShift | ast.Pow) and isinstance(right.value, int) and right.value > MAXIMUM_SHIFT:
        raise fault("K017", position, f"constant {ast.unparse(node)} is too large")
    if isinstance(op, ast.FloorDiv | ast.Mod) and (left.value < 0 or right.value < 0):
        raise fault("K017", position, "division of negative constants", "kernel // truncates, Python's floors")
    try:
        return ConstantName(function(left.value, right.value), wraps=left.wraps or right.wraps)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise fault("K017", position, f"constant {ast.unparse(node)} has no value: {error}") from error
