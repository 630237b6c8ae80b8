"""Records of compiled programs, so that a second run or build need not compile.

A record says what a command line compiled to (the key of a linked program in the cache) and what it was made from: files and folders with
their times and sizes. It holds only while all of these are unchanged, and this compiler too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, final

from tricolor.cache.signature import Stamp, compiler_signature, stamp
from tricolor.cache.store import read_entry, write_entry

_ENVIRONMENT = ("GOFLAGS", "GOWORK", "GO111MODULE", "GOPATH", "GOMODCACHE", "GOPROXY", "GOEXPERIMENT")
"""Variables that change what the go command finds."""


@final
class Form(Enum):
    """What a program is linked to: an image with a symbol table, to be loaded into this process, or an executable file."""

    IMAGE = "image"
    EXECUTABLE = "executable"


@final
@dataclass(frozen=True, slots=True)
class CompiledProgram:
    """``linked``: cache key of the linked program. ``name``: how go build names its executable.

    ``sites``: cache key of the allocation sites' descriptions, empty without accounting.
    """

    form: Form
    linked: str
    sites: str
    name: str
    inputs: tuple[Stamp, ...]


def program_key(patterns: Sequence[str], directory: Path, options: Iterable[str]) -> str:
    """Key of the record about a command line."""
    parts = [compiler_signature(), str(directory.resolve()), *patterns, "--", *options]
    parts += [f"{name}={os.environ.get(name, '')}" for name in _ENVIRONMENT]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def recall(key: str) -> CompiledProgram | None:
    """The program compiled before from the same, unchanged inputs, if the cache still holds all of it."""
    data = read_entry("program", key)
    if data is None:
        return None
    fields: dict[str, Any] = json.loads(data)
    inputs = tuple((path, time, size) for path, time, size in fields["inputs"])
    if any(stamp(path) != (path, time, size) for path, time, size in inputs):
        return None
    program = CompiledProgram(Form(fields["form"]), fields["linked"], fields["sites"], fields["name"], inputs)
    if any(read_entry(kind, entry) is None for kind, entry in _entries(program)):
        return None
    return program


def _entries(program: CompiledProgram) -> list[tuple[str, str]]:
    """Kind and key of the cache entries that the program consists of."""
    described = [("sites", program.sites)] if program.sites else []
    match program.form:
        case Form.IMAGE:
            return [("image", program.linked), ("symbols", program.linked), *described]
        case Form.EXECUTABLE:
            return [("executable", program.linked), *described]


def remember(key: str, program: CompiledProgram) -> None:
    """Store the record. Raises EnvironmentFault."""
    write_entry("program", key, json.dumps(asdict(program) | {"form": program.form.value}).encode())
