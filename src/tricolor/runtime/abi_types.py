"""Go's type descriptors as kernel structs: the header that all share, and what the memory manager reads of arrays and structs.

Source: Go 1.27.3 internal/abi/type.go.
"""

from __future__ import annotations

from tricolor.kernel.lang import Embed, Struct, addr, i32, u8, u32, u64

KIND_ARRAY = 17
KIND_STRUCT = 25
TFLAG_EXTRA_STAR = 2
"""The text of the type has a star in front that does not belong to it."""
TFLAG_MASK_ON_DEMAND = 16
"""The type has no pointer bitmap, since it would be too long (``gc_data`` points to a word for it, which stays zero)."""
FIELD_BYTES = 24
"""Size of internal/abi.StructField, which has a name, a type and an offset."""
FIELD_TYPE = 8
FIELD_OFFSET = 16


class GoType(Struct):
    """internal/abi.Type."""

    size_bytes: u64
    pointer_bytes: u64
    hash: u32
    flags: u8
    align: u8
    field_align: u8
    kind: u8
    equal: addr
    gc_data: addr
    name_offset: i32
    pointer_to_this: i32


class GoArrayType(Struct):
    """internal/abi.ArrayType."""

    type: Embed[GoType]
    elem: GoType
    slice: GoType
    length: u64


class GoStructType(Struct):
    """internal/abi.StructType."""

    type: Embed[GoType]
    package: addr
    fields: addr
    count: u64
    capacity: u64
