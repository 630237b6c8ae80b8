"""Finds nodes in the bodies of functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from tricolor.frontend.program import Program
from tricolor.frontend.records import FuncDecl, Node, Package


def main_package(program: Program) -> Package:
    (package,) = program.roots
    return package


def function(program: Program, name: str) -> FuncDecl:
    (found,) = (f for f in program.functions(main_package(program)) if f.name == name)
    return found


def walk(node: object) -> Iterator[Node]:
    """All nodes in a body, parents before their children."""
    if not isinstance(node, list):
        return
    items = cast("list[Any]", node)
    if items and isinstance(items[0], str) and items[0][:1].isupper() and len(items) > 1:
        yield items
    for item in items:
        yield from walk(item)


def nodes(program: Program, name: str, kind: str) -> list[Node]:
    """All nodes of a kind in the body of a function."""
    return [n for n in walk(program.body(function(program, name))) if n[0] == kind]
