"""One walk of each function that collects the marked nodes: those from which batches, loops and assignments are computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from tricolor.ir import nodes as n
from tricolor.ir.walk import walk

Marked: TypeAlias = (
    n.FuncName | n.FuncLit | n.MethodValue | n.Labeled | n.Goto | n.Declare | n.Assign | n.AssignPair | n.AssignTuple
    | n.AssignOp | n.Range | n.SelectCase | n.TypeCase
)  # fmt: skip
Scans: TypeAlias = dict[n.Func, list[Marked]]

_MARKED: Final = frozenset(Marked.__args__)


def scan(funcs: Iterable[n.Func]) -> Scans:
    """Marked nodes of each function in source order."""
    return {func: [node for node in walk(func) if type(node) in _MARKED] for func in funcs}
