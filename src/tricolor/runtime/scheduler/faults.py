"""Faults of the processor: printed in Go's words, with exit status 2. In a goroutine that asked for it, a fault panics instead.

For a panic, the handler changes the saved registers so that the faulting instruction seems to have called
``runtime.panicfault``. Compiled Go tests pointers for nil itself: a fault means memory that is unmapped or protected.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    address,
    asm,
    export,
    function_address,
    go_function,
    i32,
    is_null,
    kernel,
    naked,
    store_u64,
    systemstack,
    text,
    to_addr,
    to_u8,
    to_u64,
    u64,
)
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.notices import note_wanted
from tricolor.runtime.scheduler.quitting import put_signal, runs_goroutines, show_and_end
from tricolor.runtime.scheduler.signals import (
    SIGNAL_BUS,
    SIGNAL_SEGMENT,
    SignalContext,
    SignalInfo,
    restore_faults,
    unblock_signal,
)
from tricolor.runtime.scheduler.stacks import RED_ZONE_BYTES
from tricolor.runtime.scheduler.stops import crash
from tricolor.runtime.system.output import begin_crash, put, put_hex

SENT_BY_KILL: Final = 0
SENT_BY_TGKILL: Final = -6


@go_function("runtime.panicfault")
def go_panic_fault(address: u64) -> None: ...


@naked("tricolor.panic_fault")
def panic_fault(address: u64) -> None:
    """Raises the panic of a fault; does not return."""
    asm("""
        jmp runtime.panicfault
    """)


@systemstack("runtime.setpaniconfault")
def set_panic_on_fault(on: bool) -> bool:
    """Sets whether faults in this goroutine panic; gives the previous setting."""
    before = machine.g.panics_on_fault
    machine.g.panics_on_fault = to_u8(1 if on else 0)
    return before != 0


@kernel
def _panics(signal: i32, context: SignalContext) -> bool:
    """Whether the fault is to become a panic: it must lie in Go code, which runs on the goroutine's stack."""
    if signal != SIGNAL_SEGMENT and signal != SIGNAL_BUS:
        return False
    g = machine.g
    if machine.system_stack == 0 or is_null(g) or g.panics_on_fault == 0:
        return False
    sp = context.rsp
    return sp > g.segment.limit and sp <= to_u64(g.segment.top)


@kernel
def _call_panic(context: SignalContext, fault_address: u64) -> None:
    """Makes the goroutine go on as if it had called runtime.panicfault. Traces look up a return address minus one, hence the plus one."""
    sp = ((context.rsp - RED_ZONE_BYTES) & ~15) - 8
    store_u64(to_addr(sp), context.rip + 1)
    context.rsp = sp
    # A bulk copy that faulted does not reach the end of its window.
    machine.busy = 0
    context.rdi = fault_address
    context.rip = to_u64(function_address(panic_fault))


@kernel
def _is_sent(info: SignalInfo) -> bool:
    """Whether a process sent the signal (kill, tgkill), and no instruction caused it."""
    return info.code == SENT_BY_KILL or info.code == SENT_BY_TGKILL


@export("tricolor.fault_handler")
def fault_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Prints the fault and ends the program. Faults of threads without a machine get their old handlers."""
    if scheduler.running == 0 or not runs_goroutines():
        restore_faults()
        return
    if _is_sent(info):
        if not note_wanted(signal):
            show_and_end(signal, info, context)
        return
    if _panics(signal, context):
        _call_panic(context, info.address)
        return
    begin_crash()
    put(*text("unexpected fault address 0x"))
    put_hex(info.address)
    put(*text("\nfatal error: fault\n[signal "))
    put_signal(signal)
    put(*text(" code=0x"))
    put_hex(to_u64(info.code))
    put(*text(" addr=0x"))
    put_hex(info.address)
    put(*text(" pc=0x"))
    put_hex(context.rip)
    put(*text("]\n"))
    if machine.system_stack != 0 and not is_null(machine.g):
        machine.g.interrupted = address(context)
    unblock_signal(signal)
    crash(True)
