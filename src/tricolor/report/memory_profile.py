"""What a program's sites allocated, written as a heap profile of pprof."""

from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tricolor.base.cache import write_output
from tricolor.base.errors import EnvironmentFault
from tricolor.frontend.toolchain import find_toolchain
from tricolor.profile.own import profile_of
from tricolor.profile.writing import profile_bytes
from tricolor.run.observe import Observation


def check_writable(path: Path) -> None:
    """Make sure that a profile can be written there, before a program runs for it. Raises EnvironmentFault."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        return  # a pipe or a device
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise EnvironmentFault(f"the profile {path} cannot be written: {error.strerror or error}") from error


def write_memory_profile(path: Path, descriptions: Sequence[Mapping[str, Any]], observation: Observation, name: str) -> None:
    """Write the profile whole or not at all. ``name``: of the program. Raises EnvironmentFault."""
    profile = profile_of(descriptions, observation.sites, str(find_toolchain().root), name, time.time_ns())
    write_output(path, profile_bytes(profile))
