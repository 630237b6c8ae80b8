"""The result of escape analysis, for the code generator, the reports and the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from tricolor.escape.graph import Event, Flow, Location
from tricolor.escape.leaks import Leaks
from tricolor.escape.sizes import fits_frame
from tricolor.ir import nodes as n


@final
@dataclass(frozen=True, slots=True)
class EscapeResult:
    """Placement of every variable and allocation.

    ``variables``, ``allocations``: location of each. ``canonical``: maps a captured variable to the outer variable that it stands for.
    ``tags``: a parameter tag for each parameter of each function. ``by_value_variables``: variables that closures copy.
    ``batches``: the functions of each batch, in order of analysis. ``batch_of``: the number of each function's batch.
    ``allocations_in``: allocating expressions of each batch. ``allocations_of``: allocating expressions of each function.
    ``events_in``: what the compiler prints while it analyses each batch.
    ``literals``: constants that operands of make and of boxing always equal. ``boxed_data``: composite literals of constants that
    operands of boxing always equal.
    ``temporaries``: the variables that the IR's builder added, with their values.
    """

    variables: Mapping[n.Var, Location]
    allocations: Mapping[n.Expr, Location]
    canonical: Mapping[n.Var, n.Var]
    tags: Mapping[n.Func, Sequence[Leaks]]
    by_value_variables: frozenset[n.Var]
    batches: Sequence[Sequence[n.Func]]
    batch_of: Mapping[n.Func, int]
    allocations_in: Sequence[Sequence[n.Expr]]
    allocations_of: Mapping[n.Func, Sequence[n.Expr]]
    events_in: Sequence[Sequence[Event]]
    literals: Mapping[n.Expr, n.Const]
    boxed_data: Mapping[n.Expr, n.Expr]
    temporaries: Mapping[n.Var, n.Expr]

    def in_order(self, numbers: Sequence[int]) -> EscapeResult:
        """The same result with the batches in another order. ``numbers``: the present number of each batch, in the new order."""
        sequence = [self.batches[number] for number in numbers]
        return replace(
            self,
            batches=sequence,
            batch_of={func: number for number, members in enumerate(sequence) for func in members},
            allocations_in=[self.allocations_in[number] for number in numbers],
            events_in=[self.events_in[number] for number in numbers],
        )

    def on_stack(self, node: n.Var | n.Expr | n.Defer | n.Go) -> bool:
        """Whether the variable, the allocation, or the closure of the go or defer statement may live in its function's frame."""
        if isinstance(node, (n.Defer, n.Go)):
            return self.on_stack(node.closure)
        if isinstance(node, n.Var):
            location = self.variables.get(self.canonical.get(node, node))
            return location is not None and not location.escapes
        location = self.allocations.get(node)
        return location is not None and not location.escapes and fits_frame(node)

    def fits_buffer(self, node: n.Expr) -> bool:
        """Whether the allocation does not escape. Its size may be unknown: a buffer in the frame serves if it turns out small."""
        location = self.allocations.get(node)
        return location is not None and not location.escapes

    def is_placed(self, var: n.Var) -> bool:
        """Whether the analysis has placed the variable."""
        return self.canonical.get(var, var) in self.variables

    def by_value(self, capture: n.Capture) -> bool:
        """Whether the closure holds a copy of the variable."""
        return self.canonical.get(capture.inner, capture.outer) in self.by_value_variables

    def flow(self, node: n.Var | n.Expr) -> Flow | None:
        """Why the variable or allocation escapes; None if it does not."""
        if isinstance(node, n.Var):
            location = self.variables.get(self.canonical.get(node, node))
        else:
            location = self.allocations.get(node)
        return location.why if location is not None else None
