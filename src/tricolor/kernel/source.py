"""Finds and parses kernel modules, and everything that they import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from tricolor.kernel.diagnostics import Diagnostic, Position

LANGUAGE_MODULE: Final = "tricolor.kernel.lang"
SUPPORT_MODULE: Final = "tricolor.kernel.support"


@final
@dataclass(frozen=True, slots=True)
class SourceModule:
    """A parsed module; ``is_kernel`` if it imports the language's names."""

    name: str
    path: str
    tree: ast.Module
    is_kernel: bool


@final
@dataclass(frozen=True, slots=True)
class LoadedSources:
    """The requested kernel modules and all that they import, imports first."""

    modules: Mapping[str, SourceModule]
    diagnostics: tuple[Diagnostic, ...]


@final
@dataclass(slots=True)
class _Load:
    texts: Mapping[str, str]
    modules: dict[str, SourceModule] = field(default_factory=dict[str, SourceModule])
    visited: set[str] = field(default_factory=set[str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])


def load_sources(modules: Sequence[str], texts: Mapping[str, str] | None = None) -> LoadedSources:
    """Reads the modules and those that they import.

    ``texts`` gives the source of modules that are not files (name to text). Modules that do not
    import the language's names are left to the ordinary import system.
    """
    state = _Load(texts or {})
    for name in modules:
        _visit(state, name, None)
    return LoadedSources(state.modules, tuple(state.diagnostics))


def module_file(name: str) -> Path | None:
    """The file of a module on sys.path, without importing its packages."""
    relative = Path(*name.split("."))
    for root in [Path(__file__).parents[2], *(Path(each or ".") for each in sys.path)]:
        for candidate in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def imports_of(tree: ast.Module) -> list[ast.ImportFrom]:
    """``from`` imports at module level."""
    return [statement for statement in tree.body if isinstance(statement, ast.ImportFrom)]


def _visit(state: _Load, name: str, importer: Position | None) -> None:
    if name in state.visited:
        return
    state.visited.add(name)
    text = state.texts.get(name)
    path = f"<{name}>"
    if text is None:
        file = module_file(name)
        if file is None:
            # A missing module is reported when one of its names is looked up.
            if importer is None:
                position = Position(path, 1, 1)
                state.diagnostics.append(Diagnostic("K002", position, f"no module named {name}"))
            return
        path, text = str(file), file.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text, path)
    except SyntaxError as error:
        position = Position(path, error.lineno or 1, error.offset or 1)
        state.diagnostics.append(Diagnostic("K001", position, error.msg))
        return
    is_kernel = any(each.module == LANGUAGE_MODULE for each in imports_of(tree))
    if is_kernel:
        for each in imports_of(tree):
            if each.module and not each.level and each.module != LANGUAGE_MODULE:
                _visit(state, each.module, Position(path, each.lineno, each.col_offset + 1))
    if is_kernel or importer is None:
        state.modules[name] = SourceModule(name, path, tree, is_kernel)
