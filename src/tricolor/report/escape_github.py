"""Write sites that may allocate on the heap as workflow commands, which GitHub shows as annotations beside the lines.

Source:
    GitHub Actions, "Workflow commands": ``::notice file={name},line={line},col={column},title={title}::{message}``.

Limits:
    GitHub shows only the first ten notices of a step beside the source; the step's log has all of them.
"""

from __future__ import annotations

from typing import TextIO

from tricolor.explain.model import Explained, Site
from tricolor.report.escape_text import decision_text
from tricolor.report.source_tree import Base, SourceTree, tree_here


def write_github(explained: Explained, out: TextIO, tree: SourceTree | None = None) -> None:
    """Write a notice for each site that may allocate, in order of position. Raises EnvironmentFault without a Go toolchain."""
    tree = tree_here() if tree is None else tree
    for site in explained.sites:
        if site.cost.may_allocate:
            out.write(_notice(site, tree) + "\n")


def _notice(site: Site, tree: SourceTree) -> str:
    position = site.position
    place = tree.place(position.file)
    properties = {"file": place.name if place.base is Base.ROOT else place.folder + place.name}
    if position.line:
        properties["line"] = str(position.line)
        text = tree.text(position.file)
        column = None if text is None else text.column(position)
        if column is not None:
            properties["col"] = str(column)
    properties["title"] = f"{site.expression}: {decision_text(site.verdict, site.cost)}"
    message = site.why or properties["title"]
    if site.hint:
        message += f"\nhint: {site.hint}"
    fields = ",".join(f"{name}={escaped_property(value)}" for name, value in properties.items())
    return f"::notice {fields}::{escaped(message)}"


def escaped(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """Escape the value of a workflow command's property."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
