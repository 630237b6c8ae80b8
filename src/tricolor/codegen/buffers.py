"""Buffers in the frame for small results of a size known at run time only: concatenated and converted strings, make, append.

How it works: an expression whose object does not escape asks for its length first; up to 32 bytes (4 for a rune's string) the
object is made in the buffer, else by the runtime. The buffer is one slot of the frame, so an object in it lives until the
expression is evaluated again, which escape analysis allows for.

Source: Go 1.27.3 runtime/string.go (tmpBuf), cmd/compile/internal/walk/builtin.go (walkMakeSlice).
"""

from __future__ import annotations

from collections.abc import Callable

from tricolor.codegen.state import Gen
from tricolor.ir.nodes import Expr

BUFFER_BYTES = 32
RUNE_BUFFER_BYTES = 4


def buffer_bytes(g: Gen, e: Expr) -> int:
    """Size of the buffer that the expression may use, 0 for none."""
    return BUFFER_BYTES if g.m.placements.fits_buffer(e) else 0


def small_or_large(g: Gen, fits: str, t: str, small: Callable[[str], str], large: Callable[[], str], size: int = BUFFER_BYTES) -> str:
    """``small`` (given the buffer's address) if ``fits`` holds, else ``large``: two ways to an operand of LLVM type ``t``."""
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
