"""SIGQUIT and SIGABRT: the program shows where it is, with all its goroutines, and ends with status 2.

The signal may arrive between any two instructions, so the handler neither returns nor runs what other programs would run at their end.

Source:
    Go 1.27.3 runtime/signal_unix.go (sighandler).

Differs from Go:
    The registers are not shown.
"""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import address, export, i32, is_null, kernel, text, to_u64
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.world import freeze_world
from tricolor.runtime.scheduler.faults import runs_goroutines
from tricolor.runtime.scheduler.signals import SIGNAL_QUIT, SignalContext, SignalInfo
from tricolor.runtime.scheduler.traceback import put_goroutines
from tricolor.runtime.system.output import flush_output, put, put_hex, put_number
from tricolor.runtime.system.stop import end_process


@kernel
def _put_where(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    if signal == SIGNAL_QUIT:
        put(*text("SIGQUIT: quit\nPC=0x"))
    else:
        put(*text("SIGABRT: abort\nPC=0x"))
    put_hex(context.rip)
    put(*text(" m=0 sigcode="))
    put_number(to_u64(info.code))
    put(*text("\n\n"))


@export("tricolor.quit_handler")
def quit_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Shows the goroutines and ends the process. A thread without a machine ignores the signal."""
    if scheduler.running == 0 or not runs_goroutines():
        return
    _show(signal, info, context)


@kernel
def _show(signal: i32, info: SignalInfo, context: SignalContext) -> NoReturn:
    freeze_world()
    # What was being put when the signal came appears first.
    flush_output()
    _put_where(signal, info, context)
    g = machine.g
    if machine.system_stack != 0 and not is_null(g):
        g.interrupted = address(context)
    put_goroutines(True)
    end_process()
