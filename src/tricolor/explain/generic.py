"""Describe sites of generic code with the names of its declaration.

Go decides about a generic function once per shape, and its messages name the shapes (``[]go.shape.int``). Readers and lock files need the
declared names (``[]T``): which shapes exist depends on code elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, final

from tricolor.escape.naming import local_name
from tricolor.explain.model import Parameter, Site
from tricolor.frontend.program import Program
from tricolor.frontend.records import FuncDecl, Package
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.ir.shapes import SHAPE_PACKAGE

_ARGUMENTS: Final = re.compile(r"\[.*\]")


@final
class GenericNames:
    """The names of type parameters of the generic functions of a program."""

    def __init__(self, typed: Program) -> None:
        self._typed = typed
        self._packages = {package.symbol_path: package for package in typed.packages}
        self._declared: dict[str, Mapping[str, FuncDecl]] = {}

    def renamer(self, func: n.Func) -> Callable[[str], str]:
        """A function that replaces shapes by names of type parameters in texts about ``func``. If two type parameters have the same shape,
        it is unknown which of them source names, so the shape stays."""
        names = self._parameter_names(func)
        if not names:
            return _unchanged
        shapes = re.compile("|".join(rf"{re.escape(shape)}(?!\w)" for shape in sorted(names, key=len, reverse=True)))
        return lambda text: shapes.sub(lambda found: names[found[0]], text)

    def as_declared(self, site: Site, func: n.Func) -> Site:
        """The site of an instance, with the names of the generic function's declaration."""
        renamed = self.renamer(func)
        steps = tuple(replace(step, text=renamed(step.text)) for step in site.chain)
        return replace(site, expression=renamed(site.expression), type=renamed(site.type), why=renamed(site.why), chain=steps)

    def parameter_as_declared(self, parameter: Parameter, func: n.Func) -> Parameter:
        """The parameter of an instance, with the names of the generic function's declaration."""
        renamed = self.renamer(func)
        steps = tuple(replace(step, text=renamed(step.text)) for step in parameter.chain)
        return replace(parameter, type=renamed(parameter.type), why=renamed(parameter.why), chain=steps)

    def _parameter_names(self, func: n.Func) -> dict[str, str]:
        """The names of an instance's type parameters by the text of their shapes."""
        while func.outer is not None:
            func = func.outer
        instance = local_name(func)
        arguments = _ARGUMENTS.search(instance)
        decl = self._generic(func.pkg).get(_ARGUMENTS.sub("", instance))
        if decl is None or arguments is None:
            return {}
        parameters = [self._typed.type(number) for number in (*decl.receiver_type_params, *decl.type_params)]
        shapes = split_arguments(arguments[0][1:-1])
        if len(shapes) != len(parameters):
            return {}
        return {
            shape: parameter.name
            for shape, parameter in zip(shapes, parameters, strict=True)
            if isinstance(parameter, t.TypeParam) and shape.startswith(SHAPE_PACKAGE) and shapes.count(shape) == 1
        }

    def _generic(self, path: str) -> Mapping[str, FuncDecl]:
        """The generic functions of a package by local name: ``F``, ``(*T).M``, ``T.M``."""
        if path not in self._declared:
            package = self._packages.get(path)
            self._declared[path] = {} if package is None else _generic_functions(self._typed, package)
        return self._declared[path]


def _unchanged(text: str) -> str:
    return text


def _generic_functions(typed: Program, package: Package) -> dict[str, FuncDecl]:
    found: dict[str, FuncDecl] = {}
    for decl in typed.functions(package):
        if decl.receiver is not None and decl.receiver_type_params:
            base = _base_name(typed.type, decl.receiver.base)
            found[f"(*{base}).{decl.name}" if decl.receiver.pointer else f"{base}.{decl.name}"] = decl
        elif decl.type_params:
            found[decl.name] = decl
    return found


def _base_name(type_of: Callable[[int], t.Type], number: int) -> str:
    base = type_of(number)
    assert isinstance(base, t.Named)
    return base.name


def split_arguments(text: str) -> list[str]:
    """Split at the commas that are outside all brackets."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
