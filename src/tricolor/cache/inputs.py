"""What a program was made from. (Apart from ``program_cache``, so that a remembered program starts without the front end.)"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tricolor.cache.signature import Stamp, stamp
from tricolor.frontend.program import Program


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
