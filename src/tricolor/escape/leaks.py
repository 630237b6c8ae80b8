"""Parameter tags: where a parameter's value flows when its function is called.

A tag has a minimal number of dereferences for each sink: the heap, "is written through" (mutator), "is called" (callee), and
results 0 to 4. Flows to later results count as flows to the heap.

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
    """``derefs[sink]`` is the least number of dereferences, -1 for no flow."""

    derefs: list[int] = field(default_factory=lambda: [_NONE] * (FIRST_RESULT + RESULTS))

    def add(self, sink: int, derefs: int) -> bool:
        """Note a flow; the smaller number of dereferences stays. Whether it is this one."""
        capped = min(derefs, _MOST_DEREFS)
        old = self.derefs[sink]
        fewer = old == _NONE or capped < old
        if fewer:
            self.derefs[sink] = capped
        return fewer

    def result(self, index: int) -> int:
        return self.derefs[FIRST_RESULT + index]

    def optimise(self) -> None:
        """Drop flows that the flow to the heap already covers."""
        heap = self.derefs[HEAP]
        if heap == _NONE:
            return
        for sink in range(1, len(self.derefs)):
            if self.derefs[sink] >= heap:
                self.derefs[sink] = _NONE


def everything_to_heap() -> Leaks:
    """Tag of a parameter of an unknown function."""
    leaks = Leaks()
    leaks.add(HEAP, 0)
    return leaks
