"""Installs the signal handlers of a Go program, and restores the old ones when the program ends.

What a signal does for a program that has not asked for it (os/signal) is what it does in Go:

* FAULTS go to the handler of faults, on a stack of their own, since a goroutine's stack has no room;
* SHOWN show the goroutines and end the process (``quitting``);
* ENDING end the process, whatever it inherited, but SIGHUP and SIGINT stay ignored if they were (by nohup, by a shell in the background);
* QUIET do nothing. They get a handler that does nothing and are not ignored, because programs that this one starts would inherit that;
* SIGURG stops a goroutine (``interruption``); all others keep their action.

In Python's process this replaces Python's handlers, which would run on a goroutine's stack and set a flag that nobody reads.

Source:
    Go 1.27.3 runtime/signal_unix.go (initsig, sigInstallGoHandler), runtime/sigtab_linux_generic.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Embed,
    Struct,
    addr,
    export,
    function_address,
    global_array,
    global_struct,
    i32,
    kernel,
    libc,
    null,
    stack_struct,
    text,
    to_addr,
    to_i32,
    to_u64,
    u64,
)
from tricolor.runtime.records.world import SIGNAL_URGENT, pthread_kill
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.stop import fatal
from tricolor.runtime.system.thread import pthread_self

SIGNAL_HANGUP: Final = 1
SIGNAL_INTERRUPT: Final = 2
SIGNAL_QUIT: Final = 3
SIGNAL_ILLEGAL: Final = 4
SIGNAL_TRAP: Final = 5
SIGNAL_ABORT: Final = 6
SIGNAL_BUS: Final = 7
SIGNAL_FPE: Final = 8
SIGNAL_USER_1: Final = 10
SIGNAL_SEGMENT: Final = 11
SIGNAL_USER_2: Final = 12
SIGNAL_PIPE: Final = 13
SIGNAL_ALARM: Final = 14
SIGNAL_TERMINATE: Final = 15
SIGNAL_STACK: Final = 16
SIGNAL_PROCESSOR_TIME: Final = 24
SIGNAL_FILE_SIZE: Final = 25
SIGNAL_VIRTUAL_ALARM: Final = 26
SIGNAL_PROFILE: Final = 27
SIGNAL_IO: Final = 29
SIGNAL_POWER: Final = 30
SIGNAL_SYSTEM_CALL: Final = 31
FIRST_REAL_TIME: Final = 35
"""The first signal that libc does not use itself."""
LAST_SIGNAL: Final = 64

# Sets of signals: bit n - 1 stands for signal n.
FAULTS: Final = 1 << SIGNAL_ILLEGAL - 1 | 1 << SIGNAL_BUS - 1 | 1 << SIGNAL_FPE - 1 | 1 << SIGNAL_SEGMENT - 1
SHOWN: Final = 1 << SIGNAL_QUIT - 1 | 1 << SIGNAL_TRAP - 1 | 1 << SIGNAL_ABORT - 1 | 1 << SIGNAL_STACK - 1 | 1 << SIGNAL_SYSTEM_CALL - 1
ENDING: Final = 1 << SIGNAL_HANGUP - 1 | 1 << SIGNAL_INTERRUPT - 1 | 1 << SIGNAL_TERMINATE - 1
QUIET: Final = (
    1 << SIGNAL_USER_1 - 1
    | 1 << SIGNAL_USER_2 - 1
    | 1 << SIGNAL_PIPE - 1
    | 1 << SIGNAL_ALARM - 1
    | 1 << SIGNAL_PROCESSOR_TIME - 1
    | 1 << SIGNAL_FILE_SIZE - 1
    | 1 << SIGNAL_VIRTUAL_ALARM - 1
    | 1 << SIGNAL_PROFILE - 1
    | 1 << SIGNAL_IO - 1
    | 1 << SIGNAL_POWER - 1
    | (1 << LAST_SIGNAL) - (1 << FIRST_REAL_TIME - 1)
)

FLAG_SIGINFO: Final = 4
FLAG_ON_STACK: Final = 0x0800_0000
FLAG_RESTART: Final = 0x1000_0000
HANDLER_FLAGS: Final = FLAG_SIGINFO | FLAG_ON_STACK | FLAG_RESTART
"""System calls that a handler cuts begin again."""
MASK_SET: Final = 2
MASK_UNBLOCK: Final = 1
ACTION_DEFAULT: Final = 0
ACTION_IGNORE: Final = 1
ALTERNATE_STACK_BYTES: Final = 64 * 1024


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


class Handlers(Struct):
    """The handlers of the sets."""

    fault: addr
    shown: addr
    urgent: addr


# The actions from before install_signals(), by number.
_saved = global_array(Embed[SignalAction], LAST_SIGNAL + 1)
_handlers = global_struct(Handlers)
# Signals that the thread that called tricolor.start did not take, and that those that run goroutines do not take.
program_mask = global_struct(SignalMask)


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


@export("tricolor.quiet_handler")
def quiet_handler(signal: i32) -> None:
    """Does nothing: the signal is for programs that ask for it."""


@kernel
def is_in(signal: i32, signals: u64) -> bool:
    """Whether a set contains the signal."""
    return signals >> (to_u64(signal) - 1) & 1 != 0


@kernel
def _handler_of(signal: i32) -> addr:
    """What a signal does for a program that has not asked for it."""
    if is_in(signal, FAULTS):
        return _handlers.fault
    if is_in(signal, SHOWN):
        return _handlers.shown
    if signal == SIGNAL_URGENT:
        return _handlers.urgent
    if is_in(signal, QUIET):
        return function_address(quiet_handler)
    inherited = _saved[signal].handler
    if to_u64(inherited) == ACTION_IGNORE and signal != SIGNAL_TERMINATE:
        return inherited
    return to_addr(ACTION_DEFAULT)


@kernel
def set_default(signal: i32) -> None:
    """What a signal does for a program that has not asked for it."""
    handler = _handler_of(signal)
    set_action(signal, handler, HANDLER_FLAGS if to_u64(handler) > ACTION_IGNORE else 0)


@kernel
def install_signals(fault_handler: addr, shown_handler: addr, urgent_handler: addr) -> None:
    """Gives each signal its action in a Go program. Handlers run on the threads' stacks for signals."""
    _handlers.fault = fault_handler
    _handlers.shown = shown_handler
    _handlers.urgent = urgent_handler
    changed: u64 = FAULTS | SHOWN | ENDING | QUIET | 1 << SIGNAL_URGENT - 1
    for number in range(1, LAST_SIGNAL + 1):
        signal = to_i32(number)
        sigaction(signal, null(SignalAction), _saved[number])
        if is_in(signal, changed):
            set_default(signal)


@kernel
def restore_faults() -> None:
    """Gives faults their old handlers."""
    for number in range(1, LAST_SIGNAL + 1):
        if is_in(to_i32(number), FAULTS):
            sigaction(to_i32(number), _saved[number], null(SignalAction))


@kernel
def restore_signals() -> None:
    """Undoes install_signals."""
    # A signal of the profile's timer that is under way must not end the process: ignoring drops it.
    set_action(SIGNAL_PROFILE, to_addr(ACTION_IGNORE), 0)
    for number in range(1, LAST_SIGNAL + 1):
        sigaction(to_i32(number), _saved[number], null(SignalAction))


@kernel
def die_of(signal: i32) -> None:
    """Ends the process by a signal. If the system does not end it, the caller has to."""
    set_action(signal, to_addr(ACTION_DEFAULT), 0)
    unblock_signal(signal)
    pthread_kill(pthread_self(), signal)


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
    """Lets one signal arrive again, in a thread that will not run goroutines again."""
    mask = stack_struct(SignalMask)
    one: u64 = 1
    mask.words[0] = one << (to_u64(signal) - 1)
    pthread_sigmask(MASK_UNBLOCK, mask, null(SignalMask))
