"""The registers of goroutines that a signal stopped between two instructions: saved aside, and loaded again.

The kernel puts all registers of the thread on the alternate stack before it calls a signal handler: a ucontext (SignalContext), and the
state of the vector registers, to which the ucontext points. They do not fit on a small stack, so save_registers() copies them into a
record of its own. When the goroutine is to go on, rt_sigreturn loads the record as if the handler returned only then,
in any thread::

    record          next, end                                              one page and more
    + 64 .. 127     SignalContext, at the same distance from a multiple of 64 as on the alternate stack
    ...             vector registers, at a multiple of 64, up to ``end``

A record is still being read while the system call runs. So it is free only when the same thread is in the scheduler again: ``machine.spent``.

Source:
    Linux arch/x86/kernel/signal_64.c (rt_sigreturn), arch/x86/include/uapi/asm/sigcontext.h (struct _fpx_sw_bytes).

Differs from Go:
    Go saves the registers on the goroutine's stack, by code of its own (asyncPreempt).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    is_null,
    kernel,
    load_u32,
    memory_copy,
    null,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.scheduler.context import resume_interrupted
from tricolor.runtime.scheduler.signals import SignalContext, SignalStack, sigaltstack
from tricolor.runtime.system.memory import OS_PAGE_BYTES, map_memory

RECORD_HEADER_BYTES: Final = 64
VECTOR_ALIGN_BYTES: Final = 64
# struct _fpx_sw_bytes, in the part of the FXSAVE area that the processor leaves to software.
EXTENDED_MAGIC_AT: Final = 464
EXTENDED_BYTES_AT: Final = 468
EXTENDED_MAGIC: Final = 0x4650_5853
FXSAVE_BYTES: Final = 512


class SavedRegisters(Struct):
    """The head of a record."""

    next: "SavedRegisters"
    end: addr
    """Where the saved bytes end."""
    size_bytes: u64


@kernel
def record_of(context: SignalContext) -> SavedRegisters:
    """The record in which saved registers lie."""
    return as_struct(SavedRegisters, to_addr((to_u64(address(context)) - RECORD_HEADER_BYTES) & ~(VECTOR_ALIGN_BYTES - 1)))


@kernel
def _new_record(size_bytes: u64) -> SavedRegisters:
    """A record of at least that size; null if memory is exhausted."""
    found = as_struct(SavedRegisters, machine.free_registers)
    if not is_null(found) and found.size_bytes >= size_bytes:
        machine.free_registers = address(found.next)
        return found
    size = (size_bytes + OS_PAGE_BYTES - 1) & ~(OS_PAGE_BYTES - 1)
    made = as_struct(SavedRegisters, map_memory(size))
    if not is_null(made):
        made.size_bytes = size
    return made


@kernel
def _give_back(record: SavedRegisters) -> None:
    record.next = as_struct(SavedRegisters, machine.free_registers)
    machine.free_registers = address(record)


@kernel
def save_registers(context: SignalContext) -> addr:
    """Copies what the kernel saved; gives the address of the copy, 0 if memory is exhausted."""
    start = address(context)
    vectors = context.fp_state
    vector_bytes: u64 = FXSAVE_BYTES
    if load_u32(vectors + EXTENDED_MAGIC_AT) == EXTENDED_MAGIC:
        vector_bytes = to_u64(load_u32(vectors + EXTENDED_BYTES_AT))
    length_bytes = vectors - start + vector_bytes
    record = _new_record(RECORD_HEADER_BYTES + VECTOR_ALIGN_BYTES + length_bytes)
    if is_null(record):
        return 0
    copy = address(record) + RECORD_HEADER_BYTES + (to_u64(start) & (VECTOR_ALIGN_BYTES - 1))
    memory_copy(copy, start, length_bytes)
    as_struct(SignalContext, copy).fp_state = copy + (vectors - start)
    record.end = copy + length_bytes
    return copy


@kernel
def go_on(g: G) -> NoReturn:
    """Runs a goroutine that a signal stopped; leaves the system stack and does not return."""
    context = as_struct(SignalContext, g.interrupted)
    g.interrupted = 0
    spent = as_struct(SavedRegisters, machine.spent)
    if not is_null(spent):
        _give_back(spent)
    machine.spent = address(record_of(context))
    # The thread may be another one than the one that was stopped.
    sigaltstack(null(SignalStack), context.stack)
    resume_interrupted(g, context)
