"""Explain the packages that a profile needs: the packages that the user named, and the packages that allocate in the profile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tricolor.base.progress import Progress
from tricolor.explain.model import Explained, Site
from tricolor.explain.remember import explain, explain_faultless
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.profile.join import packages_of
from tricolor.profile.model import HeapProfile
from tricolor.profile.places import package_of


@final
@dataclass(frozen=True, slots=True)
class Explanations:
    """``named``: the explanations of the packages that the user named; ``others``: of the other packages that allocate in the profile."""

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
    """Explain all packages that allocate in the profile and that the go command finds from ``directory``; the go command's output if packages
    have compile errors. Raises EnvironmentFault, CompilerBug."""
    progress.say("analysing " + " ".join(patterns))
    named = explain(patterns, directory, tags)
    if isinstance(named, str):
        return named
    paths = packages_of(profile) - set(named.packages)
    root = find_toolchain().root
    standard = sorted(path for path in paths if _is_standard(path))
    # Analyse the standard library from Go's own folder, so that the cached result does not depend on the working directory.
    groups = ((standard, root), (listed(paths.difference(standard), directory), directory))
    others: dict[str, Sequence[Site]] = {}
    for group, folder in groups:
        if group:
            progress.say(f"analysing {len(group)} packages that allocate in the profile")
            # A package without sites costs the profile its own lines only: the report lists them as unmatched.
            explained, faults = explain_faultless(group, folder, tags)
            if faults.text and not explained.packages:
                return faults.text
            others |= explained.packages
    return Explanations(named, Explained(named.go_version, others))


def has_program(profile: HeapProfile) -> bool:
    """Whether any frame is in a package outside the standard library. A profile without call stacks may have none."""
    packages = {package_of(frame.function) for sample in profile.samples for frame in sample.frames}
    return any(package and not _is_standard(package) for package in packages)


def _is_standard(path: str) -> bool:
    return (find_toolchain().root / "src" / path).is_dir()


def listed(paths: Iterable[str], directory: Path) -> list[str]:
    """The packages among ``paths`` that the go command finds from a folder, sorted. ``paths``: outside the standard library."""
    wanted = sorted(path for path in paths if not path.startswith(("-", "/", ".")))
    if not wanted:
        return []
    toolchain = find_toolchain()
    form = "{{if not .Error}}{{if not .DepsErrors}}{{.ImportPath}}{{end}}{{end}}"
    done = subprocess.run(
        [str(toolchain.go), "list", "-e", f"-f={form}", "--", *wanted],
        cwd=directory, env=go_environment(toolchain), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    found = set(done.stdout.split("\n"))
    return [path for path in wanted if path in found]
