"""Scans for the collector what goroutines hold: their stacks, their records, and the system stack.

How: the collector calls scan_stacks() in its slices until all goroutines are scanned. ``marker.next_goroutine`` tells how far it came.
A goroutine that does not run is claimed (begin_scan), so that it does not run on before its scan has ended. One that the calling thread runs is
scanned from its own kernel. One that runs elsewhere goes into the list ``marker.late``: its processor is asked for a slice of marking, in
which the goroutine does not run, and which looks at that list first.
A signal may have stopped a goroutine between the load of the old pointer in a slot and the store of the new one, and another goroutine
may have stored to that slot before the cycle began. What it stored would then be overwritten without being shaded, so shade_slots()
shades it before the goroutine goes on.
The scan of a goroutine that waits notes since when it is known to wait; traces show it in minutes.
New goroutines are added at the end of the list; what a goroutine begins with, its closure, is shaded when it is made.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    asm,
    atomic_exchange,
    atomic_load,
    atomic_store,
    export,
    is_null,
    kernel,
    load_addr,
    naked,
    null,
    stack_struct,
    to_u32,
    to_u64,
    u64,
)
from tricolor.kernel.registers import RESTORE_REGISTERS_AND_RETURN, SAVE_REGISTERS
from tricolor.runtime.allocator.spans import find_object, span_of
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.mark import push_pointers
from tricolor.runtime.collector.roots import (
    LATE_STACKS,
    mark_all_globals,
    mark_some_globals,
    mark_stack_words,
    mark_words,
    marker,
)
from tricolor.runtime.collector.work import own_work, work
from tricolor.runtime.lock_ranks import RANK_MARK_WORK
from tricolor.runtime.records.goroutine import DEAD, REASON_DATED, SCANNED, WAITING, G, begin_scan, end_scan
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import first_processor
from tricolor.runtime.records.world import ask_to_yield, running_machine
from tricolor.runtime.scheduler.saved_registers import RECORD_HEADER_BYTES, record_of
from tricolor.runtime.scheduler.segments import trim_idle
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.stacks import StackRange, shrink_stack, stack_range_first, stack_range_next
from tricolor.runtime.system.clock import NS_PER_SECOND
from tricolor.runtime.system.lock import acquire_if_parallel, parallel, release_if_parallel

# Enough for one call: some 20 us.
ENOUGH_BYTES: Final = 32 << 10
ENOUGH_GOROUTINES: Final = 128


@naked("tricolor.scan_stacks")
def scan_stacks(which: u64) -> u64:
    """Saves the registers that callers may hold pointers in, and calls scan_from with the stack pointer."""
    asm(f"""
        {SAVE_REGISTERS}
        subq $8, %rsp
        movq %rsp, %rsi
        callq tricolor.scan_from
        addq $8, %rsp
        {RESTORE_REGISTERS_AND_RETURN}
    """)


@export("tricolor.scan_from")
def scan_from(which: u64, sp: addr) -> u64:
    """Scans the next few goroutines, those made first first, or those that ran elsewhere before; 0 if it has scanned none.

    The system stack is scanned from ``sp`` on with the running goroutine. Without one it holds no pointers to the heap.
    """
    if which == LATE_STACKS:
        return 1 if scan_late(sp) else 0
    w = own_work()
    enough = w.stack_bytes + ENOUGH_BYTES
    visited: u64 = 0
    while w.stack_bytes < enough and visited < ENOUGH_GOROUTINES:
        g = take_goroutine()
        if is_null(g):
            if atomic_exchange(marker.stacks_done, 1, "relaxed") == 0:
                trim_idle()
            break
        if not scan_one(g, sp):
            put_late(g)
            ask_for_slice(g)
        visited += 1
    return 1


@kernel
def take_goroutine() -> G:
    """The next goroutine to scan; null if there is none. Those that are made from here on have nothing that is not shaded."""
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    last = marker.next_goroutine
    g = scheduler.all_goroutines if is_null(last) else atomic_load(last.all_link, "acquire")
    if not is_null(g):
        marker.next_goroutine = g
    release_if_parallel(work.lock)
    return g


@kernel
def scan_one(g: G, sp: addr) -> bool:
    """Scans a goroutine, and frees segments that it does not use; False if it runs on another processor."""
    if g is machine.g:
        scan_goroutine(g)
        shrink_stack(g)
        if machine.system_base > sp:
            mark_stack_words(sp, machine.system_base)
        return True
    if parallel.value == 0:
        scan_goroutine(g)
        shrink_stack(g)
        return True
    if not begin_scan(g):
        return False
    # One that is made of a dead one has nothing that is not shaded.
    if atomic_load(g.status, "relaxed") & ~SCANNED != DEAD:
        scan_goroutine(g)
    shrink_stack(g)
    end_scan(g)
    return True


# --- Goroutines that ran elsewhere ------------------------------------------------------------------


@kernel
def put_late(g: G) -> None:
    """Notes that a goroutine has still to be scanned."""
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    g.late_link = marker.late
    marker.late = g
    release_if_parallel(work.lock)


@kernel
def scan_late(sp: addr) -> bool:
    """Scans those goroutines that do not run any more; False if there are none."""
    acquire_if_parallel(work.lock, RANK_MARK_WORK)
    g = marker.late
    marker.late = null(G)
    release_if_parallel(work.lock)
    any_scanned = False
    while not is_null(g):
        following = g.late_link
        if g.scanned_cycle == to_u32(cycles.count + 1) or scan_one(g, sp):
            any_scanned = True
        else:
            put_late(g)
        g = following
    return any_scanned


@kernel
def ask_for_slice(g: G) -> None:
    """Asks the processor that runs a goroutine for a slice of marking. The monitor thread asks again, by a signal."""
    p = first_processor
    while not is_null(p):
        m = running_machine(p)
        if not is_null(m) and m.g is g:
            atomic_store(p.collector_due, 1, "relaxed")
            ask_to_yield(p, m)
            return
        p = p.all_link


# --- One goroutine ----------------------------------------------------------------------------------


@kernel
def scan_goroutine(g: G) -> None:
    """Scans the goroutine's record, its stack, and its registers if a signal stopped it. A dead one has none.

    If it runs, the caller is on the system stack, and the registers are the caller's to scan.
    """
    part = stack_struct(StackRange)
    if not stack_range_first(g, part):
        return
    g.scanned_cycle = to_u32(cycles.count + 1)
    if g.status & ~SCANNED == WAITING and g.reason & REASON_DATED == 0:
        g.waits_since_s = to_u32(to_u64(cycles.mark_start_ns) // NS_PER_SECOND)
        g.reason = g.reason | REASON_DATED
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
    if parallel.value == 0:
        while mark_some_globals():
            pass
    else:
        # Another thread may have taken a part, and not come to it yet.
        mark_all_globals()
    saved = record_of(as_struct(SignalContext, g.interrupted))
    at = address(saved) + RECORD_HEADER_BYTES
    while at < saved.end:
        object = find_object(load_addr(at))
        at = at + 8
        if object != 0:
            span = span_of(object)
            if span.bitmap != 0:
                push_pointers(own_work(), span, object)
