"""``python -m tools.escapecheck.programs``: compare Tricolor with Go's compiler on the programs of Go's test suite that check -m.

The compiler's output is recorded. Both sides compile each program with the flags of its errorcheck line and ``-l``, but without ``-live`` (another
analysis) and ``-race`` (such a program cannot be linked alone). ``--record`` runs the compiler and records its output again; ``--show`` prints the
lines that differ.

The record has a paragraph per program: a line ``## NAME FLAGS``, the lines that the compiler prints (without the file's name), and, after a line
``flows:``, the ends of each explanation of -m=2: position, subject, first source and last destination.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tools.escapecheck.reference import go_build
from tricolor.cli.decisions import shorten
from tricolor.cli.gcflags import parse_gcflags
from tricolor.decide.decisions import Alone, analyse_alone, lines_about, request_for
from tricolor.escape.messages import Detail
from tricolor.frontend.toolchain import find_toolchain

SUITE: Final = Path("/usr/share/go-1.19/test")
RECORD: Final = Path(__file__).parents[2] / "tests/escape/programs.txt"
_CHECK: Final = re.compile(r"// ?errorcheck(?:withauto)? (?P<flags>.*)")
_LEVEL: Final = re.compile(r"-m(=\d)?")
_LEFT_OUT: Final = ("-0", "-live", "-race", "-d=inlfuncswithclosures=1")
_CANNOT_RUN: Final = ("escape_runtime_atomic.go", "inlinegcpc.go")
"""Programs that the go command cannot build: one imports a package that no longer exists, the other must be the package runtime."""
_HEAD_LINES: Final = 12
_FLOW: Final = re.compile(r"(?P<pos>[^ ]*): {3}flow: (?P<dst>.*) ← (?P<src>.*):$")
_EXPLAINED: Final = re.compile(r"(?P<pos>[^ ]*): (?:.* escapes to heap in .*|parameter .* leaks to .*):$")


@final
@dataclass(frozen=True, slots=True)
class Program:
    """``name``: the path in the suite; ``flags``: the flags with which both sides compile it."""

    name: str
    flags: str


@final
@dataclass(frozen=True, slots=True)
class Output:
    """The output about a program: lines, and the ends of explanations."""

    lines: Counter[str]
    flows: Counter[str]


def find_programs() -> list[Program]:
    """The programs of the suite, sorted by name."""
    found: list[Program] = []
    for path in sorted(SUITE.rglob("*.go")):
        if path.parent.suffix == ".dir" or path.name in _CANNOT_RUN:
            continue
        head = path.read_text(errors="replace").splitlines()[:_HEAD_LINES]
        check = next(filter(None, map(_CHECK.fullmatch, head)), None)
        words = check["flags"].split() if check else []
        if any(map(_LEVEL.fullmatch, words)):
            flags = [word for word in words if word not in _LEFT_OUT]
            found.append(Program(str(path.relative_to(SUITE)), " ".join(flags if "-l" in flags else [*flags, "-l"])))
    return found


def write_module(folder: Path, programs: Sequence[Program]) -> None:
    """Write a module with a package per program. An empty assembly file lets functions lack bodies."""
    (folder / "go.mod").write_text("module programs\n\ngo 1.27\n")
    for number, program in enumerate(programs):
        source = SUITE / program.name
        package = folder / f"c{number}"
        package.mkdir()
        (package / source.name).write_bytes(source.read_bytes())
        (package / "p.s").write_text("")


def compiler_output(folder: Path, programs: Sequence[Program]) -> list[Output]:
    """The output of Go's compiler. Raises RuntimeError."""
    lines = _build(folder, [program.flags for program in programs])
    explained = _build(folder, [_explaining(program) for program in programs])
    return [Output(Counter(a), flow_ends(b)) for a, b in zip(lines, explained, strict=True)]


def _explaining(program: Program) -> str:
    return " ".join("-m=2" if _LEVEL.fullmatch(word) else word for word in program.flags.split())


def _build(folder: Path, flags: Sequence[str]) -> list[list[str]]:
    words = [f"-gcflags=programs/c{number}={text}" for number, text in enumerate(flags)]
    status, text = go_build(folder, *words, "./...")
    if status:
        raise RuntimeError(text)
    found: list[list[str]] = [[] for _ in flags]
    number = 0
    for line in text.splitlines():
        if line.startswith("# "):
            number = int(line.rpartition("/c")[2])
        else:
            found[number].append(_without_file(line, number))
    return found


