"""Builds the IR of all reachable code from the typed program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import islice

from tricolor.base.collection import without_cycle_collection
from tricolor.base.errors import CompilerBug, TricolorError
from tricolor.frontend.program import Program
from tricolor.frontend.records import Package
from tricolor.gotypes import lookup
from tricolor.gotypes.symbols import split_symbol
from tricolor.gotypes.types import MethodDecl, Named, Type
from tricolor.ir import nodes as n
from tricolor.ir.build import packages
from tricolor.ir.build.dispatch import build_declared
from tricolor.ir.build.generated import generated_functions, is_generated
from tricolor.ir.build.instances import instances, instantiate_methods, reachable_types, types_of
from tricolor.ir.build.reach import Reach, methods_in_order, step
from tricolor.ir.build.state import Builder
from tricolor.ir.nodes import Func

# The builder recurses in Python over long chains of else-if and deeply nested expressions.
_RECURSION_LIMIT = 20_000


def new_builder(program: Program, own: Sequence[Package] | None = None) -> Builder:
    """A new builder for a program, with the tables of linker symbols filled. ``own``: packages to build separately, if any."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
    lookup.forget()
    b = Builder(program, build_declared)
    if own is not None:
        b.separate = True
        b.own = frozenset(package.symbol_path for package in own)
    b.read_linknames()
    return b


def build_program(program: Program, roots: list[str]) -> n.Program:
    """Build all functions reachable from main.main, from the initialisation of packages, and from the functions and variables with the
    linker symbols ``roots``.

    Raises TricolorError if there is no main function, CompilerBug if the builder fails.
    """
    b = new_builder(program)
    main = _main_function(b)
    return _build(b, main, roots, [])


def build_packages(
    program: Program,
    paths: list[str],
    separate: bool = False,
    generated: bool = False,
) -> n.Program:
    """Build all functions declared in the packages, used or not, and everything reachable from them.

    ``Program.main`` is an empty function if none of the packages is a main package. ``separate``: build the packages as Go's compiler sees
    them: generic functions are instantiated for shapes, and functions that another package provides by linkname have no bodies.
    ``generated``: with ``separate``, build also the functions that Go's compiler generates for the packages; the program must be loaded
    with ``spellings``."""
    found = [p for p in map(program.package, paths) if p is not None]
    b = new_builder(program, found if separate else None)
    # A command without a main function is an error of the linker only, so all its other functions can be built.
    mains = [p for p in found if p.name == "main" and "main" in b.functions_of(p)]
    main = _main_function(b) if mains else Func("main.main", "main.main", "main", n.Signature((), ()), 0)
    return _build(b, main, [], found, generated)


def _build(b: Builder, main: Func, roots: list[str], whole: list[Package], generated: bool = False) -> n.Program:
    with without_cycle_collection():
        return _build_reachable(b, main, roots, whole, generated)


def _build_reachable(b: Builder, main: Func, roots: list[str], whole: list[Package], generated: bool) -> n.Program:
    b.use(main)
    for symbol in roots:
        _use_root(b, symbol)
    for package in whole:
        for variable in package.variables if b.separate else ():
            b.use_global(b.global_of(variable.object))
        for decl in b.program.functions(package):
            generic = decl.type_params or decl.receiver_type_params
            if not generic and decl.name != "_" and (decl.name != "init" or decl.receiver is not None):
                b.use(b.func_of(decl.object))
    init = packages.start(b)
    discarded = [packages.discarded_values(init, package) for package in (whole if b.separate else ())]
    reach = Reach(b)
    scanned: dict[Func, None] = {}
    instance_methods: dict[Type, list[Func]] = {}

    def build_pending() -> list[Func]:
        while True:
            while b.pending or b.pending_globals:
                while b.pending:
                    b.build_body(b.pending.popleft())
                while b.pending_globals:
                    packages.use_variable(init, b.pending_globals.popleft())
            step(reach)
            if b.separate and not b.pending:
                instantiate_methods(b, _mentioned_types(b, whole, [*b.used, *discarded], scanned), instance_methods)
            if not b.pending and not b.pending_globals:
                return packages.finish(init)

    tasks = build_pending()
    made: dict[str, list[Func]] = {}
    if generated:
        for package in whole:
            made[package.path] = _generated(b, package, [*b.used, *tasks, *discarded], init, instance_methods)
        tasks = build_pending()
    b.used.update(dict.fromkeys((*tasks, *(func for funcs in made.values() for func in funcs))))
    program = n.Program(
        main=main,
        funcs=[f for f in b.used if f.body is not None and f not in b.elsewhere],
        externals=[f for f in b.used if f.body is None],
        elsewhere=[f for f in b.used if f in b.elsewhere],
        instance_methods=instance_methods,
        discarded=discarded,
        generated=made,
        globals=list(b.used_globals),
        static_init={v: x for v, x in init.static_init.items() if v in b.used_globals},
        init_tasks=tasks,
        types=list(reach.types),
        methods=methods_in_order(reach),
        itabs=list(b.itabs),
        godebug=next((package.godebug for package in b.program.roots if package.name == "main"), ""),
    )
    program.build_method = lambda recv, method: _build_method(b, program, recv, method)
    return program


