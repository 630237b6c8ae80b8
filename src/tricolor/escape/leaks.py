"""Parameter tags: where the value of a parameter flows when its function is called.

A tag has the least number of dereferences for each sink. The sinks are the heap; the mutator (the function stores through the pointer);
the callee (the function calls the value); and results 0 to 4. Flows to later results count as flows to the heap.

Source: cmd/compile/internal/escape/leaks.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

HEAP: Final = 0
MUTATOR: Final = 1
CALLEE: Final = 2
FIRST_RESULT: Final = 3
RESULTS: Final = 5
_NONE: Final = -1
_MOST_DEREFS: Final = 254


@final
@dataclass(slots=True)
class Leaks:
    """A parameter tag. ``derefs[sink]``: the least number of dereferences with which the parameter flows there; -1 for no flow."""

    derefs: list[int] = field(default_factory=lambda: [_NONE] * (FIRST_RESULT + RESULTS))

    def add(self, sink: int, derefs: int) -> bool:
        """Record a flow. The least number of dereferences stays; the result says whether this flow lowered it."""
        capped = min(derefs, _MOST_DEREFS)
        old = self.derefs[sink]
        fewer = old == _NONE or capped < old
        if fewer:
            self.derefs[sink] = capped
        return fewer

    def result(self, index: int) -> int:
        return self.derefs[FIRST_RESULT + index]

    def optimise(self) -> None:
        """Remove flows that the flow to the heap implies: those with as many dereferences or more."""
        heap = self.derefs[HEAP]
        if heap == _NONE:
            return
        for sink in range(1, len(self.derefs)):
            if self.derefs[sink] >= heap:
                self.derefs[sink] = _NONE


def everything_to_heap() -> Leaks:
    """Tag of a parameter of an unknown function: the value flows to the heap."""
    leaks = Leaks()
    leaks.add(HEAP, 0)
    return leaks
