"""The whole flow from Go source to objects in the cache, one call per line.

source -> typed program -> IR -> escape analysis -> LLVM text -> objects
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from tricolor.base.errors import CompilerBug, Faults
from tricolor.base.progress import Progress
from tricolor.cache.inputs import inputs_of
from tricolor.cache.programs import CompiledProgram, Form
from tricolor.cache.store import write_entry
from tricolor.codegen.check_stores import check_stores
from tricolor.codegen.intrinsics import is_intrinsic, with_body
from tricolor.codegen.module import emit_module
from tricolor.codegen.placement import ConservativePlacement
from tricolor.codegen.state import Options as CodegenOptions
from tricolor.codegen.state import Site
from tricolor.escape.analyse import analyse
from tricolor.escape.literals import use_literals
from tricolor.escape.result import EscapeResult
from tricolor.executable.start_code import start_unit
from tricolor.frontend.load import LoadRequest, build_errors, load
from tricolor.frontend.names import executable_name
from tricolor.frontend.program import Program as TypedProgram
from tricolor.frontend.program import positions_decoded
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.overlay import BUILD_TAGS, overlay_files, test_overlay
from tricolor.goroot.refuse import refuse_cgo_files, refuse_undefined, refuse_unsupported, undefined
from tricolor.ir import nodes as n
from tricolor.ir.build.program import build_packages, build_program
from tricolor.ir.verify import verify_program
from tricolor.llvm.compile import InvalidModule, Unit, compile_units
from tricolor.llvm.link import LinkFailure
from tricolor.llvm.target import Processor
from tricolor.passes.devirtualize import devirtualize
from tricolor.passes.linkage import local_functions
from tricolor.run.link_program import link_program
from tricolor.runtime.modules import runtime_prelude, runtime_roots, runtime_text
from tricolor.staticdata.datamodule import emit_data_modules
from tricolor.staticdata.emitter import Needed


@final
@dataclass(frozen=True, slots=True)
class CompileRequest:
    """What to compile. ``patterns``: .go files or one package. ``account``: count allocations per site. ``level``: LLVM's optimisation
    level. ``check_level``: how much the runtime checks its invariants, 0 to 3; from 1 on, the compiler also verifies the IR after each pass
    and the emitted stores of pointers. ``form``: what is linked. ``test``: the program is the test binary of the package.
    ``overlay``: maps paths to the files to read in their place."""

    patterns: tuple[str, ...]
    directory: Path = field(default_factory=Path.cwd)
    tags: tuple[str, ...] = ()
    account: bool = False
    level: int = 2
    check_level: int = 0
    form: Form = Form.IMAGE
    test: bool = False
    overlay: Mapping[str, str] = field(default_factory=dict[str, str])


@final
@dataclass(frozen=True, slots=True)
class Analysed:
    """A program after escape analysis."""

    typed: TypedProgram
    program: n.Program
    escape: EscapeResult


def load_typed(request: CompileRequest, progress: Progress) -> TypedProgram | Faults:
    """Parse and type-check. Raises EnvironmentFault, and Unsupported about a single package."""
    progress.say("loading and type-checking")
    result = load(_load_request(request))
    if result.program is None:
        refuse_cgo_files([request.directory / pattern for pattern in request.patterns])
        return Faults(result.diagnostics)
    if len(result.program.roots) == 1:
        refuse_unsupported(result.program)
    return result.program


def _load_request(request: CompileRequest) -> LoadRequest:
    goroot = find_toolchain().root
    overlay = test_overlay(goroot) if request.test else overlay_files(goroot)
    tags = (*BUILD_TAGS, *request.tags)
    return LoadRequest(request.patterns, request.directory, tags, {**overlay, **request.overlay}, test=request.test)


def analyse_program(request: CompileRequest, typed: TypedProgram, progress: Progress) -> Analysed | Faults:
    """Build the IR and run escape analysis. Raises TricolorError."""
    (root, *_) = typed.roots
    if root.name != "main":
        return Faults(f"package {root.path} is not a main package")
    with positions_decoded(typed):
        progress.say("building the program's tree")
        program = build_program(typed, runtime_roots(request.check_level))
        missing = [func for func in undefined(program.externals) if not is_intrinsic(func.symbol)]
        if missing:
            refused = build_errors(_load_request(request))
            return Faults(refused) if refused else refuse_undefined(typed, missing[0])
        return _analysed(request, typed, program, progress)


def analyse_packages(request: CompileRequest, typed: TypedProgram, progress: Progress) -> Analysed:
    """Like ``analyse_program``, for all functions that the packages declare. The packages need not be programs."""
    with positions_decoded(typed):
        progress.say("building the packages' trees")
        program = build_packages(typed, [package.path for package in typed.roots])
        return _analysed(request, typed, program, progress)


def _analysed(request: CompileRequest, typed: TypedProgram, program: n.Program, progress: Progress) -> Analysed:
    """From IR that was just built to placements."""
    if request.check_level:
        verify_program(program)
    make_calls_direct(program)
    if request.check_level:
        verify_program(program)
    progress.say(f"escape analysis of {len(program.funcs)} functions")
    escape = analyse(program.funcs)
    use_literals(escape.literals, escape.boxed_data)
    return Analysed(typed, program, escape)


def make_calls_direct(program: n.Program) -> None:
    """Devirtualize calls, except in instances of generic functions: explanations describe their shape instances instead."""
    devirtualize(program, [func for func in program.funcs if not func.is_instance])


def emit_units(request: CompileRequest, analysed: Analysed, progress: Progress) -> tuple[list[Unit], list[Site]]:
    """LLVM modules: one per Go package, one for data, one for the runtime; and the allocation sites."""
    units: list[Unit] = []
    sites: list[Site] = []
    needs: list[Needed] = []
    options = CodegenOptions(
        account=request.account,
        prelude=runtime_prelude(request.check_level),
        local=local_functions(analysed.program, {p.symbol_path for p in analysed.typed.packages if not p.standard}),
        position=lambda pos: _place(analysed.typed, pos),
    )
    with positions_decoded(analysed.typed):
        for package, funcs in _by_package(analysed.program.funcs).items():
            progress.say(f"generating code for {package}")
            module = emit_module(funcs, analysed.program, analysed.escape, replace(options, first_site=len(sites) + 1))
            units.append(Unit(package, module.text, request.level))
            sites += module.sites
            needs.append(module.needs)
        modules = emit_data_modules(analysed.program, needs)
        units.append(Unit("data", modules.data, 0))
        units.append(Unit("stubs", modules.code, request.level))
        bodies = [with_body(func) for func in modules.bodyless if is_intrinsic(func.symbol)]
        if bodies:
            module = emit_module(bodies, analysed.program, ConservativePlacement(), options)
            units.append(Unit("intrinsics", module.text, request.level))
        if request.check_level:
            for unit in units:
                check_stores(unit.text.removeprefix(options.prelude))
    units.append(Unit("runtime", runtime_text(request.check_level), request.level))
    if request.form is Form.EXECUTABLE:
        units = [replace(unit, processor=Processor.X86_64_V3) for unit in [*units, start_unit()]]
    return units, sites


def compile_program(
    request: CompileRequest,
    typed: TypedProgram,
    progress: Progress,
    describe_sites: Callable[[Analysed, Sequence[Site]], object],
) -> CompiledProgram | Faults:
    """From types to the linked program in the cache. Raises TricolorError."""
    analysed = analyse_program(request, typed, progress)
    if isinstance(analysed, Faults):
        return analysed
    units, sites = emit_units(request, analysed, progress)
    try:
        keys = compile_units(units, lambda done, count: progress.say(f"optimising: {done} of {count} modules"))
        linked_key = link_program(keys, request.form)
        sites_key = ""
        if request.account:
            sites_key = keys[0]
            write_entry("sites", sites_key, json.dumps(describe_sites(analysed, sites)).encode())
    except InvalidModule as error:
        raise CompilerBug(error.name, 0, error.message) from error
    except LinkFailure as error:
        raise CompilerBug("linking", 0, str(error)) from error
    name = executable_name(typed, request.patterns)
    return CompiledProgram(request.form, linked_key, sites_key, name, inputs_of(typed.sources(), request.patterns, request.directory))


def _by_package(funcs: Sequence[n.Func]) -> dict[str, list[n.Func]]:
    groups: defaultdict[str, list[n.Func]] = defaultdict(list)
    for func in funcs:
        groups[func.pkg].append(func)
    return dict(sorted(groups.items()))


def _place(typed: TypedProgram, pos: int) -> tuple[str, int, int]:
    place = typed.position(pos)
    return place.file, place.line, place.column
