"""What is undone when the program ends: signal handlers, the monitor thread."""

from __future__ import annotations

from tricolor.kernel.lang import kernel
from tricolor.runtime.scheduler.preempt import stop_monitor
from tricolor.runtime.scheduler.signals import restore_signals


@kernel
def before_leaving() -> None:
    """Puts the process back as tricolor.start found it."""
    stop_monitor()
    restore_signals()
