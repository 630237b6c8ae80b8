"""Signatures of the intrinsics whose arguments are ordinary expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from tricolor.kernel.types import ADDR, BOOL, F64, I32, INTEGERS, SCALARS, U32, U64, VOID, ResultType, Scalar

ORDERS: Final = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
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
    every = frozenset(ORDERS)
    for name in ("u8", "u32", "u64", "i32", "i64", "addr"):
        scalar = SCALARS[name]
        table[f"atomic_load_{name}"] = Signature((ADDR,), scalar, LOAD_ORDERS)
        table[f"atomic_store_{name}"] = Signature((ADDR, scalar), VOID, STORE_ORDERS)
        table[f"atomic_exchange_{name}"] = Signature((ADDR, scalar), scalar, every)
        table[f"atomic_compare_exchange_{name}"] = Signature((ADDR, scalar, scalar), BOOL, every)
        if name != "addr":
            for operation in ("add", "and", "or"):
                table[f"atomic_{operation}_{name}"] = Signature((ADDR, scalar), scalar, every)
    return table


SIGNATURES: Final = _signatures()
