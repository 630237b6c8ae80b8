"""Builds the IR of small Go programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tricolor.frontend.load import LoadRequest, load
from tricolor.ir import nodes as n
from tricolor.ir.build.program import build_packages, build_program
from tricolor.ir.verify import verify_program

Build: TypeAlias = Callable[[str], n.Program]


def write_module(folder: Path, sources: dict[str, str]) -> None:
    """Write a module ``golden`` with one package for each source."""
    (folder / "go.mod").write_text("module golden\n\ngo 1.27\n")
    for name, text in sources.items():
        (folder / name).mkdir()
        (folder / name / f"{name}.go").write_text(text)


def build_sources(folder: Path, sources: dict[str, str]) -> n.Program:
    """Build several packages as one program, with all their functions, and verify it."""
    write_module(folder, sources)
    result = load(LoadRequest(("./...",), folder))
    assert result.program is not None, result.diagnostics
    program = build_packages(result.program, [f"golden/{name}" for name in sources])
    verify_program(program)
    return program


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A function that builds a main package from one source and verifies it."""

    def build_source(source: str) -> n.Program:
        folder = tmp_path_factory.mktemp("go")
        (folder / "main.go").write_text(source)
        result = load(LoadRequest(("main.go",), folder))
        assert result.program is not None, result.diagnostics
        program = build_program(result.program, [])
        verify_program(program)
        return program

    return build_source
