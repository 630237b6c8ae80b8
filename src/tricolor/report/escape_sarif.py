"""Write sites that may allocate on the heap as SARIF, which code hosts and editors read.

Each result has the level "note": an allocation is not a fault. Columns are in code points. The chain from the value to where it goes
is the result's code flow. ``partialFingerprints`` identify a site by function and expression, so they do not change when lines move.

Source:
    Static Analysis Results Interchange Format (SARIF) 2.1.0 plus Errata 01, OASIS 2023: 3.11.5 (braces in messages are doubled),
    3.11.6 (links), 3.14.17 (columnKind), 3.27.17 (partialFingerprints), 3.36 (codeFlow).
"""

from __future__ import annotations

import json
import re
from importlib.metadata import version as package_version
from typing import Any, Final, TextIO
from urllib.parse import quote

from tricolor.explain.model import Explained, Site
from tricolor.frontend.records import Position
from tricolor.report.escape_text import decision_text
from tricolor.report.source_tree import Base, SourceTree, tree_here

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "site/v1"

_LINK: Final = re.compile(r"\[[^\]\n]*\]\(")

KINDS: Final = {
    "variable": ("Variable on the heap", "The variable's address outlives its function, or the variable is too large for the stack. Each execution of its declaration allocates on the heap."),
    "boxing": ("Value stored in an interface", "An interface holds a pointer to its value, so a value that is not a pointer is copied: to the heap if the interface escapes, else to the stack. Constants, zero-sized values and integers below 256 need no memory."),
    "closure": ("Func literal on the heap", "A func literal that captures variables is an object with a field for each of them. The object is on the heap if the func value outlives the enclosing function."),
    "literal": ("Literal on the heap", "The address of a composite literal, or the array of a slice literal, outlives the function."),
    "make": ("Slice made on the heap", "The array that make allocates is on the heap if the slice escapes, if its size is known only at run time, or if it is larger than 64 KiB."),
    "new": ("new on the heap", "The pointer outlives the function, or the value is too large for the stack."),
    "append": ("append that may grow", "append allocates a new array when the capacity of the slice does not suffice."),
    "conversion": ("Conversion that copies", "A conversion between string and []byte or []rune copies the text: into a buffer in the frame if the text is small and does not escape, else to the heap."),
    "concatenation": ("Concatenation of strings", "A concatenation makes a new string: in a buffer in the frame if the string is small and does not escape, else on the heap."),
    "map": ("Map on the heap", "A map is on the heap if it escapes or is not small; a small map that does not escape is in the frame."),
    "map assignment": ("Assignment to a map", "A map that grows allocates new groups on the heap."),
    "channel": ("Channel", "A channel and its buffer are always on the heap."),
    "goroutine": ("Go statement", "A go statement makes a closure that holds the call and its operands, and that outlives the statement."),
    "defer": ("defer in a loop", "A defer in a loop keeps a record with the call and its operands on the heap until the function ends."),
    "runtime call": ("Call of the runtime", "The function is part of Go's runtime and allocates on the heap. Go's -m prints no line about such calls."),
    "method value": ("Method value on the heap", "A method value is an object that holds a copy of the receiver. The object is on the heap if the func value escapes."),
    "variadic arguments": ("Variadic arguments on the heap", "The arguments for a ...parameter are put into a slice. The array of the slice is on the heap if the callee lets it escape."),
    "expression": ("Expression on the heap", "The value that the expression makes outlives the function."),
}  # fmt: skip
"""The title and the explanation of each kind of site."""


def write_sarif(explained: Explained, out: TextIO, tree: SourceTree | None = None) -> None:
    """Write one run with a result for each site that may allocate. Raises EnvironmentFault without a Go toolchain."""
    json.dump(sarif(explained, tree_here() if tree is None else tree), out, indent=1, ensure_ascii=False)
    out.write("\n")


