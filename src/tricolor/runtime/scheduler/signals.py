"""Signal handlers of the process while a Go program runs, and how they were before.

Faults are reported on a stack of their own, since a goroutine's stack has no room. SIGINT, SIGTERM and SIGPIPE end the process,
whatever it had inherited; but who starts the program with SIGINT ignored (a shell, in the background) keeps it so, as with Go. In a
process of Python this takes away handlers that would run on a goroutine's stack, and set a flag that nobody looks at.

Source:
    Go 1.27.3 runtime/signal_unix.go (initsig, sigInstallGoHandler).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    field_address,
    global_array,
    global_struct,
    i32,
    kernel,
    libc,
    load_addr,
    memory_zero,
    store_addr,
    store_i32,
    to_u64,
    u64,
)

SIGNAL_INTERRUPT: Final = 2
SIGNAL_ILLEGAL: Final = 4
SIGNAL_BUS: Final = 7
SIGNAL_FPE: Final = 8
SIGNAL_SEGMENT: Final = 11
SIGNAL_PIPE: Final = 13
SIGNAL_TERMINATE: Final = 15

# struct sigaction of libc on Linux x86-64, in bytes.
ACTION_BYTES: Final = 152
ACTION_FLAGS_OFFSET: Final = 136
FLAG_SIGINFO: Final = 4
FLAG_ON_STACK: Final = 0x0800_0000
MASK_BYTES: Final = 128
MASK_SET: Final = 2
MASK_UNBLOCK: Final = 1
ACTION_DEFAULT: Final = 0
ACTION_IGNORE: Final = 1
ALTERNATE_STACK_BYTES: Final = 64 * 1024

SAVED_SIGNALS: Final = 7


class SignalStack(Struct):
    """stack_t of libc."""

    start: addr
    flags: i32
    size_bytes: u64


@libc
def sigaction(signal: i32, action: addr, old: addr) -> i32: ...


@libc
def sigaltstack(stack: addr, old: addr) -> i32: ...


@libc
def pthread_sigmask(how: i32, mask: addr, old: addr) -> i32: ...


_action = global_array(u64, ACTION_BYTES // 8)
_saved = global_array(u64, SAVED_SIGNALS * ACTION_BYTES // 8)
_mask = global_array(u64, MASK_BYTES // 8)
_old_mask = global_array(u64, MASK_BYTES // 8)
_alternate = global_array(u64, ALTERNATE_STACK_BYTES // 8)
_stack = global_struct(SignalStack)
_old_stack = global_struct(SignalStack)


@kernel
def _saved_place(index: u64) -> addr:
    return field_address(_saved[index * (ACTION_BYTES // 8)])


@kernel
def _install(index: u64, signal: i32, handler: addr, flags: i32) -> None:
    action = field_address(_action[0])
    memory_zero(action, ACTION_BYTES)
    store_addr(action, handler)
    store_i32(action + ACTION_FLAGS_OFFSET, flags)
    sigaction(signal, action, _saved_place(index))


@kernel
def set_action(signal: i32, handler: addr, flags: i32) -> None:
    """Changes what a signal does; what it did is not kept."""
    action = field_address(_action[0])
    memory_zero(action, ACTION_BYTES)
    store_addr(action, handler)
    store_i32(action + ACTION_FLAGS_OFFSET, flags)
    sigaction(signal, action, 0)


@kernel
def read_action(signal: i32) -> addr:
    """The handler of a signal."""
    sigaction(signal, 0, field_address(_action[0]))
    return load_addr(field_address(_action[0]))


@kernel
def install_signals(fault_handler: addr) -> None:
    """Faults go to the handler, on a stack of their own; signals that ask the process to end do end it."""
    _stack.start = field_address(_alternate[0])
    _stack.flags = 0
    _stack.size_bytes = ALTERNATE_STACK_BYTES
    sigaltstack(address(_stack), address(_old_stack))
    flags: i32 = FLAG_SIGINFO | FLAG_ON_STACK
    _install(0, SIGNAL_SEGMENT, fault_handler, flags)
    _install(1, SIGNAL_BUS, fault_handler, flags)
    _install(2, SIGNAL_FPE, fault_handler, flags)
    _install(3, SIGNAL_ILLEGAL, fault_handler, flags)
    _install(4, SIGNAL_TERMINATE, ACTION_DEFAULT, 0)
    _install(5, SIGNAL_PIPE, ACTION_DEFAULT, 0)
    inherited = read_action(SIGNAL_INTERRUPT)
    _install(6, SIGNAL_INTERRUPT, ACTION_IGNORE if to_u64(inherited) == ACTION_IGNORE else ACTION_DEFAULT, 0)


@kernel
def restore_faults() -> None:
    """The old handlers of faults are in force again."""
    sigaction(SIGNAL_SEGMENT, _saved_place(0), 0)
    sigaction(SIGNAL_BUS, _saved_place(1), 0)
    sigaction(SIGNAL_FPE, _saved_place(2), 0)
    sigaction(SIGNAL_ILLEGAL, _saved_place(3), 0)


@kernel
def restore_signals() -> None:
    """Everything that install_signals changed is as it was."""
    restore_faults()
    sigaction(SIGNAL_TERMINATE, _saved_place(4), 0)
    sigaction(SIGNAL_PIPE, _saved_place(5), 0)
    sigaction(SIGNAL_INTERRUPT, _saved_place(6), 0)
    sigaltstack(address(_old_stack), 0)


@kernel
def block_signals() -> None:
    """This thread, and those that it makes, take no signals until unblock_signals."""
    for index in range(MASK_BYTES // 8):
        _mask[index] = 0xFFFF_FFFF_FFFF_FFFF
    pthread_sigmask(MASK_SET, field_address(_mask[0]), field_address(_old_mask[0]))


@kernel
def unblock_signals() -> None:
    """Takes back block_signals."""
    pthread_sigmask(MASK_SET, field_address(_old_mask[0]), 0)


@kernel
def unblock_signal(signal: i32) -> None:
    """Lets one signal arrive again, in a handler that will not return."""
    for index in range(MASK_BYTES // 8):
        _mask[index] = 0
    one: u64 = 1
    _mask[0] = one << (to_u64(signal) - 1)
    pthread_sigmask(MASK_UNBLOCK, field_address(_mask[0]), 0)
