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


def failure_text(error: Exception) -> str:
    """What to print about a failure that ends a command. Every exception that is no TricolorError is a bug of ours."""
    if isinstance(error, CompilerBug):
        return f"tricolor: {error}\n{BUG_NOTE}"
    if isinstance(error, TricolorError):
        return f"tricolor: {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return f"tricolor: internal error{place}: {type(error).__name__}: {error}\n{BUG_NOTE}"


def concerns_one_package(error: Exception) -> bool:
    """Whether the failure is a bug or a limit of ours, which other packages need not have."""
    return isinstance(error, (CompilerBug, Unsupported)) or not isinstance(error, (TricolorError, OSError, MemoryError))


def exit_status_of(error: Exception) -> int:
    """The exit status that a failure causes."""
    return error.exit_status if isinstance(error, TricolorError) else CompilerBug.exit_status


def package_failure(path: str, error: Exception) -> str:
    """What to print about the package that a failure concerns."""
    return f"# {path}\n{failure_text(error)}"


@final
@dataclass(frozen=True, slots=True)
class Faults:
    """The user's program has compile errors, so there is no other result. ``text``: what the go command prints about them. ``exit_status``:
    that of the command."""

    text: str
    exit_status: int = 1
