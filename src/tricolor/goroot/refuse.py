"""Rejects programs that need an unsupported package or cgo, before anything is compiled."""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from tricolor.base.errors import Unsupported
from tricolor.frontend.program import Program
from tricolor.goroot.unsupported import UNSUPPORTED_PACKAGES

_IMPORTS_C = re.compile(r'^import\s*\(?\s*"C"', re.MULTILINE)


def refuse_unsupported(typed: Program) -> None:
    """Raise Unsupported for a package with cgo, or with the shortest chain of imports to an unsupported package."""
    for package in typed.packages:
        if package.cgo_files and not package.standard:
            raise Unsupported(f"cgo (package {package.path}, file {package.cgo_files[0]})", 0, UNSUPPORTED_PACKAGES["C"])
    chain = _shortest_chain(typed)
    if chain:
        importers = "".join(f"\n\timports {path}" for path in chain[1:])
        raise Unsupported(f"package {chain[0]}{importers}\npackage {chain[-1]}", 0, UNSUPPORTED_PACKAGES[chain[-1]])


def refuse_cgo_files(files: Sequence[Path]) -> None:
    """Raise Unsupported for a file that imports "C". The go command would only report that there are no Go files, since cgo is off."""
    for file in files:
        with contextlib.suppress(OSError):
            if file.suffix == ".go" and _IMPORTS_C.search(file.read_text(errors="replace")):
                raise Unsupported(f"cgo (file {file.name})", 0, UNSUPPORTED_PACKAGES["C"])


def _shortest_chain(typed: Program) -> list[str]:
    """Import paths from a named package to an unsupported one; empty if there is none."""
    came_from: dict[str, str] = {package.path: "" for package in typed.roots}
    queue = deque(came_from)
    while queue:
        path = queue.popleft()
        if path in UNSUPPORTED_PACKAGES:
            chain = [path]
            while came_from[chain[-1]]:
                chain.append(came_from[chain[-1]])
            return chain[::-1]
        package = typed.package(path)
        for imported in package.imports if package is not None else ():
            if imported not in came_from:
                came_from[imported] = path
                queue.append(imported)
    return []
