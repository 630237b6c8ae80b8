"""Describe allocation sites when a program is compiled, so that a later report needs only their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast, final, get_args

from tricolor.codegen.state import Site
from tricolor.escape.expression_text import expression_text
from tricolor.escape.naming import Names
from tricolor.explain.chain import Narrator
from tricolor.explain.sites import SIZE_REASON
from tricolor.frontend.toolchain import find_toolchain
from tricolor.gotypes.symbols import split_symbol
from tricolor.ir import nodes as n
from tricolor.pipeline import Analysed

_EXPRESSIONS: Final = get_args(n.Expr)
_EXPLAINED: Final = (n.Var, *_EXPRESSIONS)
"""Nodes that escape analysis places."""
_RUNTIME_REASONS: Final = {
    "call": "allocated by the runtime in this call",
    "map assignment": "a map that grows gets new groups",
    "goroutine": "a goroutine outlives the statement that starts it",
}


@final
@dataclass(frozen=True, slots=True)
class SiteText:
    """The description of one site. ``kind``: the code generator's word for it; ``verdict``: "stack", "heap" or "heap when larger than N bytes";
    ``why``: empty for a site on the stack."""

    number: int
    kind: str
    place: str
    what: str
    type: str
    function: str
    verdict: str
    why: str
    standard: bool


def describe_sites(analysed: Analysed, sites: Sequence[Site]) -> list[dict[str, Any]]:
    """The descriptions as objects that JSON can hold."""
    standard = {package.symbol_path for package in analysed.typed.packages if package.standard}
    return [asdict(_describe(analysed, site, standard)) for site in sites]


def _describe(analysed: Analysed, site: Site, standard: set[str]) -> SiteText:
    why = _RUNTIME_REASONS.get(site.kind, "") if not site.on_stack else ""
    if not why and not site.on_stack and isinstance(site.node, _EXPLAINED):
        why = _why(analysed, cast("n.Var | n.Expr", site.node), site)
    return SiteText(
        site.number,
        site.kind,
        _place(analysed, site.pos),
        _what(site),
        str(site.type),
        site.func,
        _verdict(site),
        why,
        split_symbol(site.func)[0] in standard,
    )


def _why(analysed: Analysed, node: n.Var | n.Expr, site: Site) -> str:
    if isinstance(node, n.Append):
        return "a slice that grows gets a new array"
    escape = analysed.escape
    location = escape.variables.get(escape.canonical.get(node, node)) if isinstance(node, n.Var) else escape.allocations.get(node)
    if location is None:
        return ""
    if not location.escapes:
        return SIZE_REASON
    narrator = Narrator(escape, Names(split_symbol(site.func)[0]), analysed.typed.position)
    return narrator.predicate(node, location)[0]


def _place(analysed: Analysed, pos: int) -> str:
    """The position as text; files of the standard library are named by import path."""
    place = str(analysed.typed.position(pos))
    root = f"{find_toolchain().root}/src/"
    return place.removeprefix(root)


def _what(site: Site) -> str:
    """What allocates: the expression of source if there is one, else the kind of the site."""
    node = site.node
    names = Names(split_symbol(site.func)[0])
    if isinstance(node, n.Var):
        return f"variable {node.name}"
    if isinstance(node, n.Convert) and node.kind is n.Conversion.TO_INTERFACE:
        return f"{expression_text(node.x, names)} in an interface"
    if isinstance(node, n.Append):
        return "append"
    if isinstance(node, _EXPRESSIONS):
        return expression_text(cast("n.Expr", node), names)
    return site.kind


def _verdict(site: Site) -> str:
    if site.on_stack:
        return "stack"
    return f"heap when larger than {site.buffer_bytes} bytes" if site.buffer_bytes else "heap"
