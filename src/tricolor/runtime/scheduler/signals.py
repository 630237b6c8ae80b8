"""Installs the signal handlers of a Go program, and restores the old ones when the program ends.

Faults are reported on a stack of their own, since a goroutine's stack has no room. SIGINT, SIGTERM and SIGPIPE end the process,
whatever it inherited. SIGQUIT and SIGABRT show the goroutines (``quitting``), SIGURG stops a goroutine (``interruption``). If the program was started with SIGINT ignored (by a shell, in the background), it stays ignored, as in Go. In
Python's process this replaces Python's handlers, which would run on a goroutine's stack and set a flag that nobody reads.

Source:
    Go 1.27.3 runtime/signal_unix.go (initsig, sigInstallGoHandler).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Embed,
    Struct,
    addr,
    global_array,
    global_struct,
    global_value,
    i32,
    kernel,
    libc,
    null,
    stack_struct,
    text,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.records.world import SIGNAL_URGENT
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.stop import fatal

SIGNAL_INTERRUPT: Final = 2
SIGNAL_QUIT: Final = 3
SIGNAL_ILLEGAL: Final = 4
SIGNAL_ABORT: Final = 6
SIGNAL_BUS: Final = 7
SIGNAL_FPE: Final = 8
SIGNAL_SEGMENT: Final = 11
SIGNAL_PIPE: Final = 13
SIGNAL_TERMINATE: Final = 15
SIGNAL_PROFILE: Final = 27

FLAG_SIGINFO: Final = 4
FLAG_ON_STACK: Final = 0x0800_0000
FLAG_RESTART: Final = 0x1000_0000
MASK_SET: Final = 2
MASK_UNBLOCK: Final = 1
ACTION_DEFAULT: Final = 0
ACTION_IGNORE: Final = 1
ALTERNATE_STACK_BYTES: Final = 64 * 1024

SAVED_SIGNALS: Final = 10


class SignalMask(Struct):
    """sigset_t of libc: bit n - 1 stands for signal n."""

    words: Array[u64, 16]


class SignalAction(Struct):
    """struct sigaction of libc on Linux x86-64."""

    handler: addr
    mask: Embed[SignalMask]
    flags: i32
    restorer: addr


class SignalStack(Struct):
    """stack_t of libc."""

    start: addr
    flags: i32
    size_bytes: u64


class SignalInfo(Struct):
    """The start of siginfo_t of Linux x86-64, as a fault fills it in."""

    signal: i32
    error: i32
    code: i32
    padding: i32
    address: u64


class SignalContext(Struct):
    """The start of ucontext_t of Linux x86-64: the registers of the thread, which get these values when the handler returns."""

    flags: u64
    link: addr
    stack: Embed[SignalStack]
    r8_to_r15: Array[u64, 8]
    rdi: u64
    rsi: u64
    rbp: u64
    rbx: u64
    rdx: u64
    rax: u64
    rcx: u64
    rsp: u64
    rip: u64
    flags_register: u64
    segments: u64
    error: u64
    trap: u64
    old_mask: u64
    fault_address: u64
    fp_state: addr
    """The state of x87, SSE and AVX (struct _xstate), at a multiple of 64."""


@libc
def sigaction(signal: i32, action: SignalAction, old: SignalAction) -> i32: ...


@libc
def sigaltstack(stack: SignalStack, old: SignalStack) -> i32: ...


@libc
def pthread_sigmask(how: i32, mask: SignalMask, old: SignalMask) -> i32: ...


# What install_signals changed, for restore_signals.
_saved = global_array(Embed[SignalAction], SAVED_SIGNALS)
# Signals that the thread that called tricolor.start did not take, and that those that run goroutines do not take.
program_mask = global_struct(SignalMask)
_quit_handler = global_value(addr)


@kernel
def _install(index: u64, signal: i32, handler: addr, flags: i32) -> None:
    action = stack_struct(SignalAction)
    action.handler = handler
    action.flags = flags
    sigaction(signal, action, _saved[index])


@kernel
def set_action(signal: i32, handler: addr, flags: i32) -> None:
    """Changes what a signal does, without saving its old action."""
    action = stack_struct(SignalAction)
    action.handler = handler
    action.flags = flags
    sigaction(signal, action, null(SignalAction))


@kernel
def read_action(signal: i32) -> addr:
    """The handler of a signal."""
    action = stack_struct(SignalAction)
    sigaction(signal, null(SignalAction), action)
    return action.handler


@kernel
def use_alternate_stack() -> None:
    """Gives the calling thread a stack for signal handlers."""
    stack = stack_struct(SignalStack)
    stack.start = reserve(0, ALTERNATE_STACK_BYTES)
    if stack.start == 0:
        fatal(*text("out of memory"))
    stack.size_bytes = ALTERNATE_STACK_BYTES
    sigaltstack(stack, null(SignalStack))


@kernel
def install_signals(fault_handler: addr) -> None:
    """Sends faults to the handler, on the threads' stacks for signals, and lets SIGINT, SIGTERM and SIGPIPE end the process."""
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
def install_quit(handler: addr) -> None:
    """Sends SIGQUIT and SIGABRT to the handler."""
    flags: i32 = FLAG_SIGINFO | FLAG_ON_STACK
    _quit_handler.value = handler
    _install(7, SIGNAL_QUIT, handler, flags)
    _install(8, SIGNAL_ABORT, handler, flags)


