"""The stack limit of the running goroutine, which the prologue of every compiled function compares with the stack pointer."""

from __future__ import annotations

from typing import Final

# Place of the limit in the thread control block that %fs points to: LLVM's "split-stack" reads it there.
THREAD_LIMIT_OFFSET: Final = 112
# This limit is above every stack pointer, so the next function prologue enters __morestack, which yields.
PREEMPT: Final = 0xFFFF_FFFF_FFFF_FADE
PREEMPT_SIGNED: Final = PREEMPT - (1 << 64)
"""PREEMPT as instructions and LLVM write it."""
