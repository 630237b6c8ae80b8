"""The restartable sequence of machine code that compares and exchanges a word without an atomic instruction.

While one processor runs goroutines, a comparison and a store do what a locked compare and exchange does, and cost a fraction of it, unless a signal
stops the goroutine between them. The signal handler knows the sequence by the mark at its beginning, and has the goroutine begin again::

     0   nopl  MARK(%rax)                does nothing
     7   cmpl  $0, tricolor.parallel     whether several processors run goroutines
    14   jne   2f
    16   cmpl  $old, (%rcx)
    19   jne   3f
    21   movl  $new, (%rcx)
    27   jmp   3f
         2:    the same by a locked cmpxchg
         3:

The processor must be asked within the sequence: more processors may run when a stopped goroutine goes on.

Source:
    Bershad, Redell, Ellis: Fast Mutual Exclusion for Uniprocessors, ASPLOS 1992 (designated sequences).
"""

from __future__ import annotations

from typing import Final

PARALLEL: Final = "tricolor.parallel"
"""The word that is not 0 while several processors may run goroutines."""
MARK: Final = 0x7C0106E5
"""No other instruction has this displacement."""
MARK_OPCODE_BYTES: Final = 3
EXCHANGE_BYTES: Final = (
    "0f 1f 80",
    MARK.to_bytes(4, "little").hex(),
    "83 3d ?? ?? ?? ?? 00",
    "75 ??",
    "83 39 ??",
    "75 ??",
    "c7 01 ?? ?? ?? ??",
    "eb ??",
)
"""The sequence as it stands in compiled code, up to ``2:``."""
EXCHANGE_BEGIN: Final = 7
"""Where a goroutine begins again, in bytes after the start of the sequence."""
EXCHANGE_INSIDE: Final = (14, 16, 19, 21)
"""Where the instructions after the first one that counts begin: at these places the sequence has begun and not ended."""


def exchange_assembly(old: int, new: int) -> tuple[str, str]:
    """Text and constraints of LLVM inline assembly: of the word's address, whether the word was the old one."""
    lines = (
        f".byte 0x0f, 0x1f, 0x80; .long {MARK}",
        # The operand is spelled out since its length depends on how LLVM would address it.
        f".byte 0x83, 0x3d; .long {PARALLEL} - . - 5; .byte 0",
        "jne 2f",
        f"cmpl $${old}, (%rcx)",
        "jne 3f",
        f"movl $${new}, (%rcx)",
        "jmp 3f",
        f"2: movl $${old}, %eax",
        f"movl $${new}, %edx",
        "lock cmpxchgl %edx, (%rcx)",
        "3:",
    )
    return r"\0A".join(lines), "={@ccz},{rcx},~{eax},~{edx},~{memory},~{dirflag},~{fpsr},~{flags}"
