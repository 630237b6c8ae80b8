"""Load a Go program: run the helper, give its diagnostics or the typed program.

Cost: 0.7 s for a program with fmt (60 packages), 2 s with net/http; the first load ever builds the
helper (10 to 20 s, of which Go's compiler needs most for go/types).
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
from tricolor.cache.store import cache_dir
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import (
    LANGUAGE_VERSION,
    Toolchain,
    ensure_goload,
    find_toolchain,
    go_environment,
)

_PARTLY_WRITTEN: Final = 4
"""Status of the helper, see goload/main.go."""


def _no_overlay() -> dict[str, str]:
    return {}


@final
@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load.

    ``patterns``: .go files or packages, as for ``go build``. ``directory``: where the go command runs.
    ``tags``: build tags. ``overlay``: absolute path -> path of the file to read instead (an empty one
    deletes). ``environment``: the go command's environment, the process's own if None.
    ``spellings``: the program also tells how types are written (``Program.spelling``). ``partial``: if some of the packages that are named
    have faults, the others are loaded all the same, as far as the go command would compile them.
    ``remembered``: kind of the cache entries that know about packages; of one that has such an entry and that no pattern names, bodies of
    functions are left out unless they are generic, or ``bodies`` has the path of it or of a package that imports it. ``salt``: what the
    keys of these entries (``Package.key``) depend on besides the packages.
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
    """A program, or the text that the go command would print about its faults (with exit status 1); both if it is ``partial``."""

    program: Program | None
    diagnostics: str = ""


@final
@dataclass(frozen=True, slots=True)
class FileList:
    """Every file that a program depends on (sources after the overlay, assembly, embedded files)."""

    files: tuple[Path, ...]
    diagnostics: str = ""


def load(request: LoadRequest) -> LoadResult:
    """Type-check the whole program. Faults of the program are in the result.

    Raises EnvironmentFault: no toolchain, wrong version, full disk, the helper failed.
    """
    folder = cache_dir() / "tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix="typed-program-")
        os.close(handle)
    except OSError as error:
        raise EnvironmentFault(f"the cache cannot be written: {error}") from error
    try:
        done = _run(request, ["-o", name])
        if done.returncode == 1:
            return LoadResult(None, done.stderr)
        return LoadResult(Program.open(Path(name)), done.stderr if done.returncode == _PARTLY_WRITTEN else "")
    finally:
        # The program stays readable: its file is mapped.
        with contextlib.suppress(OSError):
            os.unlink(name)


def list_files(request: LoadRequest) -> FileList:
    """The files that the program depends on; about 0.05 s, nothing is parsed. Raises EnvironmentFault."""
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
    """Tags in GOFLAGS, which a -tags on the command line would replace."""
    env = os.environ if request.environment is None else request.environment
    words = env.get("GOFLAGS", "").split()
    lists = [word.partition("=")[2] for word in words if word.lstrip("-").startswith("tags=")]
    return [tag for tags in lists for tag in tags.split(",") if tag]


@contextlib.contextmanager
def _overlay_file(overlay: Mapping[str, str]) -> Generator[str]:
    """Path without suffix of the overlay, as ``go build -overlay`` (.json) and goload (.txt) want it.

    Empty for no overlay.
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
