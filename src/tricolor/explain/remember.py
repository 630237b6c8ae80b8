"""Explain packages, and cache the explanations until a source changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tricolor.base.collection import without_cycle_collection
from tricolor.base.errors import Faults
from tricolor.cache.programs import program_key
from tricolor.cache.signature import stamp
from tricolor.cache.store import read_entry, write_entry
from tricolor.explain.model import Explained, from_json, to_json

_KIND = "explained"


def explain(patterns: Sequence[str], directory: Path, tags: Sequence[str] = ()) -> Explained | str:
    """The sites of the packages that the patterns name in ``directory``, or the go command's output if any of them has compile errors.

    Raises EnvironmentFault, CompilerBug."""
    explained, faults = explain_faultless(patterns, directory, tags)
    return faults or explained


def explain_faultless(patterns: Sequence[str], directory: Path, tags: Sequence[str] = ()) -> tuple[Explained, str]:
    """The sites of the packages without compile errors, and the go command's output about the other packages.

    Raises EnvironmentFault, CompilerBug."""
    key = program_key(patterns, directory, ("explain", *tags))
    known = _recall(key)
    if known is not None:
        return known, ""
    with without_cycle_collection():
        return _explain_anew(key, patterns, directory, tags)


def _explain_anew(key: str, patterns: Sequence[str], directory: Path, tags: Sequence[str]) -> tuple[Explained, str]:
    # Load the front end only when there is something to analyse.
    from tricolor.cache.inputs import inputs_of
    from tricolor.decide.decisions import analyse_alone, request_for
    from tricolor.explain.sites import sites_of

    alone = analyse_alone(request_for(patterns, directory, tags))
    if isinstance(alone, Faults):
        from tricolor.frontend.toolchain import GO_VERSION

        return Explained(GO_VERSION, {}), alone.text
    explained = sites_of(alone)
    if alone.faults:
        return explained, alone.faults
    record = {"inputs": inputs_of(alone.typed.sources(), patterns, directory), "explained": to_json(explained)}
    write_entry(_KIND, key, json.dumps(record).encode())
    return explained, ""


def _recall(key: str) -> Explained | None:
    data = read_entry(_KIND, key)
    if data is None:
        return None
    record: dict[str, Any] = json.loads(data)
    if any(stamp(path) != (path, time, size) for path, time, size in record["inputs"]):
        return None
    return from_json(record["explained"])
