"""What ``run`` and ``build`` share: flags, requests, dumps and escape messages."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tricolor.base.errors import TricolorError, UsageError
from tricolor.cli.flags import Flag, Parsed
from tricolor.cli.gcflags import CompilerFlags, parse_gcflags

STAGES: Final = ("typed", "ir", "escape", "llvm", "llvm-opt", "asm")

COMPILE_FLAGS: Final = (
    Flag(
        "gcflags",
        "flags for the compiler: -m prints escape decisions, -m=2 also why, -json=0,DIR writes them, -N no optimisation",
        value_name="'-m -l'",
    ),
    Flag("tags", "comma-separated build tags", value_name="a,b"),
    Flag(
        "dump",
        f"print a stage instead of going on: {', '.join(STAGES)}; STAGE:TEXT only functions with TEXT in the name",
        value_name="STAGE",
    ),
    Flag("check", "level of the runtime's own invariant checks, 0 to 3", "0", ("0", "1", "2", "3"), "LEVEL"),
)


def gcflags(parsed: Parsed) -> CompilerFlags:
    """What -gcflags asks of the compiler. Raises UsageError for a word that is not supported."""
    return parse_gcflags(parsed.text("gcflags"))


def dump_stage(parsed: Parsed) -> tuple[str, str]:
    """Stage to dump and the text that names must contain; empty for none. Raises UsageError."""
    stage, _, wanted = parsed.text("dump").partition(":")
    if stage and stage not in STAGES:
        raise UsageError(f"no stage {stage!r}: one of {', '.join(STAGES)}")
    return stage, wanted


def tags(parsed: Parsed) -> tuple[str, ...]:
    return tuple(tag for tag in parsed.text("tags").replace(" ", ",").split(",") if tag)


def split_patterns(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Program and its arguments, as ``go run`` splits them: leading .go files, else one package."""
    count = 0
    while count < len(words) and words[count].endswith(".go"):
        count += 1
    if not count:
        count = min(1, len(words))
    return tuple(words[:count]), tuple(words[count:])


def check_files(patterns: Sequence[str], directory: Path) -> None:
    """Raises TricolorError for a .go file that is not there."""
    for pattern in patterns:
        if pattern.endswith(".go") and not (directory / pattern).is_file():
            raise TricolorError(f"{pattern}: no such file")


def say_faults(text: str) -> int:
    """Print what the go command says about faults of the user's packages; gives the exit status."""
    say(text.rstrip("\n"))
    return 1


def say(text: str) -> None:
    """A line for the user on stderr."""
    print(text, file=sys.stderr)
