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

OWNED: Final = '"owned"'
"""Attribute of a parameter that points to private memory."""
