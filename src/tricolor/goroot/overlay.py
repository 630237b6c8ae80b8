"""Builds the overlay, which replaces files of the standard library.

``overlay_files`` returns the ``Replace`` table of ``go list -overlay``. It maps a path inside GOROOT to the path of our file, or of a patched
copy in the user's cache; an empty target leaves the file out.

Errors: EnvironmentFault (the cache cannot be written), PatchError (a patch does not fit: GOROOT is another version).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import tricolor.goroot as here
from tricolor.base.files import write_atomically
from tricolor.cache.store import cache_dir, cache_written
from tricolor.goroot.layout import PACKAGES, TEST_BINARY, Package
from tricolor.goroot.patches import apply_patches

BUILD_TAGS: Final = ("purego", "math_big_pure_go", "osusergo", "netgo")
"""Tags that switch off assembly and cgo; GOOS=linux GOARCH=amd64 CGO_ENABLED=0."""

_FILES: Final = Path(here.__file__).parent / "files"
_PREFIX: Final = "tricolor_"


def _fingerprint(goroot: Path) -> str:
    """A digest of GOROOT's path and version and of all files of this package."""
    digest = hashlib.sha256()
    digest.update(str(goroot).encode())
    digest.update((goroot / "VERSION").read_bytes())
    for path in sorted(Path(here.__file__).parent.rglob("*")):
        if path.suffix in (".py", ".go"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:24]


def _version_file(goroot: Path) -> str:
    version = (goroot / "VERSION").read_text().split("\n", 1)[0].strip()
    return (
        f'package runtime\n\n// builtWith is the version of the standard library.\nconst builtWith = "{version}"\n\nvar _ = builtWith\n\n'
        f"// defaultGOROOT is where it lies.\nconst defaultGOROOT = {json.dumps(str(goroot))}\n"
    )


def _build_package(goroot: Path, package: Package, folder: Path) -> dict[str, str]:
    source = goroot / "src" / package.path
    target = folder / package.path
    out: dict[str, str] = {}
    if package.only:
        for path in sorted(source.iterdir()):
            if path.suffix == ".go" and not path.name.endswith("_test.go") and path.name not in package.keep:
                out[str(path)] = ""
    for name in package.drop:
        out[str(source / name)] = ""
    for name, patches in package.patch.items():
        text = apply_patches((source / name).read_text(), patches)
        _write(target / name, text)
        out[str(source / name)] = str(target / name)
    return out


def overlay_files(goroot: Path) -> dict[str, str]:
    """The overlay for a GOROOT. The first call makes the patched copies and keeps them in the user's cache."""
    folder = cache_dir() / "goroot" / _fingerprint(goroot)
    index = folder / "overlay.json"
    if index.exists():
        return json.loads(index.read_text())
    out: dict[str, str] = {}
    for package in PACKAGES:
        out |= _build_package(goroot, package, folder)
    for path in sorted(_FILES.rglob("*.go")):
        package_path = path.parent.relative_to(_FILES)
        out[str(goroot / "src" / package_path / f"{_PREFIX}{path.name}")] = str(path)
    version = folder / "runtime" / "version.go"
    _write(version, _version_file(goroot))
    out[str(goroot / "src" / "runtime" / f"{_PREFIX}version.go")] = str(version)
    _write(index, json.dumps(out))
    return out


def test_overlay(goroot: Path) -> dict[str, str]:
    """The overlay for a test binary, see ``layout.TEST_BINARY``."""
    return overlay_files(goroot) | _build_package(goroot, TEST_BINARY, cache_dir() / "goroot" / _fingerprint(goroot) / "test")


def _write(path: Path, text: str) -> None:
    with cache_written():
        write_atomically(path, text.encode())
