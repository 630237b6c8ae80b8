"""Coverage of statements: Go's cover tool instruments sources, the test binary counts, the profiles of packages are joined.

The tool adds a counter to each block of a file and declares the counters at its end. A file that we add to the package registers them with
package testdeps, which reports them (files/testdeps_cover.go). The overlay puts both in the place of the sources.

Source: Go 1.27.3 cmd/cover, cmd/go/internal/test/cover.go, internal/coverage/cformat.

Differs from Go:
    Counters are variables of the instrumented package. Nothing is written to GOCOVERDIR.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tricolor.base.errors import EnvironmentFault
from tricolor.base.files import write_atomically, writing
from tricolor.cache.signature import Stamp, stamp
from tricolor.cache.store import cache_dir, cache_written
from tricolor.frontend.toolchain import GO_VERSION, find_toolchain
from tricolor.gotest.listing import TestPackage, go_list

_SUPPORT: Final = Path(__file__).parent / "files" / "testdeps_cover.go"
_ADDED: Final = "tricolor_cover.go"
_UNCOVERABLE: Final = ("runtime", "unsafe", "sync/atomic", "internal/runtime/atomic")
_DECLARED: Final = re.compile(r"var (GoCover_\w+) = struct \{(.*)\Z", re.DOTALL)
_POSITION: Final = re.compile(r"^\t\t(\d+), (\d+), (0x[0-9a-f]+), // \[\d+\]$", re.MULTILINE)
_STATEMENTS: Final = re.compile(r"^\t\t(\d+), // \d+$", re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Coverage:
    """``mode``: set, count or atomic. ``packages``: patterns of -coverpkg, empty for the tested package alone. ``profile``: the file to write,
    absolute, empty for none."""

    mode: str
    packages: tuple[str, ...]
    profile: str

    @property
    def where(self) -> str:
        """What the report says about which packages are covered."""
        return f" in {', '.join(self.packages)}" if self.packages else ""


@final
@dataclass(frozen=True, slots=True)
class Instrumented:
    """``overlay``: instrumented and added files by the path that they replace. ``sources``: stamps of what they were made from.
    ``blocks``: lines of a profile in which nothing is covered; ``statements``: how many there are."""

    overlay: dict[str, str]
    sources: tuple[Stamp, ...]
    blocks: tuple[str, ...]
    statements: int


NOT_INSTRUMENTED: Final = Instrumented({}, (), (), 0)


def instrument(package: TestPackage, coverage: Coverage, tags: Sequence[str], directory: Path) -> Instrumented:
    """Instrument what the tests of the package are to cover. Raises EnvironmentFault, TricolorError."""
    covered = (
        _covered_packages(package, coverage, tags, directory)
        if coverage.packages
        else [(package.path, package.name, package.directory, package.covered)]
    )
    overlay: dict[str, str] = {}
    sources: list[Stamp] = []
    blocks: list[str] = []
    statements = 0
    for path, name, folder, files in covered:
        registers: list[str] = []
        for index, file in enumerate(files if path not in _UNCOVERABLE else ()):
            source = Path(folder, file)
            sources.append(stamp(source))
            target, variable = _instrument_file(source, coverage.mode, f"GoCover_{index}_{hashlib.sha256(path.encode()).hexdigest()[:12]}")
            overlay[str(source)] = str(target)
            registers.append(
                f"\ttricolorCoverRegister({json.dumps(f'{path}/{file}')}, {variable}.Count[:], {variable}.Pos[:], {variable}.NumStmt[:])\n"
            )
            lines, count = _empty_profile(f"{path}/{file}", target.read_text())
            blocks += lines
            statements += count
        if registers:
            overlay[str(Path(folder, _ADDED))] = str(_kept(_register_file(name, registers)))
    root = find_toolchain().root / "src" / "testing" / "internal" / "testdeps"
    overlay[str(root / _ADDED)] = str(_SUPPORT)
    overlay[str(root / f"mode_{_ADDED}")] = str(_kept(_mode_file(coverage)))
    return Instrumented(overlay, tuple(sources), tuple(blocks), statements)


def begin_profile(coverage: Coverage) -> None:
    """Write the head of the profile. Raises EnvironmentFault."""
    path = Path(coverage.profile)
    with writing(path):
        path.write_text(f"mode: {coverage.mode}\n")


def join_profile(coverage: Coverage, lines: bytes) -> None:
    """Add the profile of a package, with or without its head. Raises EnvironmentFault."""
    head = f"mode: {coverage.mode}\n".encode()
    path = Path(coverage.profile)
    with writing(path), path.open("ab", buffering=0) as file:
        # One write, since packages are tested side by side.
        file.write(lines.removeprefix(head))


def _covered_packages(
    package: TestPackage, coverage: Coverage, tags: Sequence[str], directory: Path
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Path, name, folder and files of the packages that the patterns name and that the tests of the package need."""
    named = set(go_list(["-f", "{{.ImportPath}}", *coverage.packages], tags, directory).stdout.split())
    form = '{{.ImportPath}}\t{{.Name}}\t{{.Dir}}\t{{join .GoFiles "\\t"}}'
    found: dict[str, tuple[str, str, str, tuple[str, ...]]] = {}
    for line in go_list(["-deps", "-test", "-f", form, *package.patterns], tags, directory).stdout.splitlines():
        path, name, folder, *files = line.split("\t")
        path = path.partition(" ")[0]
        own = tuple(file for file in files if file and not file.endswith("_test.go"))
        if path in named and path not in found and own:
            found[path] = (path, name, folder, own)
    return list(found.values())


