"""The call stack of a thread that a signal has interrupted at any instruction.

How: while compiled Go code runs, the stack pointer lies in the goroutine's segment, and the frame pointer in a register leads to
the frames. It does not lead to the caller of a function that has no frame yet, or none any more: then the return address is on top
of the stack. In code without frames, as libc's, the first word that looks like a return address is taken for it. While the thread
is on its system stack, the goroutine is walked from where it entered that stack.

Invariants:
    1. A walk MUST NOT leave the segments that the goroutine uses: any register may hold anything. Otherwise the handler would
       fault. No check sees that: is_frame() ends the walk.

Source:
    Go 1.27.3 runtime/proc.go (sigprof). System V ABI for x86-64, section 3.2.2 (the frame).

Differs from Go:
    Go has tables that say for each instruction where the return address is.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, address, is_null, kernel, load_u8, load_u64, load_unaligned_u32, store_u64, to_addr, to_u64, u64
from tricolor.runtime.records.goroutine import SEGMENT_HEADER_BYTES, G, Segment
from tricolor.runtime.records.machine import machine
from tricolor.runtime.scheduler.context import morestack_return
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.scheduler.traceback import NO_FRAME, entry_of, frame_at, frame_index_of, store_frames

# Machine code of x86-64.
RETURN: Final = 0xC3
CALL_NEAR: Final = 0xE8
CALL_INDIRECT: Final = 0xFF
CALL_NEAR_BYTES: Final = 5
# pushq %rbp; movq %rsp, %rbp
MAKE_FRAME: Final = 0xE589_4855
# The comparison with the stack limit, and the call of __morestack, come before a function makes its frame.
PROLOGUE_BYTES: Final = 80
# How far a function without frame is searched for its return address.
SEARCHED_WORDS: Final = 64


@kernel
def store_interrupted(context: SignalContext, outside: u64, system: u64, into: addr, most: u64) -> u64:
    """Stores return addresses, innermost first. ``outside`` stands for code that is not the program's, ``system`` below what no goroutine does."""
    pc = context.rip
    known = frame_index_of(pc) != NO_FRAME
    done, _, callee = store_frames(pc + 1 if known else outside, NO_FRAME, 0, into, most)
    g = machine.g
    if is_null(g):
        store_u64(into + done * 8, system)
        return done + 1
    if machine.system_stack == 0:
        return done + store_bounded(g, machine.goroutine_fp, into + done * 8, most - done)
    if not is_in_segment(g.segment, to_addr(context.rsp)):
        return done
    caller = caller_without_frame(g, context) if known else caller_of_unknown(g, context)
    if caller != 0:
        found, _, callee = store_frames(caller, callee, 0, into + done * 8, most - done)
        done += found
    return done + store_bounded(g, to_addr(context.rbp), into + done * 8, most - done)


@kernel
def is_in_segment(segment: Segment, where: addr) -> bool:
    """Whether a stack pointer may have this value while the goroutine runs on the segment."""
    return where > address(segment) + SEGMENT_HEADER_BYTES and where + 8 <= segment.top


@kernel
def is_frame(segment: Segment, fp: addr) -> bool:
    """Whether a frame pointer, with the return address above it, lies in the segment (invariant 1)."""
    return to_u64(fp) & 7 == 0 and is_in_segment(segment, fp) and fp + 24 <= segment.top


@kernel
def store_bounded(g: G, first: addr, into: addr, most: u64) -> u64:
    """Stores the return addresses of the frames from ``first`` on; stops where the chain leaves the goroutine's stack."""
    segment = g.segment
    fp = first
    done: u64 = 0
    callee: u64 = NO_FRAME
    while done < most and is_frame(segment, fp):
        pc = load_u64(fp + 8)
        if pc == to_u64(morestack_return()):
            fp = segment.previous_fp
            segment = segment.previous
            if is_null(segment) or not is_frame(segment, fp):
                return done
            pc = load_u64(fp + 16)
        if pc == 0:
            return done
        found, _, callee = store_frames(pc, callee, 0, into + done * 8, most - done)
        done += found
        following = to_addr(load_u64(fp))
        if following <= fp:
            return done
        fp = following
    return done


@kernel
def caller_without_frame(g: G, context: SignalContext) -> u64:
    """Where a function of the program returns to, if the frame pointer is still, or again, its caller's; else 0."""
    pc = to_addr(context.rip)
    sp = to_addr(context.rsp)
    if load_u8(pc) == RETURN:
        return load_u64(sp)
    entry = to_addr(entry_of(frame_at(frame_index_of(context.rip))))
    at = entry
    while at <= pc and at < entry + PROLOGUE_BYTES:
        if load_unaligned_u32(at) == MAKE_FRAME:
            # Between the two instructions the frame pointer of the caller is on top of the stack.
            if at == pc:
                return load_u64(sp)
            return load_u64(sp + 8) if at + 1 == pc and is_in_segment(g.segment, sp + 8) else 0
        at = at + 1
    # The frame is made after this instruction, or the function makes none.
    return load_u64(sp) if at > pc and pc < entry + PROLOGUE_BYTES else 0


@kernel
def caller_of_unknown(g: G, context: SignalContext) -> u64:
    """The first word on the stack that is the return address of a call in the program; 0 if there is none."""
    at = to_addr(context.rsp & ~7)
    searched: u64 = 0
    while searched < SEARCHED_WORDS and is_in_segment(g.segment, at):
        word = load_u64(at)
        if frame_index_of(word - 1) != NO_FRAME and follows_call(to_addr(word)):
            return word
        at = at + 8
        searched += 1
    return 0


@kernel
def follows_call(pc: addr) -> bool:
    """Whether the instruction before an address of the program's code is a call, as far as its bytes tell."""
    if load_u8(pc - CALL_NEAR_BYTES) == CALL_NEAR:
        return True
    length: u64 = 2
    while length <= 7:
        # A call through a register or memory: the middle bits of the second byte are 2.
        if load_u8(pc - length) == CALL_INDIRECT and to_u64(load_u8(pc - length + 1)) >> 3 & 7 == 2:
            return True
        length += 1
    return False
