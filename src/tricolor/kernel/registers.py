"""Saving and restoring the registers that a called function must preserve: assembly text in AT&T syntax for x86-64.

The thunk of ``@systemstack`` functions uses it, and so may ``asm`` in kernel source. After SAVE_REGISTERS the stack is::

    rbp + 8    return address
    rbp        rbp of the caller
    rbp - 40   r15 r14 r13 r12 rbx, from the stack pointer up
"""

from __future__ import annotations

from typing import Final

SAVE_REGISTERS: Final = """pushq %rbp
movq %rsp, %rbp
pushq %rbx
pushq %r12
pushq %r13
pushq %r14
pushq %r15"""

RESTORE_REGISTERS_AND_RETURN: Final = """popq %r15
popq %r14
popq %r13
popq %r12
popq %rbx
popq %rbp
retq"""

# The stack limit of the thread's goroutine, relative to fs: LLVM's "split-stack" reads it there. (``abi`` tells
# compiled code the same; the kernel language knows nothing of it.)
STACK_LIMIT_OFFSET: Final = 112

# From the stack pointer after SAVE_REGISTERS, in bytes.
SAVED_R12_OFFSET: Final = 24
SAVED_RBP_OFFSET: Final = 40
SAVED_RETURN_OFFSET: Final = 48
SAVED_BYTES: Final = 56
