"""Stops the profile's timer and the monitor thread, and restores the signal handlers when a program ends."""

from __future__ import annotations

from tricolor.kernel.lang import kernel
from tricolor.runtime.scheduler.preempt import stop_monitor
from tricolor.runtime.scheduler.profile_timer import stop_profile_timer
from tricolor.runtime.scheduler.signals import restore_signals


@kernel
def before_leaving() -> None:
    """Undoes what tricolor.start changed in the process."""
    stop_profile_timer()
    stop_monitor()
    restore_signals()
