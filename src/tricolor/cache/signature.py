"""Stamps of files and folders, and the signature of this compiler: if they are equal, nothing has changed."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[str, int, int]
"""Path, modification time in nanoseconds, size in bytes; -1 and -1 if nothing is there."""


def stamp(path: str | Path) -> Stamp:
    """The stamp of a file or folder. It changes when the file is written, or when an entry of the folder is added or removed."""
    try:
        status = os.stat(path)
    except OSError:
        return str(path), -1, -1
    return str(path), status.st_mtime_ns, status.st_size


@cache
def compiler_signature() -> str:
    """A digest of this compiler's files and of the Python version. It changes whenever one of them changes."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256(sys.version.encode())
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(repr(stamp(os.path.join(folder, name))).encode())
    return digest.hexdigest()