def _instrument_file(source: Path, mode: str, variable: str) -> tuple[Path, str]:
    """The instrumented file in the cache, and the name of the variable with its counters."""
    try:
        text = source.read_bytes()
    except OSError as error:
        raise EnvironmentFault(f"{source}: {error.strerror}") from error
    digest = hashlib.sha256(b"\0".join([GO_VERSION.encode(), mode.encode(), variable.encode(), str(source).encode(), text])).hexdigest()
    target = cache_dir() / "cover" / digest[:2] / f"{digest}.go"
    if not target.is_file():
        tool = find_toolchain().root / "pkg" / "tool" / "linux_amd64" / "cover"
        command = [str(tool), f"-mode={mode}", f"-var={variable}", str(source)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            raise EnvironmentFault(done.stderr.decode(errors="replace").strip())
        with cache_written():
            write_atomically(target, done.stdout)
    return target, variable


def _register_file(name: str, registers: Sequence[str]) -> str:
    return (
        f'package {name}\n\nimport _ "unsafe"\n\n//go:linkname tricolorCoverRegister testing/internal/testdeps.coverRegister\n'
        "func tricolorCoverRegister(name string, counts, positions []uint32, statements []uint16)\n\n"
        f"func init() {{\n{''.join(registers)}}}\n"
    )


def _mode_file(coverage: Coverage) -> str:
    return f"package testdeps\n\nfunc init() {{ CoverMode, Covered = {json.dumps(coverage.mode)}, {json.dumps(coverage.where)} }}\n"


def _kept(text: str) -> Path:
    """A file of the cache with this text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    target = cache_dir() / "cover" / digest[:2] / f"{digest}.go"
    if not target.is_file():
        with cache_written():
            write_atomically(target, text.encode())
    return target


def _empty_profile(name: str, text: str) -> tuple[list[str], int]:
    """The lines of a file of which nothing ran, and the number of its statements."""
    declared = _DECLARED.search(text)
    if declared is None:
        return [], 0
    positions = [(int(first), int(last), int(columns, 16)) for first, last, columns in _POSITION.findall(declared[2])]
    counts = [int(count) for count in _STATEMENTS.findall(declared[2])]
    blocks = sorted(
        (first, columns & 0xFFFF, last, columns >> 16, count) for (first, last, columns), count in zip(positions, counts, strict=True)
    )
    return [f"{name}:{first}.{start},{last}.{end} {count} 0\n" for first, start, last, end, count in blocks], sum(counts)
