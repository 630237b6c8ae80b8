"""What the commands share: flags of the compiler, the words of a command line, and output for the user."""

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
        "flags for the compiler: -m prints escape decisions, -m=2 adds reasons, -json=0,DIR logs them as JSON, -N turns optimisation off",
        value_name="'-m -l'",
        from_go=True,
    ),
    Flag("tags", "comma-separated build tags", value_name="a,b", from_go=True),
    Flag(
        "dump",
        f"print a stage of the compiler and stop: {', '.join(STAGES)}; STAGE:TEXT prints only functions whose name contains TEXT",
        value_name="STAGE",
    ),
    Flag(
        "check",
        "how thoroughly the runtime checks its own invariants, from 0 (not at all) to 3; from 1 on the compiler verifies its IR too",
        "0",
        ("0", "1", "2", "3"),
        "LEVEL",
    ),
)


def gcflags(parsed: Parsed) -> CompilerFlags:
    """The parsed value of -gcflags. Raises UsageError for a word that is not supported."""
    return parse_gcflags(parsed.text("gcflags"))


def dump_stage(parsed: Parsed) -> tuple[str, str]:
    """The stage to dump and the text that names must contain; both empty without --dump. Raises UsageError."""
    stage, _, wanted = parsed.text("dump").partition(":")
    if stage and stage not in STAGES:
        raise UsageError(f"unknown stage {stage!r}: use one of {', '.join(STAGES)}")
    return stage, wanted


def tags(parsed: Parsed) -> tuple[str, ...]:
    return tuple(tag for tag in parsed.text("tags").replace(" ", ",").split(",") if tag)


def check_level(parsed: Parsed) -> int:
    """How much Tricolor checks itself, 0 to 3."""
    return int(parsed.text("check"))


def split_patterns(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split into the program and its arguments as ``go run`` does: the program is all leading .go files, else one package."""
    count = 0
    while count < len(words) and words[count].endswith(".go"):
        count += 1
    if not count:
        count = min(1, len(words))
    return tuple(words[:count]), tuple(words[count:])


def check_files(patterns: Sequence[str], directory: Path) -> None:
    """Raise TricolorError for a .go file that does not exist."""
    for pattern in patterns:
        if pattern.endswith(".go") and not (directory / pattern).is_file():
            raise TricolorError(f"{pattern}: no such file")


def say_faults(text: str) -> int:
    """Print what the go command says about faults of the user's packages; gives the exit status."""
    say(text.rstrip("\n"))
    return 1


def say(text: str) -> None:
    """Print a line for the user on stderr."""
    print(text, file=sys.stderr)