def our_output(folder: Path, programs: Sequence[Program]) -> list[Output]:
    """The output of Tricolor. The programs must have no compile errors."""
    alone = analyse_alone(request_for(["./..."], folder), explained=True, check=True)
    assert isinstance(alone, Alone), alone
    packages = {package.path: package for package in alone.typed.roots}

    def text(number: int, detail: Detail) -> list[str]:
        package = packages[f"programs/c{number}"]
        lines = "".join(f"{line}\n" for line in lines_about(alone, package, detail))
        return [_without_file(line, number) for line in shorten(lines, package.directory, str(folder)).splitlines()]

    return [
        Output(
            Counter(text(number, Detail(flows=parse_gcflags(_supported(program.flags)).detail > 1))),
            flow_ends(text(number, Detail(flows=True))),
        )
        for number, program in enumerate(programs)
    ]


def _supported(flags: str) -> str:
    return " ".join(word for word in flags.split() if _LEVEL.fullmatch(word))


def _without_file(line: str, number: int) -> str:
    """The line without the name of the program's file, and with ``$GOROOT`` for the folder of the Go installation."""
    return re.sub(rf"(^| )(?:\./)?c{number}/[^/:]*\.go:", r"\1", line.replace(str(find_toolchain().root), "$GOROOT"))


def flow_ends(lines: Iterable[str]) -> Counter[str]:
    """The ends of the explanations in lines of -m=2."""
    found: Counter[str] = Counter()
    head = source = destination = ""
    for line in (*lines, ""):
        flow = _FLOW.match(line)
        if flow:
            source = source or flow["src"]
            destination = flow["dst"]
        elif not line.partition(": ")[2].startswith("  "):
            if head and source:
                found[f"{head} {source} → {destination}"] += 1
            head, source = (line if _EXPLAINED.match(line) else ""), ""
    return found


def read_record(path: Path) -> dict[Program, Output]:
    """Read the compiler's recorded output, by program."""
    found: dict[Program, Output] = {}
    for paragraph in path.read_text().split("\n\n"):
        head, _, rest = paragraph.strip("\n").partition("\n")
        name, _, flags = head.removeprefix("## ").partition(" ")
        lines, _, flows = rest.partition("flows:")
        found[Program(name, flags)] = Output(Counter(lines.splitlines()), Counter(flows.strip("\n").splitlines()))
    return found


def write_record(path: Path, outputs: Mapping[Program, Output]) -> None:
    """Write a record that ``read_record`` reads."""
    path.write_text(
        "\n".join(
            f"## {program.name} {program.flags}\n"
            + "".join(f"{line}\n" for line in _sorted(output.lines))
            + "flows:\n"
            + "".join(f"{line}\n" for line in _sorted(output.flows))
            for program, output in outputs.items()
        )
    )


def _sorted(lines: Counter[str]) -> list[str]:
    return sorted(lines.elements(), key=lambda line: [int(part) if part.isdigit() else 0 for part in line.split(":", 2)[:2]])


def main() -> int:
    parser = argparse.ArgumentParser(prog="escapecheck.programs")
    parser.add_argument("--record", action="store_true", help=f"run the compiler and write {RECORD.name}")
    parser.add_argument("--show", action="store_true", help="print every line that differs")
    options = parser.parse_args()
    programs = find_programs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write_module(folder, programs)
        if options.record:
            write_record(RECORD, dict(zip(programs, compiler_output(folder, programs), strict=True)))
        ours = our_output(folder, programs)
    recorded = read_record(RECORD)
    equal = lines = flows = all_flows = 0
    for program, mine in zip(programs, ours, strict=True):
        theirs = recorded[program]
        equal += theirs.lines == mine.lines
        lines += theirs.lines.total()
        flows += (theirs.flows & mine.flows).total()
        all_flows += theirs.flows.total()
        _print(program, mine, theirs, options.show)
    print(f"\n{equal} of {len(programs)} programs equal, {lines} lines; {flows} of {all_flows} explanations have the same ends")
    return 0


def _print(program: Program, mine: Output, theirs: Output, show: bool) -> None:
    missing, extra = theirs.lines - mine.lines, mine.lines - theirs.lines
    lost, more = theirs.flows - mine.flows, mine.flows - theirs.flows
    verdict = "equal" if not missing and not extra else f"missing {missing.total()} extra {extra.total()}"
    print(f"{program.name:40} {verdict:24} flows: {theirs.flows.total()}, missing {lost.total()} extra {more.total()}")
    if show:
        for sign, found in (("-", missing), ("+", extra), ("-flow", lost), ("+flow", more)):
            for line in _sorted(found):
                print(f"  {sign} {line}")


if __name__ == "__main__":
    raise SystemExit(main())
