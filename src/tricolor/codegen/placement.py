"""Where things live, as code generation asks for it: the protocol, and an answer that is always safe.

Escape analysis gives a precise ``Placements``; ``ConservativePlacement`` needs no analysis and is right for any program.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias, final

from tricolor.ir.nodes import Capture, Defer, Expr, Go, Var

PlacementNode: TypeAlias = Var | Expr | Defer | Go
"""What has a place: a variable, an expression that makes an object, or the closure of go and defer."""


class Placements(Protocol):
    """Decisions about objects. ``on_stack``: the object may live in its function's frame, in one slot that each evaluation
    reuses. ``fits_buffer``: an object of a size that is known at run time only does not escape. ``by_value``: the closure holds a copy of the variable, not its address."""

    def on_stack(self, node: PlacementNode) -> bool: ...

    def fits_buffer(self, node: Expr) -> bool: ...

    def by_value(self, capture: Capture) -> bool: ...


MAX_BY_VALUE_BYTES = 128


@final
class ConservativePlacement:
    """Every variable whose address is taken or that a closure shares is on the heap, and every explicit allocation too."""

    def on_stack(self, node: PlacementNode) -> bool:
        return isinstance(node, Var) and not node.addrtaken and not (node.captured and node.reassigned)

    def fits_buffer(self, node: Expr) -> bool:
        return False

    def by_value(self, capture: Capture) -> bool:
        return not capture.outer.addrtaken and not capture.outer.reassigned
