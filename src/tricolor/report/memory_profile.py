"""Write what a program's sites allocated as a heap profile in pprof format."""

from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from tricolor.base.files import write_output, writing
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.overlay import overlay_files
from tricolor.profile.own import profile_of
from tricolor.profile.writing import profile_bytes
from tricolor.run.observe import Observation


def check_writable(path: Path) -> None:
    """Check before the program runs that a profile can be written to ``path``. Raises EnvironmentFault if it cannot."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        return  # a pipe or a device
    with writing(path, "the profile"):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass


def write_memory_profile(path: Path, descriptions: Sequence[Mapping[str, Any]], observation: Observation, name: str) -> None:
    """Write the profile, whole or not at all. ``name``: the program's name. Raises EnvironmentFault."""
    root = find_toolchain().root
    profile = profile_of(descriptions, observation.sites, str(root), name, time.time_ns(), lines_of_go(root))
    write_output(path, profile_bytes(profile))


def lines_of_go(goroot: Path) -> Callable[[str, int], int]:
    """A function from a line of a file that Tricolor compiles in place of Go's to the same line of Go's file; 0 if Go's file lacks it."""
    replaced = overlay_files(goroot)

    @cache
    def lines(file: str) -> Mapping[int, int]:
        ours, original = Path(replaced[file]), Path(file)
        if not original.is_file():
            return {}
        matcher = SequenceMatcher(None, ours.read_text().splitlines(), original.read_text().splitlines(), autojunk=False)
        return {block.a + index + 1: block.b + index + 1 for block in matcher.get_matching_blocks() for index in range(block.size)}

    return lambda file, line: lines(file).get(line, 0) if replaced.get(file) else line
