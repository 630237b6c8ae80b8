"""How a function holds values of each type: in LLVM registers, as aggregates or in memory. Computed once per type.

Terms: a *leaf* is a scalar part of a value in memory; a string has two. Values of *memory class* (``gotypes.sizes.memory_class``) are
too large for registers, and their operand is an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import final

from tricolor.gotypes.sizes import align_of, memory_class, size_of, struct_layout
from tricolor.gotypes.types import Array, Basic, Interface, Kind, Slice, Struct, Type, underlying
from tricolor.staticdata.llvmtypes import llvm_type, memory_type


class Form(IntEnum):
    """What the operand of a value is."""

    BOOL = 0
    SCALAR = 1
    AGGREGATE = 2
    MEMORY = 3


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """``path``: as extractvalue wants it (``0, 1``); ``offset``, ``align`` in bytes; ``type``: LLVM's, bool is ``i8``.

    ``is_static``: it points to a type descriptor or an itab, which the collector does not follow.
    """

    path: str
    offset: int
    type: str
    align: int
    is_static: bool = False


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """A type's form, LLVM type in a register, size and alignment in bytes, and leaves (of non-memory types)."""

    form: Form
    llvm: str
    size: int
    align: int
    leaves: tuple[Leaf, ...]


@cache
def shape_of(t: Type) -> Shape:
    """The shape of any type that a variable can have."""
    u = underlying(t)
    size, align = size_of(u), align_of(u)
    if memory_class(u):
        return Shape(Form.MEMORY, memory_type(u), size, align, ())
    if isinstance(u, Basic) and u.kind is Kind.BOOL:
        return Shape(Form.BOOL, "i1", 1, 1, (Leaf("", 0, "i8", 1),))
    leaves = tuple(_leaves(u, "", 0))
    scalar = len(leaves) == 1 and leaves[0].path == ""
    return Shape(Form.SCALAR if scalar else Form.AGGREGATE, llvm_type(u), size, align, leaves)


def _leaves(t: Type, path: str, offset: int) -> list[Leaf]:
    u = underlying(t)
    prefix = path + ", " if path else ""
    match u:
        case Basic() if u.kind in (Kind.COMPLEX64, Kind.COMPLEX128):
            part, half = ("float", 4) if u.kind is Kind.COMPLEX64 else ("double", 8)
            return [Leaf(prefix + "0", offset, part, half), Leaf(prefix + "1", offset + half, part, half)]
        case Basic() if u.kind is Kind.STRING:
            return _words(prefix, offset, "ptr", "i64")
        case Slice():
            return _words(prefix, offset, "ptr", "i64", "i64")
        case Interface():
            return [Leaf(prefix + "0", offset, "ptr", 8, is_static=True), Leaf(prefix + "1", offset + 8, "ptr", 8)]
        case Array():
            out: list[Leaf] = []
            for i in range(u.length):
                out += _leaves(u.elem, f"{prefix}{i}", offset + i * size_of(u.elem))
            return out
        case Struct():
            out = []
            for i, (f, at) in enumerate(zip(u.fields, struct_layout(u).offsets, strict=True)):
                out += _leaves(f.type, f"{prefix}{i}", offset + at)
            return out
        case _:
            return [Leaf(path, offset, memory_type(u), align_of(u))]


def _words(prefix: str, offset: int, *types: str) -> list[Leaf]:
    return [Leaf(f"{prefix}{i}", offset + 8 * i, t, 8) for i, t in enumerate(types)]
