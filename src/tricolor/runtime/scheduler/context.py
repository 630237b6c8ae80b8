"""Machine code: switching stacks, growing them, saving a place to come back to.

While code runs on the system stack, ``machine.system_stack`` is 0 (so that the thunks of ``@systemstack``
functions call their bodies directly); ``machine.system_base`` keeps the value.
A goroutine that does not run has, from its ``sp`` up: r15 r14 r13 r12 rbx rbp, the address where it goes on.

__morestack is what LLVM's ``"split-stack"`` prologue calls when the stack pointer is at or below ``%fs:112``: r10 is the
frame's size, r11 the bytes of arguments on the stack. The call is followed by a ``ret``; the function's body
begins behind that. Every argument register is live at the call, every result register at the return.
On the new segment the body is called with a copy of its stack arguments; its frame pointer links to the frame of
__morestack on the old segment::

    rbp + 24   stack arguments            rbp + 8   address in the function's prologue
    rbp + 16   return address (caller)    rbp       frame pointer of the caller

Sources:
    LLVM lib/Target/X86/X86FrameLowering.cpp (adjustForSegmentedStacks); libgcc's morestack.S for the protocol.
"""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import addr, asm, i32, naked
from tricolor.runtime.scheduler.goroutine_record import G


@naked("__morestack")
def morestack() -> None:
    """Enters the next segment, with r10 = -1: gives the return address that marks a change of segments."""
    asm("""
        cmpq $-1, %r10
        je 9f
        pushq %rbp
        movq %rsp, %rbp
        pushq %rax
        pushq %rcx
        pushq %rdx
        pushq %rsi
        pushq %rdi
        movq tricolor.machine+40(%rip), %rax
        movq 8(%rax), %rcx
        movq %fs:112, %rdx
        cmpq %rdx, 0(%rcx)
        jne 3f
        movq 24(%rcx), %rcx
        testq %rcx, %rcx
        je 3f
        leaq 64(%r10,%r11), %rdx
        cmpq 40(%rcx), %rdx
        ja 3f
    2:
        movq %rbp, 32(%rcx)
        movq %rcx, 8(%rax)
        movq 0(%rcx), %rdx
        movq %rdx, %fs:112
        movq 8(%rcx), %rdx
        movq 8(%rbp), %r10
        incq %r10
        testq %r11, %r11
        jne 8f
    4:
        movq %rdx, %r11
        popq %rdi
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rax
        movq %r11, %rsp
        callq *%r10
    1:
        movq tricolor.machine+40(%rip), %r10
        movq 8(%r10), %r11
        movq 16(%r11), %r11
        movq %r11, 8(%r10)
        movq 0(%r11), %r10
        movq %r10, %fs:112
        movq %rbp, %rsp
        popq %rbp
        retq
    8:
        movq %r11, %rcx
        addq $15, %r11
        andq $-16, %r11
        subq %r11, %rdx
        movq %rdx, %rdi
        leaq 24(%rbp), %rsi
        shrq $3, %rcx
        rep movsq
        jmp 4b
    3:
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        subq $128, %rsp
        movups %xmm0, 0(%rsp)
        movups %xmm1, 16(%rsp)
        movups %xmm2, 32(%rsp)
        movups %xmm3, 48(%rsp)
        movups %xmm4, 64(%rsp)
        movups %xmm5, 80(%rsp)
        movups %xmm6, 96(%rsp)
        movups %xmm7, 112(%rsp)
    5:
        movq -64(%rbp), %rdi
        movq -72(%rbp), %rsi
        movq %rbp, %rdx
        callq tricolor.grow_stack
        cmpq $1, %rax
        jne 6f
        callq tricolor.yield
        jmp 5b
    6:
        movups 0(%rsp), %xmm0
        movups 16(%rsp), %xmm1
        movups 32(%rsp), %xmm2
        movups 48(%rsp), %xmm3
        movups 64(%rsp), %xmm4
        movups 80(%rsp), %xmm5
        movups 96(%rsp), %xmm6
        movups 112(%rsp), %xmm7
        addq $128, %rsp
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        testq %rax, %rax
        je 7f
        movq %rax, %rcx
        movq tricolor.machine+40(%rip), %rax
        jmp 2b
    7:
        movq 8(%rbp), %r10
        incq %r10
        popq %rdi
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rax
        popq %rbp
        addq $8, %rsp
        jmpq *%r10
    9:
        leaq 1b(%rip), %rax
        retq
    """)


@naked("tricolor.morestack_return")
def morestack_return() -> addr:
    """The return address of a function that runs on a segment of its own."""
    asm("""
        movq $-1, %r10
        jmp __morestack
    """)


