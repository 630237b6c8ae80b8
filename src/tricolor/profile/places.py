"""Find the place in source of a profile's frame, even if the program was built in another folder, with another Go tree, with -trimpath, or as a
test.

A site and a frame are the same place if file name, line and package agree. The package is compared in three ways, and the best match counts (see
``likeness``): by the path of the file; by the path of the package as the end of the file's folder (``/home/a/go/pkg/mod/m.org/x@v1.2.0/y/z.go``
is in package m.org/x/y); by the package in the function's name. Function names call a main package ``main`` in a program, and by its path in its
test.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, final
from urllib.parse import unquote

from tricolor.explain.model import Site, generic_name
from tricolor.gotypes.symbols import split_symbol
from tricolor.profile.model import Frame

_VERSION: Final = re.compile(r"@v[^/]*")
_CAPITAL: Final = re.compile(r"!([a-z])")
_RUNTIME_FILE: Final = re.compile(r"(?:^|/src/)((?:internal/)?runtime(?:/[^/]+)*)/[^/]+$")
_RUNTIME_USERS: Final = frozenset(
    {"runtime/cgo", "runtime/coverage", "runtime/debug", "runtime/metrics", "runtime/pprof", "runtime/race", "runtime/trace"}
)
"""Packages below runtime that are ordinary libraries."""


def package_of(function: str) -> str:
    """The import path of the package in a linker symbol, which writes some characters as ``%2e``."""
    return unquote(split_symbol(function)[0])


def local_name(function: str) -> str:
    """The function's name within its package. It is the same in a program and in its test."""
    return split_symbol(generic_name(function))[1]


def runtime_package(frame: Frame) -> str:
    """The runtime package that holds the frame's file; empty if the file is not part of the runtime.

    The function's name may claim another package of Go's tree: internal/bytealg.MakeNoZero is written in the runtime."""
    found = _RUNTIME_FILE.search(frame.file)
    if found is None or found.group(1) in _RUNTIME_USERS:
        return ""
    claimed = package_of(frame.function).partition("/")[0]
    return "" if claimed == "main" or "." in claimed else found.group(1)


def _plain_path(file: str) -> str:
    """The path without module versions, and with capitals instead of the module cache's ``!x``."""
    file = file.replace("\\", "/")
    if "@v" not in file:
        return file
    return _CAPITAL.sub(lambda found: found.group(1).upper(), _VERSION.sub("", file))


def likeness(frame: Frame, site: Site) -> int:
    """How surely the frame's file is the site's, given that file name and line agree; 0 if it is another file."""
    if frame.file == site.position.file:
        return 4
    declared = package_of(site.function)
    path = site.package if declared == "main" else declared
    if f"/{_plain_path(frame.file)}".endswith(f"/{path}/{Path(site.position.file).name}"):
        return 3
    package = package_of(frame.function)
    if package in (path, site.package) and package != "main":
        return 2
    return int(package == "main" == declared and local_name(frame.function) == local_name(site.function))


@final
class Places:
    """Finds sites by their place."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites: defaultdict[tuple[str, int], list[Site]] = defaultdict(list)
        self._known: dict[Frame, Sequence[Site]] = {}
        for site in sites:
            self._sites[_name(site.position.file), site.position.line].append(site)

    def at(self, frame: Frame) -> Sequence[Site]:
        """The sites on the frame's line: only those of the frame's function if it has any there, else all. (The name of a func literal depends on
        where its function was inlined.)"""
        known = self._known.get(frame)
        if known is None:
            known = self._known[frame] = self._find(frame)
        return known

    def _find(self, frame: Frame) -> Sequence[Site]:
        degrees = [(likeness(frame, site), site) for site in self._sites.get((_name(frame.file), frame.line), ())]
        best = max((degree for degree, _ in degrees), default=0)
        found = _without_copies(site for degree, site in degrees if degree == best > 0)
        local = local_name(frame.function)
        return [site for site in found if local_name(site.function) == local] or found


def _name(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def _without_copies(sites: Iterable[Site]) -> list[Site]:
    """Drop copies: each package that uses a generic function has sites for its instances. Keep the declaring package's site, else the first."""
    out: dict[object, Site] = {}
    for site in sites:
        key = (local_name(site.function), site.kind, site.expression, site.position)
        if key not in out or (out[key].foreign and not site.foreign):
            out[key] = site
    return list(out.values())


@final
class Named:
    """The packages that the user named; tells which frames belong to them."""

    def __init__(self, packages: Mapping[str, Sequence[Site]]) -> None:
        self._paths = frozenset(packages)
        self._folders: defaultdict[str, set[Path]] = defaultdict(set)
        for path, sites in packages.items():
            for site in sites:
                if not site.foreign:
                    self._folders["main" if package_of(site.function) == "main" else path].add(Path(site.position.file).parent)
        self._files: dict[tuple[str, str], str] = {}

    def __contains__(self, frame: Frame) -> bool:
        """Whether the frame is in a named package. Every program's main package is called main, so there the file name decides too."""
        package = package_of(frame.function)
        return bool(self._file(package, frame)) if package == "main" else package in self._paths

    def here(self, frame: Frame) -> Frame:
        """The frame with the path of its file on this machine, if it is in a named package: the program may have been built elsewhere, or with
        -trimpath."""
        return replace(frame, file=self._file(package_of(frame.function), frame) or frame.file)

    def _file(self, package: str, frame: Frame) -> str:
        """The path of the frame's file in the package's folder; empty if there is none."""
        key = package, _name(frame.file)
        if key not in self._files:
            folders = self._folders.get(package) or self._folders.get("main", ())
            paths = (folder / key[1] for folder in sorted(folders))
            self._files[key] = next((str(path) for path in paths if path.is_file()), "") if key[1] else ""
        return self._files[key]
