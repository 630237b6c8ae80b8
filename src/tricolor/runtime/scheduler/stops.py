"""The ends of a program that the scheduler itself announces, in Go's words; all exit with status 2."""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import addr, i32, kernel, systemstack, text, u64
from tricolor.runtime.scheduler.context import leave_scheduler
from tricolor.runtime.scheduler.output import flush_output, put
from tricolor.runtime.scheduler.process import scheduler
from tricolor.runtime.scheduler.shutdown import before_leaving
from tricolor.runtime.traceback import put_goroutines

FATAL_STATUS: Final = 2


@kernel
def end_program(code: i32) -> NoReturn:
    """Goes back to who called tricolor.start, with the exit status."""
    flush_output()
    before_leaving()
    leave_scheduler(code)


@systemstack("runtime.exit")
def exit_program(code: i32) -> NoReturn:
    """Ends the program: tricolor.start returns the code."""
    end_program(code)


@kernel
def fatal(message: addr, length_bytes: u64, show_all: bool) -> NoReturn:
    """Prints ``fatal error: MESSAGE`` and goroutine traces, and ends the program."""
    put(*text("fatal error: "))
    put(message, length_bytes)
    put(*text("\n\n"))
    put_goroutines(show_all)
    end_program(FATAL_STATUS)


@kernel
def out_of_memory() -> NoReturn:
    """The system has no memory for a stack or a table."""
    fatal(*text("runtime: out of memory"), False)


@kernel
def stack_overflow() -> NoReturn:
    """The running goroutine's stack would exceed its limit."""
    put(*text("runtime: goroutine stack exceeds 1000000000-byte limit\n"))
    fatal(*text("stack overflow"), False)


@kernel
def deadlock() -> NoReturn:
    """Nothing can ever run again."""
    if scheduler.main_ended != 0 and scheduler.live == 0:
        fatal(*text("no goroutines (main called runtime.Goexit) - deadlock!"), True)
    fatal(*text("all goroutines are asleep - deadlock!"), True)
