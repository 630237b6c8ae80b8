"""Points at which a goroutine that calls no function lets others run.

How it works: the monitor thread asks for a switch by changing the stack limit, which the prologue of every function checks. A loop
that may wait for another goroutine checks it too: a loop without a condition or without a post statement, a loop that reads
atomically, a jump backwards. Loops that count end by themselves and check nothing. A function that reads atomically is not inlined,
so that its prologue checks.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.stack_limit import PREEMPT, THREAD_LIMIT_OFFSET
from tricolor.codegen.allocation import is_runtime
from tricolor.codegen.state import Gen
from tricolor.ir.nodes import Pos

_PREEMPT: Final = PREEMPT - (1 << 64)
"""PREEMPT as LLVM writes it: signed."""


def yield_if_asked(g: Gen, pos: Pos) -> None:
    """Let other goroutines run if the scheduler asks for it."""
    if g.dead or is_runtime(g.func.pkg):
        return
    limit = g.op(f"load volatile i64, ptr addrspace(257) inttoptr (i64 {THREAD_LIMIT_OFFSET} to ptr addrspace(257)), align 8")
    going_on, asked = g.label("goingon"), g.label("asked")
    g.do(f"br i1 {g.op(f'icmp ne i64 {limit}, {_PREEMPT}')}, label %{going_on}, label %{asked}, !prof !1000")
    g.dead = True
    g.start(asked)
    g.rt(pos, "runtime.gosched")
    g.start(going_on)
