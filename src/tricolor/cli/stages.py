"""Print the stages of the compiler as text."""

from __future__ import annotations

import json
from typing import TextIO

from tricolor.base.progress import Progress
from tricolor.escape.messages import messages
from tricolor.ir.text import func_text
from tricolor.llvm.compile import Unit, assembly_text, optimised_text
from tricolor.pipeline import Analysed, CompileRequest, emit_units


def dump(stage: str, wanted: str, request: CompileRequest, analysed: Analysed, out: TextIO) -> None:
    """Print one stage. ``wanted``: print only functions (for LLVM stages: packages) whose name contains this text."""
    if stage in ("llvm", "llvm-opt", "asm"):
        _dump_modules(stage, wanted, request, analysed, out)
    elif stage == "typed":
        _dump_typed(wanted, analysed, out)
    else:
        _dump_functions(stage, wanted, analysed, out)


def _dump_typed(wanted: str, analysed: Analysed, out: TextIO) -> None:
    """Print declarations as the front end delivers them, one statement per line as JSON."""
    packages = analysed.typed.packages if wanted else analysed.typed.roots
    for package in packages:
        for decl in analysed.typed.functions(package):
            symbol = f"{package.symbol_path}.{decl.name}"
            if decl.body is None or wanted not in symbol:
                continue
            out.write(f"{symbol}\n")
            out.writelines(f"  {json.dumps(statement, ensure_ascii=False)}\n" for statement in analysed.typed.body(decl))


def _dump_functions(stage: str, wanted: str, analysed: Analysed, out: TextIO) -> None:
    roots = {package.symbol_path for package in analysed.typed.roots}
    for func in analysed.program.funcs:
        if wanted not in func.symbol if wanted else func.pkg not in roots:
            continue
        if stage == "ir":
            out.write(func_text(func) + "\n")
            continue
        out.write(f"{func.symbol}\n")
        out.writelines(f"  {analysed.typed.position(message.pos)}: {message.text}\n" for message in messages([func], analysed.escape))


def _dump_modules(stage: str, wanted: str, request: CompileRequest, analysed: Analysed, out: TextIO) -> None:
    units, _ = emit_units(request, analysed, Progress())
    for unit in units:
        if wanted not in unit.name if wanted else unit.name != "main":
            continue
        out.write(f"; {unit.name}\n{_module_text(stage, unit)}\n")


def _module_text(stage: str, unit: Unit) -> str:
    match stage:
        case "llvm":
            return unit.text
        case "llvm-opt":
            return optimised_text(unit)
        case _:
            return assembly_text(unit)
