"""Diagnostics of the kernel language: each has a code, a position, and says what to write instead."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final, final

TITLES: Final[dict[str, str]] = {
    "K001": "syntax error",
    "K002": "unknown module",
    "K003": "unknown name",
    "K004": "statement outside the language",
    "K005": "expression outside the language",
    "K006": "bad type annotation",
    "K007": "type mismatch",
    "K008": "literal does not fit",
    "K009": "operator not defined for the type",
    "K010": "unknown field",
    "K011": "wrong arguments",
    "K012": "call not allowed from this kind of function",
    "K013": "local may be unassigned",
    "K014": "missing return",
    "K015": "local has two types",
    "K016": "bad decorator",
    "K017": "not a constant",
    "K018": "bad memory order",
    "K019": "bad signature",
    "K020": "defined twice",
    "K021": "recursive inline function",
    "K022": "bad struct",
    "K023": "cannot be assigned",
    "K024": "outside a loop",
    "K025": "module-level statement outside the language",
    "K026": "bad import",
    "K027": "address of a local struct is kept",
}


@final
@dataclass(frozen=True, slots=True)
class Position:
    """A place in kernel source: line from 1, column from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@final
@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault in kernel source."""

    code: str
    position: Position
    message: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f" ({self.advice})" if self.advice else ""
        return f"{self.position}: {self.code} {self.message}{advice}"


class KernelError(Exception):
    """Ends the check of one statement; carries its diagnostic (None: already reported)."""

    def __init__(self, diagnostic: Diagnostic | None) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


class KernelProgramError(Exception):
    """Some kernel modules are not valid; the message lists the diagnostics, one per line."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(str(each) for each in diagnostics))
        self.diagnostics = diagnostics


def position_of(path: str, node: ast.AST) -> Position:
    """The position of a syntax node."""
    return Position(path, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)


def fault(code: str, position: Position, message: str, advice: str = "") -> KernelError:
    """An error to raise, with its diagnostic."""
    return KernelError(Diagnostic(code, position, message, advice))
