"""What our escape analysis says about packages, each seen alone as Go's compiler sees it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tricolor.escape.analyse import analyse
from tricolor.escape.batches import with_closures
from tricolor.escape.messages import Message, messages
from tricolor.escape.naming import Wording
from tricolor.frontend.load import LoadRequest, load
from tricolor.ir import nodes as n
from tricolor.ir import types as t
from tricolor.ir.build.instances import reachable_types, types_of
from tricolor.ir.build.program import build_packages
from tricolor.ir.walk import walk
from tricolor.passes.alone import as_compiled


def our_lines(patterns: Sequence[str], directory: Path, shapes: bool) -> Mapping[str, Counter[str]]:
    """Lines of each package that the patterns name, by path of the package; ``shapes``: of generic instances too."""
    result = load(LoadRequest(tuple(patterns), directory, spellings=True))
    if result.program is None:
        raise RuntimeError(result.diagnostics)
    typed = result.program
    wording = Wording({p.symbol_path: p.name for p in typed.packages}, typed.spelling, typed.type)
    program = build_packages(typed, [package.path for package in typed.roots], separate=True)
    as_compiled(program)
    escape = analyse(program.funcs)
    by_package: defaultdict[str, list[n.Func]] = defaultdict(list)
    for func in (*(func for batch in escape.batches for func in batch), *program.externals):
        by_package[func.pkg].append(func)
    lines: dict[str, Counter[str]] = {}
    for package in typed.roots:
        own = [func for func in by_package[package.symbol_path] if "[" not in func.symbol]
        globals_ = [var.type for var in program.globals if var.symbol[: -len(var.name) - 1] == package.symbol_path]
        funcs = [*own, *(instances(own, globals_, program.instance_methods) if shapes else ())]
        found = messages(funcs, escape, wording, package.symbol_path)
        lines[package.path] = Counter(_line(message, str(typed.position(message.pos))) for message in found)
    return lines


def _line(message: Message, place: str) -> str:
    return f"{place}: {message.text}" if message.pos else message.text


def instances(
    funcs: Sequence[n.Func], types: Iterable[t.Type], methods: Mapping[t.Type, Sequence[n.Func]]
) -> list[n.Func]:
    """Instances of generic functions that these functions and their instances use, with their closures.

    ``types``: further types that are mentioned; ``methods``: methods of instantiated types, all of which are made if the type is
    mentioned."""
    found: dict[n.Func, None] = {}
    seen_types = reachable_types(types)
    given = set(funcs)
    todo = [func for func in funcs if func.outer not in given]
    seen = set(todo)

    def take(targets: Iterable[n.Func]) -> None:
        for target in targets:
            if target not in seen and ("[" in target.symbol or target.wrapper):
                seen.add(target)
                todo.append(target)
                if "[" in target.symbol:
                    found.update(dict.fromkeys(with_closures(target)))

    take(method for of in seen_types for method in methods.get(of, ()))
    while todo:
        for member in with_closures(todo.pop()):
            new = reachable_types(of for of in types_of(member) if of not in seen_types) - seen_types
            seen_types |= new
            take(method for of in new for method in methods.get(of, ()))
            take(_mentioned(member))
    return list(found)


def _mentioned(func: n.Func) -> Iterable[n.Func]:
    for node in walk(func):
        if isinstance(node, (n.FuncName, n.MethodValue)):
            yield node.func
