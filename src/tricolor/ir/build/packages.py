"""Initialisation of packages: the order of packages, and the init function of each.

The builder builds an initialiser when the program uses one of its variables, or at once if its evaluation may have an effect. In the
standard library it leaves out initialisers of unused variables even if they call functions.

Source: Go specification, "Package initialization"; cmd/link/internal/ld/inittask.go for the order of packages.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from tricolor.frontend.program import Program
from tricolor.frontend.records import Initializer, Package
from tricolor.gotypes.types import (
    STRING,
    UINT8,
    Array,
    Named,
    Pointer,
    Slice,
    Struct,
    Type,
    is_string,
    signature,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.assign import assign_tuple
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.dispatch import DISPATCH, guarded, per_iteration
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.state import Builder
from tricolor.ir.build.static import is_pure, is_static
from tricolor.ir.nodes import Block, Func, Var


@final
@dataclass(slots=True, eq=False)
class Entry:
    """One initialiser of a package. ``stmts``: its statements; None until it is built."""

    init: Initializer
    package: PackageInit
    stmts: list[n.Stmt] | None = None


@final
@dataclass(slots=True, eq=False)
class PackageInit:
    """Initialisation of one package. ``inits``: its functions with the name init."""

    package: Package
    state: FuncState
    entries: list[Entry] = field(default_factory=list[Entry])
    inits: list[Func] = field(default_factory=list[Func])


@final
@dataclass(slots=True, eq=False)
class Initialisation:
    """Initialisation of the whole program. ``entries``: initialisers by variable (object). ``embeds``: packages and files of //go:embed
    variables. ``static_init``: initial values that need no code."""

    b: Builder
    packages: list[PackageInit] = field(default_factory=list[PackageInit])
    entries: dict[int, Entry] = field(default_factory=dict[int, Entry])
    embeds: dict[int, tuple[Package, tuple[str, ...]]] = field(default_factory=dict[int, tuple[Package, tuple[str, ...]]])
    static_init: dict[Var, n.Expr] = field(default_factory=dict[Var, n.Expr])


def package_order(program: Program) -> list[Package]:
    """Packages in the order of their initialisation: the runtime and its imports first; then all others, the smallest path first among
    those whose imports are initialised."""
    early = _needed_by(program, "runtime")
    return _sorted_when_ready(program, early, set()) + _sorted_when_ready(program, {p.path for p in program.packages} - early, early)


def _needed_by(program: Program, path: str) -> set[str]:
    found: set[str] = set()
    todo = [path]
    while todo:
        at = todo.pop()
        package = program.package(at)
        if package is not None and at not in found:
            found.add(at)
            todo += package.imports
    return found


def _sorted_when_ready(program: Program, paths: set[str], done: set[str]) -> list[Package]:
    waiting: dict[str, int] = {}
    importers: dict[str, list[str]] = {}
    for path in paths:
        package = program.package(path)
        assert package is not None
        needs = {i for i in package.imports if i in paths and i not in done}
        waiting[path] = len(needs)
        for needed in needs:
            importers.setdefault(needed, []).append(path)
    ready = [path for path, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[Package] = []
    while ready:
        path = heapq.heappop(ready)
        package = program.package(path)
        assert package is not None
        order.append(package)
        for importer in importers.get(path, ()):
            waiting[importer] -= 1
            if waiting[importer] == 0:
                heapq.heappush(ready, importer)
    return order


def start(b: Builder) -> Initialisation:
    """Collect the initialisers of all packages (only of separately built ones, if there are any), and build those with effects."""
    whole = Initialisation(b)
    eager: deque[Entry] = deque()
    for package in package_order(b.program):
        if b.separate and package.symbol_path not in b.own:
            continue
        made = _package_init(b, package)
        whole.packages.append(made)
        for init in package.init_order:
            entry = Entry(init, made)
            made.entries.append(entry)
            whole.entries.update(dict.fromkeys(init.lhs, entry))
            if _is_eager(b.program, package, init):
                eager.append(entry)
        for variable in package.variables:
            if variable.embed_patterns:
                whole.embeds[variable.object] = package, variable.embed_files
        for obj in _init_objects(b, package):
            made.inits.append(b.use(b.func_of(obj)))
    for entry in eager:
        build_entry(whole, entry)
    return whole


def _init_objects(b: Builder, package: Package) -> list[int]:
    return [d.object for d in b.program.functions(package) if d.name == "init" and d.receiver is None]


_NUMBERING_PACKAGES = frozenset(("encoding/gob",))
"""Packages of the standard library that keep initialisers of unused variables: they assign numbers in order."""


def _is_eager(program: Program, package: Package, init: Initializer) -> bool:
    if _is_blank(program, init):
        return not is_pure(program, program.initializer(init))
    counted = not package.standard or package.path in _NUMBERING_PACKAGES
    return counted and not is_pure(program, program.initializer(init))


def _is_blank(program: Program, init: Initializer) -> bool:
    return all(program.object(obj).name == "_" if obj else True for obj in init.lhs)


def _package_init(b: Builder, package: Package) -> PackageInit:
    path = package.symbol_path
    func = Func(f"{path}.init", f"{path}.init", path, signature((), ()), 0)
    version = b.program.files[package.files[0]].go_version if package.files else ""
    state = FuncState(b, DISPATCH, func, None, {}, per_iteration(version), b.types)
    return PackageInit(package, state)


def use_variable(whole: Initialisation, var: Var) -> None:
    """Build the initialiser of a variable, since the program uses the variable."""
    obj = whole.b.global_objects.get(var)
    if obj is None:
        return
    entry = whole.entries.get(obj)
    if entry is not None:
        build_entry(whole, entry)
    embed = whole.embeds.get(obj)
    if embed is not None:
        whole.static_init[var] = _embedded(var.type, *embed)


def build_entry(whole: Initialisation, entry: Entry) -> None:
    """Build an initialiser, as static data if possible, else as statements."""
    if entry.stmts is not None:
        return
    entry.stmts = []
    node = whole.b.program.initializer(entry.init)
    fs = entry.package.state
    fs.out = entry.stmts
    guarded(fs, node[1], lambda: _build_entry(whole, entry, fs))


def _build_entry(whole: Initialisation, entry: Entry, fs: FuncState) -> None:
    b = whole.b
    node = b.program.initializer(entry.init)
    value = fs.expr(node)
    blank = [not obj or b.program.object(obj).name == "_" for obj in entry.init.lhs]
    variables = [None if skip else b.global_of(obj) for obj, skip in zip(entry.init.lhs, blank, strict=True)]
    if len(variables) > 1:
        places: list[n.Place | None] = [None if v is None else n.Name(v.pos, v.type, b.use_global(v)) for v in variables]
        assign_tuple(fs, node[1], places, value, [])
        return
    var = variables[0]
    if var is None:
        fs.emit(n.Assign(node[1], None, value))
        return
    value = convert_to(fs, value, var.type)
    if not fs.out and is_static(value):
        whole.static_init[var] = value
    else:
        fs.emit(n.Assign(var.pos, n.Name(var.pos, var.type, b.use_global(var)), value))


def discarded_values(whole: Initialisation, package: Package) -> Func:
    """A function that never runs, with the initial values of a package's blank variables that the program does not compute.

    Go's compiler reads these values, and instantiates generic code that they mention."""
    path = package.symbol_path
    func = Func(f"{path}._", f"{path}._", path, signature((), ()), 0)
    (made,) = (p for p in whole.packages if p.package is package)
    entries = [entry for entry in made.entries if entry.stmts is None and _is_blank(whole.b.program, entry.init)]
    for entry in entries:
        build_entry(whole, entry)
    func.body = Block(0, [stmt for entry in entries for stmt in entry.stmts or ()])
    for entry in entries:
        entry.stmts = []
    return func


