"""Faults of the processor: reported in Go's words, exit status 2."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    export,
    i32,
    is_null,
    kernel,
    load_addr,
    load_i32,
    load_u64,
    text_address,
    text_length,
    to_u64,
)
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.machine import THREAD_LIMIT_OFFSET, machine
from tricolor.runtime.scheduler.output import put, put_hex
from tricolor.runtime.scheduler.signals import (
    SIGNAL_BUS,
    SIGNAL_FPE,
    SIGNAL_SEGMENT,
    restore_faults,
    unblock_signal,
)
from tricolor.runtime.scheduler.stops import FATAL_STATUS, end_program
from tricolor.runtime.traceback import put_goroutines

# siginfo_t and ucontext_t of Linux x86-64, in bytes.
INFO_CODE_OFFSET: Final = 8
INFO_ADDRESS_OFFSET: Final = 16
CONTEXT_RBP_OFFSET: Final = 120
CONTEXT_RIP_OFFSET: Final = 168


@kernel
def _put_signal(signal: i32) -> None:
    if signal == SIGNAL_SEGMENT:
        put(
            text_address("[signal SIGSEGV: segmentation violation"),
            text_length("[signal SIGSEGV: segmentation violation"),
        )
    elif signal == SIGNAL_BUS:
        put(text_address("[signal SIGBUS: bus error"), text_length("[signal SIGBUS: bus error"))
    elif signal == SIGNAL_FPE:
        put(
            text_address("[signal SIGFPE: floating-point exception"),
            text_length("[signal SIGFPE: floating-point exception"),
        )
    else:
        put(text_address("[signal SIGILL: illegal instruction"), text_length("[signal SIGILL: illegal instruction"))


@export("tricolor.fault_handler")
def fault_handler(signal: i32, info: addr, context: addr) -> None:
    """Prints what happened where, and ends the program; faults of other threads get their old handlers."""
    if thread_pointer() + THREAD_LIMIT_OFFSET != machine.limit_address or machine.running == 0:
        restore_faults()
        return
    address = load_u64(info + INFO_ADDRESS_OFFSET)
    pc = load_u64(context + CONTEXT_RIP_OFFSET)
    put(text_address("unexpected fault address 0x"), text_length("unexpected fault address 0x"))
    put_hex(address)
    put(text_address("\nfatal error: fault\n"), text_length("\nfatal error: fault\n"))
    _put_signal(signal)
    put(text_address(" code=0x"), text_length(" code=0x"))
    put_hex(to_u64(load_i32(info + INFO_CODE_OFFSET)))
    put(text_address(" addr=0x"), text_length(" addr=0x"))
    put_hex(address)
    put(text_address(" pc=0x"), text_length(" pc=0x"))
    put_hex(pc)
    put(text_address("]\n\n"), 3)
    if machine.system_stack != 0 and not is_null(machine.g):
        machine.goroutine_fp = load_addr(context + CONTEXT_RBP_OFFSET)
        put_goroutines(False)
    unblock_signal(signal)
    end_program(FATAL_STATUS)
