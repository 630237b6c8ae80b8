"""Which place of source a frame of a profile is, although the program was built in another folder, by another Go tree, with -trimpath, or
as a test.

A site and a frame are the same place if file name and line agree and the package does, by the best of (see ``likeness``): the path of the
file, the path of the package as its end (``/home/a/go/pkg/mod/m.org/x@v1.2.0/y/z.go`` is in package m.org/x/y), the package in the
function's name. A main package is called ``main`` in the names of a program, and by its path in those of its test.
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
from tricolor.profile.model import Frame

_VERSION: Final = re.compile(r"@v[^/]*")
_CAPITAL: Final = re.compile(r"!([a-z])")
_RUNTIME_FILE: Final = re.compile(r"(?:^|/src/)((?:internal/)?runtime(?:/[^/]+)*)/[^/]+$")
_RUNTIME_USERS: Final = frozenset(
    {"runtime/cgo", "runtime/coverage", "runtime/debug", "runtime/metrics", "runtime/pprof", "runtime/race", "runtime/trace"}
)
"""Packages below runtime that are libraries like others."""


def package_of(function: str) -> str:
    """Import path of the package in a linker's symbol."""
    head, slash, tail = function.partition("[")[0].rpartition("/")
    return unquote(head + slash + tail.partition(".")[0])


def local_name(function: str) -> str:
    """The name within its package, which is the same in a program and its test."""
    name = generic_name(function)
    return name[name.rfind("/", 0, (name + "[").index("[")) + 1 :].partition(".")[2]


def runtime_package(frame: Frame) -> str:
    """The package of the runtime that the frame's file is in; empty if it is not the runtime's.

    The function may claim another of Go's tree: internal/bytealg.MakeNoZero is written in the runtime."""
    found = _RUNTIME_FILE.search(frame.file)
    if found is None or found.group(1) in _RUNTIME_USERS:
        return ""
    claimed = package_of(frame.function).partition("/")[0]
    return "" if claimed == "main" or "." in claimed else found.group(1)


def _plain_path(file: str) -> str:
    """Path without versions of modules and without the module cache's spelling of capitals."""
    file = file.replace("\\", "/")
    if "@v" not in file:
        return file
    return _CAPITAL.sub(lambda found: found.group(1).upper(), _VERSION.sub("", file))


def likeness(frame: Frame, site: Site) -> int:
    """How surely the frame's file is the site's, given that name and line agree: 0 it is not."""
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
    """Sites by place."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites: defaultdict[tuple[str, int], list[Site]] = defaultdict(list)
        self._known: dict[Frame, Sequence[Site]] = {}
        for site in sites:
            self._sites[_name(site.position.file), site.position.line].append(site)

    def at(self, frame: Frame) -> Sequence[Site]:
        """The sites of the frame's line; those of its function if it is among theirs (a literal's name depends on where its function was
        inlined)."""
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
    """Instances of a generic function are sites of each package that uses them: the package's own wins, else the first."""
    out: dict[object, Site] = {}
    for site in sites:
        key = (local_name(site.function), site.kind, site.expression, site.position)
        if key not in out or (out[key].foreign and not site.foreign):
            out[key] = site
    return list(out.values())


@final
class Named:
    """The packages that the user named: which frames are theirs."""

    def __init__(self, packages: Mapping[str, Sequence[Site]]) -> None:
        self._paths = frozenset(packages)
        self._folders: defaultdict[str, set[Path]] = defaultdict(set)
        for path, sites in packages.items():
            for site in sites:
                if not site.foreign:
                    self._folders["main" if package_of(site.function) == "main" else path].add(Path(site.position.file).parent)
        self._files: dict[tuple[str, str], str] = {}

    def __contains__(self, frame: Frame) -> bool:
        """A frame of package main is of one of theirs if that has a file of this name: every program's main package is called main."""
        package = package_of(frame.function)
        return bool(self._file(package, frame)) if package == "main" else package in self._paths

    def here(self, frame: Frame) -> Frame:
        """The frame with the file as it is here, if it is one of theirs: the program may have been built elsewhere, or with -trimpath."""
        return replace(frame, file=self._file(package_of(frame.function), frame) or frame.file)

    def _file(self, package: str, frame: Frame) -> str:
        """Path of the frame's file in the package's folder; empty if there is none."""
        key = package, _name(frame.file)
        if key not in self._files:
            folders = self._folders.get(package) or self._folders.get("main", ())
            paths = (folder / key[1] for folder in sorted(folders))
            self._files[key] = next((str(path) for path in paths if path.is_file()), "") if key[1] else ""
        return self._files[key]
