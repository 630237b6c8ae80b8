"""Assignments to local variables: which expression a variable always equals, and which functions a func variable may hold.

Source: cmd/compile/internal/ir/reassignment.go (ReassignOracle).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import final

from tricolor.escape.scan import Marked
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n


@final
@dataclass(slots=True, eq=False)
class Assignments:
    """Assignments to the variables of one function and its closures.

    ``definition``: the value in the declaration of each variable. ``assigned``: variables that are assigned after their declaration.
    ``simple``: for each variable the values of all plain assignments (``f = g``), nil left out. ``other``: variables that are assigned
    in any other form.
    """

    definition: dict[n.Var, n.Expr] = field(default_factory=dict[n.Var, n.Expr])
    assigned: set[n.Var] = field(default_factory=set[n.Var])
    simple: dict[n.Var, list[n.Expr]] = field(default_factory=dict[n.Var, list[n.Expr]])
    other: set[n.Var] = field(default_factory=set[n.Var])

    def add(self, other: Assignments) -> None:
        """Add the assignments of an inlined function."""
        self.definition |= other.definition
        self.assigned |= other.assigned
        self.simple |= other.simple
        self.other |= other.other

    def static_value(self, x: n.Expr, canonical: Callable[[n.Var], n.Var]) -> n.Expr:
        """The earliest expression that always has the value of ``x``."""
        while True:
            match x:
                case n.Convert(kind=n.Conversion.NOP):
                    x = x.x
                case n.Name():
                    var = canonical(x.var)
                    value = self.definition.get(var)
                    if value is None or var in self.assigned or var.addrtaken or var.kind is not n.VarKind.LOCAL:
                        return x
                    x = value
                case _:
                    return x

    def functions(self, var: n.Var) -> list[n.Expr] | None:
        """All values that are assigned to a variable of func type, nil left out; None if they are not known."""
        if var.kind is not n.VarKind.LOCAL or var.addrtaken or var in self.other:
            return None
        if not isinstance(t.underlying(var.type), t.Signature):
            return None
        return self.simple.get(var)


def collect(nodes: Iterable[Marked], canonical: Callable[[n.Var], n.Var]) -> Assignments:
    """Collect the assignments among the marked nodes (``scan``) of a function and its closures.

    ``canonical``: maps a captured variable to the variable of the enclosing function that it stands for."""
    found = Assignments()

    def assign(place: n.Place | None, value: n.Expr | None) -> None:
        """Record one assignment; ``value`` is None if it has another form than ``x = value``."""
        whole = isinstance(place, n.Name)
        var = _base(place)
        if var is None:
            return
        var = canonical(var)
        found.assigned.add(var)
        if value is None or not whole:
            found.other.add(var)
        elif not _is_nil(value):
            found.simple.setdefault(var, []).append(value)

    for node in nodes:
        match node:
            case n.Declare():
                if node.init is not None:
                    found.definition[node.var] = node.init
                    if not _is_nil(node.init):
                        found.simple.setdefault(node.var, []).append(node.init)
            case n.Assign():
                assign(node.x, node.value)
            case n.AssignOp():
                assign(node.x, None)
            case n.AssignPair():
                for x, value in zip(node.xs, node.values, strict=True):
                    if isinstance(x, n.Name) and x.var in node.declares:
                        found.definition[x.var] = value
                        found.other.add(x.var)
                    else:
                        assign(x, None)
            case n.AssignTuple():
                for x in node.xs:
                    assign(x, None)
            case n.Range():
                assign(node.key, None)
                assign(node.value, None)
            case n.SelectCase():
                for var in (node.recv_var, node.ok_var):
                    if var is not None:
                        found.other.add(var)
                        found.assigned.add(var)
            case n.TypeCase():
                if node.var is not None:
                    found.other.add(node.var)
            case _:
                pass
    return found


def _base(place: n.Expr | None) -> n.Var | None:
    """The variable that contains the place; None if the place lies behind a pointer or in a map."""
    while True:
        match place:
            case n.Name():
                return place.var
            case n.FieldOf():
                place = place.x
            case n.Index() if isinstance(t.underlying(place.x.type), t.Array):
                place = place.x
            case _:
                return None


def _is_nil(x: n.Expr) -> bool:
    while isinstance(x, n.Convert) and x.kind is n.Conversion.NOP:
        x = x.x
    return isinstance(x, (n.Nil, n.Zero))
