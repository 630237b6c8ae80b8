"""Failures that end a command. The class says whose failure it is, which decides the exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


class TricolorError(Exception):
    """A failure with one clear message for the user; ``exit_status`` ends the command."""

    exit_status = 1


@final
class UsageError(TricolorError):
    """The command line is wrong."""

    exit_status = 2


@final
class EnvironmentFault(TricolorError):
    """The machine or the installation does not meet the needs: wrong toolchain, full disk, no permission."""


@final
class Unsupported(TricolorError):
    """A program uses something that Tricolor does not support. ``what`` names it, ``why`` gives the reason.

    ``pos`` is a position of the typed program (0 unknown); ``place`` its text when it is known already.
    """

    def __init__(self, what: str, pos: int = 0, why: str = "", place: str = "") -> None:
        super().__init__(f"{place + ': ' if place else ''}{what} is not supported{': ' + why if why else ''}")
        self.what = what
        self.pos = pos
        self.why = why
        self.place = place


@final
class CompilerBug(TricolorError):
    """A bug in Tricolor, never a fault of the user's program. ``symbol``: the Go function that was being compiled."""

    exit_status = 3

    def __init__(self, symbol: str, pos: int, message: str, place: str = "") -> None:
        super().__init__(message)
        self.symbol = symbol
        self.pos = pos
        self.message = message
        self.place = place

    def __str__(self) -> str:
        place = f" ({self.place})" if self.place else ""
        return f"internal compiler error in {self.symbol}{place}: {self.message}"


BUG_NOTE: Final = "tricolor: this is a bug in Tricolor, not in your program; please report it, and attach the program"


def bug_report(error: Exception) -> str:
    """What the user reads about a bug of ours: an exception that is no message for users."""
    if isinstance(error, CompilerBug):
        return f"tricolor: {error}\n{BUG_NOTE}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return f"tricolor: internal error{place}: {type(error).__name__}: {error}\n{BUG_NOTE}"


@final
@dataclass(frozen=True, slots=True)
class Faults:
    """The user's program has compile errors, so there is no other result. ``text``: what the go command prints about them."""

    text: str
