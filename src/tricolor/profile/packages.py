"""The packages that a profile needs explained: those that the user named and those in which the bytes land."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tricolor.base.progress import Progress
from tricolor.explain.model import Explained, Site
from tricolor.explain.remember import explain
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.profile.join import packages_of
from tricolor.profile.model import HeapProfile
from tricolor.profile.places import package_of


@final
@dataclass(frozen=True, slots=True)
class Explanations:
    """``named``: of the packages that the user named; ``others``: of those that they and the profile need."""

    named: Explained
    others: Explained

    @property
    def sites(self) -> list[Site]:
        return [*self.named.sites, *self.others.sites]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset((*self.named.packages, *self.others.packages))


def explain_for(
    profile: HeapProfile, patterns: Sequence[str], directory: Path, tags: Sequence[str], progress: Progress
) -> Explanations | str:
    """Explanations of all packages in which bytes of the profile land, as far as they are found from the folder; what the go command
    prints if packages have faults. Raises EnvironmentFault, CompilerBug."""
    progress.say("analysing " + " ".join(patterns))
    named = explain(patterns, directory, tags)
    if isinstance(named, str):
        return named
    paths = loadable(packages_of(profile) - set(named.packages), directory)
    if not paths:
        return Explanations(named, Explained(named.go_version, {}))
    progress.say(f"analysing {len(paths)} packages that allocate in the profile")
    others = explain(paths, directory, tags)
    return others if isinstance(others, str) else Explanations(named, others)


def has_program(profile: HeapProfile) -> bool:
    """Whether any frame is in a package outside the standard library. A profile without call stacks may have none."""
    packages = {package_of(frame.function) for sample in profile.samples for frame in sample.frames}
    return any(package and not _is_standard(package) for package in packages)


def _is_standard(path: str) -> bool:
    return (find_toolchain().root / "src" / path).is_dir()


def loadable(paths: Iterable[str], directory: Path) -> list[str]:
    """Those of the packages that the go command finds from a folder, sorted."""
    found: set[str] = set()
    foreign: list[str] = []
    for path in paths:
        if _is_standard(path):
            found.add(path)
        elif not path.startswith(("-", "/", ".")):
            foreign.append(path)
    return sorted(found.union(_listed(foreign, directory)))


def _listed(paths: Sequence[str], directory: Path) -> list[str]:
    if not paths:
        return []
    toolchain = find_toolchain()
    form = "{{if not .Error}}{{if not .DepsErrors}}{{.ImportPath}}{{end}}{{end}}"
    done = subprocess.run(
        [str(toolchain.go), "list", "-e", f"-f={form}", "--", *paths],
        cwd=directory, env=go_environment(toolchain), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    return [line for line in done.stdout.split("\n") if line in paths]
