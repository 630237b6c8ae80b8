"""Parameters of functions that only their own module calls: an aggregate is passed as one LLVM parameter per leaf.

The machine code of a call does not change, since an aggregate is passed word by word anyway. But LLVM can drop a parameter that
nothing reads, as most capacities are, only if it is a scalar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from tricolor.codegen.shapes import Form, Leaf, shape_of
from tricolor.codegen.state import Gen
from tricolor.gotypes.types import Signature, Type
from tricolor.staticdata.llvmtypes import FunctionType, function_type


@cache
def flat_type(sig: Signature, context: bool) -> FunctionType:
    """``function_type`` with the leaves of aggregates as parameters of their own."""
    kind = function_type(sig, context)
    params = list(kind.params[: kind.first_param])
    for t, text in zip(sig.params, kind.params[kind.first_param :], strict=True):
        params += [leaf.type for leaf in shape_of(t).leaves] if is_flat(t) else [text]
    return replace(kind, params=tuple(params))


def is_flat(t: Type) -> bool:
    """Whether a parameter of the type is passed leaf by leaf."""
    return shape_of(t).form is Form.AGGREGATE


def flatten(g: Gen, sig: Signature, args: Sequence[str]) -> list[str]:
    """Operands for ``flat_type``'s parameters."""
    operands: list[str] = []
    for t, arg in zip(sig.params, args, strict=True):
        operands += [_leaf(g, t, arg, leaf) for leaf in shape_of(t).leaves] if is_flat(t) else [arg]
    return operands


def _leaf(g: Gen, t: Type, value: str, leaf: Leaf) -> str:
    if leaf.path.isdigit() and value in g.parts:
        return g.extract(shape_of(t).llvm, value, int(leaf.path))
    return g.op(f"extractvalue {shape_of(t).llvm} {value}, {leaf.path}")


def gather(g: Gen, t: Type, leaves: Sequence[str]) -> str:
    """The value whose leaves are given."""
    shape = shape_of(t)
    whole = "poison"
    for leaf, v in zip(shape.leaves, leaves, strict=True):
        whole = g.op(f"insertvalue {shape.llvm} {whole}, {leaf.type} {v}, {leaf.path}")
    return whole if shape.leaves else "zeroinitializer"
