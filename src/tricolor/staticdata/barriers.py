"""Marks on LLVM instructions that write to memory which other goroutines may see: they say whether a write barrier belongs there.

A mark is metadata of the instruction. LLVM ignores its kind, so marks change no machine code.

=========== ==============================================================================================
``barrier`` stores a pointer into Go's heap: the place of the write barrier
``raw``     stores a pointer that needs no barrier: code addresses, and Go's stores "without write barrier"
``noscan``  copies or clears memory that holds no pointers
=========== ==============================================================================================

``codegen.check_stores`` reads them. In parameter lists, ``OWNED`` marks memory that the caller has filled and that the callee may
change: a value too large for registers.
"""

from __future__ import annotations

from typing import Final

BARRIER: Final = ", !barrier !{}"
RAW: Final = ", !raw !{}"
NOSCAN: Final = ", !noscan !{}"

DECLARE_MARKING: Final = '@"tricolor.marking" = external dso_local global i32, align 4'
"""The flag that says whether the collector marks."""

COMPILER_FENCE: Final = 'fence syncscope("singlethread") seq_cst'
"""LLVM moves no access across it; it is no instruction of the machine."""

MAX_BITMAP_BYTES: Final = 512
"""Elements up to this size have a pointer bitmap of 64 bits."""

DECLARATIONS: Final = {
    "tricolor.marking": DECLARE_MARKING,
    "tricolor.enter_window": 'declare void @"tricolor.enter_window"()',
    "tricolor.leave_window": 'declare void @"tricolor.leave_window"()',
    "tricolor.shade_elements": 'declare void @"tricolor.shade_elements"(i64, i64, ptr, ptr, i64)',
    "tricolor.shade_values": 'declare void @"tricolor.shade_values"(ptr, ptr, ptr, i64)',
}
"""What the lines of bulk operations refer to, by symbol."""


def begin_bulk(name: str, shade: str, target: str, source: str, count: str) -> list[str]:
    """Lines before a copy or clear with a barrier: they open a window in which no signal stops the goroutine, and shade what both places hold.

    ``name``: unique in the function. ``shade``: from ``shade_elements`` or ``shade_values``. ``source``: ``null`` for a clear. The operation
    follows in the block ``NAME.bulk``.
    """
    return [
        '  call void @"tricolor.enter_window"() nounwind',
        f"  {COMPILER_FENCE}",
        f'  %{name}.flag = load volatile i32, ptr @"tricolor.marking", align 4',
        f"  %{name}.off = icmp eq i32 %{name}.flag, 0",
        f"  br i1 %{name}.off, label %{name}.bulk, label %{name}.marking",
        f"{name}.marking:",
        f"  call void {shade}, ptr {target}, ptr {source}, i64 {count}) cold nounwind",
        f"  br label %{name}.bulk",
        f"{name}.bulk:",
    ]


END_BULK: Final = (f"  {COMPILER_FENCE}", '  call void @"tricolor.leave_window"() nounwind')
"""Lines after a copy or clear with a barrier."""


def shade_elements(bitmap: int, elem_bytes: int) -> str:
    """The call that shades a row of elements of at most MAX_BITMAP_BYTES, up to its operands for the two places."""
    signed = bitmap - (1 << 64) if bitmap >> 63 else bitmap
    return f'@"tricolor.shade_elements"(i64 {signed}, i64 {elem_bytes}'


def shade_values(descriptor: str) -> str:
    """The call that shades a row of values of a type."""
    return f'@"tricolor.shade_values"(ptr {descriptor}'


OWNED: Final = '"owned"'
"""Attribute of a parameter that points to private memory."""
