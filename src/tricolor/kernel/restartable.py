"""The restartable sequence of machine code that allocates: ``bump_restartable`` of the kernel language, as compiled Go code has it. (The other
one exchanges the state of a mutex: ``abi.exchange_sequence``.)

The sequence takes memory from a block {cursor, limit} that belongs to the processor of the thread. If a signal handler let another
goroutine run in the middle, both would get the same memory. The sequence needs no flag that forbids this: only its last
instruction stores, and its inputs stay as they are until then, so the handler can have it begin again. It recognises the sequence by its bytes,
because registers are the only difference between two copies::

     0   movq %gs:POINTER, %p          the pointer in the thread struct
     9   movq BLOCK(%p,%offset), %c    cursor
    17   movq %c, %a
    20   addq %size, %a                after
    23   cmpq BLOCK+8(%p,%offset), %a  limit
    31   ja 1f
    33   movq %a, BLOCK(%p,%offset)
    41   1:

POINTER and BLOCK are displacements of 32 bits. A copy may be recognised wrongly only where the same instructions stand, and to
begin them again is harmless there too.

Source:
    Bershad, Redell, Ellis: Fast Mutual Exclusion for Uniprocessors, ASPLOS 1992 (designated sequences).
"""

from __future__ import annotations

from typing import Final

LEAST_BLOCK_OFFSET: Final = 128
"""Below it the assembler would choose displacements of 8 bits."""

# Each instruction: its bytes, and which of their bits are the same in all copies. REX and ModRM name the registers.
_INSTRUCTIONS: Final = (
    ("65 48 8b 04 25 00 00 00 00", "ff fb ff c7 ff 00 00 00 00"),
    ("48 8b 84 00 00 00 00 00", "f8 ff c7 c0 00 00 00 00"),
    ("48 89 c0", "fa ff c0"),
    ("48 01 c0", "fa ff c0"),
    ("48 3b 84 00 00 00 00 00", "f8 ff c7 c0 00 00 00 00"),
    ("77 08", "ff ff"),
    ("48 89 84 00 00 00 00 00", "f8 ff c7 c0 00 00 00 00"),
)

BUMP_BYTES: Final = b"".join(bytes.fromhex(value) for value, _ in _INSTRUCTIONS)
BUMP_MASK: Final = b"".join(bytes.fromhex(mask) for _, mask in _INSTRUCTIONS)
BUMP_INSIDE: Final = tuple(sum(len(bytes.fromhex(value)) for value, _ in _INSTRUCTIONS[:count]) for count in range(1, len(_INSTRUCTIONS)))
"""Where the instructions after the first one begin: at these places the sequence has begun and not ended."""
BUMP_POINTER_AT: Final = 5
"""Place of the displacement POINTER."""
BUMP_BLOCK_AT: Final = 13
"""Place of the displacement BLOCK."""


def bump_assembly(pointer_offset: int, block_offset: int) -> str:
    """The sequence as LLVM inline assembly: $0 cursor, $1 pointer, $2 after, $3 whether it is above the limit, $4 offset, $5 size."""
    if block_offset < LEAST_BLOCK_OFFSET:
        raise ValueError(f"a block at offset {block_offset} would give other instructions")
    lines = (
        f"movq %gs:{pointer_offset}, $1",
        f"movq {block_offset}($1,$4), $0",
        "movq $0, $2",
        "addq $5, $2",
        f"cmpq {block_offset + 8}($1,$4), $2",
        "ja 1f",
        f"movq $2, {block_offset}($1,$4)",
        "1:",
    )
    return "\\0A".join(lines)


BUMP_CONSTRAINTS: Final = "=&r,=&r,=&r,={@cca},r,r,~{dirflag},~{fpsr},~{flags}"
