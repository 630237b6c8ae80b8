"""Signals that end the program and show where it is: SIGQUIT, SIGABRT and their like, and faults that another process sends.

The program shows its goroutines and the registers of the thread, and ends with status 2, or of SIGABRT (``trace_level``).
The signal may arrive between any two instructions, so the handler neither returns nor runs what other programs would run at their end.

Source:
    Go 1.27.3 runtime/signal_unix.go (sighandler, fatalsignal), runtime/signal_amd64.go (dumpregs).

Differs from Go:
    All threads but this one are stopped, and only this one is shown without a goroutine.
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import addr, address, export, i32, is_null, kernel, load_u8, text, to_addr, to_i64, to_u64, u64
from tricolor.runtime.records.machine import first_machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.world import freeze_world
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.signals import (
    SIGNAL_ABORT,
    SIGNAL_BUS,
    SIGNAL_FPE,
    SIGNAL_ILLEGAL,
    SIGNAL_QUIT,
    SIGNAL_SEGMENT,
    SIGNAL_STACK,
    SIGNAL_TRAP,
    SignalContext,
    SignalInfo,
    die_of,
)
from tricolor.runtime.scheduler.trace_level import dies_of_abort, trace_level
from tricolor.runtime.scheduler.traces import put_goroutines
from tricolor.runtime.system.memory import OS_PAGE_BYTES
from tricolor.runtime.system.output import begin_crash, flush_output, put, put_hex, put_number
from tricolor.runtime.system.stop import end_process

SHOWN_BYTES: Final = 16
"""Of the instruction at which the program was."""


@kernel
def runs_goroutines() -> bool:
    """Whether the thread has a machine. Until that is known, a handler must not use the thread's machine."""
    limit_address = thread_pointer() + THREAD_LIMIT_OFFSET
    each = first_machine
    while not is_null(each):
        if each.limit_address == limit_address:
            return True
        each = each.all_link
    return False


@kernel
def put_signal(signal: i32) -> None:
    """Name of a signal that ends the program, as Go prints it."""
    if signal == SIGNAL_QUIT:
        put(*text("SIGQUIT: quit"))
    elif signal == SIGNAL_ABORT:
        put(*text("SIGABRT: abort"))
    elif signal == SIGNAL_SEGMENT:
        put(*text("SIGSEGV: segmentation violation"))
    elif signal == SIGNAL_BUS:
        put(*text("SIGBUS: bus error"))
    elif signal == SIGNAL_FPE:
        put(*text("SIGFPE: floating-point exception"))
    elif signal == SIGNAL_ILLEGAL:
        put(*text("SIGILL: illegal instruction"))
    elif signal == SIGNAL_TRAP:
        put(*text("SIGTRAP: trace trap"))
    elif signal == SIGNAL_STACK:
        put(*text("SIGSTKFLT: stack fault"))
    else:
        put(*text("SIGSYS: bad system call"))


@kernel
def _put_where(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    put_signal(signal)
    put(*text("\nPC=0x"))
    put_hex(context.rip)
    put(*text(" m=0 sigcode="))
    put_number(to_u64(to_i64(info.code)))
    if signal == SIGNAL_SEGMENT or signal == SIGNAL_BUS:
        put(*text(" addr=0x"))
        put_hex(info.address)
    put(*text("\n"))
    if signal == SIGNAL_ILLEGAL or signal == SIGNAL_FPE:
        _put_instruction(to_addr(context.rip))
    put(*text("\n"))


@kernel
def _put_instruction(pc: addr) -> None:
    """The bytes from the instruction on, of the same page."""
    put(*text("instruction bytes:"))
    at = pc
    while at < pc + SHOWN_BYTES and (at == pc or to_u64(at) % OS_PAGE_BYTES != 0):
        put(*text(" 0x"))
        put_hex(to_u64(load_u8(at)))
        at = at + 1
    put(*text("\n"))


@kernel
def _put_register(name: addr, name_bytes: u64, value: u64) -> None:
    """A line with the name, padded to seven places, and the value."""
    put(name, name_bytes)
    padding, padding_bytes = text("       ")
    put(padding, padding_bytes - name_bytes)
    put(*text("0x"))
    put_hex(value)
    put(*text("\n"))


@kernel
def _put_registers(context: SignalContext) -> None:
    put(*text("\n"))
    _put_register(*text("rax"), context.rax)
    _put_register(*text("rbx"), context.rbx)
    _put_register(*text("rcx"), context.rcx)
    _put_register(*text("rdx"), context.rdx)
    _put_register(*text("rdi"), context.rdi)
    _put_register(*text("rsi"), context.rsi)
    _put_register(*text("rbp"), context.rbp)
    _put_register(*text("rsp"), context.rsp)
    _put_register(*text("r8"), context.r8_to_r15[0])
    _put_register(*text("r9"), context.r8_to_r15[1])
    _put_register(*text("r10"), context.r8_to_r15[2])
    _put_register(*text("r11"), context.r8_to_r15[3])
    _put_register(*text("r12"), context.r8_to_r15[4])
    _put_register(*text("r13"), context.r8_to_r15[5])
    _put_register(*text("r14"), context.r8_to_r15[6])
    _put_register(*text("r15"), context.r8_to_r15[7])
    _put_register(*text("rip"), context.rip)
    _put_register(*text("rflags"), context.flags_register)
    _put_register(*text("cs"), context.segments & 0xFFFF)
    _put_register(*text("fs"), context.segments >> 32 & 0xFFFF)
    _put_register(*text("gs"), context.segments >> 16 & 0xFFFF)


@export("tricolor.quit_handler")
def quit_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Shows the goroutines and ends the process. A thread without a machine ignores the signal."""
    if scheduler.running == 0 or not runs_goroutines():
        return
    show_and_end(signal, info, context)


@kernel
def show_and_end(signal: i32, info: SignalInfo, context: SignalContext) -> NoReturn:
    """Shows the goroutines as after the signal, and ends the process."""
    freeze_world()
    # What was being put when the signal came appears first.
    flush_output()
    begin_crash()
    _put_where(signal, info, context)
    g = machine.g
    if machine.system_stack != 0 and not is_null(g):
        g.interrupted = address(context)
    put_goroutines(trace_level(True), True)
    _put_registers(context)
    if dies_of_abort():
        flush_output()
        die_of(SIGNAL_ABORT)
    end_process()
