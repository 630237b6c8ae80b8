"""Stops a goroutine between any two instructions of compiled Go code, by SIGURG.

How: the monitor thread sends the signal to a thread whose goroutine has not yielded at a call (``preempt``). The handler runs on the thread's
alternate stack. If the goroutine may be stopped, it saves all registers aside (``saved_registers``), and changes those that the kernel will load when
the handler returns, so that the thread goes on in the scheduler, which puts the goroutine at the end of the run queue. If not, nothing
happens, and the monitor sends the signal again.

A goroutine may be stopped if all of this holds; numbers in brackets refer to the invariants:

* the thread runs a goroutine on the goroutine's stack, and the stack pointer lies in its segment [1];
* the instruction belongs to compiled Go code, but not to package runtime, whose code counts on not being interrupted [1];
* ``machine.busy`` and ``machine.locks`` are 0 [2].

What may be copied into compiled Go code from kernel modules, and why a stop in it is harmless:

* ``tricolor.alloc``: a restartable sequence (``kernel.restartable``); the handler sets the goroutine back to its beginning [3]. After
  it, refill() finds a cell that another goroutine has filled.
* the compare and exchange of a mutex (``abi.exchange_sequence``): a restartable sequence, too [3].
* ``runtime.deferenter``, ``deferproc``, ``deferreturn``, ``recovertoken``, ``settoken``: the running goroutine's own record and frames only.
* ``runtime.chanlen``, ``chancap``: one load.
* ``tricolor.enter_window``, ``leave_window``: they set ``machine.busy`` around copies and clears with the write barrier.
* ``runtime.getg``, ``gwords``, ``goid``: constant while the goroutine lives. ``procid``, ``argc``, ``argv``, ``environ``: constants.
* ``runtime.procpin``, ``procunpin``: called from package runtime only.

Red zone: a function that calls nothing may use 128 bytes below its stack pointer. The handler has a stack of its own and the goroutine is
loaded again as it was, so they stay as they are; the collector scans them too (``stacks``). In prologues and epilogues the frame
pointer is the caller's: only traces must know that (``traceback``).

Invariants:
    1. Kernel code MUST NOT be stopped. Otherwise the scheduler would be entered while it holds its own records in an
       unfinished state. Checked by check_interruption().
    2. A goroutine that pins its processor MUST NOT be stopped. Otherwise another one would use what it holds. Checked by check_interruption().
    3. A goroutine MUST NOT be stopped inside a restartable sequence. Otherwise two goroutines would get the same memory, or the same mutex. Checked by
       check_interruption().

Source:
    Go 1.27.3 runtime/preempt.go (wantAsyncPreempt, isAsyncSafePoint, asyncPreempt2), runtime/signal_unix.go (doSigPreempt).

Differs from Go:
    Stacks and saved registers are scanned conservatively, so no instruction of a Go function is unsafe. Go refuses prologues, and code without
    maps of its registers.
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.exchange_sequence import EXCHANGE_BEGIN, EXCHANGE_INSIDE, MARK, MARK_OPCODE_BYTES
from tricolor.abi.prefix import PREFIX_INTERRUPTIBLE
from tricolor.abi.stack_limit import THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
    addr,
    address,
    as_struct,
    asm,
    check,
    const_table,
    export,
    function_address,
    i32,
    is_null,
    kernel,
    load_u8,
    load_unaligned_u32,
    naked,
    null,
    offset_of,
    store_u64,
    to_addr,
    to_u32,
    to_u64,
    u8,
    u64,
    unlikely,
)
from tricolor.kernel.restartable import BUMP_BLOCK_AT, BUMP_BYTES, BUMP_INSIDE, BUMP_MASK, BUMP_POINTER_AT
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.records.goroutine import SEGMENT_HEADER_BYTES, G
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.context import thread_pointer
from tricolor.runtime.scheduler.goroutines import commit_yield
from tricolor.runtime.scheduler.notices import note_wanted
from tricolor.runtime.scheduler.quitting import runs_goroutines
from tricolor.runtime.scheduler.saved_registers import save_registers
from tricolor.runtime.scheduler.scan import scan_goroutine
from tricolor.runtime.scheduler.signals import SignalContext, SignalInfo
from tricolor.runtime.scheduler.stacks import RED_ZONE_BYTES
from tricolor.runtime.scheduler.traceback import code_flags_at, image_start

DIRECTION_FLAG: Final = 0x400
MAIN_SEQUENCE_BYTES: Final = len(BUMP_BYTES)

_bytes = const_table(u8, BUMP_BYTES)
_mask = const_table(u8, BUMP_MASK)
_inside = const_table(u8, BUMP_INSIDE)
_exchange_inside = const_table(u8, EXCHANGE_INSIDE)


# --- Whether -----------------------------------------------------------------------------------------


@kernel
def interruptible_at(pc: u64) -> bool:
    """Whether the instruction belongs to compiled Go code that may be stopped. Kernel code and C have no flags."""
    return code_flags_at(pc) & PREFIX_INTERRUPTIBLE != 0


@kernel
def _may_stop(g: G, context: SignalContext) -> bool:
    if machine.system_stack == 0 or is_null(g) or machine.busy != 0 or machine.locks != 0:
        return False
    sp = context.rsp
    lowest = to_u64(address(g.segment)) + SEGMENT_HEADER_BYTES + RED_ZONE_BYTES
    return sp > lowest and sp <= to_u64(g.segment.top) and interruptible_at(context.rip)


# --- The restartable sequences -------------------------------------------------------------------------


@kernel
def is_sequence(start: addr) -> bool:
    """Whether the restartable sequence begins at an address."""
    for at in range(MAIN_SEQUENCE_BYTES):
        if load_u8(start + at) & _mask[at] != _bytes[at]:
            return False
    if load_unaligned_u32(start + BUMP_POINTER_AT) != to_u32(offset_of(Machine, "processor")):
        return False
    return load_unaligned_u32(start + BUMP_BLOCK_AT) == to_u32(offset_of(Processor, "mcache"))


@kernel
def begin_again(pc: u64) -> u64:
    """Where a goroutine at this instruction has to go on: at the beginning of the sequence, if it is inside one."""
    for number in range(len(_exchange_inside)):
        start = pc - to_u64(_exchange_inside[number])
        if start >= to_u64(image_start()) and load_unaligned_u32(to_addr(start + MARK_OPCODE_BYTES)) == MARK:
            return start + EXCHANGE_BEGIN
    for number in range(len(_inside)):
        start = pc - to_u64(_inside[number])
        if start >= to_u64(image_start()) and is_sequence(to_addr(start)):
            return start
    return pc


# --- Stopping ----------------------------------------------------------------------------------------


@naked("tricolor.enter_interrupted")
def enter_interrupted(g: G) -> None:
    """Where the thread goes on when the handler returns, at the base of the system stack."""
    asm("""
        callq tricolor.commit_interruption
        ud2
    """)


@kernel
def _stop(g: G, context: SignalContext) -> None:
    """Takes the goroutine from the thread, which enters the scheduler when the handler returns."""
    context.rip = begin_again(context.rip)
    saved = save_registers(context)
    if saved == 0:
        return
    g.interrupted = saved
    machine.g = null(G)
    machine.system_stack = 0
    store_u64(thread_pointer() + THREAD_LIMIT_OFFSET, machine.system_limit)
    context.rsp = to_u64(machine.system_base)
    context.rbp = 0
    context.rdi = to_u64(address(g))
    context.flags_register &= ~DIRECTION_FLAG
    context.rip = to_u64(function_address(enter_interrupted))


@export("tricolor.commit_interruption")
def commit_interruption(g: G) -> NoReturn:
    """The goroutine was stopped; it goes to the end of the run queue."""
    check_interruption(as_struct(SignalContext, g.interrupted))
    g.interrupted_cycle = 0
    if unlikely(is_marking.value != 0):
        g.interrupted_cycle = to_u32(cycles.count + 1)
        # The goroutine may be between a store and its write barrier, which holds the pointers in registers.
        scan_goroutine(g)
    commit_yield(g)


@kernel
def check_interruption(context: SignalContext) -> None:
    """Invariants 1, 2 and 3, for the saved registers of a goroutine that was stopped."""
    check(1, interruptible_at(context.rip), "check_interruption: the instruction is not in interruptible Go code")
    check(1, machine.busy == 0 and machine.locks == 0, "check_interruption: the goroutine pins its processor")
    check(1, begin_again(context.rip) == context.rip, "check_interruption: the goroutine is inside a restartable sequence")


@export("tricolor.urgent_handler")
def urgent_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Stops the running goroutine if it may be stopped."""
    note_wanted(signal)
    if scheduler.running == 0 or not runs_goroutines():
        return
    g = machine.g
    if _may_stop(g, context):
        _stop(g, context)