@naked("tricolor.park")
def park(commit: addr) -> None:
    """Saves the running goroutine and calls ``commit(g)``, which does not return, on the system stack."""
    asm("""
        pushq %rbp
        movq %rsp, %rbp
        pushq %rbx
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        movq %rdi, %rax
        movq tricolor.machine+40(%rip), %rdi
        movq %rsp, 0(%rdi)
        movq $0, tricolor.machine+40(%rip)
        movq tricolor.machine+64(%rip), %rsp
        movq $0, tricolor.machine(%rip)
        movq tricolor.machine+24(%rip), %rcx
        movq %rcx, %fs:112
        xorl %ebp, %ebp
        callq *%rax
        ud2
    """)


@naked("tricolor.yield")
def yield_now() -> None:
    """Puts the running goroutine at the end of the run queue and runs the next."""
    asm("""
        leaq "tricolor.commit_yield"(%rip), %rdi
        jmp tricolor.park
    """)


@naked("runtime.gosched")
def gosched() -> None:
    """Lets the others run first."""
    asm("""
        jmp tricolor.yield
    """)


@naked("tricolor.resume")
def resume(g: G) -> NoReturn:
    """Runs a goroutine that was parked or prepared; leaves the system stack and does not return."""
    asm("""
        movq %rdi, tricolor.machine+40(%rip)
        movq 8(%rdi), %rax
        movq 0(%rax), %rax
        movq %rax, %fs:112
        movq tricolor.machine+64(%rip), %rax
        movq %rax, tricolor.machine(%rip)
        movq 0(%rdi), %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbx
        popq %rbp
        retq
    """)


@naked("tricolor.goroutine_start")
def goroutine_start() -> None:
    """Where a new goroutine begins: calls the closure in r12 (and forgets it), then ends the goroutine."""
    asm("""
        movq %r12, %rdi
        xorl %r12d, %r12d
        callq *(%rdi)
        leaq "tricolor.commit_exit"(%rip), %rdi
        callq tricolor.park
        ud2
    """)


@naked("tricolor.enter_scheduler")
def enter_scheduler(function: addr) -> i32:
    """Makes the stack below this frame the system stack and calls the function; leave_scheduler comes back from here."""
    asm("""
        pushq %rbp
        movq %rsp, %rbp
        pushq %rbx
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        subq $8, %rsp
        movq %rsp, tricolor.machine+48(%rip)
        movq %rsp, tricolor.machine+64(%rip)
        movq $0, tricolor.machine(%rip)
        movq %fs:112, %rax
        movq %rax, tricolor.machine+56(%rip)
        movq tricolor.machine+24(%rip), %rax
        movq %rax, %fs:112
        callq *%rdi
        ud2
    """)


@naked("tricolor.leave_scheduler")
def leave_scheduler(code: i32) -> NoReturn:
    """Returns from enter_scheduler with the code, from any stack of this thread."""
    asm("""
        movl %edi, %eax
        movq $0, tricolor.machine(%rip)
        movq tricolor.machine+48(%rip), %rsp
        movq tricolor.machine+56(%rip), %rcx
        movq %rcx, %fs:112
        addq $8, %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbx
        popq %rbp
        retq
    """)


@naked("tricolor.thread_pointer")
def thread_pointer() -> addr:
    """The address of the thread's control block, ``%fs:0``."""
    asm("""
        movq %fs:0, %rax
        retq
    """)


@naked("runtime.setresume")
def set_resume(frame: addr) -> i32:
    """Saves in a DeferFrame where and how to go on; gives 0, and 1 when ``runtime.resume`` comes back here."""
    asm("""
        movq (%rsp), %rax
        movq %rax, 0(%rdi)
        leaq 8(%rsp), %rax
        movq %rax, 8(%rdi)
        movq %rbp, 16(%rdi)
        movq %rbx, 24(%rdi)
        movq %r12, 32(%rdi)
        movq %r13, 40(%rdi)
        movq %r14, 48(%rdi)
        movq %r15, 56(%rdi)
        movq tricolor.machine+40(%rip), %rax
        movq 8(%rax), %rcx
        movq %rcx, 64(%rdi)
        xorl %eax, %eax
        retq
    """)


@naked("runtime.resume")
def resume_frame(frame: addr) -> NoReturn:
    """Goes back to where the frame was saved; segments above its own stay linked for use again."""
    asm("""
        movq 64(%rdi), %rcx
        movq tricolor.machine+40(%rip), %rax
        movq %rcx, 8(%rax)
        movq 0(%rcx), %rcx
        movq %rcx, %fs:112
        movq 16(%rdi), %rbp
        movq 24(%rdi), %rbx
        movq 32(%rdi), %r12
        movq 40(%rdi), %r13
        movq 48(%rdi), %r14
        movq 56(%rdi), %r15
        movq 8(%rdi), %rsp
        movl $1, %eax
        jmpq *0(%rdi)
    """)