def finish(whole: Initialisation) -> list[Func]:
    """What initialises the packages, in order: for each, the function that computes its variables, if any needs code, and those with the
    name init. The runtime calls them all, as in Go, so that traces show each alone."""
    tasks: list[Func] = []
    for made in whole.packages:
        fs = made.state
        stmts: list[n.Stmt] = [stmt for entry in made.entries for stmt in entry.stmts or ()]
        if stmts:
            fs.func.body = Block(0, stmts)
            tasks.append(fs.func)
        tasks += made.inits
    return tasks


# --- go:embed ------------------------------------------------------------------------------------------------------


def _embedded(t: Type, package: Package, files: tuple[str, ...]) -> n.Expr:
    """Initial value of a //go:embed variable: string, []byte or embed.FS."""
    if isinstance(underlying(t), Struct):
        return _file_system(t, package, files)
    data = (Path(package.directory) / files[0]).read_bytes()
    if is_string(t):
        return n.Const(0, t, data)
    elems: list[tuple[int, n.Expr]] = [(i, n.Const(0, UINT8, byte)) for i, byte in enumerate(data)]
    return n.SliceLit(0, t, elems, len(elems))


def _file_system(t: Type, package: Package, files: tuple[str, ...]) -> n.Expr:
    """An embed.FS: a pointer to its sorted list of files and directories. Names of directories end in a slash."""
    contents: dict[str, bytes] = {}
    for name in files:
        contents[name] = (Path(package.directory) / name).read_bytes()
        for parent in Path(name).parents:
            if str(parent) != ".":
                contents[f"{parent}/"] = b""
    fs_type = underlying(t)
    assert isinstance(fs_type, Struct)
    pointer_type = fs_type.fields[0].type
    assert isinstance(pointer_type, Pointer) and isinstance(pointer_type.elem, Slice)
    file_type = pointer_type.elem.elem
    assert isinstance(file_type, Named)
    ordered = sorted(contents, key=_embed_key)
    elems: list[tuple[int, n.Expr]] = [(i, _file(file_type, name, contents[name])) for i, name in enumerate(ordered)]
    listing = n.SliceLit(0, pointer_type.elem, elems, len(elems))
    return n.StructLit(0, t, [(0, n.AddrOf(0, pointer_type, listing))])


def _embed_key(name: str) -> tuple[str, str]:
    """The sort key of embed.FS: by directory, then by the last element of the path."""
    directory, _, elem = name.rstrip("/").rpartition("/")
    return directory or ".", elem


def _file(t: Named, name: str, data: bytes) -> n.Expr:
    u = underlying(t)
    assert isinstance(u, Struct)
    hash_type = u.fields[2].type
    assert isinstance(hash_type, Array)
    digest = hashlib.sha256(data).digest()[:16] if not name.endswith("/") else bytes(16)
    elems: list[tuple[int, n.Expr]] = [(i, n.Const(0, UINT8, byte)) for i, byte in enumerate(digest)]
    fields: list[tuple[int, n.Expr]] = [
        (0, n.Const(0, STRING, name.encode())),
        (1, n.Const(0, STRING, data)),
        (2, n.ArrayLit(0, hash_type, elems)),
    ]
    return n.StructLit(0, t, fields)
