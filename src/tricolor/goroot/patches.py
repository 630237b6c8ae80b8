"""Patches for files of Go's standard library: data that describes changes, applied to the real file when the overlay is built.

A patch names declarations to leave out or to keep, so this repository contains no text of Go's library.

Errors: PatchError if the file has no declaration that a patch names. Then the library has another version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never, final

from tricolor.goroot.source import GoSource, join_source, split_source


class PatchError(Exception):
    """A patch does not fit the file."""


@final
@dataclass(frozen=True, slots=True)
class Delete:
    """Leave out the declarations of these names (``T.M`` for a method). A group with one of the names is left out as a whole."""

    names: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class KeepOnly:
    """Leave out all declarations except the named ones."""

    names: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Unconstrain:
    """Remove the build constraint, so that the file belongs to the package on this machine."""


@final
@dataclass(frozen=True, slots=True)
class Replace:
    """Replace a short text that occurs exactly once inside the declaration of ``name``."""

    name: str
    old: str
    new: str


Patch = Delete | KeepOnly | Unconstrain | Replace

_CONSTRAINT = re.compile(r"^//go:build [^\n]*\n", re.MULTILINE)


def _without(source: GoSource, names: Sequence[str]) -> GoSource:
    missing = set(names) - {n for d in source.declarations for n in d.names}
    if missing:
        raise PatchError(f"no declaration of {', '.join(sorted(missing))}")
    return replace(source, declarations=tuple(d for d in source.declarations if not d.names & set(names)))


def _only(source: GoSource, names: Sequence[str]) -> GoSource:
    kept = tuple(d for d in source.declarations if d.names & set(names))
    missing = set(names) - {n for d in kept for n in d.names}
    if missing:
        raise PatchError(f"no declaration of {', '.join(sorted(missing))}")
    return replace(source, declarations=kept)


def _replaced(source: GoSource, patch: Replace) -> GoSource:
    out = list(source.declarations)
    for i, d in enumerate(out):
        if patch.name in d.names:
            if d.text.count(patch.old) != 1:
                raise PatchError(f"{patch.name} has {patch.old!r} {d.text.count(patch.old)} times")
            out[i] = replace(d, text=d.text.replace(patch.old, patch.new))
            return replace(source, declarations=tuple(out))
    raise PatchError(f"no declaration of {patch.name}")


def apply_patches(text: str, patches: Sequence[Patch]) -> str:
    """Apply patches to the text of a Go file and return the result. Raises PatchError."""
    source = split_source(text)
    for patch in patches:
        match patch:
            case Delete():
                source = _without(source, patch.names)
            case KeepOnly():
                source = _only(source, patch.names)
            case Unconstrain():
                if not _CONSTRAINT.search(source.head):
                    raise PatchError("no build constraint")
                source = replace(source, head=_CONSTRAINT.sub("", source.head))
            case Replace():
                source = _replaced(source, patch)
            case _:
                assert_never(patch)
    return join_source(source)
