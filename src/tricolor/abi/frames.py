"""Marks of functions that call stacks leave out. The first character of a function's name in the debug information is the mark, if it has one.

The flags stand in the frames of the symbol table (``runtime.scheduler.traceback``).
"""

from __future__ import annotations

from typing import Final

FLAG_WRAPPER: Final = 1
"""A function that the compiler made to call another one, or that does no more."""
FLAG_INIT: Final = 2
"""The initialisation of a package."""


def with_mark(name: str, flag: int) -> str:
    """The name as it stands in the debug information; flag 0: no mark."""
    return chr(flag) + name if flag else name


def split_mark(name: str) -> tuple[str, int]:
    """The name and its flag, 0 if it has none."""
    if name[:1] in (chr(FLAG_WRAPPER), chr(FLAG_INIT)):
        return name[1:], ord(name[0])
    return name, 0
