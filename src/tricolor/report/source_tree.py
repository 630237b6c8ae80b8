"""Read source files for reports: names that do not depend on the machine, positions in characters.

Terms:
    position    the compiler's: line, and column in bytes of UTF-8, both from 1
    offset      of a character in the text, in code points from 0
    root        the folder to which names are relative: the nearest folder with .git at or above the working directory, else the
                working directory
"""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Final, final

from tricolor.frontend.records import Position
from tricolor.frontend.toolchain import find_toolchain
from tricolor.report.go_tokens import Token, tokens_of

_MODULE_CACHE: Final = "/pkg/mod/"


class Base(StrEnum):
    """The folder to which a name is relative."""

    ROOT = "%SRCROOT%"
    GOROOT = "GOROOT"
    MODULES = "GOMODCACHE"
    NONE = ""


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A file in a folder. ``folder`` ends with "/"; for Base.NONE it is empty, and ``name`` is the whole path."""

    base: Base
    folder: str
    name: str


@final
class SourceText:
    """A file's text, with its lines and tokens. Each line ends with one line feed."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.lines = self.text.split("\n")
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line) + 1)
        self._starts = starts

    @cached_property
    def tokens(self) -> list[Token]:
        return tokens_of(self.text)

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.start for token in self.tokens]

    def column(self, position: Position) -> int | None:
        """The column in code points, from 1; None if the text has no such place, which a //line comment can cause."""
        if not 1 <= position.line <= len(self.lines) or position.column < 1:
            return None
        line = self.lines[position.line - 1]
        if line.isascii():
            return position.column if position.column <= len(line) + 1 else None
        data = line.encode()
        if position.column > len(data) + 1:
            return None
        return len(data[: position.column - 1].decode(errors="ignore")) + 1

    def offset(self, position: Position) -> int | None:
        """The offset of the position; None if the text has no such place."""
        column = self.column(position)
        return None if column is None else self._starts[position.line - 1] + column - 1

    def line_of(self, offset: int) -> int:
        """The line, from 1, that holds the offset."""
        return bisect_right(self._starts, offset)

    def line_start(self, line: int) -> int:
        """Offset of the line's first character."""
        return self._starts[line - 1]

    def token_at(self, offset: int) -> int | None:
        """The number of the token that covers the offset; None for white space."""
        at = bisect_right(self._token_starts, offset) - 1
        return at if at >= 0 and offset < self.tokens[at].end else None


@final
class SourceTree:
    """Reads source files and names them."""

    def __init__(self, root: Path, goroot: Path) -> None:
        self._root = f"{root}/" if str(root) != "/" else "/"
        self._goroot = f"{goroot}/src/"
        self._texts: dict[str, SourceText | None] = {}

    def place(self, file: str) -> Place:
        """The place of a file: relative to GOROOT, the module cache or the root if it is below one of them."""
        path = os.path.normpath(os.path.join(os.getcwd(), file))
        if path.startswith(self._goroot):
            return Place(Base.GOROOT, self._goroot, path.removeprefix(self._goroot))
        if _MODULE_CACHE in path:
            before, _, name = path.partition(_MODULE_CACHE)
            return Place(Base.MODULES, before + _MODULE_CACHE, name)
        if path.startswith(self._root):
            return Place(Base.ROOT, self._root, path.removeprefix(self._root))
        return Place(Base.NONE, "", path)

    def text(self, file: str) -> SourceText | None:
        """The file's text; None if it cannot be read, for example because a //line comment names a file that does not exist."""
        if file not in self._texts:
            try:
                self._texts[file] = SourceText(Path(file).read_bytes().decode(errors="replace"))
            except OSError:
                self._texts[file] = None
        return self._texts[file]


def tree_here() -> SourceTree:
    """Files as seen from the working directory. Raises EnvironmentFault without a Go toolchain."""
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    return SourceTree(root, find_toolchain().root)
