"""Fixtures that write and load Go programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from tricolor.frontend.load import LoadRequest, load
from tricolor.frontend.program import Program

LoadFiles: TypeAlias = Callable[..., Program]


@pytest.fixture(scope="session")
def go_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Path]:
    """A function that writes files into a new folder and returns the folder."""

    def write(files: Mapping[str, str]) -> Path:
        folder = tmp_path_factory.mktemp("go")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return write


@pytest.fixture(scope="session")
def load_files(go_files: Callable[[Mapping[str, str]], Path]) -> LoadFiles:
    """A function that loads a program from files."""

    def load_them(files: Mapping[str, str], *patterns: str, tags: tuple[str, ...] = ()) -> Program:
        result = load(LoadRequest(patterns or tuple(files), go_files(files), tags))
        assert result.program is not None, result.diagnostics
        return result.program

    return load_them
