"""Calls of functions whose usual case is a few instructions: they stand at the call, and the function is called in all other cases.

A sync.Mutex that nobody holds is locked, and one that nobody waits for is unlocked, by a compare and exchange of its state. In all other
cases (a nil pointer, too) the function finds the state as it was, and does all that it does. So traces and profiles show the same.
The exchange is atomic between processors only while there are several (``abi.exchange_sequence``).

Source:
    Go 1.27.3 internal/sync/mutex.go (Lock, Unlock), which Go's compiler inlines.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.exchange_sequence import exchange_assembly
from tricolor.codegen.state import Gen
from tricolor.ir.nodes import Func, Pos

_EXCHANGES: Final = {"sync.(*Mutex).Lock": (0, 1), "sync.(*Mutex).Unlock": (1, 0)}
"""The state of the mutex that the usual case finds, and the one that it leaves: 1 is mutexLocked."""


def begin_fast_path(g: Gen, pos: Pos, func: Func, args: list[str]) -> str:
    """Write the usual case of a call, if the function has one; then the call follows, and ``start`` of the label that this gives."""
    states = _EXCHANGES.get(func.symbol)
    if states is None:
        return ""
    done, call = g.label("done"), g.label("call")
    mutex = args[0]
    if mutex[0] != "@":
        exists = g.label("exists")
        g.end(f"br i1 {g.op(f'icmp ne ptr {mutex}, null')}, label %{exists}, label %{call}, !prof !1000")
        g.start(exists)
    text, constraints = exchange_assembly(*states)
    flag = g.op(f'call i8 asm sideeffect "{text}", "{constraints}"(ptr {mutex}){g.dbg(pos)}')
    exchanged = g.op(f"trunc i8 {flag} to i1")
    g.end(f"br i1 {exchanged}, label %{done}, label %{call}, !prof !1000")
    g.start(call)
    return done
