"""Stopping the world for code of package runtime, which goes on meanwhile.

The goroutine is pinned as long as the world is stopped: it neither yields nor parks, and no cycle begins or ends in it.

Source:
    Go 1.27.3 runtime/proc.go (stopTheWorld, startTheWorld).
"""

from __future__ import annotations

from tricolor.kernel.lang import systemstack
from tricolor.runtime.records.machine import pin, unpin
from tricolor.runtime.records.world import start_world, try_stop_world


@systemstack("runtime.stopworld")
def stop_world() -> bool:
    """Stops the world; False if another thread stops it: then the caller yields and tries again. It holds no lock and is not pinned."""
    if not try_stop_world():
        return False
    pin()
    return True


@systemstack("runtime.startworld")
def let_world_go() -> None:
    """Undoes stop_world()."""
    unpin()
    start_world()
