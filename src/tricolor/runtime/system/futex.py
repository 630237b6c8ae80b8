"""Sleeping on a word of memory until another thread changes it and wakes the sleepers.

Source:
    futex(2); Go 1.27.3 runtime/os_linux.go (futexsleep, futexwakeup).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, i64, kernel, libc, null
from tricolor.runtime.system.clock import TimeSpec

FUTEX_NUMBER: Final = 202
FUTEX_WAIT_PRIVATE: Final = 128
FUTEX_WAKE_PRIVATE: Final = 129


@libc
def syscall(number: i64, word: addr, operation: i64, value: i64, timeout: TimeSpec) -> i64: ...


@kernel
def sleep_while(word: addr, value: i64) -> None:
    """Sleeps until wake_sleepers(), if the 32-bit word has that value. May return at any time: look again."""
    syscall(FUTEX_NUMBER, word, FUTEX_WAIT_PRIVATE, value, null(TimeSpec))


@kernel
def sleep_while_for(word: addr, value: i64, duration: TimeSpec) -> None:
    """As sleep_while(), but no longer than the duration."""
    syscall(FUTEX_NUMBER, word, FUTEX_WAIT_PRIVATE, value, duration)


@kernel
def wake_sleepers(word: addr, most: i64) -> None:
    """Wakes up to ``most`` threads that sleep on the word."""
    syscall(FUTEX_NUMBER, word, FUTEX_WAKE_PRIVATE, most, null(TimeSpec))
