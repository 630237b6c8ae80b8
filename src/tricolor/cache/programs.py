"""Compiled programs remembered, so that a second run starts at once.

A record says what a command line compiled to (the key of an image in the cache) and what it was made from: files and folders with
their times and sizes. It holds only while all of these are unchanged, and this compiler too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from tricolor.cache.signature import Stamp, compiler_signature, stamp
from tricolor.cache.store import read_entry, write_entry

_ENVIRONMENT = ("GOFLAGS", "GOWORK", "GO111MODULE", "GOPATH", "GOMODCACHE", "GOPROXY", "GOEXPERIMENT")
"""Variables that change what the go command finds."""


@final
@dataclass(frozen=True, slots=True)
class CompiledProgram:
    """``image``: cache key of the linked program and of its symbol table.

    ``sites``: cache key of the allocation sites' descriptions, empty without accounting.
    """

    image: str
    sites: str
    inputs: tuple[Stamp, ...]


def program_key(patterns: Sequence[str], directory: Path, options: Iterable[str]) -> str:
    """Key of the record of a command line."""
    parts = [compiler_signature(), str(directory.resolve()), *patterns, "--", *options]
    parts += [f"{name}={os.environ.get(name, '')}" for name in _ENVIRONMENT]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def recall(key: str) -> CompiledProgram | None:
    """The program compiled before from the same, unchanged inputs, if the cache still holds all that a run needs."""
    data = read_entry("program", key)
    if data is None:
        return None
    fields: dict[str, Any] = json.loads(data)
    inputs = tuple((path, time, size) for path, time, size in fields["inputs"])
    if any(stamp(path) != (path, time, size) for path, time, size in inputs):
        return None
    program = CompiledProgram(fields["image"], fields["sites"], inputs)
    if any(read_entry(kind, entry) is None for kind, entry in _entries(program)):
        return None
    return program


def _entries(program: CompiledProgram) -> list[tuple[str, str]]:
    """Kind and key of the cache entries that a run reads."""
    described = [("sites", program.sites)] if program.sites else []
    return [("image", program.image), ("symbols", program.image), *described]


def remember(key: str, program: CompiledProgram) -> None:
    """Store the record. Raises EnvironmentFault."""
    write_entry("program", key, json.dumps(asdict(program)).encode())
