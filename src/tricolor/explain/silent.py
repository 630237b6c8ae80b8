"""Sites that allocate on the heap without a line in Go's ``-m``: channels, growing maps, go statements, defers in loops, and calls of the runtime.

Memory that the runtime allocates once and reuses is left out: records of goroutines and of waiting goroutines, caches of type switches.

Source: cmd/compile/internal/walk (stmt.go, assign.go), runtime/panic.go (newdefer), runtime/chan.go (makechan).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, final

from tricolor.explain.hints import DEFER_HINT
from tricolor.explain.model import Cost, CostClass
from tricolor.explain.runtime_calls import RUNTIME_CALL, runtime_call
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n

_HEAP: Final = Cost(CostClass.HEAP)


@final
class Silent(NamedTuple):
    """One such site. ``text``: the expression that allocates, or a text if source has no expression for it."""

    pos: int
    kind: str
    text: n.Expr | str
    type: t.Type
    cost: Cost
    why: str
    hint: str = ""


def silent(nodes: Iterable[object], func: n.Func, costs: Mapping[n.Expr, Cost]) -> Iterator[Silent]:
    """The silent sites of a function with these nodes. ``costs``: the costs of the sites that ``-m`` lists."""
    for node in nodes:
        match node:
            case n.MakeChan():
                yield Silent(node.pos, "channel", node, node.type, _HEAP, "a channel is always on the heap")
            case n.Assign(x=n.MapIndex() as x) | n.AssignOp(x=n.MapIndex() as x):
                yield _map_store(x)
            case n.AssignPair() | n.AssignTuple():
                yield from (_map_store(x) for x in node.xs if isinstance(x, n.MapIndex))
            case n.Range():
                yield from (_map_store(x) for x in (node.key, node.value) if isinstance(x, n.MapIndex))
            case n.Go() if _has_wrapper(node.closure, costs):
                yield Silent(
                    node.pos, "goroutine", "go", node.closure.type, _HEAP, "the operands of a go statement outlive it, in a closure"
                )
            case n.Defer(in_loop=True) if not _is_paid(node.closure, costs):
                why = "a defer in a loop keeps its record on the heap until the function ends"
                yield Silent(node.pos, "defer", "defer", node.closure.type, _HEAP, why, DEFER_HINT)
            case n.Call():
                called = runtime_call(node, func)
                if called is not None:
                    yield Silent(node.pos, RUNTIME_CALL, f"{called.callee}(...)", node.type, called.cost, called.why)
            case _:
                continue


def _map_store(x: n.MapIndex) -> Silent:
    why = "a map that grows gets new groups on the heap"
    return Silent(
        x.pos, "map assignment", x, x.x.type, Cost(CostClass.HEAP, "when it grows"), why, "make the map with room for its entries"
    )


def _has_wrapper(closure: n.Expr, costs: Mapping[n.Expr, Cost]) -> bool:
    """Whether the compiler made the closure and it holds operands. A func literal in source has a site of its own."""
    return isinstance(closure, n.FuncLit) and closure not in costs and bool(closure.func.captures)


def _is_paid(closure: n.Expr, costs: Mapping[n.Expr, Cost]) -> bool:
    """Whether the func literal of the defer is already a site that may allocate."""
    return closure in costs and costs[closure].may_allocate
