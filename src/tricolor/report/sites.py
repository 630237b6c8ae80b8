"""Allocation sites described when a program is compiled, so that a report needs only their numbers later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast, final, get_args

from tricolor.codegen.state import Site
from tricolor.escape.reasons import explain
from tricolor.escape.sizes import constant_cap
from tricolor.ir import nodes as n
from tricolor.pipeline import Analysed


_EXPLAINED: Final = (n.Var, *get_args(n.Expr))
"""Nodes that escape analysis places."""


@final
@dataclass(frozen=True, slots=True)
class SiteText:
    """One site in words. ``verdict``: stack, heap, or heap when larger than a size; ``why`` is empty for the stack."""

    number: int
    place: str
    what: str
    type: str
    function: str
    verdict: str
    why: str
    standard: bool


def describe_sites(analysed: Analysed, sites: Sequence[Site]) -> list[dict[str, Any]]:
    """The sites in a form that JSON can hold."""
    standard = {package.symbol_path for package in analysed.typed.packages if package.standard}
    return [asdict(_describe(analysed, site, standard)) for site in sites]


def _describe(analysed: Analysed, site: Site, standard: set[str]) -> SiteText:
    def line_of(pos: int) -> int:
        return analysed.typed.position(pos).line

    why = ""
    if not site.on_stack and isinstance(site.node, _EXPLAINED):
        why = explain(cast("n.Var | n.Expr", site.node), analysed.escape, line_of)
    return SiteText(
        site.number,
        str(analysed.typed.position(site.pos)),
        site.kind,
        str(site.type),
        site.func,
        _verdict(site),
        why,
        _package_of(site.func) in standard,
    )


def _verdict(site: Site) -> str:
    if site.on_stack:
        return "stack"
    node = site.node
    if isinstance(node, n.MakeSlice) and constant_cap(node) is None:
        return "heap when larger than 0 bytes"
    return "heap"


def _package_of(symbol: str) -> str:
    """Import path of a linker symbol."""
    head, slash, tail = symbol.partition("[")[0].rpartition("/")
    return head + slash + tail.partition(".")[0]
