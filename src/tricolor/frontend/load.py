"""Loads a Go program: runs the helper goload, and returns its diagnostics or the typed program.

Cost: 0.7 s for a program with fmt (60 packages), 2 s with net/http. The first load ever builds the helper, which takes 10 to 20 s; most of
that is the compilation of go/types.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast, final

from tricolor.base.errors import EnvironmentFault
from tricolor.cache.store import cache_dir, cache_written
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import (
    LANGUAGE_VERSION,
    Toolchain,
    ensure_goload,
    find_toolchain,
    go_environment,
)

_PARTLY_WRITTEN: Final = 4
"""Exit status of the helper if it wrote the packages without faults, see goload/main.go."""


def _no_overlay() -> dict[str, str]:
    return {}


@final
@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load.

    ``patterns``: .go files or packages, as for ``go build``. ``directory``: where the go command runs.
    ``tags``: build tags. ``overlay``: maps absolute paths to the files to read in their place; an empty path deletes the file.
    ``environment``: environment of the go command; None: the process's own.
    ``spellings``: also record how the source spells types (``Program.spelling``). ``partial``: if some of the named packages have faults,
    load the others, as far as the go command would compile them.

    ``remembered``: kind of the cache entries with knowledge about packages. If no pattern names a package and it has such an entry, the
    bodies of its functions are not loaded, except those of generic functions. ``bodies``: paths of packages that are loaded with all
    bodies nevertheless, and with all packages that they import. ``salt``: text on which the keys of the entries (``Package.key``) depend
    in addition to the packages.
    """

    patterns: tuple[str, ...]
    directory: Path = field(default_factory=Path.cwd)
    tags: tuple[str, ...] = ()
    overlay: Mapping[str, str] = field(default_factory=_no_overlay)
    environment: Mapping[str, str] | None = None
    spellings: bool = False
    partial: bool = False
    remembered: str = ""
    salt: str = ""
    bodies: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class LoadResult:
    """A program, or the go command's text about its faults (exit status 1); both if the request is ``partial`` and some packages fail."""

    program: Program | None
    diagnostics: str = ""


@final
@dataclass(frozen=True, slots=True)
class FileList:
    """All files that a program depends on: sources (after the overlay), assembly, embedded files."""

    files: tuple[Path, ...]
    diagnostics: str = ""


def load(request: LoadRequest) -> LoadResult:
    """Type-check the whole program. Faults of the program are in the result.

    Raises EnvironmentFault if the toolchain is missing or has another version, the disk is full, or the helper fails.
    """
    folder = cache_dir() / "tmp"
    with cache_written():
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix="typed-program-")
        os.close(handle)
    try:
        done = _run(request, ["-o", name])
        if done.returncode == 1:
            return LoadResult(None, done.stderr)
        return LoadResult(Program.open(Path(name)), done.stderr if done.returncode == _PARTLY_WRITTEN else "")
    finally:
        # The program stays readable, since its file is mapped.
        with contextlib.suppress(OSError):
            os.unlink(name)


def list_files(request: LoadRequest) -> FileList:
    """The files that the program depends on. Takes about 0.05 s, since nothing is parsed. Raises EnvironmentFault as ``load`` does."""
    done = _run(request, ["-files"])
    if done.returncode == 1:
        return FileList((), done.stderr)
    listing = cast("dict[str, list[str]]", json.loads(done.stdout))
    return FileList(tuple(Path(name) for name in listing["files"]))


def _run(request: LoadRequest, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    toolchain = find_toolchain()
    helper = ensure_goload(toolchain)
    with _overlay_file(request.overlay) as overlay:
        done = subprocess.run(
            [str(helper), *options, *_flags(request, toolchain, overlay), "--", *request.patterns],
            cwd=request.directory,
            env=go_environment(toolchain, request.environment) | {"PWD": str(request.directory.absolute())},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode not in (0, 1, _PARTLY_WRITTEN):
        raise EnvironmentFault(done.stderr.strip() or f"the Go front end ended with status {done.returncode}")
    return done


def _flags(request: LoadRequest, toolchain: Toolchain, overlay: str) -> list[str]:
    flags = [f"-go={toolchain.go}", f"-lang={LANGUAGE_VERSION}"]
    if request.tags:
        flags.append("-tags=" + ",".join((*request.tags, *_user_tags(request))))
    if request.spellings:
        flags.append("-spellings")
    if request.partial:
        flags.append("-partial")
    if request.remembered:
        flags += [f"-remembered={cache_dir() / request.remembered}", f"-salt={request.salt}"]
    if request.bodies:
        flags.append("-bodies=" + ",".join(request.bodies))
    if overlay:
        flags += ["-overlay=" + overlay + ".json", "-replacements=" + overlay + ".txt"]
    return flags


def _user_tags(request: LoadRequest) -> list[str]:
    """The tags in GOFLAGS. The go command would ignore them, since -tags on the command line replaces them."""
    env = os.environ if request.environment is None else request.environment
    words = env.get("GOFLAGS", "").split()
    lists = [word.partition("=")[2] for word in words if word.lstrip("-").startswith("tags=")]
    return [tag for tags in lists for tag in tags.split(",") if tag]


@contextlib.contextmanager
def _overlay_file(overlay: Mapping[str, str]) -> Generator[str]:
    """Write the overlay for ``go build -overlay`` (.json) and for goload (.txt); yield the path of both files without the suffix.

    The path is empty if there is no overlay.
    """
    if not overlay:
        yield ""
        return
    replace = {str(path): str(other) for path, other in overlay.items()}
    with tempfile.TemporaryDirectory(prefix="tricolor-overlay-") as folder:
        base = Path(folder) / "overlay"
        base.with_suffix(".json").write_text(json.dumps({"Replace": replace}))
        base.with_suffix(".txt").write_text("".join(f"{path}\n{other}\n" for path, other in replace.items()))
        yield str(base)
