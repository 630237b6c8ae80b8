"""Escape decisions as records of the compiler's log of missed optimisations (-json).

Codes: ``escape`` for what the solver moved to the heap, ``escapes`` for what moved there while the graph was built, ``leak`` for parameters.

Source: cmd/compile/internal/escape (uses of logopt).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from tricolor.escape.flow_text import ExplanationText, explanation_text
from tricolor.escape.graph import Explanation
from tricolor.escape.messages import by_batch
from tricolor.escape.naming import Names, Wording
from tricolor.escape.result import EscapeResult
from tricolor.ir import nodes as n


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``related``: positions and texts of the lines of its explanation."""

    pos: int
    code: str
    message: str = ""
    related: tuple[tuple[int, str], ...] = ()


def records(funcs: Sequence[n.Func], escape: EscapeResult, wording: Wording, package: str) -> Iterator[Record]:
    """The compiler's log records for these functions, compiled with ``package``, in its order before it sorts them by position.

    The analysis must have been made with ``explained``."""
    names = {func.pkg: Names(package, wording, escape.temporaries, func.pkg) for func in funcs}
    for number, members in by_batch(funcs, escape):
        wanted = set(members)
        for event in escape.events_in[number]:
            func = event.location.func if isinstance(event, Explanation) else None
            if isinstance(event, Explanation) and func in wanted:
                own = names[func.pkg]
                own = own if event.early else replace(own, literals=escape.literals)
                yield _explained(explanation_text(event, own), "escapes" if event.early else "escape")
        for node in escape.allocations_in[number]:
            location = escape.allocations[node]
            if location.func in wanted and location.escapes:
                yield Record(names[location.func.pkg].pos(node), "escape")


def _explained(text: ExplanationText, code: str) -> Record:
    related = tuple((reason.pos, f"escflow:  {reason.text}" + (f" ({reason.why})" if reason.why else "")) for reason in text.reasons)
    if text.derefs < 0:
        return Record(text.pos, code, f"{text.subject} escapes to heap", related)
    return Record(text.pos, "leak", f"parameter {text.subject} leaks to {text.sink} with derefs={text.derefs}", related)
