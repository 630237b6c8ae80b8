"""A whole LLVM module: the text of several Go functions and all that they declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from tricolor.base.errors import CompilerBug, TricolorError
from tricolor.codegen.functions import TABLES, emit_function
from tricolor.codegen.placement import Placements
from tricolor.codegen.state import ModuleState, Options, Site
from tricolor.ir.nodes import Func, Program
from tricolor.staticdata.emitter import DataEmitter, Needed

_ATTRIBUTES = """attributes #90 = { nounwind "split-stack" "frame-pointer"="all" "disable-tail-calls"="true" }
attributes #91 = { nounwind }
attributes #92 = { cold noreturn nomerge nounwind }
attributes #93 = { nounwind returns_twice }
attributes #95 = { cold nounwind willreturn memory(inaccessiblemem: readwrite) }
attributes #94 = { noinline nounwind "split-stack" "frame-pointer"="all" "disable-tail-calls"="true" }
attributes #96 = { nomerge nounwind }
"""
_MEMORY_INTRINSICS = {
    "llvm.memmove.p0.p0.i64": "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)",
    "llvm.memset.p0.i64": "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
}
_GLOBAL = re.compile(r'^(?:declare|define)\b[^@\n]*@(?:"([^"]+)"|([\w.$]+))|^@(?:"([^"]+)"|([\w.$]+)) =', re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Emitted:
    """``text``: LLVM IR. ``sites``: allocation sites (with accounting). ``needs``: what the data module must define."""

    text: str
    sites: tuple[Site, ...]
    needs: Needed


def _emit(state: ModuleState, func: Func) -> str:
    """One function. Any fault becomes a CompilerBug that names it."""
    try:
        return emit_function(state, func)
    except TricolorError:
        raise
    except Exception as error:
        raise CompilerBug(func.symbol, func.pos, f"{type(error).__name__}: {error}") from error


def emit_module(funcs: Sequence[Func], program: Program, placements: Placements, options: Options) -> Emitted:
    """LLVM text of some of the program's functions (those with a body). Raises CompilerBug."""
    data = DataEmitter()
    for match in _GLOBAL.finditer(options.prelude):
        data.define(next(name for name in match.groups() if name is not None))
    state = ModuleState(data, placements, options, TABLES)
    for symbol, line in _MEMORY_INTRINSICS.items():
        data.declare(symbol, line)
    bodies = [_emit(state, f) for f in funcs if f.body is not None]
    text = "\n".join([options.prelude, *bodies, data.finish(), _ATTRIBUTES, state.debug.text()])
    return Emitted(text, tuple(state.sites), data.needed)
