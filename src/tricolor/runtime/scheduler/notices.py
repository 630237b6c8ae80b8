"""Signals that a program asked for (os/signal): a handler notes them, a goroutine of package os/signal takes them.

A handler may run between any two instructions, so it only sets a bit. As in Go, a signal that arrives again before it is taken
is noted once.

Source:
    Go 1.27.3 runtime/sigqueue.go.

Differs from Go:
    The goroutine that takes them looks every 10 ms instead of being woken.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    atomic_exchange,
    atomic_load,
    atomic_or,
    export,
    function_address,
    global_struct,
    i32,
    kernel,
    systemstack,
    to_addr,
    to_i32,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.records.world import SIGNAL_URGENT
from tricolor.runtime.scheduler.signals import (
    ACTION_IGNORE,
    FLAG_ON_STACK,
    FLAG_RESTART,
    SIGNAL_BUS,
    SIGNAL_FPE,
    SIGNAL_ILLEGAL,
    SIGNAL_SEGMENT,
    read_action,
    set_action,
    set_default,
)

LAST_SIGNAL: Final = 64


class Notices(Struct):
    """Bit n - 1 stands for signal n."""

    pending: u64
    wants_urgent: u32
    """1 if the program asked for SIGURG, whose handler is always the runtime's."""


_notices = global_struct(Notices)


@export("tricolor.notice_handler")
def notice_handler(signal: i32) -> None:
    """Notes a signal."""
    one: u64 = 1
    atomic_or(_notices.pending, one << (to_u64(signal) - 1), "seq_cst")


@kernel
def note_urgent() -> None:
    """Notes SIGURG if the program asked for it. As in Go, it gets those too by which the runtime stops goroutines."""
    if _notices.wants_urgent != 0:
        notice_handler(SIGNAL_URGENT)


@kernel
def _is_ours(signal: u32) -> bool:
    """Whether the runtime itself handles the signal, or none can."""
    if signal == 0 or signal > LAST_SIGNAL:
        return True
    number = to_i32(signal)
    return number == SIGNAL_SEGMENT or number == SIGNAL_BUS or number == SIGNAL_FPE or number == SIGNAL_ILLEGAL


@systemstack("runtime.signalenable")
def signal_enable(signal: u32) -> None:
    """The signal is noted from here on."""
    if signal == SIGNAL_URGENT:
        _notices.wants_urgent = 1
    elif not _is_ours(signal):
        set_action(to_i32(signal), function_address(notice_handler), FLAG_RESTART | FLAG_ON_STACK)


@systemstack("runtime.signaldisable")
def signal_disable(signal: u32) -> None:
    """The signal has its default action from here on."""
    if signal == SIGNAL_URGENT:
        _notices.wants_urgent = 0
    elif not _is_ours(signal):
        set_default(to_i32(signal))


@systemstack("runtime.signalignore")
def signal_ignore(signal: u32) -> None:
    """The signal does nothing from here on."""
    if signal == SIGNAL_URGENT:
        _notices.wants_urgent = 0
    elif not _is_ours(signal):
        set_action(to_i32(signal), to_addr(ACTION_IGNORE), 0)


@systemstack("runtime.signalignored")
def signal_ignored(signal: u32) -> bool:
    """Whether the signal does nothing."""
    return not _is_ours(signal) and to_u64(read_action(to_i32(signal))) == ACTION_IGNORE


@systemstack("runtime.signalspending")
def signals_pending() -> u64:
    """The signals that are noted and not taken yet."""
    return atomic_load(_notices.pending, "seq_cst")


@systemstack("runtime.signalstake")
def signals_take() -> u64:
    """Takes all signals that are noted."""
    return atomic_exchange(_notices.pending, 0, "seq_cst")