def sarif(explained: Explained, tree: SourceTree) -> dict[str, Any]:
    """The log as objects for JSON."""
    run = _Run(tree)
    results = [run.result(site) for site in explained.sites if site.cost.may_allocate]
    driver = {
        "name": "tricolor",
        "fullName": f"tricolor escape, with the decisions of {explained.go_version}",
        "version": package_version("tricolor"),
        "rules": [_rule(kind) for kind in KINDS],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {base: {"uri": _file_uri(folder)} for base, folder in sorted(run.bases.items())},
                "results": results,
            }
        ],
    }


def _rule(kind: str) -> dict[str, Any]:
    title, text = KINDS[kind]
    return {
        "id": _rule_id(kind),
        "name": "".join(word.capitalize() for word in f"heap {kind}".split()),
        "shortDescription": {"text": f"{title}."},
        "fullDescription": {"text": text},
        "help": {
            "text": f"{text} The message says how the value gets there; a hint names a change where one is known. Use a heap profile to find out whether it matters."
        },
        "defaultConfiguration": {"level": "note"},
    }


def _rule_id(kind: str) -> str:
    return f"heap-{kind.replace(' ', '-')}"


def message_text(text: str) -> str:
    """Escape a text for a SARIF message: double the braces, and keep brackets from forming a link."""
    text = text.replace("{", "{{").replace("}", "}}")
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") if _LINK.search(text) else text


def _file_uri(path: str) -> str:
    return "file://" + quote(path)


class _Run:
    """Builds the results of one run. ``bases``: the folders to which the locations are relative."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._rules = {kind: index for index, kind in enumerate(KINDS)}
        self.bases: dict[str, str] = {}

    def result(self, site: Site) -> dict[str, Any]:
        kind = site.kind if site.kind in KINDS else "expression"
        location = self._location(site.position)
        location["logicalLocations"] = [{"fullyQualifiedName": site.function, "kind": "function"}]
        out: dict[str, Any] = {
            "ruleId": _rule_id(kind),
            "ruleIndex": self._rules[kind],
            "level": "note",
            "message": {"text": _message(site)},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: f"{site.package} {site.key}"},
            "properties": _properties(site),
        }
        flow = self._flow(site)
        if flow:
            out["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
        return out

    def _flow(self, site: Site) -> list[dict[str, Any]]:
        """The site, then the steps that have a position; empty without such steps."""
        steps = [(step.text, step.position) for step in site.chain if step.position.line]
        if not steps:
            return []
        return [self._step(site.expression, site.position), *(self._step(text, position) for text, position in steps)]

    def _step(self, text: str, position: Position) -> dict[str, Any]:
        return {"location": {**self._location(position), "message": {"text": message_text(text)}}}

    def _location(self, position: Position) -> dict[str, Any]:
        place = self._tree.place(position.file)
        artifact = {"uri": _file_uri(place.name)}
        if place.base is not Base.NONE:
            self.bases[place.base] = place.folder
            artifact = {"uri": quote(place.name), "uriBaseId": str(place.base)}
        physical: dict[str, Any] = {"artifactLocation": artifact}
        if position.line:
            physical["region"] = self._region(position)
        return {"physicalLocation": physical}

    def _region(self, position: Position) -> dict[str, int]:
        """The extent of the token at the position; only the line if the source cannot be read."""
        region = {"startLine": position.line}
        text = self._tree.text(position.file)
        column = None if text is None else text.column(position)
        offset = None if text is None else text.offset(position)
        if text is None or column is None or offset is None:
            return region
        region["startColumn"] = column
        at = text.token_at(offset)
        if at is not None and text.line_of(text.tokens[at].end) == position.line:
            region["endColumn"] = column + text.tokens[at].end - offset
        return region


def _message(site: Site) -> str:
    text = f"{site.expression}: {decision_text(site.verdict, site.cost)}"
    if site.why:
        text += f": {site.why}"
    return message_text(f"{text}. Hint: {site.hint}." if site.hint else f"{text}.")


def _properties(site: Site) -> dict[str, Any]:
    out: dict[str, Any] = {"verdict": site.verdict.value, "cost": str(site.cost), "type": site.type, "listedByGo": site.listed}
    if site.size_bytes:
        out["sizeBytes"] = site.size_bytes
    if site.shapes:
        out["shapes"] = site.shapes
    if site.hint:
        out["hint"] = site.hint
    return out
