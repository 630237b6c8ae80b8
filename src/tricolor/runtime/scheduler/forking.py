"""Around a fork: the thread takes no signals, and the child gives signals back their default actions before it executes a program.

The child is a copy of the process with one thread, the one that forked. It makes system calls only, and no handler of ours may run in
it: a handler would write to descriptors that the child shares with its parent.

Package syscall forks with its ForkLock held, so one mask suffices. It pins the goroutine around the fork, so that one thread makes all the calls.

Source:
    Go 1.27.3 runtime/proc.go (syscall_runtime_BeforeFork, syscall_runtime_AfterFork, syscall_runtime_AfterForkInChild).

Differs from Go:
    The child has memory of its own. Go lets it borrow its parent's (vfork), which compiled code that returns twice does not survive.
"""

from __future__ import annotations

from tricolor.kernel.lang import global_struct, i32, systemstack, to_addr, to_i32, to_u64
from tricolor.runtime.scheduler.notices import LAST_SIGNAL
from tricolor.runtime.scheduler.signals import (
    ACTION_DEFAULT,
    ACTION_IGNORE,
    SignalMask,
    block_signals,
    program_mask,
    read_action,
    restore_mask,
    set_action,
)

_mask = global_struct(SignalMask)


@systemstack("runtime.forkbegin")
def fork_begin() -> None:
    """This thread takes no signals until fork_end."""
    block_signals(_mask)


@systemstack("runtime.forkend")
def fork_end() -> None:
    """Undoes fork_begin, in the parent."""
    restore_mask(_mask)


@systemstack("runtime.forkchild")
def fork_child() -> None:
    """In the child: signals that are not ignored have their default actions, and those arrive that the process took when it started."""
    for number in range(1, LAST_SIGNAL + 1):
        signal: i32 = to_i32(number)
        action = to_u64(read_action(signal))
        if action != ACTION_DEFAULT and action != ACTION_IGNORE:
            set_action(signal, to_addr(ACTION_DEFAULT), 0)
    restore_mask(program_mask)
