"""Faults of the processor: printed in Go's words, with exit status 2. In a goroutine that asked for it, a fault panics instead.

For a panic, the handler changes the saved registers so that the faulting instruction seems to have called
``runtime.panicfault``. Compiled Go tests pointers for nil itself: a fault means memory that is unmapped or protected.
"""

from __future__ import annotations

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
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
from tricolor.runtime.records.machine import first_machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.signals import (
    SIGNAL_BUS,
    SIGNAL_FPE,
    SIGNAL_SEGMENT,
    SignalContext,
    SignalInfo,
    restore_faults,
    unblock_signal,
)
from tricolor.runtime.scheduler.stacks import RED_ZONE_BYTES
from tricolor.runtime.scheduler.stops import end_program
from tricolor.runtime.scheduler.traceback import put_goroutines
from tricolor.runtime.system.output import put, put_hex
from tricolor.runtime.system.stop import FATAL_STATUS


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
def _call_panic(context: SignalContext, address: u64) -> None:
    """Makes the goroutine go on as if it had called runtime.panicfault. Traces look up a return address minus one, hence the plus one."""
    sp = ((context.rsp - RED_ZONE_BYTES) & ~15) - 8
    store_u64(to_addr(sp), context.rip + 1)
    context.rsp = sp
    # A bulk copy that faulted does not reach the end of its window.
    machine.busy = 0
    context.rdi = address
    context.rip = to_u64(function_address(panic_fault))


@kernel
def _put_signal(signal: i32) -> None:
    if signal == SIGNAL_SEGMENT:
        put(*text("[signal SIGSEGV: segmentation violation"))
    elif signal == SIGNAL_BUS:
        put(*text("[signal SIGBUS: bus error"))
    elif signal == SIGNAL_FPE:
        put(*text("[signal SIGFPE: floating-point exception"))
    else:
        put(*text("[signal SIGILL: illegal instruction"))


@kernel
def runs_goroutines() -> bool:
    """Whether the thread has a machine. Until that is known, the handler must not use the thread's machine."""
    limit_address = thread_pointer() + THREAD_LIMIT_OFFSET
    each = first_machine
    while not is_null(each):
        if each.limit_address == limit_address:
            return True
        each = each.all_link
    return False


@export("tricolor.fault_handler")
def fault_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Prints the fault and ends the program. Faults of threads without a machine get their old handlers."""
    if scheduler.running == 0 or not runs_goroutines():
        restore_faults()
        return
    address = info.address
    if _panics(signal, context):
        _call_panic(context, address)
        return
    pc = context.rip
    put(*text("unexpected fault address 0x"))
    put_hex(address)
    put(*text("\nfatal error: fault\n"))
    _put_signal(signal)
    put(*text(" code=0x"))
    put_hex(to_u64(info.code))
    put(*text(" addr=0x"))
    put_hex(address)
    put(*text(" pc=0x"))
    put_hex(pc)
    put(*text("]\n\n"))
    if machine.system_stack != 0 and not is_null(machine.g):
        machine.goroutine_fp = to_addr(context.rbp)
        put_goroutines(False)
    unblock_signal(signal)
    end_program(FATAL_STATUS)
