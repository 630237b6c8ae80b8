"""Escape decisions about packages as ``go build -gcflags='-m -l'`` prints them: each package seen alone, as Go's compiler sees it.

source -> typed program -> IR by shapes -> the same without dead code and static values -> escape analysis -> lines
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, final

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
from tricolor.frontend.program import Program, positions_decoded
from tricolor.frontend.records import Package, Position
from tricolor.ir import nodes as n
from tricolor.ir.build.generated import is_generated
from tricolor.ir.build.instances import instances
from tricolor.ir.build.program import build_packages
from tricolor.ir.verify import verify_program
from tricolor.passes.alone import as_compiled
from tricolor.passes.devirtualize import KnownReceiver
from tricolor.passes.inline_cost import InlineCosts

_LAST_COLUMN: Final = 254
"""Go's compiler keeps columns in 8 bits and prints none beyond."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line of the compiler's output. ``place.line`` is 0 if the message has no position."""

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
    """``packages``: the lines about each named package, by path, as often as Go's compiler prints them. ``directories``: where the
    files of each are. ``faults``: what the go command prints about packages with faults, which have no lines."""

    packages: Mapping[str, Sequence[Line]]
    directories: Mapping[str, str]
    faults: str = ""


@final
@dataclass(frozen=True, slots=True, repr=False)
class Alone:
    """Packages analysed as Go's compiler sees them.

    ``roots``: the functions of each named package, by path: first its own, then the instances of generic functions that it uses, then
    those that the compiler generates. ``receivers``: the receivers of known type in calls through interfaces. ``faults``: what the go
    command prints about named packages that have faults."""

    typed: Program
    escape: EscapeResult
    wording: Wording
    roots: Mapping[str, Sequence[n.Func]]
    receivers: Sequence[KnownReceiver]
    faults: str


@final
@dataclass(frozen=True, slots=True)
class _Built:
    """The IR of the named packages, and the known parameter tags of functions that they import."""

    typed: Program
    program: n.Program
    known: KnownTags
    faults: str


@final
@dataclass(frozen=True, slots=True)
class _Analysed:
    escape: EscapeResult
    receivers: Sequence[KnownReceiver]


def analyse_alone(request: LoadRequest, shapes: bool = True, explained: bool = False, *, check: bool = False) -> Alone | Faults:
    """Load and analyse the named packages. The request must be made with ``spellings`` and without overlay; if it is ``partial``,
    packages with faults are left out.

    ``shapes``: include the instances of generic functions that the packages use. ``explained``: collect every reason why something
    escapes, and include functions that the compiler generates, since it prints only reasons about these. ``check``: verify the IR after it
    is built and after each pass.
    Raises EnvironmentFault, CompilerBug."""
    built = _build(request, generated=explained)
    if isinstance(built, Faults):
        return built
    with positions_decoded(built.typed):
        analysed = _analyse(built, explained, check)
    built.known.remember(analysed.escape.tags)
    roots = _roots(built, analysed.escape, shapes, explained)
    return Alone(built.typed, analysed.escape, _wording(built.typed), roots, analysed.receivers, built.faults)


def _build(request: LoadRequest, generated: bool) -> _Built | Faults:
    """Load and build the packages. Bodies of imported functions are left out where their tags are known."""
    request = replace(request, remembered=KIND, salt=compiler_signature())
    while True:
        result = load(request)
        if result.program is None:
            return Faults(result.diagnostics)
        typed = result.program
        paths = [package.path for package in typed.roots]
        known = KnownTags(typed.packages, paths)
        with positions_decoded(typed):
            program = build_packages(typed, paths, separate=True, generated=generated)
        unknown = {func.pkg for func in program.elsewhere if not known.has(func)}
        if not unknown:
            return _Built(typed, program, known, result.diagnostics)
        # A package calls an imported function whose tags nobody needed before: load again, with the bodies of that function's package.
        assert not unknown <= set(request.bodies), unknown
        request = replace(request, bodies=(*request.bodies, *sorted(unknown)))


def _analyse(built: _Built, explained: bool, check: bool) -> _Analysed:
    """Run the compiler's early passes and escape analysis."""
    program = built.program
    named = frozenset(package.symbol_path for package in built.typed.roots)
    with without_cycle_collection():
        if check:
            verify_program(program)
        costs = InlineCosts(named)
        receivers = as_compiled(program, costs, check=check)
        tags = {func: built.known.of(func) or () for func in program.elsewhere}
        escape = analyse(program.funcs, explained=explained, known=tags, costs=costs)
        return _Analysed(_in_order_of_compiler(escape, program, named), receivers)


def _in_order_of_compiler(escape: EscapeResult, program: n.Program, named: AbstractSet[str]) -> EscapeResult:
    """The result in the order in which the compiler analyses the functions of the named packages.

    The compiler sees no bodies of imported functions. So the order must not depend on whether these had to be analysed here."""
    if all(func.pkg in named for func in program.funcs):
        return escape
    own = [func for func in program.funcs if func.pkg in named and not func.is_instance]
    own += sorted((func for func in program.funcs if func.is_instance), key=lambda func: func.symbol)
    first = (escape.batch_of[members[0]] for members in batches(own, scan(own)))
    return escape.in_order([*dict.fromkeys((*first, *range(len(escape.batches))))])


def _wording(typed: Program) -> Wording:
    names = {package.symbol_path: package.name for package in typed.packages}
    return Wording(names, typed.spelling, typed.type, lambda pos: place_text(typed.position(pos)), typed.bracket)


def _roots(built: _Built, escape: EscapeResult, shapes: bool, explained: bool) -> dict[str, list[n.Func]]:
    """The functions of each named package, by path, as ``Alone.roots`` has them."""
    own = _declared(built.program, escape)
    roots: dict[str, list[n.Func]] = {}
    for package in built.typed.roots:
        funcs = own[package.symbol_path]
        if explained:
            # Packages share the wrappers that the builder makes for programs; the compiler's own are in ``generated``.
            funcs = [func for func in funcs if not is_generated(func)]
        used = _instances_used(built, package, funcs) if shapes else ()
        roots[package.path] = [*funcs, *used, *built.program.generated.get(package.path, ())]
    return roots


def _declared(program: n.Program, escape: EscapeResult) -> Mapping[str, list[n.Func]]:
    """The functions of each package that are not instances, by symbol path, in order of analysis."""
    by_package: defaultdict[str, list[n.Func]] = defaultdict(list)
    for func in (*chain.from_iterable(escape.batches), *program.externals):
        if not func.is_instance:
            by_package[func.pkg].append(func)
    return by_package


def _instances_used(built: _Built, package: Package, funcs: Sequence[n.Func]) -> list[n.Func]:
    """The instances of generic functions that the functions, the variables and the types of a package need."""
    program = built.program
    variables = (var for var in program.globals if var.symbol == f"{package.symbol_path}.{var.name}")
    types = [*(var.type for var in variables), *map(built.typed.type, package.types)]
    discarded = [func for func in program.discarded if func.pkg == package.symbol_path]
    return instances([*funcs, *discarded], types, program.instance_methods)


def decide(request: LoadRequest, shapes: bool = True, detail: Detail = PLACEMENTS, *, check: bool = False) -> Decisions:
    """The lines for the packages of a request (see ``analyse_alone``). Raises EnvironmentFault, CompilerBug."""
    alone = analyse_alone(request, shapes, detail.flows, check=check)
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
