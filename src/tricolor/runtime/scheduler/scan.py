"""Scans for the collector what goroutines hold: their stacks, their records, and the system stack.

How: the collector calls scan_stacks() in each slice until all goroutines are scanned. ``marker.next_goroutine`` tells how far it came.
A signal may have stopped a goroutine between the load of the old pointer in a slot and the store of the new one, and another goroutine
may have stored to that slot before the cycle began. What it stored would then be overwritten without being shaded, so shade_slots()
shades it before the goroutine goes on.
New goroutines are added at the end of the list; what a goroutine begins with, its closure, is shaded when it is made.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, address, as_struct, asm, export, is_null, kernel, load_addr, naked, stack_struct, u64
from tricolor.kernel.registers import RESTORE_REGISTERS_AND_RETURN, SAVE_REGISTERS
from tricolor.runtime.allocator.spans import find_object, span_of
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.mark import push_pointers
from tricolor.runtime.collector.roots import mark_some_globals, mark_stack_words, mark_words, marker
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.saved_registers import RECORD_HEADER_BYTES, record_of
from tricolor.runtime.scheduler.segments import release_idle, trim_idle
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.stacks import StackRange, shrink_stack, stack_range_first, stack_range_next

# Enough for one call: some 20 us.
ENOUGH_BYTES: Final = 32 << 10
ENOUGH_GOROUTINES: Final = 128
# Blocks of segments that a cycle gives back to the system, 5 us each.
MOST_BLOCKS: Final = 32


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
    """Scans the next few goroutines, those made first first, and for the running one the system stack from ``sp`` on; frees segments.

    Without a running goroutine the system stack holds no pointers to the heap.
    """
    enough = marker.stack_bytes + ENOUGH_BYTES
    visited: u64 = 0
    g = scheduler.all_goroutines if is_null(marker.next_goroutine) else marker.next_goroutine.all_link
    while not is_null(g) and marker.stack_bytes < enough and visited < ENOUGH_GOROUTINES:
        scan_goroutine(g)
        shrink_stack(g)
        if g is machine.g and machine.system_base > sp:
            mark_stack_words(sp, machine.system_base)
        marker.next_goroutine = g
        visited += 1
        g = g.all_link
    if is_null(g):
        marker.stacks_done = 1
        release_idle(min(trim_idle(), MOST_BLOCKS))


@kernel
def scan_goroutine(g: G) -> None:
    """Scans the goroutine's record, its stack, and its registers if a signal stopped it. A dead one has none.

    If it runs, the caller is on the system stack, and the registers are the caller's to scan.
    """
    g.scanned_cycle = cycles.count + 1
    part = stack_struct(StackRange)
    if not stack_range_first(g, part):
        return
    mark_words(part.low, part.high)
    if g.interrupted != 0:
        saved = record_of(as_struct(SignalContext, g.interrupted))
        mark_words(address(saved) + RECORD_HEADER_BYTES, saved.end)
    while stack_range_next(g, part):
        mark_stack_words(part.low, part.high)


@kernel
def shade_slots(g: G) -> None:
    """Pushes the pointers in all places to which a goroutine may be about to store: globals, and objects to which its registers point.

    Call it before a goroutine goes on that a signal stopped before the present cycle began.
    """
    while mark_some_globals():
        pass
    saved = record_of(as_struct(SignalContext, g.interrupted))
    at = address(saved) + RECORD_HEADER_BYTES
    while at < saved.end:
        object = find_object(load_addr(at))
        at = at + 8
        if object != 0:
            span = span_of(object)
            if span.bitmap != 0:
                marker.top = push_pointers(span, object, marker.top)
