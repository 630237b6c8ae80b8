"""Module-level names of kernel modules: resolved when they are needed, across modules.

Structs are laid out and constants evaluated when first needed, so that modules may refer to each
other in any order, and cycles that cannot be resolved are diagnosed instead of looping.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

from tricolor.kernel import lang
from tricolor.kernel.diagnostics import Diagnostic, KernelError, Position, fault, position_of
from tricolor.kernel.source import LANGUAGE_MODULE, SourceModule, imports_of
from tricolor.kernel.tree import Function, Global
from tricolor.kernel.types import SCALARS, Address, Bool, Float, Integer, StructType

LANGUAGE_NAMES: Final = frozenset(
    name
    for name, value in vars(lang).items()
    if name in SCALARS or name == "Embed" or (not name.startswith("_") and callable(value) and value.__module__ == LANGUAGE_MODULE)
) - {"T", "StructT", "FunctionT", "KernelOnlyError"}
BUILTIN_NAMES: Final = frozenset({"len", "range", "min", "max", "tuple"})
IGNORED_MODULES: Final = frozenset({"__future__", "typing", "collections.abc"})


@final
@dataclass(frozen=True, slots=True)
class ConstantName:
    """A constant: int, float, bool, str, bytes or a tuple; ``wraps`` if made with ``~``."""

    value: Any
    wraps: bool = False


@final
@dataclass(frozen=True, slots=True)
class LanguageName:
    """A name of tricolor.kernel.lang, or a builtin that the language knows."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class TypeName:
    """A scalar type."""

    type: Integer | Float | Bool | Address


@final
@dataclass(frozen=True, slots=True)
class PlainObject:
    """An object of a plain Python module whose attributes are constants (an enum, say)."""

    value: Any


Entity: TypeAlias = ConstantName | LanguageName | TypeName | PlainObject | StructType | Function | Global
Definition: TypeAlias = ast.Assign | ast.AnnAssign | ast.ClassDef | ast.FunctionDef


@final
@dataclass(slots=True)
class Module:
    """A kernel module: what defines each name, and the entities found so far."""

    source: SourceModule
    definitions: dict[str, Definition] = field(default_factory=dict[str, Definition])
    imports: dict[str, tuple[str, str, Position]] = field(default_factory=dict[str, tuple[str, str, Position]])
    entities: dict[str, Entity] = field(default_factory=dict[str, Entity])
    failed: set[str] = field(default_factory=set[str])
    in_progress: set[str] = field(default_factory=set[str])

    @property
    def name(self) -> str:
        return self.source.name

    def position(self, node: ast.AST) -> Position:
        return position_of(self.source.path, node)


@final
@dataclass(slots=True)
class Environment:
    """All modules of one check."""

    modules: dict[str, Module]
    diagnostics: list[Diagnostic]
    struct_nodes: dict[StructType, tuple[Module, ast.ClassDef]] = field(default_factory=dict[StructType, tuple[Module, ast.ClassDef]])
    laying_out: set[StructType] = field(default_factory=set[StructType])
    faulty_structs: set[StructType] = field(default_factory=set[StructType])
    symbols: dict[str, Position] = field(default_factory=dict[str, Position])
    thread_struct: Position | None = None
    substitutes: Mapping[str, str] = field(default_factory=dict[str, str])

    def report(self, error: KernelError) -> None:
        if error.diagnostic is not None:
            self.diagnostics.append(error.diagnostic)


def index_modules(
    sources: Mapping[str, SourceModule],
    diagnostics: list[Diagnostic],
    substitutes: Mapping[str, str] | None = None,
) -> Environment:
    """Collects the module-level definitions, without looking into them."""
    environment = Environment({}, diagnostics, substitutes=substitutes or {})
    for source in sources.values():
        module = Module(source)
        environment.modules[source.name] = module
        if not source.is_kernel:
            position = Position(source.path, 1, 1)
            advice = f"import names from {LANGUAGE_MODULE}"
            diagnostics.append(Diagnostic("K002", position, f"{source.name} is no kernel module", advice))
            continue
        for statement in source.tree.body:
            try:
                _index_statement(environment, module, statement)
            except KernelError as error:
                environment.report(error)
        for each in imports_of(source.tree):
            try:
                _index_import(module, each)
            except KernelError as error:
                environment.report(error)
    return environment


def _index_statement(environment: Environment, module: Module, statement: ast.stmt) -> None:
    position = module.position(statement)
    match statement:
        case ast.FunctionDef() | ast.ClassDef():
            _define(module, statement.name, statement)
            if isinstance(statement, ast.ClassDef):
                struct = StructType(module.name, statement.name)
                environment.struct_nodes[struct] = (module, statement)
                module.entities[statement.name] = struct
        case ast.Assign(targets=[ast.Name(id=name)]):
            if name != "__all__":
                _define(module, name, statement)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            _define(module, name, statement)
        case ast.Expr(value=ast.Constant(value=str())) | ast.ImportFrom() | ast.Pass():
            pass
        case ast.Import():
            raise fault("K026", position, "plain import", "write `from module import name`")
        case _:
            advice = "a module holds imports, constants, storage, structs and functions"
            raise fault("K025", position, f"{type(statement).__name__} at module level", advice)


def _define(module: Module, name: str, statement: Definition) -> None:
    if name in module.definitions:
        first = module.definitions[name].lineno
        raise fault("K020", module.position(statement), f"{name} is defined twice", f"first in line {first}")
    module.definitions[name] = statement


def _index_import(module: Module, statement: ast.ImportFrom) -> None:
    position = module.position(statement)
    if statement.level or statement.module is None:
        raise fault("K026", position, "relative import", "write the full name of the module")
    if statement.module in IGNORED_MODULES:
        return
    for alias in statement.names:
        if alias.name == "*":
            raise fault("K026", position, "star import", "name what is imported")
        module.imports[alias.asname or alias.name] = (statement.module, alias.name, position)


def lookup_import(environment: Environment, module: Module, name: str) -> Entity | tuple[Module, str] | None:
    """What an imported name refers to: a language name, a plain constant, or (module, name)."""
    imported = module.imports.get(name)
    if imported is None:
        return None
    origin, original, position = imported
    if origin == LANGUAGE_MODULE:
        if original not in LANGUAGE_NAMES:
            raise fault("K003", position, f"{LANGUAGE_MODULE} has no name {original}")
        return language_entity(original)
    target = environment.modules.get(origin)
    if target is not None and target.source.is_kernel:
        return (target, original)
    return _plain_entity(environment.substitutes.get(origin, origin), original, position)


def language_entity(name: str) -> Entity:
    """The entity of a name of the language module."""
    scalar = SCALARS.get(name)
    return TypeName(scalar) if scalar is not None else LanguageName(name)


def _plain_entity(origin: str, name: str, position: Position) -> Entity:
    try:
        value: Any = getattr(importlib.import_module(origin), name)
    except ImportError as error:
        raise fault("K002", position, f"cannot import {origin}: {error}") from error
    except AttributeError as error:
        raise fault("K003", position, f"{origin} has no name {name}") from error
    return constant_entity(value)


def constant_entity(value: Any) -> Entity:
    """A Python value as an entity."""
    if isinstance(value, bool | int | float | str | bytes):
        return ConstantName(value)
    if isinstance(value, list | tuple | range):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return ConstantName(tuple(items))
    return PlainObject(value)
