"""The lock that keeps together what one thread writes: a trace, or the lines about a cycle.

Errors that end the program are written without it: the thread may have the lock itself, and others are stopped by then or end soon.
"""

from __future__ import annotations

from tricolor.kernel.lang import global_struct, kernel
from tricolor.runtime.lock_ranks import RANK_OUTPUT
from tricolor.runtime.system.lock import Lock, acquire, release

_lock = global_struct(Lock)


@kernel
def begin_output() -> None:
    """What the thread puts from here to end_output() stays together."""
    acquire(_lock, RANK_OUTPUT)


@kernel
def end_output() -> None:
    """Undoes begin_output(). The caller has flushed what it put."""
    release(_lock)
