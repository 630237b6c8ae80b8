"""Machine code: switching stacks, growing them, saving a place to come back to.

While code runs on the system stack, ``machine.system_stack`` is 0 (so that the thunks of ``@systemstack``
functions call their bodies directly); ``machine.system_base`` keeps the value.
A goroutine that does not run has its registers on its stack, from ``sp`` up (``kernel.registers``).
Every access to the thread's machine goes through ``%gs``, because a goroutine may move to another thread.

__morestack is what LLVM's ``"split-stack"`` prologue calls when the stack pointer is at or below the stack limit, ``%fs:112``: r10 is the
frame's size, r11 the bytes of arguments on the stack. The call is followed by a ``ret``; the function's body
begins after that. Every argument register is live at the call, every result register at the return.
On the new segment the body is called with a copy of its stack arguments; its frame pointer links to the frame of
__morestack on the old segment::

    rbp + 24   stack arguments            rbp + 8   address in the function's prologue
    rbp + 16   return address (caller)    rbp       frame pointer of the caller

Sources:
    LLVM lib/Target/X86/X86FrameLowering.cpp (adjustForSegmentedStacks); libgcc's morestack.S for the protocol.
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.abi.stack_limit import PREEMPT_SIGNED, THREAD_LIMIT_OFFSET
from tricolor.kernel.lang import addr, asm, naked, u64
from tricolor.kernel.registers import RESTORE_REGISTERS_AND_RETURN, SAVE_REGISTERS
from tricolor.runtime.records.goroutine import FRAME_SLACK_BYTES, IN_CALL, RUNNING, G, Segment
from tricolor.runtime.records.machine import Machine
from tricolor.runtime.records.processor import IN_SYSTEM_CALL, Processor
from tricolor.runtime.scheduler.signals import SignalContext

SYSTEM_CALL_SIGRETURN: Final = 15
SAVE_ARGUMENTS: Final = """pushq %rax
pushq %rcx
pushq %rdx
pushq %rsi
pushq %rdi"""
RESTORE_ARGUMENTS: Final = """popq %rdi
popq %rsi
popq %rdx
popq %rcx
popq %rax"""


@naked("__morestack")
def morestack() -> None:
    """Enters the next segment, with r10 = -1: gives the return address that marks a change of segments."""
    asm(f"""
        cmpq $-1, %r10
        je 9f
        pushq %rbp
        movq %rsp, %rbp
        {SAVE_ARGUMENTS}
        movq %gs:{Machine.g}, %rax
        movq {G.segment}(%rax), %rcx
        movq %fs:{THREAD_LIMIT_OFFSET}, %rdx
        cmpq %rdx, {Segment.limit}(%rcx)
        jne 3f
        movq {Segment.next}(%rcx), %rcx
        testq %rcx, %rcx
        je 3f
        leaq {FRAME_SLACK_BYTES}(%r10,%r11), %rdx
        cmpq {Segment.usable_bytes}(%rcx), %rdx
        ja 3f
    2:
        movq %rbp, {Segment.previous_fp}(%rcx)
        movq %rcx, {G.segment}(%rax)
        movq {Segment.limit}(%rcx), %rdx
        movq %rdx, %fs:{THREAD_LIMIT_OFFSET}
        cmpl $0, %gs:{Machine.seeded}
        jne 10f
    11:
        movq {Segment.top}(%rcx), %rdx
        movq 8(%rbp), %r10
        incq %r10
        testq %r11, %r11
        jne 8f
    4:
        movq %rdx, %r11
        {RESTORE_ARGUMENTS}
        movq %r11, %rsp
        callq *%r10
    1:
        movq %gs:{Machine.g}, %r10
        movq {G.segment}(%r10), %r11
        movq {Segment.previous}(%r11), %r11
        movq %r11, {G.segment}(%r10)
        movq {Segment.limit}(%r11), %r10
        movq %r10, %fs:{THREAD_LIMIT_OFFSET}
        cmpl $0, %gs:{Machine.seeded}
        jne 12f
    13:
        movq %rbp, %rsp
        popq %rbp
        retq
    10:
        movq ${PREEMPT_SIGNED}, %fs:{THREAD_LIMIT_OFFSET}
        jmp 11b
    12:
        movq ${PREEMPT_SIGNED}, %fs:{THREAD_LIMIT_OFFSET}
        jmp 13b
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
        movq %gs:{Machine.g}, %rax
        jmp 2b
    7:
        movq 8(%rbp), %r10
        incq %r10
        {RESTORE_ARGUMENTS}
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
    asm(f"""
        {SAVE_REGISTERS}
        movq %rdi, %rax
        movq %gs:{Machine.g}, %rdi
        movq %rsp, {G.sp}(%rdi)
        movq $0, %gs:{Machine.g}
        movq %gs:{Machine.system_base}, %rsp
        movq $0, %gs:{Machine.system_stack}
        movq %gs:{Machine.system_limit}, %rcx
        movq %rcx, %fs:{THREAD_LIMIT_OFFSET}
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
    asm(f"""
        movq %rdi, %gs:{Machine.g}
        movq {G.segment}(%rdi), %rax
        movq {Segment.limit}(%rax), %rax
        movq %rax, %fs:{THREAD_LIMIT_OFFSET}
        cmpl $0, %gs:{Machine.seeded}
        jne 1f
    2:
        movq %gs:{Machine.system_base}, %rax
        movq %rax, %gs:{Machine.system_stack}
        movq {G.sp}(%rdi), %rsp
        {RESTORE_REGISTERS_AND_RETURN}
    1:
        movq ${PREEMPT_SIGNED}, %fs:{THREAD_LIMIT_OFFSET}
        jmp 2b
    """)


@naked("tricolor.resume_interrupted")
def resume_interrupted(g: G, context: SignalContext) -> NoReturn:
    """As resume, for a goroutine that a signal stopped: the system call rt_sigreturn loads its registers."""
    asm(f"""
        movq %rdi, %gs:{Machine.g}
        movq {G.segment}(%rdi), %rax
        movq {Segment.limit}(%rax), %rax
        movq %rax, %fs:{THREAD_LIMIT_OFFSET}
        movq %gs:{Machine.system_base}, %rax
        movq %rax, %gs:{Machine.system_stack}
        movq %rsi, %rsp
        movl ${SYSTEM_CALL_SIGRETURN}, %eax
        syscall
        ud2
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
def enter_scheduler(function: addr) -> NoReturn:
    """Makes the stack below this frame the system stack of the thread and calls the function, which does not return."""
    asm(f"""
        subq $8, %rsp
        andq $-16, %rsp
        movq %rsp, %gs:{Machine.system_base}
        movq $0, %gs:{Machine.system_stack}
        movq %gs:{Machine.system_limit}, %rax
        movq %rax, %fs:{THREAD_LIMIT_OFFSET}
        xorl %ebp, %ebp
        callq *%rdi
        ud2
    """)


@naked("runtime.systemcall")
def system_call(number: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64) -> None:
    """A system call that may block: r1, r2 and the error number, as RawSyscall6 gives them.

    The goroutine is saved as one that is parked, so that it can be scanned, and the processor is marked so that any thread may take it
    meanwhile. While the collector scans the goroutine, it does not go on. Where the processor was taken, the goroutine waits until it gets a processor again, and may go on in another thread. The arguments
    are kept on the stack, for pointers among them may be the only ones to their objects.
    """
    asm(f"""
        pushq %rbp
        movq %rsp, %rbp
        pushq %rsi
        pushq %rdx
        pushq %rcx
        pushq %r8
        pushq %r9
        movq 16(%rbp), %rax
        callq 1f
        leave
        retq
    1:
        {SAVE_REGISTERS}
        movq %rax, %r12
        movq %gs:{Machine.g}, %rbx
        movq %gs:{Machine.processor}, %r13
        movq %gs:{Machine.self}, %r14
        movq %rsp, {G.sp}(%rbx)
        movl ${IN_CALL}, {G.status}(%rbx)
        incq {Processor.system_calls}(%r13)
        leaq {IN_SYSTEM_CALL}(%r14), %rax
        movq %rax, {Processor.owner}(%r13)
        movq %rdi, %rax
        movq %rsi, %rdi
        movq %rdx, %rsi
        movq %rcx, %rdx
        movq %r8, %r10
        movq %r9, %r8
        movq %r12, %r9
        syscall
        movq %rax, %r15
        movq %rdx, %r12
        leaq {IN_SYSTEM_CALL}(%r14), %rax
        lock cmpxchgq %r14, {Processor.owner}(%r13)
        jne 3f
    5:
        movl ${IN_CALL}, %eax
        movl ${RUNNING}, %ecx
        lock cmpxchgl %ecx, {G.status}(%rbx)
        jne 6f
    2:
        movq %r15, %rax
        movq %r12, %rdx
        xorl %ecx, %ecx
        cmpq $-4095, %rax
        jb 4f
        movq %rax, %rcx
        negq %rcx
        movq $-1, %rax
        xorl %edx, %edx
    4:
        {RESTORE_REGISTERS_AND_RETURN}
    6:
        pause
        jmp 5b
    3:
        leaq "tricolor.return_from_call"(%rip), %rdi
        callq tricolor.park
        jmp 2b
    """)


@naked("tricolor.thread_pointer")
def thread_pointer() -> addr:
    """The address of the thread's control block, ``%fs:0``."""
    asm("""
        movq %fs:0, %rax
        retq
    """)
