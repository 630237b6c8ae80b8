"""A function that is being checked, and the constant expressions in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import final

from tricolor.kernel.constants import fold
from tricolor.kernel.declarations import language_constant, lookup, resolve_constant
from tricolor.kernel.diagnostics import Position, fault
from tricolor.kernel.environment import ConstantName, Entity, Environment, Module
from tricolor.kernel.tree import Call, Constant, Function
from tricolor.kernel.types import BOOL, F64, U64, Address, Bool, Float, Integer, Scalar


@final
@dataclass(slots=True)
class Body:
    """A function being checked.

    ``assigned`` holds the locals that certainly have a value here; None means that this code is
    unreachable. ``local_names`` are the names that Python would treat as local. ``frame_pointers`` are the
    locals that point to structs in the function's frame.
    """

    environment: Environment
    module: Module
    function: Function
    local_names: frozenset[str]
    assigned: set[str] | None
    breaks: list[list[set[str]]] = field(default_factory=list[list[set[str]]])
    poisoned: set[str] = field(default_factory=set[str])
    frame_pointers: set[str] = field(default_factory=set[str])
    calls: list[Call] = field(default_factory=list[Call])

    def position(self, node: ast.AST) -> Position:
        return self.module.position(node)

    def entity(self, node: ast.Name) -> Entity | None:
        """The module-level entity of a name; None for a local."""
        if node.id in self.local_names:
            return None
        return lookup(self.environment, self.module, node.id, self.position(node))


def constant_of(body: Body, node: ast.expr) -> ConstantName | None:
    """The value of a constant expression inside a function; None if it is not constant."""

    def resolve(each: ast.expr) -> ConstantName | None:
        match each:
            case ast.Name(id=name) if name in body.local_names:
                return None
            case ast.Name():
                entity = body.entity(each)
                return entity if isinstance(entity, ConstantName) else None
            case ast.Attribute():
                base = each.value
                while isinstance(base, ast.Attribute):
                    base = base.value
                if not isinstance(base, ast.Name) or base.id in body.local_names:
                    return None
                return resolve_constant(body.environment, body.module, each)
            case ast.Call(func=ast.Name() as function, args=arguments) if function.id not in body.local_names:
                if any(isinstance(a, ast.Name) and a.id in body.local_names for a in arguments):
                    return None
                entity = body.entity(function)
                assert entity is not None
                return language_constant(body.environment, body.module, entity, each)
            case _:
                return None

    return fold(node, body.position, resolve)


def adapt(constant: ConstantName, expected: Scalar | None, node: ast.expr, position: Position) -> Constant:
    """A constant as a value of the expected type. Raises KernelError (K007, K008)."""
    value = constant.value
    if isinstance(value, bool):
        fits = expected is None or isinstance(expected, Bool)
        target: Scalar = BOOL
    elif isinstance(value, int):
        target = U64 if expected is None else expected
        if isinstance(target, Float):
            return Constant(target, float(value))
        if isinstance(target, Address):
            target_range = U64
        elif isinstance(target, Integer):
            target_range = target
        else:
            raise fault("K007", position, f"expected {target}, found the integer {value}")
        if constant.wraps and -(target_range.maximum + 1) <= value < 0:
            value = target_range.wrap(value)
        if not target_range.minimum <= value <= target_range.maximum:
            advice = f"annotate the type, or convert: to_{target}(...)"
            raise fault("K008", position, f"{value} does not fit {target}", advice)
        fits = True
    elif isinstance(value, float):
        fits = expected is None or isinstance(expected, Float)
        target = F64
    else:
        raise fault("K005", position, f"{ast.unparse(node)} is no value here", "a text: *text(...)")
    if not fits:
        raise fault("K007", position, f"expected {expected}, found {target}: {ast.unparse(node)}")
    return Constant(target, value)


def is_flexible(body: Body, node: ast.expr) -> bool:
    """Whether the expression takes its type from the context."""
    if constant_of(body, node) is not None:
        return True
    match node:
        case ast.BinOp(left=left, op=ast.LShift() | ast.RShift()):
            return is_flexible(body, left)
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            return is_flexible(body, left) and is_flexible(body, right)
        case ast.UnaryOp(op=ast.USub() | ast.Invert(), operand=operand):
            return is_flexible(body, operand)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[left, right]):
            return is_flexible(body, left) and is_flexible(body, right)
        case _:
            return False
