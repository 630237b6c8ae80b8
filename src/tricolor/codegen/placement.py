"""Where objects live: the questions of code generation as a protocol, and answers that are always safe.

Escape analysis gives a precise ``Placements``; ``ConservativePlacement`` needs no analysis and is right for any program.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias, final

from tricolor.ir.nodes import Capture, Defer, Expr, Go, Var

PlacementNode: TypeAlias = Var | Expr | Defer | Go
"""What gets a place: a variable, an expression that makes an object, or the closure of go and defer."""


class Placements(Protocol):
    """Decisions about objects.

    ``on_stack``: the object may live in its function's frame, in one slot that each evaluation reuses. ``fits_buffer``: an object whose
    size is known only at run time does not escape. ``by_value``: the closure holds a copy of the variable, not its address.
    """

    def on_stack(self, node: PlacementNode) -> bool: ...

    def fits_buffer(self, node: Expr) -> bool: ...

    def by_value(self, capture: Capture) -> bool: ...


MAX_BY_VALUE_BYTES = 128


@final
class ConservativePlacement:
    """All explicit allocations are on the heap, and so are variables whose address is taken or that closures share."""

    def on_stack(self, node: PlacementNode) -> bool:
        return isinstance(node, Var) and not node.addrtaken and not (node.captured and node.reassigned)

    def fits_buffer(self, node: Expr) -> bool:
        return False

    def by_value(self, capture: Capture) -> bool:
        return not capture.outer.addrtaken and not capture.outer.reassigned
