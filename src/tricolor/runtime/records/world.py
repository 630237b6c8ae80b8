"""Stopping the world: no goroutine runs, and no other thread with a processor is inside the runtime, until start_world().

Source:
    Go 1.27.3 runtime/proc.go (stopTheWorldWithSema, startTheWorldWithSema).

Differs from Go:
    A thread does not wait for another one that stops the world: it gives up, so that it can be stopped itself.
"""

from __future__ import annotations

from tricolor.kernel.lang import kernel


@kernel
def try_stop_world() -> bool:
    """Stops the world; False if another thread stops it. The caller holds no lock, and has a processor."""
    return True


@kernel
def start_world() -> None:
    """Lets all others go on after try_stop_world()."""
