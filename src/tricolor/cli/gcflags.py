"""Parse the value of ``-gcflags``, flags of Go's compiler: which decisions are printed, and how.

Source: cmd/compile/internal/base/flag.go, cmd/internal/quoted, cmd/compile/internal/logopt (LogJsonOption).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from tricolor.base.errors import UsageError

_IGNORED: Final = ("-e", "-live=0")
_EFFECTS: Final = "escapemutationscalls"
_KNOWN: Final = f"-m -m=1 -m=2 -l -N -e -json=0,DIR -d={_EFFECTS}=1"
_DEEPEST: Final = 2
_WORD: Final = re.compile(r"""('[^']*'|"[^"]*")(?!\S)|(\S+)""")


@final
@dataclass(frozen=True, slots=True)
class CompilerFlags:
    """``detail``: the level of -m, 0 without -m; ``inlining``: -l is absent; ``optimise``: -N is absent; ``effects``: also print which
    parameters a function calls or writes through; ``log``: the folder for decisions as JSON."""

    detail: int = 0
    inlining: bool = True
    optimise: bool = True
    effects: bool = False
    log: Path | None = None

    @property
    def shows_decisions(self) -> bool:
        return self.detail > 0 or self.log is not None


def parse_gcflags(text: str) -> CompilerFlags:
    """Parse the value of -gcflags. Raises UsageError for a word that is not supported."""
    flags = CompilerFlags()
    for quoted, plain in _WORD.findall(text):
        flags = _with(flags, quoted[1:-1] or plain)
    return flags


def _with(flags: CompilerFlags, word: str) -> CompilerFlags:
    name, equals, value = word.partition("=")
    match name:
        case "-m":
            return replace(flags, detail=_detail(flags, word, value if equals else ""))
        case "-l" if not equals or value.isdigit():
            return replace(flags, inlining=value not in ("", "1"))
        case "-N" if not equals:
            return replace(flags, optimise=False)
        case "-d" if value in (_EFFECTS, f"{_EFFECTS}=1", f"{_EFFECTS}=0"):
            return replace(flags, effects=not value.endswith("=0"))
        case "-json":
            return replace(flags, log=_folder(value))
        case _ if word in _IGNORED:
            return flags
        case _:
            raise UsageError(f"-gcflags={word} is not supported: use {_KNOWN}")


def _detail(flags: CompilerFlags, word: str, value: str) -> int:
    """The level after one more ``-m``: a repeated ``-m`` raises the level by one, ``-m=N`` sets it."""
    if not value:
        level = flags.detail + 1
    elif value.isdigit():
        level = int(value)
    else:
        raise UsageError(f'invalid boolean value "{value}" for -m: invalid count "{value}"')
    if level > _DEEPEST:
        raise UsageError(f"-gcflags={word} is not supported: {_DEEPEST} is the highest level of -m")
    return level


def _folder(value: str) -> Path:
    version, comma, folder = value.partition(",")
    if not comma or not version.isdigit():
        raise UsageError("-json option should be '<version>,<destination>' where <version> is a number")
    if int(version):
        raise UsageError("-json version must be 0")
    if folder.startswith("file://"):
        return Path(folder.removeprefix("file://"))
    if folder.startswith("/"):
        return Path(folder)
    raise UsageError(f"-json: optimizer logging destination {folder} was neither /-prefixed directory nor file://-prefixed file URI")
