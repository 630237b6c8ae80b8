"""Cuts a Go source file in gofmt's format into its top-level declarations, without parsing Go.

How it works: a scanner recognizes comments, strings, runes and brackets. A declaration ends at the first line end outside of all brackets.
Its first words give its names.

Limits: a group ``var (...)`` is one declaration with all names of its specs. A spec may continue on further lines only inside brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import final

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|`[^`]*`|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|[\[({]|[\])}]|\n|[^\s/`\"'\[({\])}]+|.",
    re.DOTALL,
)
_FUNC = re.compile(r"func (?:\((?:\w+ )?\*?(\w+)(?:\[[^\]]*\])?\) )?(\w+)")
_SPEC = re.compile(r"(?:var|const|type)\s+(\w+(?:, \w+)*)")
_GROUP_LINE = re.compile(r"\t(\w+(?:, \w+)*)")
_IMPORT = re.compile(r'^\s*(?:import\s+)?(?:([\w.]+)\s+)?"([^"]+)"', re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Declaration:
    """One top-level declaration with the comments directly above it. ``names``: the names that it declares (``T.M`` for a method)."""

    keyword: str
    names: frozenset[str]
    text: str


@final
@dataclass(frozen=True, slots=True)
class GoSource:
    """The parts of a file: the text before the package clause, that clause, the import declarations, and all other declarations."""

    head: str
    package: str
    imports: str
    declarations: tuple[Declaration, ...]


def _chunks(text: str) -> list[str]:
    """Cut the text after each line end that is outside of brackets, strings and comments."""
    out: list[str] = []
    start, depth = 0, 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
        elif token == "\n" and depth == 0:
            out.append(text[start : match.end()])
            start = match.end()
    if start < len(text):
        out.append(text[start:])
    return out


def _names(keyword: str, text: str) -> frozenset[str]:
    if keyword == "func":
        match = _FUNC.match(text)
        if match is None:
            return frozenset()
        receiver, name = match.groups()
        return frozenset([f"{receiver}.{name}" if receiver else name])
    first = text.split("\n", 1)[0].rstrip()
    if not first.endswith("("):
        match = _SPEC.match(text)
        return frozenset(match.group(1).split(", ")) if match else frozenset()
    names: set[str] = set()
    depth = 0
    for line in text.split("\n")[1:]:
        spec = _GROUP_LINE.match(line)
        if depth == 0 and spec:
            names.update(spec.group(1).split(", "))
        code = line.split("//", 1)[0]
        depth += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
    return frozenset(names)


def split_source(text: str) -> GoSource:
    """Cut a file in gofmt's format into its parts."""
    head: list[str] = []
    package = ""
    imports: list[str] = []
    declarations: list[Declaration] = []
    above: list[str] = []
    for chunk in _chunks(text):
        keyword = chunk.split(None, 1)[0] if chunk.strip() else ""
        if not package:
            if keyword == "package":
                package = chunk
            else:
                head.append(chunk)
        elif keyword == "import":
            imports.append(chunk)
            above = []
        elif keyword in ("func", "var", "const", "type"):
            declarations.append(Declaration(keyword, _names(keyword, chunk), "".join(above) + chunk))
            above = []
        else:
            above.append(chunk)
    if above:
        declarations.append(Declaration("", frozenset(), "".join(above)))
    return GoSource("".join(head), package, "".join(imports), tuple(declarations))


def join_source(source: GoSource) -> str:
    """Join the parts of a file, without imports that no declaration uses."""
    body = "".join(d.text for d in source.declarations)
    lines: list[str] = []
    for name, path in _IMPORT.findall(source.imports):
        used = name or path.rsplit("/", 1)[-1]
        if used == "v2":
            used = path.rsplit("/", 2)[-2]
        if used in ("_", ".") or path == "unsafe" or re.search(rf"\b{re.escape(used)}\.", _without_comments(body)):
            alias = "_" if path == "unsafe" and not re.search(r"\bunsafe\.", _without_comments(body)) else name
            lines.append(f'import {alias + " " if alias else ""}"{path}"\n')
    return f"{source.head}{source.package}\n{''.join(lines)}\n{body}"


def _without_comments(text: str) -> str:
    return "".join(m.group() for m in _TOKEN.finditer(text) if not m.group().startswith(("//", "/*")))
