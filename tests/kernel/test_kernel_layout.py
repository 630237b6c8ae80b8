"""Struct layout is C's."""

from __future__ import annotations

import ctypes
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_native import C_TYPES, kernel_text, native

from tricolor.kernel.check import checked_program

SCALAR_NAMES = sorted(set(C_TYPES) - {"None"})
FIELD = st.tuples(st.sampled_from([*SCALAR_NAMES, "Inner"]), st.integers(0, 5))


def c_struct(name: str, fields: list[tuple[str, int]], inner: Any) -> Any:
    """A ctypes structure with the same fields; a count of 0 means no array."""
    c_fields: list[tuple[str, Any]] = []
    for index, (what, count) in enumerate(fields):
        c_type: Any = inner if what == "Inner" else C_TYPES[what]
        c_fields.append((f"f{index}", c_type * count if count else c_type))
    return type(name, (ctypes.Structure,), {"_fields_": c_fields})


def struct_text(name: str, fields: list[tuple[str, int]]) -> str:
    lines: list[str] = []
    for index, (what, count) in enumerate(fields):
        text = "Embed[Inner]" if what == "Inner" else what
        lines.append(f"    f{index}: {f'Array[{text}, {count}]' if count else text}")
    return f"class {name}(Struct):\n" + "\n".join(lines) + "\n"


@settings(max_examples=30, deadline=None)
@given(
    inner=st.lists(FIELD.filter(lambda each: each[0] != "Inner"), min_size=1, max_size=4),
    outer=st.lists(FIELD, min_size=1, max_size=6),
)
def test_offsets_and_sizes_are_those_of_c(inner: list[tuple[str, int]], outer: list[tuple[str, int]]) -> None:
    text = kernel_text(struct_text("Inner", inner) + struct_text("Outer", outer))
    program = checked_program(["sample"], {"sample": text})
    by_name = {each.name: each for each in program.structs}
    c_inner = c_struct("Inner", inner, None)
    c_outer = c_struct("Outer", outer, c_inner)
    for name, c_type in (("Inner", c_inner), ("Outer", c_outer)):
        struct = by_name[name]
        assert struct.size_bytes == ctypes.sizeof(c_type)
        assert struct.align_bytes == ctypes.alignment(c_type)
        for field in struct.fields:
            assert field.offset_bytes == getattr(c_type, field.name).offset


def test_native_code_and_ctypes_see_the_same_struct() -> None:
    class Mixed(ctypes.Structure):
        _fields_ = [
            ("a", ctypes.c_uint8),
            ("b", ctypes.c_double),
            ("c", ctypes.c_int16 * 3),
            ("d", ctypes.c_bool),
        ]

    module = native(
        """
class Mixed(Struct):
    a: u8
    b: f64
    c: Array[i16, 3]
    d: bool

@export("fill")
def fill(m: Mixed) -> u64:
    m.a = 200
    m.b += 0.5
    for i in range(len(m.c)):
        m.c[i] = to_i16(i) - 1
    m.d = not m.d
    return size_of(Mixed) * 100 + offset_of(Mixed, "d")
""",
        ["fill"],
    )
    mixed = Mixed(1, 2.0, (0, 0, 0), False)
    result = module.function("fill", "u64", "addr")(ctypes.addressof(mixed))
    assert result == ctypes.sizeof(Mixed) * 100 + Mixed.d.offset
    assert (mixed.a, mixed.b, list(mixed.c), mixed.d) == (200, 2.5, [-1, 0, 1], True)
