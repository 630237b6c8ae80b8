"""Errors that end the program: it prints Go's words, and exits with status 2 or dies of SIGABRT (``trace_level``)."""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import addr, address, atomic_store, field_address, i32, kernel, systemstack, text, to_u64, u64
from tricolor.runtime.records.goroutine import Segment
from tricolor.runtime.records.process import STACK_CEILING_BYTES, scheduler
from tricolor.runtime.records.world import freeze_world
from tricolor.runtime.scheduler.signals import SIGNAL_ABORT, die_of
from tricolor.runtime.scheduler.trace_level import dies_of_abort, shows_all, trace_level
from tricolor.runtime.scheduler.traces import put_goroutines
from tricolor.runtime.system.futex import sleep_while, wake_sleepers
from tricolor.runtime.system.output import begin_crash, flush_output, put, put_hex, put_number
from tricolor.runtime.system.stop import FATAL_STATUS, put_fatal


@kernel(symbol_name="tricolor.leave_scheduler")
def leave_scheduler(code: i32) -> NoReturn:
    """Wakes the thread that called tricolor.start, and sleeps for ever."""
    scheduler.exit_status = code
    atomic_store(scheduler.ended, 1, "release")
    ended = field_address(scheduler.ended)
    wake_sleepers(ended, 1)
    while True:
        sleep_while(ended, 1)


@kernel
def end_program(code: i32) -> NoReturn:
    """Lets tricolor.start return the exit status. This thread keeps its processor and sleeps for ever; no goroutine runs on."""
    freeze_world()
    flush_output()
    leave_scheduler(code)


@systemstack("runtime.exit")
def exit_program(code: i32) -> NoReturn:
    """Ends the program: tricolor.start returns the code."""
    end_program(code)


@systemstack("runtime.crash")
def crash(is_throw: bool) -> NoReturn:
    """Shows goroutines, and ends the program. What ends it was printed; ``is_throw``: an error of the runtime."""
    freeze_world()
    level = trace_level(is_throw)
    if level != 0:
        put(*text("\n"))
        put_goroutines(level, shows_all(is_throw))
    if dies_of_abort():
        flush_output()
        die_of(SIGNAL_ABORT)
    end_program(FATAL_STATUS)


@kernel
def fatal_with_traces(message: addr, length_bytes: u64, is_throw: bool) -> NoReturn:
    """Prints ``fatal error: MESSAGE`` and goroutine traces, and ends the program."""
    freeze_world()
    put_fatal(message, length_bytes)
    crash(is_throw)


@kernel
def out_of_memory() -> NoReturn:
    """The system has no memory for a stack or a table."""
    fatal_with_traces(*text("runtime: out of memory"), True)


@kernel
def stack_overflow(sp: u64, segment: Segment) -> NoReturn:
    """The running goroutine's stack would exceed its limit. The stack pointer lies in that segment."""
    begin_crash()
    put(*text("runtime: goroutine stack exceeds "))
    put_number(min(scheduler.stack_limit_bytes, STACK_CEILING_BYTES))
    put(*text("-byte limit\nruntime: sp=0x"))
    put_hex(sp)
    put(*text(" stack=[0x"))
    put_hex(to_u64(address(segment)))
    put(*text(", 0x"))
    put_hex(to_u64(segment.top))
    put(*text("]\n"))
    fatal_with_traces(*text("stack overflow"), True)


@kernel
def deadlock() -> NoReturn:
    """Nothing can ever run again."""
    if scheduler.main_ended != 0 and scheduler.live == 0:
        fatal_with_traces(*text("no goroutines (main called runtime.Goexit) - deadlock!"), False)
    fatal_with_traces(*text("all goroutines are asleep - deadlock!"), False)
