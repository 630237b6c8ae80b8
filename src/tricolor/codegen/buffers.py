"""Buffers in the frame for small results whose size is known only at run time: concatenated and converted strings, make, append.

How it works: an expression whose object does not escape computes the object's length first. Up to 32 bytes
(32 runes for ``[]rune(s)``) the object is made in the buffer, otherwise the runtime allocates it. The string of a rune always fits its
4 bytes. The buffer is one slot of the frame, so an object in it lives until the expression is evaluated again. Escape analysis grants a buffer only where that is enough.

Source: Go 1.27.3 runtime/string.go (tmpBuf), cmd/compile/internal/walk/builtin.go (walkMakeSlice).
"""

from __future__ import annotations

from collections.abc import Callable

from tricolor.codegen.state import Gen
from tricolor.ir.nodes import Expr

BUFFER_BYTES = 32
RUNE_BYTES = 4
BUFFER_RUNES = 32
MAX_ENCODED_BYTES = 29
"""Go gives a string of runes three bytes more than it needs, so a longer one does not fit its buffer."""


def buffer_bytes(g: Gen, e: Expr) -> int:
    """Size of the buffer that the expression may use, 0 for none."""
    return BUFFER_BYTES if g.m.placements.fits_buffer(e) else 0


def small_or_large(g: Gen, fits: str, t: str, small: Callable[[str], str], large: Callable[[], str], size: int = BUFFER_BYTES) -> str:
    """Run ``small`` with the buffer's address if ``fits`` holds, else ``large``; both give an operand of LLVM type ``t``."""
    buffer = g.alloca(f"[{size} x i8]", 8, "buf")
    few, many, done = g.label("small"), g.label("large"), g.label("made")
    g.branch_if(fits, few, many)
    g.start(few)
    a = small(buffer)
    after_small = g.block
    g.branch(done)
    g.start(many)
    b = large()
    after_large = g.block
    g.start(done)
    return g.phi(t, (a, after_small), (b, after_large))
