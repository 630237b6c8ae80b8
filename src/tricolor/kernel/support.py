"""The functions that compiled checks call when they fail."""

from __future__ import annotations

from typing import NoReturn

from tricolor.kernel.lang import addr, i32, i64, kernel, libc, systemstack, text, u64

STANDARD_ERROR = 2


@libc
def write(descriptor: i32, text: addr, length_bytes: u64) -> i64: ...


@libc
def abort() -> NoReturn: ...


@kernel
def write_error(text: addr, length_bytes: u64) -> None:
    """Writes to standard error; a short write is not retried, since we are about to abort."""
    write(STANDARD_ERROR, text, length_bytes)


@systemstack("tricolor.check_failed")
def check_failed(message: addr, length_bytes: u64) -> NoReturn:
    """Ends the process because a check of the runtime failed."""
    write_error(*text("tricolor: runtime check failed: "))
    write_error(message, length_bytes)
    write_error(*text("\n"))
    abort()
