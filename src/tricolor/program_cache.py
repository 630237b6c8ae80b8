"""Compiled programs remembered, so that a second run starts at once.

A record says what a command line compiled to (keys of objects in the cache) and what it was made from: files and folders with
their times and sizes. It holds only while all of these are unchanged, and this compiler too.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, final

from tricolor.base.cache import read_entry, write_entry

if TYPE_CHECKING:
    # A remembered program starts without the front end.
    from tricolor.frontend.program import Program

Stamp: TypeAlias = tuple[str, int, int]
"""Path, modification time in nanoseconds, size in bytes; -1 and -1 for what does not exist."""

_ENVIRONMENT = ("GOFLAGS", "GOWORK", "GO111MODULE", "GOPATH", "GOMODCACHE", "GOPROXY", "GOEXPERIMENT")
"""Variables that change what the go command finds."""


@final
@dataclass(frozen=True, slots=True)
class CompiledProgram:
    """``objects``: cache keys of the objects to link; ``symbols``: of the program's symbol table.

    ``sites``: cache key of the allocation sites' descriptions, empty without accounting.
    """

    objects: tuple[str, ...]
    symbols: str
    sites: str
    inputs: tuple[Stamp, ...]


def stamp(path: str | Path) -> Stamp:
    """What tells that a file or folder has not changed."""
    try:
        status = os.stat(path)
    except OSError:
        return str(path), -1, -1
    return str(path), status.st_mtime_ns, status.st_size


@cache
def compiler_signature() -> str:
    """Changes whenever a file of this compiler changes."""
    root = Path(__file__).parent
    digest = hashlib.sha256(sys.version.encode())
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(repr(stamp(os.path.join(folder, name))).encode())
    return digest.hexdigest()


def program_key(patterns: Sequence[str], directory: Path, options: Iterable[str]) -> str:
    """Key of the record of a command line."""
    parts = [compiler_signature(), str(directory.resolve()), *patterns, "--", *options]
    parts += [f"{name}={os.environ.get(name, '')}" for name in _ENVIRONMENT]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def recall(key: str) -> CompiledProgram | None:
    """The program compiled before from the same, unchanged inputs."""
    data = read_entry("program", key)
    if data is None:
        return None
    fields: dict[str, Any] = json.loads(data)
    inputs = tuple((path, time, size) for path, time, size in fields["inputs"])
    if any(stamp(path) != (path, time, size) for path, time, size in inputs):
        return None
    return CompiledProgram(tuple(fields["objects"]), fields["symbols"], fields["sites"], inputs)


def remember(key: str, program: CompiledProgram) -> None:
    """Store the record. Raises OSError."""
    write_entry("program", key, json.dumps(asdict(program)).encode())


def inputs_of(typed: Program, patterns: Sequence[str], directory: Path) -> tuple[Stamp, ...]:
    """Files and folders outside Go's own tree that decide what the patterns mean there and what the program is."""
    paths: set[str] = set()
    for package in typed.packages:
        if package.standard:
            continue
        paths.add(package.directory)
        paths.update(typed.files[index].source for index in package.files)
        paths.update(str(Path(package.directory) / name) for name in package.embed_files)
        for folder in (Path(package.directory), *Path(package.directory).parents):
            if (folder / "go.mod").exists():
                paths.update(str(folder / name) for name in ("go.mod", "go.sum", "go.work", "vendor/modules.txt"))
                break
    for pattern in patterns:
        paths.add(str(directory / pattern))
        if pattern.startswith(".") and pattern.endswith("/..."):
            # A new folder may be a new package.
            paths.update(folder for folder, _, _ in os.walk(directory / pattern.removesuffix("/...")) if "/." not in folder)
    return tuple(stamp(path) for path in sorted(paths))
