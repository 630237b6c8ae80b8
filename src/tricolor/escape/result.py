"""What escape analysis found, for the code generator, the reports and the messages."""

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

    ``variables``/``allocations``: their locations; ``canonical``: closure variable -> variable outside; ``tags``: parameter tags;
    ``batches``: the functions in the order of analysis, ``batch_of`` the number of each function's; ``allocations_in`` the
    allocating expressions of each batch, ``allocations_of`` of each function; ``events_in``: what the compiler tells meanwhile;
    ``literals``: constants that the operands of make and of boxing always equal; ``temporaries``: what variables of the
    builder hold, which are no variables in source.
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
    temporaries: Mapping[n.Var, n.Expr]

    def in_order(self, numbers: Sequence[int]) -> EscapeResult:
        """The same with batches in another order; ``numbers``: those that they have here."""
        sequence = [self.batches[number] for number in numbers]
        return replace(
            self,
            batches=sequence,
            batch_of={func: number for number, members in enumerate(sequence) for func in members},
            allocations_in=[self.allocations_in[number] for number in numbers],
            events_in=[self.events_in[number] for number in numbers],
        )

    def on_stack(self, node: n.Var | n.Expr | n.Defer | n.Go) -> bool:
        """Whether the variable, what the expression allocates, or the closure of go and defer may live in its function's frame."""
        if isinstance(node, (n.Defer, n.Go)):
            return self.on_stack(node.closure)
        if isinstance(node, n.Var):
            location = self.variables.get(self.canonical.get(node, node))
            return location is not None and not location.escapes
        location = self.allocations.get(node)
        return location is not None and not location.escapes and fits_frame(node)

    def fits_buffer(self, node: n.Expr) -> bool:
        """Whether what the expression allocates does not escape: if it turns out small, a buffer in the frame will do."""
        location = self.allocations.get(node)
        return location is not None and not location.escapes

    def is_placed(self, var: n.Var) -> bool:
        """Whether the analysis has met the variable's function."""
        return self.canonical.get(var, var) in self.variables

    def by_value(self, capture: n.Capture) -> bool:
        """Whether the closure holds a copy of the variable."""
        return self.canonical.get(capture.inner, capture.outer) in self.by_value_variables

    def flow(self, node: n.Var | n.Expr) -> Flow | None:
        """Why it escapes; None if it does not."""
        if isinstance(node, n.Var):
            location = self.variables.get(self.canonical.get(node, node))
        else:
            location = self.allocations.get(node)
        return location.why if location is not None else None
