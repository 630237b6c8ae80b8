"""Conditions of jumps: ``&&`` and ``||`` become jumps, except that a chain of tests of elements becomes one jump.

How it works: ``a[i] || b[j]`` with a jump per operand is slow if the elements are random, since the processor mispredicts each
jump. A chain that consists only of such tests (elements of slices in variables and fields, at indices that are cheap to compute)
loads all elements and jumps once. Panics stay as in Go: if an index is out of range, the operands before it decide whether Go
would have used it.

Differs from Go: its compiler makes one jump per operand.
"""

from __future__ import annotations

from tricolor.codegen.compare import negate
from tricolor.codegen.memory import load
from tricolor.codegen.places import index_operand, index_panic, indexed, slice_parts
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Gen
from tricolor.gotypes.types import Slice, Type, is_integer, is_signed, underlying
from tricolor.ir.nodes import (
    Binary,
    BinaryOp,
    Const,
    Expr,
    FieldOf,
    FieldPtr,
    Index,
    Name,
    Unary,
    UnaryOp,
    Var,
)

_LOGICAL = (BinaryOp.AND_AND, BinaryOp.OR_OR)
_PREDICATES = {
    BinaryOp.EQ: ("eq", "eq"), BinaryOp.NE: ("ne", "ne"), BinaryOp.LT: ("ult", "slt"),
    BinaryOp.LE: ("ule", "sle"), BinaryOp.GT: ("ugt", "sgt"), BinaryOp.GE: ("uge", "sge"),
}  # fmt: skip
"""Predicates of unsigned and signed comparison."""
_FREE = frozenset({BinaryOp.ADD, BinaryOp.SUB, BinaryOp.AND, BinaryOp.OR, BinaryOp.XOR})
"""Operators on integers that take one cycle and never panic."""


def branch_on(g: Gen, e: Expr, then: str, els: str) -> None:
    """Evaluate a condition for a jump."""
    if not isinstance(e, Binary) or e.op not in _LOGICAL:
        g.branch_if(g.value(e), then, els)
        return
    tests = _element_tests(e, e.op)
    if tests is not None and _is_safe(tests):
        _branch_once(g, e.op, tests, then, els)
        return
    right = g.label("rhs")
    if e.op is BinaryOp.AND_AND:
        branch_on(g, e.x, right, els)
    else:
        branch_on(g, e.x, then, right)
    g.start(right)
    branch_on(g, e.y, then, els)


def _branch_once(g: Gen, op: BinaryOp, tests: list[Expr], then: str, els: str) -> None:
    either = op is BinaryOp.OR_OR
    result = _test(g, tests[0], g.value(_element_of(tests[0])))
    for test in tests[1:]:
        element = _element_of(test)
        ptr, length = slice_parts(g, element.x)
        index = index_operand(g, element.index)
        slow, panics = g.label("cold"), index_panic(g, element, index, length)
        targets = (then, panics) if either else (panics, els)
        g.cold.append(f"{slow}:\n  br i1 {result}, label %{targets[0]}, label %{targets[1]}")
        g.require(g.op(f"icmp ult i64 {index}, {length}"), slow)
        value = load(g, element.type, indexed(g, ptr, index, shape_of(element.type).size))
        result = g.op(f"{'or' if either else 'and'} i1 {result}, {_test(g, test, value)}")
    g.branch_if(result, then, els)


def _test(g: Gen, e: Expr, value: str) -> str:
    """The test's result, given the element's value."""
    match e:
        case Unary():
            return negate(g, _test(g, e.x, value))
        case Binary():
            x = value if isinstance(e.x, Index) else g.value(e.x)
            y = value if isinstance(e.y, Index) else g.value(e.y)
            return g.op(f"icmp {_PREDICATES[e.op][is_signed(e.x.type)]} {shape_of(e.x.type).llvm} {x}, {y}")
        case _:
            return value


# --- what is an element test -----------------------------------------------------------------------------------------


def _element_tests(e: Expr, op: BinaryOp) -> list[Expr] | None:
    """The operands of a chain of one operator, if all are tests of an element."""
    if isinstance(e, Binary) and e.op is op:
        left = _element_tests(e.x, op)
        right = _element_tests(e.y, op) if left is not None else None
        return left + right if left is not None and right is not None else None
    return [e] if _is_element_test(e) else None


def _is_safe(tests: list[Expr]) -> bool:
    """Whether the tests after the first can panic only for an index out of range.

    The pointers that they follow must not be nil. The first test has checked that if it follows the same pointer.
    """
    followed = _pointer(_element_of(tests[0]).x)
    return all(_pointer(_element_of(test).x) in (None, followed) for test in tests)


def _is_element_test(e: Expr) -> bool:
    """``s[i]``, ``!s[i]``, or a comparison of ``s[i]`` with a free operand."""
    match e:
        case Unary():
            return e.op is UnaryOp.NOT and _is_element_test(e.x)
        case Binary() if e.op in _PREDICATES:
            return (_is_element(e.x) and _is_free(e.y)) or (_is_free(e.x) and _is_element(e.y))
        case _:
            return _is_element(e)


def _element_of(e: Expr) -> Index:
    match e:
        case Unary():
            return _element_of(e.x)
        case Binary():
            return _element_of(e.x if isinstance(e.x, Index) else e.y)
        case _:
            assert isinstance(e, Index)
            return e


def _is_element(e: Expr) -> bool:
    """An element, at a free index, of a slice that lies in a variable, in a field of it, or in a field of what it points to."""
    if not isinstance(e, Index) or not isinstance(underlying(e.x.type), Slice):
        return False
    return _is_flag_or_integer(e.type) and _is_free(e.index) and (_pointer(e.x) is not None or isinstance(_whole(e.x), Name))


def _is_flag_or_integer(t: Type) -> bool:
    return shape_of(t).form is Form.BOOL or is_integer(t)


def _whole(e: Expr) -> Expr:
    """The outermost value that the place is a field of."""
    while isinstance(e, FieldOf):
        e = e.x
    return e


def _pointer(e: Expr) -> Var | None:
    """The variable whose pointer leads to the place, if it takes no other step than fields."""
    e = _whole(e)
    return e.x.var if isinstance(e, FieldPtr) and isinstance(e.x, Name) else None


def _is_free(e: Expr) -> bool:
    """An integer computed from constants and variables by a few instructions that cannot panic."""
    match e:
        case Const() | Name():
            return is_integer(e.type)
        case Binary():
            return e.op in _FREE and is_integer(e.type) and _is_free(e.x) and _is_free(e.y)
        case _:
            return False
