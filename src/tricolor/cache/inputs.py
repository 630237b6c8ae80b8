"""The files and folders from which a program was made: while all of them are unchanged, so is the program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tricolor.cache.signature import Stamp, stamp


def inputs_of(sources: Mapping[str, Sequence[str]], patterns: Sequence[str], directory: Path) -> tuple[Stamp, ...]:
    """Stamps of all files and folders outside Go's own tree on which the program and the meaning of the patterns depend.

    ``sources``: the files of its packages, by folder (``Program.sources``)."""
    paths: set[str] = set()
    for folder, files in sources.items():
        paths.add(folder)
        paths.update(files)
        for parent in (Path(folder), *Path(folder).parents):
            if (parent / "go.mod").exists():
                paths.update(str(parent / name) for name in ("go.mod", "go.sum", "go.work", "vendor/modules.txt"))
                break
    for pattern in patterns:
        paths.add(str(directory / pattern))
        if pattern.startswith(".") and pattern.endswith("/..."):
            # A new folder may be a new package.
            paths.update(folder for folder, _, _ in os.walk(directory / pattern.removesuffix("/...")) if "/." not in folder)
    return tuple(stamp(path) for path in sorted(paths))
