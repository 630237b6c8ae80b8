"""Write files whole or not at all; standard streams that are closed."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

from tricolor.base.errors import EnvironmentFault


def open_standard_streams() -> None:
    """Open /dev/null for each standard stream that is closed, as Go programs do. Otherwise a file that is opened later would get its number,
    and receive what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] - Python leaves closed streams out
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = os.fdopen(2, "w")


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write the file whole or not at all, and create its folders. ``mode``: its permissions. Raises OSError (full disk, no permission)."""
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


def write_output(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that the user named, whole or not at all. If it is not a regular file (a terminal, a pipe, a device), write to it directly.

    ``mode``: the permissions of a new file, less those that the process's umask takes away.
    Raises EnvironmentFault."""
    with writing(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(data)
            return
        if not path.absolute().parent.is_dir():
            raise EnvironmentFault(f"{path} cannot be written: there is no folder {path.parent}")
        mask = os.umask(0)
        os.umask(mask)
        write_atomically(path.resolve(), data, mode & ~mask)


@contextlib.contextmanager
def writing(path: Path, what: str = "") -> Generator[None]:
    """Turn an OSError of the block into an EnvironmentFault: the file cannot be written. ``what`` names the kind of file, if that helps."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFault(f"{what + ' ' if what else ''}{path} cannot be written: {error.strerror or error}") from error
