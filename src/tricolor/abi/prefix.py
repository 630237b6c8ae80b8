"""The prefix in front of the code of each Go function: u32 magic|flags and a reserved u32.

The runtime reads it to know which deferred functions recover, and for traces.
"""

from __future__ import annotations

PREFIX_MAGIC = 0x54520000
PREFIX_MAGIC_MASK = 0xFFFF0000
PREFIX_FLAGS_MASK = 0xFF
PREFIX_RECOVERS = 1
PREFIX_WRAPPER = 2
PREFIX_NO_PARAMETERS = 4
"""Traces show such a function with empty parentheses."""
PREFIX_INTERRUPTIBLE = 8
"""A signal may stop the function between any two instructions."""


def prefix_text(recovers: bool = False, wrapper: bool = False, parameters: bool = True, interruptible: bool = False) -> str:
    """The ``prefix`` clause of a Go function's definition: u32 magic|flags and a reserved u32 before its entry."""
    flags = recovers * PREFIX_RECOVERS | wrapper * PREFIX_WRAPPER | (not parameters) * PREFIX_NO_PARAMETERS
    flags |= interruptible * PREFIX_INTERRUPTIBLE
    return f"prefix i64 {PREFIX_MAGIC | flags}"
