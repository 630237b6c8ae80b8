"""Asks the go command which packages the patterns of a command name, and which of them have tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from tricolor.base.errors import TricolorError
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.goroot.overlay import BUILD_TAGS

_COMMAND_LINE: Final = "command-line-arguments"
"""Import path of the package that consists of the files on a command line."""


@final
@dataclass(frozen=True, slots=True)
class TestPackage:
    """A package to test.

    ``patterns``: what names it alone. ``directory``: where its tests run. ``root``: the folder of its module or of GOROOT, empty outside.
    ``module``: path of its module, if any. ``tests``: number of its test files. ``covered``: its files that are not tests.
    ``broken``: the go command cannot load it.
    """

    path: str
    name: str
    patterns: tuple[str, ...]
    directory: str
    root: str
    module: str
    tests: int
    covered: tuple[str, ...]
    imports: frozenset[str]
    broken: bool


def list_packages(patterns: Sequence[str], tags: Sequence[str], directory: Path) -> list[TestPackage]:
    """The packages that the patterns name (none: that of the folder). Raises TricolorError if the go command cannot tell, EnvironmentFault."""
    fields = "ImportPath,Dir,Name,Root,Module,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Error"
    listed = go_list(["-e", f"-json={fields}", "--", *patterns], tags, directory)
    if not listed.stdout.strip():
        raise TricolorError(f"{listed.stderr}no packages to test")
    return [_package(record, patterns) for record in _records(listed.stdout)]


def go_list(words: Sequence[str], tags: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """What the go command lists. Raises TricolorError with its text if it fails, EnvironmentFault."""
    toolchain = find_toolchain()
    done = subprocess.run(
        [str(toolchain.go), "list", "-buildvcs=false", f"-tags={','.join((*BUILD_TAGS, *tags))}", *words],
        cwd=directory,
        env=go_environment(toolchain),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise TricolorError(done.stderr.strip())
    return done


def _records(text: str) -> list[dict[str, Any]]:
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    at = 0
    while at < len(text.rstrip()):
        record, at = decoder.raw_decode(text, at)
        found.append(record)
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _package(record: dict[str, Any], patterns: Sequence[str]) -> TestPackage:
    path = record["ImportPath"]
    test_files = [*record.get("TestGoFiles", ()), *record.get("XTestGoFiles", ())]
    imports = [*record.get("Imports", ()), *record.get("TestImports", ()), *record.get("XTestImports", ())]
    return TestPackage(
        path=path,
        name=record.get("Name", ""),
        patterns=tuple(patterns) if path == _COMMAND_LINE else (path,),
        directory=record.get("Dir", ""),
        root=record.get("Root", ""),
        module=record.get("Module", {}).get("Path", ""),
        tests=len(test_files),
        covered=tuple(record.get("GoFiles", ())),
        imports=frozenset(imports),
        broken="Error" in record,
    )
