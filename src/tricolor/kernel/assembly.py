"""Checks the text of ``asm``: replaces field offsets and constants by their numbers.

The text is a string constant, or an f-string whose braces hold constant expressions: integers, or strings, which are
put in as they are. In them ``S.a.b`` is the offset of a field in bytes, as in ``offset_of(S, "a.b")``.
"""

from __future__ import annotations

import ast

from tricolor.kernel.body import Body, constant_of
from tricolor.kernel.constants import fold
from tricolor.kernel.declarations import field_offset, lookup
from tricolor.kernel.diagnostics import fault
from tricolor.kernel.environment import ConstantName
from tricolor.kernel.types import StructType


def assembly_text(body: Body, node: ast.expr) -> str:
    """The AT&T text with all numbers filled in. Raises KernelError (K004, K010, K017)."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(body, each) for each in node.values)
    constant = constant_of(body, node)
    if constant is None or not isinstance(constant.value, str):
        raise fault("K004", body.position(node), "the text of asm is not constant")
    return constant.value


def _part(body: Body, node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _value(body, value)
        case _:
            raise fault("K004", body.position(node), "a format in asm", "write {Struct.field} or {CONSTANT}")


def _value(body: Body, node: ast.expr) -> str:
    constant = fold(node, body.position, lambda each: _offset(body, each) or constant_of(body, each))
    if constant is None or not isinstance(constant.value, int | str) or isinstance(constant.value, bool):
        advice = "write {Struct.field} or {CONSTANT}"
        raise fault("K017", body.position(node), f"{ast.unparse(node)} is neither a field nor a constant", advice)
    return str(constant.value)


def _offset(body: Body, node: ast.expr) -> ConstantName | None:
    """The offset of ``S.a.b``; None if the expression is anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not names or not isinstance(node, ast.Name):
        return None
    struct = lookup(body.environment, body.module, node.id, body.position(node))
    if not isinstance(struct, StructType):
        return None
    return ConstantName(field_offset(body.environment, body.position(node), struct, ".".join(reversed(names))))
