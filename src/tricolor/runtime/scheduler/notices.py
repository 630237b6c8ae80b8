"""Signals that a program asked for (os/signal): a handler notes them, a goroutine of package os/signal takes them.

A handler may run between any two instructions, so it only sets a bit. As in Go, a signal that arrives again before it is taken
is noted once.

Source:
    Go 1.27.3 runtime/sigqueue.go.

Differs from Go:
    The goroutine that takes them looks every 10 ms instead of being woken.
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    Struct,
    atomic_and,
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
    FAULTS,
    HANDLER_FLAGS,
    LAST_SIGNAL,
    SIGNAL_PROFILE,
    die_of,
    is_in,
    read_action,
    set_action,
    set_default,
)
from tricolor.runtime.system.stop import end_process

OURS: Final = FAULTS | 1 << SIGNAL_URGENT - 1 | 1 << SIGNAL_PROFILE - 1
"""Signals whose handlers are always the runtime's. As in Go, SIGPROF is for profiles alone."""


class Notices(Struct):
    """Bit n - 1 stands for signal n."""

    pending: u64
    wanted: u64
    """Signals that the program asked for although their handler is always the runtime's: SIGURG and faults that another process sends."""


_notices = global_struct(Notices)


@export("tricolor.notice_handler")
def notice_handler(signal: i32) -> None:
    """Notes a signal."""
    one: u64 = 1
    atomic_or(_notices.pending, one << (to_u64(signal) - 1), "seq_cst")


@kernel
def note_wanted(signal: i32) -> bool:
    """Notes a signal that the runtime handles if the program asked for it. As in Go, it gets each SIGURG by which the runtime stops goroutines."""
    if not is_in(signal, atomic_load(_notices.wanted, "relaxed")):
        return False
    notice_handler(signal)
    return True


@kernel
def _is_ours(signal: u32) -> bool:
    """Whether the runtime itself handles the signal, or none can."""
    return signal == 0 or signal > LAST_SIGNAL or is_in(to_i32(signal), OURS)


@kernel
def _want(signal: u32, wants: bool) -> None:
    if signal == 0 or signal > LAST_SIGNAL or to_i32(signal) == SIGNAL_PROFILE:
        return
    one: u64 = 1
    bit = one << (to_u64(signal) - 1)
    if wants:
        atomic_or(_notices.wanted, bit, "relaxed")
    else:
        atomic_and(_notices.wanted, ~bit, "relaxed")


@systemstack("runtime.signalenable")
def signal_enable(signal: u32) -> None:
    """The signal is noted from here on."""
    if _is_ours(signal):
        _want(signal, True)
    else:
        set_action(to_i32(signal), function_address(notice_handler), HANDLER_FLAGS)


@systemstack("runtime.signaldisable")
def signal_disable(signal: u32) -> None:
    """The signal has its default action from here on."""
    if _is_ours(signal):
        _want(signal, False)
    else:
        set_default(to_i32(signal))


@systemstack("runtime.signalignore")
def signal_ignore(signal: u32) -> None:
    """The signal does nothing from here on."""
    if _is_ours(signal):
        _want(signal, False)
    else:
        set_action(to_i32(signal), to_addr(ACTION_IGNORE), 0)


@systemstack("runtime.signalignored")
def signal_ignored(signal: u32) -> bool:
    """Whether the signal does nothing."""
    return not _is_ours(signal) and to_u64(read_action(to_i32(signal))) == ACTION_IGNORE


@systemstack("runtime.signalnote")
def signal_note(signal: u32) -> bool:
    """Notes a signal that did not arrive if the program asked for it; False if it did not."""
    if to_u64(read_action(to_i32(signal))) != to_u64(function_address(notice_handler)):
        return False
    notice_handler(to_i32(signal))
    return True


@systemstack("runtime.diefromsignal")
def die_from_signal(signal: u32) -> NoReturn:
    """Ends the process by a signal."""
    die_of(to_i32(signal))
    end_process()


@systemstack("runtime.signalspending")
def signals_pending() -> u64:
    """The signals that are noted and not taken yet."""
    return atomic_load(_notices.pending, "seq_cst")


@systemstack("runtime.signalstake")
def signals_take() -> u64:
    """Takes all signals that are noted."""
    return atomic_exchange(_notices.pending, 0, "seq_cst")
