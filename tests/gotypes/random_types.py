"""Random Go types, with their source text."""

from __future__ import annotations

import random

from tricolor.gotypes import types as ir
from tricolor.gotypes.types import ChanDir, Field, Type

BASICS: tuple[Type, ...] = tuple(t for k, t in ir.BASICS.items() if k is not ir.Kind.UNTYPED_NIL)


def random_type(rng: random.Random, depth: int) -> Type:
    """A type without names of its own (struct field names are exported)."""
    choice = rng.randrange(13) if depth else 0
    match choice:
        case 1:
            return ir.pointer(random_type(rng, depth - 1))
        case 2:
            return ir.slice_of(random_type(rng, depth - 1))
        case 3 | 4:
            return ir.array(random_type(rng, depth - 1), rng.choice((0, 1, 2, 3, 7)))
        case 5:
            return ir.map_of(rng.choice(BASICS), random_type(rng, depth - 1))
        case 6:
            return ir.chan_of(random_type(rng, depth - 1), rng.choice(list(ChanDir)))
        case 7:
            return ir.EMPTY_INTERFACE
        case 8:
            return ir.signature((random_type(rng, depth - 1),), ())
        case 9 | 10 | 11:
            return random_struct(rng, depth - 1)
        case _:
            return rng.choice(BASICS)


def random_struct(rng: random.Random, depth: int) -> Type:
    """A struct of up to six fields, some blank."""
    count = rng.choice((0, 1, 2, 2, 3, 3, 4, 5, 6))
    fields: list[Field] = []
    for i in range(count):
        blank = rng.random() < 0.1
        fields.append(Field("_" if blank else f"F{i}", random_type(rng, depth), pkg="main" if blank else ""))
    return ir.struct(tuple(fields))
