"""Ends the process with exit status 2, as Go does, when the runtime cannot go on. It needs no scheduler."""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import addr, call_address, global_value, i32, kernel, libc, text, to_u64, u64
from tricolor.runtime.system.output import begin_crash, flush_output, output_to_error, put, put_number

FATAL_STATUS: Final = 2

last_words = global_value(addr)
"""Code that shows the goroutines before the process ends because memory is exhausted; 0: none."""


@libc
def _exit(status: i32) -> NoReturn: ...


@kernel
def put_fatal(message: addr, length_bytes: u64) -> None:
    """Appends the line ``fatal error: MESSAGE`` to the output, which goes to standard error from here on."""
    output_to_error()
    begin_crash()
    put(*text("fatal error: "))
    put(message, length_bytes)
    put(*text("\n"))


@kernel
def end_process() -> NoReturn:
    """Ends the process at once, after what was put."""
    flush_output()
    _exit(FATAL_STATUS)


@kernel
def fatal(message: addr, length_bytes: u64) -> NoReturn:
    """Ends the process with ``fatal error: MESSAGE``, and no traces."""
    put_fatal(message, length_bytes)
    end_process()


@kernel
def fatal_out_of_memory(wanted_bytes: u64, used_bytes: u64) -> NoReturn:
    """Ends the process as Go does when the system gives no more memory."""
    put(*text("runtime: out of memory: cannot allocate "))
    put_number(wanted_bytes)
    put(*text("-byte block ("))
    put_number(used_bytes)
    put(*text(" in use)\n"))
    put_fatal(*text("out of memory"))
    if to_u64(last_words.value) != 0:
        call_address(last_words.value, (), None)
    end_process()
