"""Changes of a program to try: the analysis of a batch is run again as if the source had been changed, so that "what if" is no guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from tricolor.escape.graph import Location, Note, Noted
from tricolor.ir.nodes import Expr, Var


@final
@dataclass(frozen=True, slots=True)
class WithoutFlow:
    """What ``src`` stands for (None: a temporary) does not go the way that ``node`` notes: it is not passed, stored, returned there."""

    node: Noted
    why: str
    src: Var | Expr | None

    def removes(self, notes: Note | None, src: Location) -> bool:
        """Whether an edge with these notes is gone."""
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
    """Closures hold a copy of the variable: it is not assigned any more once a closure has captured it."""

    var: Var


@final
@dataclass(frozen=True, slots=True)
class FitsStack:
    """The variable or allocation is not too large for the stack."""

    node: Var | Expr


Change: TypeAlias = WithoutFlow | HeldByValue | FitsStack
