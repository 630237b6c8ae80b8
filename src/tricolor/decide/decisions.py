"""Escape decisions about packages as ``go build -gcflags='-m -l'`` prints them: each package seen alone, as Go's compiler sees it.

source -> typed program -> IR by shapes -> without what is dead or static -> escape analysis -> lines
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias, final

from tricolor.base.collection import without_cycle_collection
from tricolor.base.errors import Faults
from tricolor.cache.signature import compiler_signature
from tricolor.decide.known_tags import KIND, KnownTags
from tricolor.escape.analyse import analyse
from tricolor.escape.batches import batches
from tricolor.escape.call_messages import call_messages
from tricolor.escape.messages import PLACEMENTS, Detail, messages
from tricolor.escape.naming import Wording
from tricolor.escape.result import EscapeResult
from tricolor.escape.scan import scan
from tricolor.frontend.load import LoadRequest, load
from tricolor.frontend.program import Program
from tricolor.frontend.records import Package, Position
from tricolor.ir import nodes as n
from tricolor.ir.build.generated import is_generated
from tricolor.ir.build.instances import instances
from tricolor.ir.build.program import build_packages
from tricolor.passes.alone import as_compiled
from tricolor.passes.devirtualize import KnownReceiver
from tricolor.passes.inline_cost import InlineCosts

_LAST_COLUMN: Final = 254
"""Go's compiler keeps columns in 8 bits and prints none beyond."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line of the compiler's output. ``place`` has no line for what has no position."""

    place: Position
    text: str

    def __str__(self) -> str:
        return f"{place_text(self.place)}: {self.text}" if self.place.line else self.text


def place_text(place: Position) -> str:
    """The position as the compiler prints it."""
    if not place.line:
        return "<unknown line number>"
    return str(Position(place.file, place.line, 0) if place.column > _LAST_COLUMN else place)


@final
@dataclass(frozen=True, slots=True)
class Decisions:
    """``packages``: the lines of each package that was named, by path, as often as Go's compiler prints them; ``directories``: where
    their files are; ``faults``: what the go command prints about packages that have faults, of which there are no lines."""

    packages: Mapping[str, Sequence[Line]]
    directories: Mapping[str, str]
    faults: str = ""


@final
@dataclass(frozen=True, slots=True, repr=False)
class Alone:
    """Packages analysed as Go's compiler sees them. ``roots``: the functions of each package that was named, by path: its own, then
    instances of generic functions that it uses, then what the compiler makes itself. ``receivers``: those of known type, of calls
    through interfaces. ``faults``: what the go command prints about packages that were named too, but have faults."""

    typed: Program
    escape: EscapeResult
    wording: Wording
    roots: Mapping[str, Sequence[n.Func]]
    receivers: Sequence[KnownReceiver]
    faults: str


_Built: TypeAlias = tuple[Program, n.Program, KnownTags, str]


def _load_and_build(request: LoadRequest, generated: bool) -> _Built | Faults:
    """Load the packages of a request and build them, without the bodies of other packages' functions as far as their tags are known."""
    request = replace(request, remembered=KIND, salt=compiler_signature())
    while True:
        result = load(request)
        if result.program is None:
            return Faults(result.diagnostics)
        typed = result.program
        paths = [package.path for package in typed.roots]
        known = KnownTags(typed.packages, paths)
        program = build_packages(typed, paths, separate=True, generated=generated)
        unknown = {func.pkg for func in program.elsewhere if not known.has(func)}
        if not unknown:
            return typed, program, known, result.diagnostics
        # The sources that were left out are needed after all: a function is called that nobody has called before.
        assert not unknown <= set(request.bodies), unknown
        request = replace(request, bodies=(*request.bodies, *sorted(unknown)))