@kernel
def install_urgent(handler: addr) -> None:
    """Sends SIGURG to the handler. System calls that it cuts begin again."""
    _install(9, SIGNAL_URGENT, handler, FLAG_SIGINFO | FLAG_ON_STACK | FLAG_RESTART)


@kernel
def set_default(signal: i32) -> None:
    """What a signal does for a program that has not asked for it."""
    if signal == SIGNAL_QUIT or signal == SIGNAL_ABORT:
        set_action(signal, _quit_handler.value, FLAG_SIGINFO | FLAG_ON_STACK)
    else:
        set_action(signal, to_addr(ACTION_DEFAULT), 0)


@kernel
def restore_faults() -> None:
    """Gives faults their old handlers."""
    sigaction(SIGNAL_SEGMENT, _saved[0], null(SignalAction))
    sigaction(SIGNAL_BUS, _saved[1], null(SignalAction))
    sigaction(SIGNAL_FPE, _saved[2], null(SignalAction))
    sigaction(SIGNAL_ILLEGAL, _saved[3], null(SignalAction))


@kernel
def restore_signals() -> None:
    """Undoes install_signals."""
    restore_faults()
    sigaction(SIGNAL_TERMINATE, _saved[4], null(SignalAction))
    sigaction(SIGNAL_PIPE, _saved[5], null(SignalAction))
    sigaction(SIGNAL_INTERRUPT, _saved[6], null(SignalAction))
    sigaction(SIGNAL_QUIT, _saved[7], null(SignalAction))
    sigaction(SIGNAL_ABORT, _saved[8], null(SignalAction))
    sigaction(SIGNAL_URGENT, _saved[9], null(SignalAction))


@kernel
def block_signals(old: SignalMask) -> None:
    """This thread, and those that it makes, take no signals until restore_mask; ``old`` gets the mask from before."""
    mask = stack_struct(SignalMask)
    for index in range(len(mask.words)):
        mask.words[index] = 0xFFFF_FFFF_FFFF_FFFF
    pthread_sigmask(MASK_SET, mask, old)


@kernel
def restore_mask(old: SignalMask) -> None:
    """Undoes block_signals."""
    pthread_sigmask(MASK_SET, old, null(SignalMask))


@kernel
def unblock_signal(signal: i32) -> None:
    """Lets one signal arrive again, in a handler that will not return."""
    mask = stack_struct(SignalMask)
    one: u64 = 1
    mask.words[0] = one << (to_u64(signal) - 1)
    pthread_sigmask(MASK_UNBLOCK, mask, null(SignalMask))
