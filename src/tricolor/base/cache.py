"""The user's cache: files written whole or not at all, entries that prove themselves when read.

An entry is ``<kind>/<first two digits of key>/<key>`` and begins with the SHA-256 of its payload, so that a file that was cut
short or changed is noticed, removed and made again, never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from tricolor.base.errors import EnvironmentFault

_DIGEST_BYTES = 32


def cache_dir() -> Path:
    """``$TRICOLOR_CACHE``, else ``$XDG_CACHE_HOME/tricolor``, else ``~/.cache/tricolor``; not necessarily existing."""
    explicit = os.environ.get("TRICOLOR_CACHE")
    if explicit:
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tricolor"


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write the file whole or not at all, making its folders. ``mode``: its permissions. Raises OSError (a full disk, no permission)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(handle, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def entry_path(kind: str, key: str) -> Path:
    """Where the entry is, whether it exists or not."""
    return cache_dir() / kind / key[:2] / key


def read_entry(kind: str, key: str) -> bytes | None:
    """Payload of the entry, or None if there is none; a corrupt one is removed and counts as none."""
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
    """Store the entry. Raises OSError (a full disk, no permission)."""
    write_atomically(entry_path(kind, key), hashlib.sha256(payload).digest() + payload)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that the user named, whole or not at all; what is no regular file (a terminal, a pipe, a device) is written to.

    Raises EnvironmentFault."""
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(data)
            return
        if not path.absolute().parent.is_dir():
            raise EnvironmentFault(f"{path} cannot be written: there is no folder {path.parent}")
        mask = os.umask(0)
        os.umask(mask)
        write_atomically(path.resolve(), data, 0o666 & ~mask)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror or error}") from error
