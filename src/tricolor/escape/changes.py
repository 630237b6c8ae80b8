"""Changes of the source to try: ``analyse_again`` runs the analysis of a batch as if the change had been made, so no answer is a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from tricolor.escape.graph import Location, Note, Noted
from tricolor.ir.nodes import Expr, Var


@final
@dataclass(frozen=True, slots=True)
class WithoutFlow:
    """Remove one flow: the value of ``src`` (None: a temporary) is not passed, stored or returned at ``node`` for the reason ``why``."""

    node: Noted
    why: str
    src: Var | Expr | None

    def removes(self, notes: Note | None, src: Location) -> bool:
        """Whether the change removes an edge from ``src`` with these notes."""
        if src.node is not self.src:
            return False
        while notes is not None:
            if notes[0] is self.node and notes[1] == self.why:
                return True
            notes = notes[2]
        return False


@final
@dataclass(frozen=True, slots=True)
class HeldByValue:
    """Closures hold a copy of the variable, as if the program did not assign it after the first capture."""

    var: Var


@final
@dataclass(frozen=True, slots=True)
class FitsStack:
    """The variable or allocation is not too large for the stack."""

    node: Var | Expr


Change: TypeAlias = WithoutFlow | HeldByValue | FitsStack
