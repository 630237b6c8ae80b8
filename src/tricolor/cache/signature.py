"""What tells that nothing has changed: stamps of files and folders, and the signature of this compiler."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[str, int, int]
"""Path, modification time in nanoseconds, size in bytes; -1 and -1 for what does not exist."""


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
    root = Path(__file__).parent.parent
    digest = hashlib.sha256(sys.version.encode())
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            digest.update(repr(stamp(os.path.join(folder, name))).encode())
    return digest.hexdigest()
