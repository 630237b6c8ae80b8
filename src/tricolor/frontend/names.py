"""What go build calls the executable of a program.

Source: Go 1.27.3 cmd/go/internal/load/pkg.go (DefaultExecName, isVersionElement).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from tricolor.frontend.program import Program

_MAJOR_VERSION: Final = re.compile(r"v([2-9]|[1-9][0-9]+)")


def executable_name(typed: Program, patterns: Sequence[str]) -> str:
    """Of .go files the first one's name; else the last part of the first package's import path that is no major version."""
    if patterns and patterns[0].endswith(".go"):
        return PurePosixPath(patterns[0]).stem
    *before, last = typed.roots[0].path.split("/")
    return before[-1] if before and _MAJOR_VERSION.fullmatch(last) else last
