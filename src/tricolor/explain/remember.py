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
    """The sites of the packages that the patterns name in ``directory``, or what to print about those among them that have none.

    Raises EnvironmentFault, CompilerBug."""
    explained, faults = explain_faultless(patterns, directory, tags)
    return faults.text or explained


def explain_faultless(patterns: Sequence[str], directory: Path, tags: Sequence[str] = ()) -> tuple[Explained, Faults]:
    """The sites of the packages without compile errors, and what to print about the other packages; its text is empty if there are none.

    Raises EnvironmentFault, CompilerBug."""
    key = program_key(patterns, directory, ("explain", *tags))
    known = _recall(key)
    if known is not None:
        return known, Faults("")
    with without_cycle_collection():
        return _explain_anew(key, patterns, directory, tags)


def _explain_anew(key: str, patterns: Sequence[str], directory: Path, tags: Sequence[str]) -> tuple[Explained, Faults]:
    # Load the front end only when there is something to analyse.
    from tricolor.cache.inputs import inputs_of
    from tricolor.decide.decisions import Alone, analyse_alone, request_for
    from tricolor.decide.separately import separately
    from tricolor.explain.sites import sites_of
    from tricolor.frontend.load import LoadRequest
    from tricolor.frontend.toolchain import GO_VERSION

    def analyse_and_explain(request: LoadRequest) -> tuple[Explained, Alone | Faults]:
        alone = analyse_alone(request)
        return (Explained(GO_VERSION, {}) if isinstance(alone, Faults) else sites_of(alone)), alone

    outcomes = separately(request_for(patterns, directory, tags), analyse_and_explain)
    if outcomes.failures or outcomes.faults:
        text = "\n".join(filter(None, (outcomes.faults.rstrip("\n"), *outcomes.failures)))
        return _joined(GO_VERSION, [explained for explained, _ in outcomes.done]), Faults(text, max(outcomes.status, 1))
    ((explained, alone),) = outcomes.done
    if isinstance(alone, Faults):
        return explained, alone
    if not alone.faults:
        record = {"inputs": inputs_of(alone.typed.sources(), patterns, directory), "explained": to_json(explained)}
        write_entry(_KIND, key, json.dumps(record).encode())
    return explained, Faults(alone.faults)


def _joined(go_version: str, parts: Sequence[Explained]) -> Explained:
    packages = {path: sites for part in parts for path, sites in part.packages.items()}
    return Explained(go_version, packages, {path: found for part in parts for path, found in part.parameters.items()})


def _recall(key: str) -> Explained | None:
    data = read_entry(_KIND, key)
    if data is None:
        return None
    record: dict[str, Any] = json.loads(data)
    if any(stamp(path) != (path, time, size) for path, time, size in record["inputs"]):
        return None
    return from_json(record["explained"])
