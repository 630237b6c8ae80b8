"""Deferred calls: the part that compiled Go code runs in every function that defers.

A function that defers has a DeferFrame in its stack frame, linked with those of its callers. The frame has room for three calls.
Package runtime keeps further calls in a list on the heap (``deferMore``, ``runMore`` in goroot/files/runtime/panic.go), and
runs panics.

Source:
    Go 1.27.3 runtime/panic.go (deferproc, deferreturn).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.stack_limit import PREEMPT_SIGNED, THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    address,
    asm,
    call_address,
    go_function,
    i32,
    inline,
    load_addr,
    naked,
    u64,
    unlikely,
)
from tricolor.runtime.records.goroutine import G, Segment
from tricolor.runtime.records.machine import Machine, machine

CALLS_IN_PLACE: Final = 3
# The words of a goroutine's record (gWords): frames that defer, panics under way, token of recover.
WORD_FRAMES: Final = 0
WORD_TOKEN: Final = 2


class DeferFrame(Struct):
    """The deferred calls of a function, and where it goes on after a panic (deferFrame in goroot/files/runtime/panic.go); 128 bytes."""

    pc: addr
    """Where to go on, and the registers there."""
    sp: addr
    rbp: addr
    rbx: u64
    r12: u64
    r13: u64
    r14: u64
    r15: u64
    segment: Segment
    """The segment in which ``sp`` lies."""
    unused: u64
    outer: addr
    count: u64
    calls: Array[addr, CALLS_IN_PLACE]
    more: addr


@go_function("runtime.deferMore")
def go_defer_more(frame: DeferFrame, closure: addr) -> None: ...


@go_function("runtime.runMore")
def go_run_more(frame: DeferFrame) -> None: ...


@naked("tricolor.defer_more")
def defer_more(frame: DeferFrame, closure: addr) -> None:
    """Keeps a call that has no room in the frame."""
    asm("""
        jmp runtime.deferMore
    """)


@naked("tricolor.run_more")
def run_more(frame: DeferFrame) -> None:
    """Runs the calls that had no room in the frame."""
    asm("""
        jmp runtime.runMore
    """)


@inline(symbol_name="runtime.deferenter")
def deferenter(frame: DeferFrame) -> None:
    """Links the frame of a function that begins."""
    g = machine.g
    frame.outer = g.words[WORD_FRAMES]
    frame.count = 0
    frame.more = 0
    g.words[WORD_FRAMES] = address(frame)


@inline(symbol_name="runtime.deferproc")
def deferproc(frame: DeferFrame, closure: addr) -> None:
    """``defer closure()``."""
    count = frame.count
    if unlikely(count == CALLS_IN_PLACE):
        defer_more(frame, closure)
        return
    frame.calls[count] = closure
    frame.count = count + 1


@inline(symbol_name="runtime.deferreturn")
def deferreturn(frame: DeferFrame) -> None:
    """Runs the deferred calls, last first, and unlinks the frame."""
    if unlikely(frame.more != 0):
        run_more(frame)
    while frame.count != 0:
        count = frame.count - 1
        frame.count = count
        closure = frame.calls[count]
        call_address(load_addr(closure), (addr,), None, closure)
    machine.g.words[WORD_FRAMES] = frame.outer


@inline(symbol_name="runtime.recovertoken")
def recovertoken() -> addr:
    """The token that the panic machinery has set for the function that begins; 0 if something else called it."""
    token = machine.g.words[WORD_TOKEN]
    if token != 0:
        machine.g.words[WORD_TOKEN] = 0
    return token


@inline(symbol_name="runtime.settoken")
def settoken(token: addr) -> None:
    """Hands the token on to the function that is called next."""
    machine.g.words[WORD_TOKEN] = token


# --- Going on after a panic -----------------------------------------------------------------------


@naked("runtime.setresume")
def set_resume(frame: DeferFrame) -> i32:
    """Saves in a DeferFrame where and how to go on; gives 0, and 1 when ``runtime.resume`` comes back here."""
    asm(f"""
        movq (%rsp), %rax
        movq %rax, {DeferFrame.pc}(%rdi)
        leaq 8(%rsp), %rax
        movq %rax, {DeferFrame.sp}(%rdi)
        movq %rbp, {DeferFrame.rbp}(%rdi)
        movq %rbx, {DeferFrame.rbx}(%rdi)
        movq %r12, {DeferFrame.r12}(%rdi)
        movq %r13, {DeferFrame.r13}(%rdi)
        movq %r14, {DeferFrame.r14}(%rdi)
        movq %r15, {DeferFrame.r15}(%rdi)
        movq %gs:{Machine.g}, %rax
        movq {G.segment}(%rax), %rcx
        movq %rcx, {DeferFrame.segment}(%rdi)
        xorl %eax, %eax
        retq
    """)


@naked("runtime.resume")
def resume_frame(frame: DeferFrame) -> NoReturn:
    """Goes back to where the frame was saved; segments above its own stay linked for use again."""
    asm(f"""
        movq {DeferFrame.segment}(%rdi), %rcx
        movq %gs:{Machine.g}, %rax
        movq %rcx, {G.segment}(%rax)
        movq {Segment.limit}(%rcx), %rcx
        movq %rcx, %fs:{THREAD_LIMIT_OFFSET}
        cmpl $0, %gs:{Machine.seeded}
        jne 2f
    1:
        movq {DeferFrame.rbp}(%rdi), %rbp
        movq {DeferFrame.rbx}(%rdi), %rbx
        movq {DeferFrame.r12}(%rdi), %r12
        movq {DeferFrame.r13}(%rdi), %r13
        movq {DeferFrame.r14}(%rdi), %r14
        movq {DeferFrame.r15}(%rdi), %r15
        movq {DeferFrame.sp}(%rdi), %rsp
        movl $1, %eax
        jmpq *{DeferFrame.pc}(%rdi)
    2:
        movq ${PREEMPT_SIGNED}, %fs:{THREAD_LIMIT_OFFSET}
        jmp 1b
    """)
