"""Write the sites and their source as one HTML page that loads nothing else: page/escape.html with its style, its script and the data.

The data are the unchanged sources, the tokens to colour, and the sites. The script builds the view of a file when the user opens it. A content
security policy in the page forbids all other scripts and styles, and all requests.

Limits:
    The page leaves out files without a site. It shows no source for a file that cannot be read, for example one that a //line comment names.
"""

from __future__ import annotations

import base64
import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final, TextIO

from tricolor.explain.model import CostClass, Explained, Site
from tricolor.report.escape_text import NOT_LISTED, decision_text, is_silent
from tricolor.report.go_tokens import TokenKind
from tricolor.report.marks import marks_of
from tricolor.report.source_tree import Place, SourceText, SourceTree, tree_here

_COSTS: Final = {cost: number for number, cost in enumerate((CostClass.HEAP, CostClass.HEAP_ABOVE, CostClass.STACK, CostClass.NONE))}
"""Numbers of the cost classes in the page, most expensive first."""

_BASIC_PLANE: Final = "\uffff"


def write_html(explained: Explained, out: TextIO, tree: SourceTree | None = None) -> None:
    """Write the whole page. Raises EnvironmentFault without a Go toolchain."""
    data = page_data(explained, tree_here() if tree is None else tree)
    style, script = _part("escape.css"), _part("escape.js")
    out.write(
        Template(_part("escape.html")).substitute(
            title=escape(f"Where values live: {' '.join(explained.packages)}"),
            style=style,
            style_digest=_digest(style),
            script=script,
            script_digest=_digest(script),
            data=_json_in_html(data),
        )
    )


def _part(name: str) -> str:
    return (files("tricolor.report") / "page" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The digest by which a content security policy allows an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json_in_html(data: object) -> str:
    """JSON that is safe in a script element: no part of it looks like HTML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def page_data(explained: Explained, tree: SourceTree) -> dict[str, Any]:
    """The data for the script. Offsets are in UTF-16 code units, as in JavaScript's strings; columns are in bytes, as the compiler counts them."""
    sites = explained.sites
    index = _files_of(explained)
    at: list[list[int]] = [[] for _ in index]
    for number, site in enumerate(sites):
        at[index[site.position.file]].append(number)
    names = _names(list(index), tree)
    return {
        "go": explained.go_version,
        "packages": _packages(explained, index),
        "files": [{"name": name, **_file(tree.text(file), sites, numbers)} for name, file, numbers in zip(names, index, at, strict=True)],
        "sites": [_site(site, index) for site in sites],
    }


def _files_of(explained: Explained) -> dict[str, int]:
    """The number of each file: package by package, sorted by name, then the other files of chains."""
    found: dict[str, int] = {}
    for sites in explained.packages.values():
        for file in sorted({site.position.file for site in sites}):
            found.setdefault(file, len(found))
    for site in explained.sites:
        for step in site.chain:
            if step.position.line:
                found.setdefault(step.position.file, len(found))
    return found


def _names(paths: Sequence[str], tree: SourceTree) -> list[str]:
    """The name of each file: relative to its base folder, or the whole path if two relative names are the same."""
    places = [tree.place(path) for path in paths]
    short = [place.name for place in places]
    return [place.name if short.count(place.name) == 1 else _whole(place) for place in places]


def _whole(place: Place) -> str:
    return place.folder + place.name


def _packages(explained: Explained, index: dict[str, int]) -> list[dict[str, Any]]:
    """The packages with their files; each file is listed once."""
    listed: set[str] = set()
    out: list[dict[str, Any]] = []
    for path, sites in explained.packages.items():
        own = sorted({site.position.file for site in sites} - listed)
        listed.update(own)
        out.append({"path": path, "files": [index[file] for file in own]})
    rest = [number for file, number in index.items() if file not in listed]
    return [*out, {"path": "other files on the way to the heap", "files": rest}] if rest else out


def _file(source: SourceText | None, sites: Sequence[Site], numbers: Sequence[int]) -> dict[str, Any]:
    """The text, the coloured tokens as [gap, length, kind, ...], and the marks as [start, end, [sites]]."""
    if source is None:
        return {"text": None, "tokens": [], "marks": []}
    units = utf16_offsets(source.text)
    tokens: list[int] = []
    before = 0
    for token in source.tokens:
        if token.kind <= TokenKind.PREDECLARED:
            start, end = units(token.start), units(token.end)
            tokens += (start - before, end - start, token.kind)
            before = end
    marks = [
        [units(mark.start), units(mark.end), [numbers[number] for number in mark.sites]]
        for mark in marks_of(source, [sites[number] for number in numbers])
    ]
    return {"text": source.text, "tokens": tokens, "marks": marks}


def utf16_offsets(text: str) -> Callable[[int], int]:
    """A function that converts offsets in code points to offsets in UTF-16 code units."""
    wide = [offset for offset, character in enumerate(text) if character > _BASIC_PLANE] if not text.isascii() else []
    return lambda offset: offset + bisect_left(wide, offset)


def _site(site: Site, index: dict[str, int]) -> dict[str, Any]:
    return {
        "file": index[site.position.file],
        "line": site.position.line,
        "column": site.position.column,
        "expression": site.expression,
        "kind": site.kind,
        "type": site.type,
        "size": site.size_bytes,
        "function": site.function,
        "cost": _COSTS[site.cost.kind],
        "decision": decision_text(site.verdict, site.cost) + (f", {NOT_LISTED}" if is_silent(site) else ""),
        "note": site.cost.note,
        "why": site.why,
        "hint": site.hint,
        "shapes": site.shapes,
        "chain": [
            {
                "text": step.text,
                "flow": step.flow,
                "line": step.position.line,
                "file": index[step.position.file] if step.position.line else 0,
            }
            for step in site.chain
        ],
    }