def _build_method(b: Builder, program: n.Program, recv: Named, method: MethodDecl) -> Func | None:
    """Build a method that no code needed before, with all functions that it calls, and add them to ``program``.

    Returns None for a method of an instantiated type, or if the body is not loaded."""
    if recv.args:
        return None
    before = len(b.used)
    func = b.use(b.func_of(method.func))
    while b.pending:
        b.build_body(b.pending.popleft())
    for new in islice(b.used, before, None):
        if new in b.elsewhere:
            program.elsewhere.append(new)
        elif new.body is None:
            program.externals.append(new)
        else:
            program.funcs.append(new)
    return None if func in b.elsewhere else func


def _generated(
    b: Builder, package: Package, funcs: Iterable[Func], init: packages.Initialisation, methods: dict[Type, list[Func]]
) -> list[Func]:
    """The functions that Go's compiler generates for a package. ``funcs``: all functions. ``methods``: methods of instantiated types."""
    path = package.symbol_path
    own = [func for func in funcs if func.pkg == path and not func.is_instance and not is_generated(func)]
    variables = [var for var in b.used_globals if var.symbol == f"{path}.{var.name}"]
    values = Func(f"{path}._", f"{path}._", path, n.Signature((), ()), 0)
    values.body = n.Block(0, [n.Assign(var.pos, None, init.static_init[var]) for var in variables if var in init.static_init])
    types = [*(var.type for var in variables), *map(b.program.type, package.types)]
    return generated_functions(b, package, [*own, values, *instances(own, types, methods)], types)


def _mentioned_types(b: Builder, whole: list[Package], funcs: Iterable[Func], scanned: dict[Func, None]) -> set[Type]:
    """Types of package-level variables, types that the packages declare, and types that their functions and shape instances mention.

    ``scanned``: functions to skip; the others are added to it."""
    own = {package.symbol_path for package in whole}
    new = [func for func in funcs if func not in scanned and (func.pkg in own or func.is_instance)]
    scanned.update(dict.fromkeys(new))
    found: set[Type] = {var.type for var in b.used_globals}
    found.update(b.program.type(number) for package in whole for number in package.types)
    for func in new:
        found.update(types_of(func))
    return reachable_types(found)


def _main_function(b: Builder) -> Func:
    for package in b.program.packages:
        if package.name == "main" and not package.dep_only:
            obj = b.functions_of(package).get("main")
            if obj is not None:
                return b.func_of(obj)
    raise TricolorError("function main is undeclared in the main package")


def _use_root(b: Builder, symbol: str) -> None:
    obj = b.implementation(symbol)
    if obj is not None:
        b.use(b.func_of(obj))
        return
    path, name = split_symbol(symbol)
    package = b.by_symbol_path.get(path)
    variable = b.variables_of(package).get(name) if package is not None else None
    if variable is None:
        raise CompilerBug(symbol, 0, "this root is neither a function with a body nor a variable")
    b.use_global(b.global_of(variable))
