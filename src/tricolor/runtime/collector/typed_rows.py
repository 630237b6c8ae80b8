"""Rows: the parts of a value whose type has no pointer bitmap, because it would be too long.

Terms:
    row    values of one type in a row; the type has a bitmap

How: the descriptor of a type with over 16,384 words up to its last pointer has no bitmap (``TFLAG_MASK_ON_DEMAND``). Such a type is an array or a
struct, and what makes it long is an array. find_row() descends from it through elements and fields, to the first type that has a bitmap. Who scans a
value goes from row to row; so any part of it can be scanned alone.

Invariants:
    1. A type without bitmap MUST be an array or a struct. Otherwise its pointers would not be found. Checked by find_row().

Source:
    Go 1.27.3 internal/abi/type.go (TFlagGCMaskOnDemand), cmd/compile/internal/reflectdata/reflect.go (dgcsym).

Differs from Go:
    Go builds such a bitmap when the collector needs it first, which takes memory for 1/64 of the type; here nobody builds it. In Go
    the types with over 128 words have none. Package reflect follows Go's limit: the types that it makes have none from there on.
"""

from __future__ import annotations

from tricolor.kernel.lang import Struct, addr, address, as_struct, check, inline, kernel, load_addr, load_u64, null, u64
from tricolor.runtime.abi_types import (
    FIELD_BYTES,
    FIELD_OFFSET,
    FIELD_TYPE,
    KIND_ARRAY,
    KIND_STRUCT,
    TFLAG_MASK_ON_DEMAND,
    GoArrayType,
    GoStructType,
    GoType,
)


class Row(Struct):
    """Values of ``type`` from ``start`` to ``end``. Without a type, there are no pointers up to ``end``."""

    start: addr
    end: addr
    type: GoType


@inline
def has_mask(type: GoType) -> bool:
    """Whether the descriptor has a pointer bitmap, if the type has pointers."""
    return type.flags & TFLAG_MASK_ON_DEMAND == 0


@kernel
def find_row(into: Row, type: GoType, base: addr, where: addr) -> None:
    """Finds the row in which an address lies, or the first one after it, in a value at ``base`` whose type has no bitmap.

    A row that begins before the address begins at most one value before."""
    one = type
    start = base
    while not has_mask(one):
        check(1, one.kind == KIND_ARRAY or one.kind == KIND_STRUCT, "find_row: neither an array nor a struct")
        if one.kind == KIND_ARRAY:
            array = as_struct(GoArrayType, address(one))
            one = array.elem
            into.end = start + array.length * one.size_bytes
            if where > start:
                start = start + (where - start) // one.size_bytes * one.size_bytes
        else:
            fields = as_struct(GoStructType, address(one))
            field = next_field(fields, start, where)
            if field == fields.count:
                into.end = start + one.size_bytes
                into.type = null(GoType)
                return
            record = fields.fields + field * FIELD_BYTES
            start = start + load_u64(record + FIELD_OFFSET)
            one = as_struct(GoType, load_addr(record + FIELD_TYPE))
            into.end = start + one.size_bytes
    into.start = start
    into.type = one


@kernel
def next_field(fields: GoStructType, start: addr, where: addr) -> u64:
    """The first field with pointers that does not end before an address, in a struct that begins at ``start``; their number if there is none."""
    for field in range(fields.count):
        record = fields.fields + field * FIELD_BYTES
        type = as_struct(GoType, load_addr(record + FIELD_TYPE))
        if type.pointer_bytes != 0 and where < start + load_u64(record + FIELD_OFFSET) + type.size_bytes:
            return field
    return fields.count