def _as_compiled_alone(escape: EscapeResult, program: n.Program, named: AbstractSet[str]) -> EscapeResult:
    """The result in the order in which the compiler analyses the packages' functions, which sees no bodies of other packages' functions:
    the same whether these had to be analysed or were known."""
    if all(func.pkg in named for func in program.funcs):
        return escape
    own = [func for func in program.funcs if func.pkg in named and "[" not in func.symbol]
    own += sorted((func for func in program.funcs if "[" in func.symbol), key=lambda func: func.symbol)
    first = (escape.batch_of[members[0]] for members in batches(own, scan(own)))
    return escape.in_order([*dict.fromkeys((*first, *range(len(escape.batches))))])


def analyse_alone(request: LoadRequest, shapes: bool = True, explained: bool = False) -> Alone | Faults:
    """Load and analyse the packages of a request, which must be made with ``spellings`` and without overlay; if it is ``partial``, those
    without faults.

    ``shapes``: also the instances of generic functions that they use; ``explained``: with every reason why something escapes, also in
    functions that the compiler makes itself: it says nothing else about those, so they are made only then. Raises EnvironmentFault,
    CompilerBug."""
    built = _load_and_build(request, generated=explained)
    if isinstance(built, Faults):
        return built
    typed, program, known, faults = built
    names = {package.symbol_path: package.name for package in typed.packages}
    wording = Wording(names, typed.spelling, typed.type, lambda pos: place_text(typed.position(pos)), typed.bracket)
    with without_cycle_collection():
        named = frozenset(package.symbol_path for package in typed.roots)
        costs = InlineCosts(named)
        receivers = as_compiled(program, costs)
        tags = {func: known.of(func) or () for func in program.elsewhere}
        escape = _as_compiled_alone(analyse(program.funcs, explained=explained, known=tags, costs=costs), program, named)
    known.remember(escape.tags)
    by_package: defaultdict[str, list[n.Func]] = defaultdict(list)
    for func in (*(func for batch in escape.batches for func in batch), *program.externals):
        by_package[func.pkg].append(func)
    roots: dict[str, list[n.Func]] = {}
    for package in typed.roots:
        funcs = [func for func in by_package[package.symbol_path] if "[" not in func.symbol]
        if explained:
            # The wrappers that the builder made for programs: packages share them.
            funcs = [func for func in funcs if not is_generated(func)]
        if shapes:
            types = [var.type for var in program.globals if var.symbol[: -len(var.name) - 1] == package.symbol_path]
            types += map(typed.type, package.types)
            discarded = [func for func in program.discarded if func.pkg == package.symbol_path]
            funcs += instances([*funcs, *discarded], types, program.instance_methods)
        roots[package.path] = funcs + program.generated.get(package.path, [])
    return Alone(typed, escape, wording, roots, receivers, faults)


def decide(request: LoadRequest, shapes: bool = True, detail: Detail = PLACEMENTS) -> Decisions:
    """The lines for the packages of a request (see ``analyse_alone``). Raises EnvironmentFault, CompilerBug."""
    alone = analyse_alone(request, shapes, detail.flows)
    if isinstance(alone, Faults):
        return Decisions({}, {}, alone.text)
    roots = alone.typed.roots
    lines = {package.path: lines_about(alone, package, detail) for package in roots}
    return Decisions(lines, {package.path: package.directory for package in roots}, alone.faults)


def lines_about(alone: Alone, package: Package, detail: Detail) -> list[Line]:
    """The lines about one of the packages that were named."""
    funcs = alone.roots[package.path]
    calls = call_messages(alone.receivers, funcs, alone.escape, alone.wording, package.symbol_path)
    found = (*calls, *messages(funcs, alone.escape, alone.wording, package.symbol_path, detail))
    return [Line(alone.typed.position(message.pos), message.text) for message in found]


def request_for(patterns: Sequence[str], directory: Path, tags: Sequence[str] = ()) -> LoadRequest:
    """How to load packages for ``decide``."""
    return LoadRequest(tuple(patterns), directory, tuple(tags), spellings=True, partial=True)
