"""Scans for the collector what goroutines hold: their stacks, their records, and the system stack."""

from __future__ import annotations

from tricolor.kernel.lang import addr, address, as_struct, asm, export, is_null, kernel, naked, stack_struct
from tricolor.kernel.registers import RESTORE_REGISTERS_AND_RETURN, SAVE_REGISTERS
from tricolor.runtime.collector.roots import mark_stack_words, mark_words
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.saved_registers import RECORD_HEADER_BYTES, record_of
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.stacks import StackRange, free_after, stack_range_first, stack_range_next


@naked("tricolor.scan_stacks")
def scan_stacks() -> None:
    """Saves the registers that callers may hold pointers in, and calls scan_from with the stack pointer."""
    asm(f"""
        {SAVE_REGISTERS}
        subq $8, %rsp
        movq %rsp, %rdi
        callq tricolor.scan_from
        addq $8, %rsp
        {RESTORE_REGISTERS_AND_RETURN}
    """)


@export("tricolor.scan_from")
def scan_from(sp: addr) -> None:
    """Scans the system stack from ``sp`` on, and all goroutines; frees segments that no stack has used for a while.

    It keeps the segment after the last one in use: a loop that crosses the boundary then needs no new memory.
    """
    if machine.system_base > sp:
        mark_stack_words(sp, machine.system_base)
    g = scheduler.all_goroutines
    while not is_null(g):
        if scan_goroutine(g) and not is_null(g.segment.next):
            free_after(g.segment.next)
        g = g.all_link


@kernel
def scan_goroutine(g: G) -> bool:
    """Scans the goroutine's record, its stack, and its registers if a signal stopped it; False if it is dead.

    If it runs, the caller is on the system stack, and the registers are the caller's to scan.
    """
    part = stack_struct(StackRange)
    if not stack_range_first(g, part):
        return False
    mark_words(part.low, part.high)
    if g.interrupted != 0:
        saved = record_of(as_struct(SignalContext, g.interrupted))
        mark_words(address(saved) + RECORD_HEADER_BYTES, saved.end)
    while stack_range_next(g, part):
        mark_stack_words(part.low, part.high)
    return True
