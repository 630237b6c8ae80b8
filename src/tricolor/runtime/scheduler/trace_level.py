"""What a program shows when an error ends it (GOTRACEBACK, debug.SetTraceback), and whether it then dies of SIGABRT.

Package runtime reads the variable, and gives its number to ``runtime.settracelevel``: bit 0: die of SIGABRT; bit 1: show all
goroutines; from bit 2 on the level. Level 0 shows no goroutine, 1 leaves out what the runtime does, 2 leaves out nothing.

Source:
    Go 1.27.3 runtime/runtime1.go (gotraceback, setTraceback).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import global_value, kernel, systemstack, to_u64, u32, u64

DIES_OF_ABORT: Final = 1
SHOWS_ALL: Final = 2
LEVEL_SHIFT: Final = 2

LEVEL_USER: Final = 1
"""Shows what the program's own functions do."""
LEVEL_ALL: Final = 2
"""Shows the functions and the goroutines of the runtime too, and addresses."""

_setting = global_value(u32)


@kernel
def begin_trace_level() -> None:
    """Until package runtime has read GOTRACEBACK."""
    _setting.value = LEVEL_USER << LEVEL_SHIFT


@systemstack("runtime.settracelevel")
def set_trace_level(setting: u32) -> None:
    """Sets what is shown from here on."""
    _setting.value = setting


@kernel
def trace_level(is_throw: bool) -> u64:
    """The level for an error of the runtime (throw), or for a panic and other errors of the program."""
    return LEVEL_ALL if is_throw else to_u64(_setting.value >> LEVEL_SHIFT)


@kernel
def shows_all(is_throw: bool) -> bool:
    """Whether it shows all goroutines."""
    return is_throw or _setting.value & SHOWS_ALL != 0


@kernel
def dies_of_abort() -> bool:
    """Whether the program dies of SIGABRT at the end, so that the system keeps its memory."""
    return _setting.value & DIES_OF_ABORT != 0
