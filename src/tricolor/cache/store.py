"""The user's cache: entries by kind and key, written whole or not at all and checked when they are read.

An entry is ``<kind>/<first two digits of key>/<key>`` and begins with the SHA-256 of its payload, so a file that was cut
short or changed is noticed and removed, and never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Generator
from pathlib import Path

from tricolor.base.errors import EnvironmentFault
from tricolor.base.files import write_atomically

_DIGEST_BYTES = 32


def cache_dir() -> Path:
    """``$TRICOLOR_CACHE``, else ``$XDG_CACHE_HOME/tricolor``, else ``~/.cache/tricolor``. It may not exist yet."""
    explicit = os.environ.get("TRICOLOR_CACHE")
    if explicit:
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tricolor"


def entry_path(kind: str, key: str) -> Path:
    """Where the entry is, whether it exists or not."""
    return cache_dir() / kind / key[:2] / key


def read_entry(kind: str, key: str) -> bytes | None:
    """Payload of the entry, or None if there is none; a damaged entry is removed and counts as none."""
    path = entry_path(kind, key)
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    payload = raw[_DIGEST_BYTES:]
    if len(raw) >= _DIGEST_BYTES and hashlib.sha256(payload).digest() == raw[:_DIGEST_BYTES]:
        return payload
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def write_entry(kind: str, key: str, payload: bytes) -> None:
    """Store the entry. Raises EnvironmentFault."""
    with cache_written():
        write_atomically(entry_path(kind, key), hashlib.sha256(payload).digest() + payload)


@contextlib.contextmanager
def cache_written() -> Generator[None]:
    """A block that writes files of the cache. Raises EnvironmentFault if the system does not let it (a full disk, no permission)."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFault(f"the cache cannot be written: {error}") from error
