"""The checker: kernel modules in, typed program or diagnostics out."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from tricolor.kernel.body import Body
from tricolor.kernel.declarations import ensure_layout, lookup
from tricolor.kernel.diagnostics import Diagnostic, KernelError, KernelProgramError, fault
from tricolor.kernel.environment import Environment, Module, index_modules
from tricolor.kernel.source import SUPPORT_MODULE, load_sources
from tricolor.kernel.statements import check_body
from tricolor.kernel.tree import Call, Function, Global, Kind, Program
from tricolor.kernel.types import StructType


@final
@dataclass(frozen=True, slots=True)
class CheckResult:
    """The typed program, complete only if there are no diagnostics."""

    program: Program
    diagnostics: tuple[Diagnostic, ...]


def check_modules(
    modules: Sequence[str],
    texts: Mapping[str, str] | None = None,
    substitutes: Mapping[str, str] | None = None,
) -> CheckResult:
    """Checks the modules, what they import, and the language's support module.

    ``texts`` gives the source of modules that are not files. ``substitutes`` names, for a plain Python module, the one
    that kernel modules get its constants from instead: a test runs them with other parameters.
    """
    sources = load_sources([*modules, SUPPORT_MODULE], texts)
    diagnostics = list(sources.diagnostics)
    environment = index_modules(sources.modules, diagnostics, substitutes)
    for module in environment.modules.values():
        if module.source.is_kernel:
            _resolve_all(environment, module)
    functions: list[Function] = []
    calls: dict[Function, list[Call]] = {}
    for module in environment.modules.values():
        for name, node in module.definitions.items():
            function = module.entities.get(name)
            if isinstance(function, Function) and isinstance(node, ast.FunctionDef):
                calls[function] = _check_function(environment, module, function)
                functions.append(function)
    _check_inline_recursion(environment, calls)
    program = Program(
        tuple(environment.modules),
        tuple(environment.struct_nodes),
        tuple(_globals(environment)),
        tuple(functions),
    )
    ordered = sorted(set(diagnostics), key=lambda each: (each.position.path, each.position.line, each.position.column))
    return CheckResult(program, tuple(ordered))


def checked_program(
    modules: Sequence[str],
    texts: Mapping[str, str] | None = None,
    substitutes: Mapping[str, str] | None = None,
) -> Program:
    """The typed program of modules that must be valid. Raises KernelProgramError."""
    result = check_modules(modules, texts, substitutes)
    if result.diagnostics:
        raise KernelProgramError(result.diagnostics)
    return result.program


def _resolve_all(environment: Environment, module: Module) -> None:
    for name, node in module.definitions.items():
        try:
            entity = lookup(environment, module, name, module.position(node))
            if isinstance(entity, StructType) and isinstance(node, ast.ClassDef):
                ensure_layout(environment, entity, module.position(node))
        except KernelError as error:
            environment.report(error)
    for name, (_, _, position) in module.imports.items():
        try:
            lookup(environment, module, name, position)
        except KernelError as error:
            environment.report(error)


def _globals(environment: Environment) -> list[Global]:
    found: dict[Global, None] = {}
    for module in environment.modules.values():
        for entity in module.entities.values():
            if isinstance(entity, Global):
                found[entity] = None
    return list(found)


def _check_function(environment: Environment, module: Module, function: Function) -> list[Call]:
    node = function.node
    names = {name for name, _ in function.parameters}
    names |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    assigned = {name for name, _ in function.parameters}
    body = Body(environment, module, function, frozenset(names), assigned)
    check_body(body)
    return body.calls


def _check_inline_recursion(environment: Environment, calls: Mapping[Function, list[Call]]) -> None:
    """Reports inline functions that call themselves through inline functions: they cannot be expanded."""
    finished: set[Function] = set()

    def visit(function: Function, path: tuple[Function, ...]) -> None:
        for call in calls.get(function, []):
            callee = call.function
            if callee.kind is not Kind.INLINE or callee in finished:
                continue
            if callee in path:
                names = " -> ".join(each.name for each in (*path[path.index(callee) :], callee))
                error = fault("K021", call.position, f"recursive inline functions: {names}", "make one a @kernel")
                environment.report(error)
                continue
            visit(callee, (*path, callee))
        finished.add(function)

    for function in calls:
        if function.kind is Kind.INLINE and function not in finished:
            visit(function, (function,))
