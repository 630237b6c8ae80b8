"""Signatures of the intrinsics whose arguments are ordinary expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

from tricolor.kernel.types import ADDR, BOOL, F64, I32, INTEGERS, SCALARS, U32, U64, VOID, ResultType, Scalar

ORDERS: Final = frozenset({"relaxed", "acquire", "release", "acq_rel", "seq_cst"})
LOAD_ORDERS: Final = frozenset({"relaxed", "acquire", "seq_cst"})
STORE_ORDERS: Final = frozenset({"relaxed", "release", "seq_cst"})
FENCE_ORDERS: Final = frozenset({"acquire", "release", "acq_rel", "seq_cst"})


@final
@dataclass(frozen=True, slots=True)
class Signature:
    """Parameter types, result, and the memory orders allowed (empty: takes no order)."""

    parameters: tuple[Scalar, ...]
    result: ResultType
    orders: frozenset[str] = frozenset()


def _signatures() -> dict[str, Signature]:
    table = {
        "memory_copy": Signature((ADDR, ADDR, U64), VOID),
        "memory_zero": Signature((ADDR, U64), VOID),
        "memory_compare": Signature((ADDR, ADDR, U64), I32),
        "multiply_high_u64": Signature((U64, U64), U64),
        "f64_to_bits": Signature((F64,), U64),
        "f64_from_bits": Signature((U64,), F64),
        "likely": Signature((BOOL,), BOOL),
        "unlikely": Signature((BOOL,), BOOL),
        "prefetch": Signature((ADDR,), VOID),
        "spin_hint": Signature((), VOID),
        "frame_address": Signature((), ADDR),
        "keep_alive": Signature((ADDR,), VOID),
        "fence": Signature((), VOID, FENCE_ORDERS),
    }
    for name, scalar in SCALARS.items():
        if name != "bool":
            table[f"load_{name}"] = Signature((ADDR,), scalar)
            table[f"store_{name}"] = Signature((ADDR, scalar), VOID)
    for name in ("u16", "u32", "u64"):
        table[f"load_unaligned_{name}"] = Signature((ADDR,), INTEGERS[name])
        table[f"store_unaligned_{name}"] = Signature((ADDR, INTEGERS[name]), VOID)
    for bits in (U32, U64):
        for name in ("count_trailing_zeros", "count_leading_zeros", "population_count", "byte_swap"):
            table[f"{name}_{bits}"] = Signature((bits,), bits)
        table[f"rotate_left_{bits}"] = Signature((bits, bits), bits)
    return table


SIGNATURES: Final = _signatures()


@final
@dataclass(frozen=True, slots=True)
class AtomicOperation:
    """An atomic operation on a place: the number of values it takes, its result, and the orders it allows."""

    value_count: int
    result: Literal["value", "bool", "none"]
    orders: frozenset[str]
    takes_integers_only: bool = False


ATOMIC_OPERATIONS: Final = {
    "atomic_load": AtomicOperation(0, "value", LOAD_ORDERS),
    "atomic_store": AtomicOperation(1, "none", STORE_ORDERS),
    "atomic_exchange": AtomicOperation(1, "value", ORDERS),
    "atomic_compare_exchange": AtomicOperation(2, "bool", ORDERS),
    "atomic_add": AtomicOperation(1, "value", ORDERS, takes_integers_only=True),
    "atomic_and": AtomicOperation(1, "value", ORDERS, takes_integers_only=True),
    "atomic_or": AtomicOperation(1, "value", ORDERS, takes_integers_only=True),
}
