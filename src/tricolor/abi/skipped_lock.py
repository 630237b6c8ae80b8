"""An atomic compare and exchange that skips its lock prefix while only one processor runs goroutines.

The prefix costs several times what the instruction costs, and one processor does not need it: signals stop a goroutine between instructions.
So compiled Go code jumps over it::

        cmpl    $0, tricolor.parallel
        je      1f
        .byte   LOCK
    1:  cmpxchgl %new, (%state)

A goroutine that is stopped at ``1:`` has decided to skip, and may go on when more processors run. The signal handler sees that: only
after the jump can the program counter stand between the prefix and its instruction. It sets the goroutine back to the prefix.
"""

from __future__ import annotations

from typing import Final

LOCK: Final = 0xF0
REX: Final = 0x40
"""The high half of a prefix that names registers; one may stand before the instruction."""
REX_MASK: Final = 0xF0
COMPARE_EXCHANGE: Final = 0xB10F
"""How the instruction begins: the bytes 0F B1. In compiled Go code it has a lock prefix everywhere."""

COMPARE_EXCHANGE_ASSEMBLY: Final = (
    rf"cmpl $$0, $5\0Aje 1f\0A.byte {LOCK}\0A1: cmpxchgl $4, ($2)",
    "={@ccz},={ax},r,1,r,*m,~{memory},~{dirflag},~{fpsr},~{flags}",
)
"""LLVM inline assembly: whether the state was the old one, and the state; of the address of the state, old, new, the flag tricolor.parallel."""
