"""Describe the sites of analysed packages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from tricolor.decide.decisions import Alone
from tricolor.escape.graph import Location
from tricolor.escape.messages import is_go_wrapper, is_hidden, subject_of
from tricolor.escape.naming import Names
from tricolor.explain.chain import Narrator
from tricolor.explain.cost import cost_of, never_made, size_bytes
from tricolor.explain.generic import GenericNames
from tricolor.explain.hints import hint_for
from tricolor.explain.model import Cost, CostClass, Explained, Site, Verdict, generic_name
from tricolor.explain.parameters import parameters_of
from tricolor.explain.silent import silent
from tricolor.frontend.records import Package, Position
from tricolor.frontend.toolchain import GO_VERSION
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.shapes import SHAPE_PACKAGE
from tricolor.ir.walk import walk

SIZE_REASON: Final = "it does not escape, but its size is known only at run time"


def sites_of(alone: Alone) -> Explained:
    """All sites and parameters of the named packages.

    Generic code is listed under the package that declares it if that package is named too; otherwise under each package that instantiates it,
    as foreign."""
    generic = GenericNames(alone.typed)
    found: dict[str, list[Site]] = {package.path: [] for package in alone.typed.roots}
    instances: defaultdict[tuple[str, Position, str], list[Site]] = defaultdict(list)
    functions = list(explained_functions(alone))
    for package, func in functions:
        sites = [site for site, _ in described(alone, package, func)]
        if not func.is_instance:
            found[package.path] += sites
            continue
        for site in sites:
            instances[package.path, site.position, site.kind].append(generic.as_declared(site, func))
    for (path, *_), sites in instances.items():
        found[path].append(_merged(sites))
    packages = {path: _numbered(sorted(sites, key=_order)) for path, sites in found.items()}
    return Explained(GO_VERSION, packages, parameters_of(alone, generic, functions))


def explained_functions(alone: Alone) -> Iterator[tuple[Package, n.Func]]:
    """The functions of the named packages, each with the package under which it is shown."""
    named = {package.symbol_path: package for package in alone.typed.roots}
    for package in alone.typed.roots:
        for func in alone.roots[package.path]:
            yield named.get(func.pkg, package), func


def _order(site: Site) -> tuple[object, ...]:
    return site.foreign, site.position.file, site.position.line, site.position.column


def _merged(instances: Sequence[Site]) -> Site:
    """One site for all instances of a generic function: the most expensive; among equals one without shapes in its expression."""
    order = (CostClass.HEAP, CostClass.HEAP_ABOVE, CostClass.STACK, CostClass.NONE)
    worst = min(instances, key=lambda site: (order.index(site.cost.kind), SHAPE_PACKAGE in site.expression))
    return replace(worst, shapes=len({site.function for site in instances}), function=generic_name(worst.function))


def _numbered(sites: Sequence[Site]) -> list[Site]:
    counts: Counter[tuple[str, str, str]] = Counter()
    out: list[Site] = []
    for site in sites:
        what = (site.function, site.kind, site.expression)
        counts[what] += 1
        out.append(site if counts[what] == 1 else replace(site, number=counts[what]))
    return out


def described(alone: Alone, package: Package, func: n.Func) -> list[Described]:
    """The sites of a function in a named package, each with its node; None instead of a node that escape analysis does not place."""
    names = Names(func.pkg, alone.wording, alone.escape.temporaries, func.pkg, for_readers=True)
    describer = _Describer(alone, package, func, names)
    nodes = list(walk(func))
    allocations = list(describer.allocations(never_made(nodes)))
    costs = {node: site.cost for site, node in allocations if not isinstance(node, n.Var | None)}
    return [*describer.variables(), *allocations, *describer.silent(nodes, costs)]


Described: TypeAlias = tuple[Site, n.Var | n.Expr | None]


class _Describer:
    """Describes the sites of one function."""

    def __init__(self, alone: Alone, package: Package, func: n.Func, names: Names) -> None:
        self._alone = alone
        self._package = package
        self._func = func
        self._names = names
        self._narrator = Narrator(alone.escape, names, alone.typed.position)

    def variables(self) -> Iterator[Described]:
        """Variables on the heap, and variables on the stack whose address is taken or that a closure captures by reference."""
        escape = self._alone.escape
        for var in (*self._func.params, *self._func.results, *self._func.locals):
            if is_hidden(var) or not escape.is_placed(var):
                continue
            location = escape.variables[escape.canonical.get(var, var)]
            if location.escapes or location.addrtaken or (location.captured and location.reassigned):
                yield self._site(var, location, var.pos, self._names.local(var), {}, listed=location.escapes)

    def allocations(self, unmade: Mapping[n.Expr, str]) -> Iterator[Described]:
        """Expressions about which Go's -m prints a line."""
        escape = self._alone.escape
        for node in escape.allocations_of.get(self._func, ()):
            if not is_go_wrapper(node):
                subject = "append" if isinstance(node, n.Append) else subject_of(node, escape, self._names)
                pos = self._names.pos(node)
                yield self._site(node, escape.allocations[node], pos, subject, unmade, listed=True)

    def silent(self, nodes: Sequence[object], costs: Mapping[n.Expr, Cost]) -> Iterator[Described]:
        """Sites that allocate on the heap without a line in Go's -m."""
        for found in silent(nodes, self._func, costs):
            text = found.text if isinstance(found.text, str) else subject_of(found.text, self._alone.escape, self._names)
            site = Site(
                package=self._package.path,
                function=self._func.symbol,
                expression=text,
                number=1,
                kind=found.kind,
                type=self._names.type(found.type),
                size_bytes=0,
                position=self._alone.typed.position(found.pos),
                verdict=Verdict.HEAP,
                cost=found.cost,
                why=found.why,
                chain=(),
                hint=found.hint,
                shapes=0,
                listed=False,
                foreign=self._is_foreign(),
            )
            yield site, None

    def _site(
        self, node: n.Var | n.Expr, location: Location, pos: int, expression: str, unmade: Mapping[n.Expr, str], *, listed: bool
    ) -> Described:
        cost = cost_of(node, location, self._alone.escape, unmade)
        why, chain = self._narrator.sentence(node, location)
        if not location.escapes and cost.may_allocate:
            why = SIZE_REASON
        position = self._alone.typed.position(pos)
        if not position.line and chain:
            position = chain[0].position  # a variable that the compiler made: show it where it is used
        site = Site(
            package=self._package.path,
            function=self._func.symbol,
            expression=expression,
            number=1,
            kind=_kind(node),
            type=self._names.type(_made(node)),
            size_bytes=size_bytes(node, self._alone.escape),
            position=position,
            verdict=Verdict.HEAP if location.escapes else Verdict.STACK,
            cost=cost,
            why=why,
            chain=chain,
            hint=hint_for(node, location, cost),
            shapes=0,
            listed=listed,
            foreign=self._is_foreign(),
        )
        return site, node

    def _is_foreign(self) -> bool:
        return self._func.pkg != self._package.symbol_path


def _kind(node: n.Var | n.Expr) -> str:
    match node:
        case n.Var():
            return "variable"
        case n.Convert(kind=n.Conversion.TO_INTERFACE):
            return "boxing"
        case n.Convert():
            return "conversion"
        case n.Concat():
            return "concatenation"
        case n.FuncLit():
            return "closure"
        case n.MethodValue():
            return "method value"
        case n.SliceLit(variadic=True):
            return "variadic arguments"
        case n.AddrOf() | n.SliceLit():
            return "literal"
        case n.MapLit() | n.MakeMap():
            return "map"
        case n.MakeSlice():
            return "make"
        case n.New():
            return "new"
        case n.Append():
            return "append"
        case _:
            return "expression"


def _made(node: n.Var | n.Expr) -> t.Type:
    """The type of the value that the node makes."""
    match node:
        case n.Convert(kind=n.Conversion.TO_INTERFACE):
            return node.x.type
        case n.New():
            return node.elem
        case n.AddrOf():
            return node.x.type
        case _:
            return node.type
