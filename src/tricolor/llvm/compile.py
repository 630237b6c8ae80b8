"""LLVM IR text to optimised object code, cached by content.

An object's key is the SHA-256 of everything that decides its bytes: the text, the optimisation level, the processor
and LLVM's version. Objects are compiled in processes of their own, since llvmlite's calls do not run in parallel in
threads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final, final

import llvmlite.binding as llvm

from tricolor.base.children import end_with_parent
from tricolor.base.errors import EnvironmentFault
from tricolor.cache.store import read_entry, write_entry
from tricolor.llvm.object_files import READER_VERSION, read_line_table
from tricolor.llvm.target import Processor, target_description, target_machine

LINES: Final = "linetable"
"""Kind of the cache entries of line tables."""


@final
@dataclass(frozen=True, slots=True)
class Unit:
    """One module of LLVM text, and for which processor to compile it; ``name`` is for people (progress, dumps, diagnostics)."""

    name: str
    text: str
    level: int = 2
    processor: Processor = Processor.THIS


class InvalidModule(Exception):
    """LLVM refused a module that we made: always a bug of ours. ``name`` is the unit's, ``message`` LLVM's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message

    def __reduce__(self) -> tuple[type[InvalidModule], tuple[str, str]]:
        """Pickle the arguments: the compiling process sends this exception to ours."""
        return InvalidModule, (self.name, self.message)


def object_key(unit: Unit) -> str:
    """Cache key of the unit's object."""
    digest = hashlib.sha256(target_description(unit.processor).encode())
    digest.update(f"\0O{unit.level} lines{READER_VERSION}\0".encode())
    digest.update(unit.text.encode())
    return digest.hexdigest()


def parse(unit: Unit) -> llvm.ModuleRef:
    """Parsed and verified module for the machine that the program will run on. Raises InvalidModule.

    Without the target's data layout LLVM would align 8-byte integers in structs to 4 bytes.
    """
    machine = target_machine(unit.level, unit.processor)
    try:
        module = llvm.parse_assembly(unit.text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
    except RuntimeError as error:
        raise InvalidModule(unit.name, str(error)) from None
    return module


def optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine, level: int) -> None:
    """Run LLVM's standard pipeline for the level on the module, in place."""
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def compile_object(unit: Unit) -> bytes:
    """Object code of the unit, without the cache."""
    module = parse(unit)
    machine = target_machine(unit.level, unit.processor)
    if unit.level:
        optimise(module, machine, unit.level)
    return machine.emit_object(module)


def optimised_text(unit: Unit) -> str:
    """LLVM IR after optimisation, for ``--dump=llvm-opt``."""
    module = parse(unit)
    optimise(module, target_machine(unit.level, unit.processor), unit.level)
    return str(module)


def assembly_text(unit: Unit) -> str:
    """Machine code as assembly, for ``--dump=asm``."""
    module = parse(unit)
    machine = target_machine(unit.level, unit.processor)
    machine.set_asm_verbosity(True)
    optimise(module, machine, unit.level)
    return machine.emit_assembly(module)


def _compile_and_cache(unit: Unit, key: str) -> None:
    data = compile_object(unit)
    write_entry(LINES, key, read_line_table(data).to_bytes())
    write_entry("obj", key, data)


def line_table_of(key: str) -> bytes:
    """The line table that was cached with the object; if it is gone, it is read from the object again."""
    data = read_entry(LINES, key)
    if data is None:
        source = read_entry("obj", key)
        assert source is not None, "objects are compiled before their tables are read"
        data = read_line_table(source).to_bytes()
    return data


def compile_units(units: Sequence[Unit], progress: Callable[[int, int], None]) -> list[str]:
    """Cache keys of the units' objects, in order; compiles what the cache lacks, on all processors.

    ``progress`` is called with the number of objects that are done and the number of missing objects. Raises InvalidModule, EnvironmentFault.
    """
    keys = [object_key(unit) for unit in units]
    missing = {key: unit for key, unit in zip(keys, units, strict=True) if read_entry("obj", key) is None}
    largest_first = sorted(missing.items(), key=lambda item: -len(item[1].text))
    if len(largest_first) == 1:
        _compile_and_cache(largest_first[0][1], largest_first[0][0])
    elif largest_first:
        try:
            _compile_in_parallel(largest_first, progress)
        except OSError as error:
            raise EnvironmentFault(f"processes that compile cannot be started: {error}") from error
    return keys


def _compile_in_parallel(units: Sequence[tuple[str, Unit]], progress: Callable[[int, int], None]) -> None:
    workers = min(len(units), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=end_with_parent, initargs=(os.getpid(),)) as pool:
        futures = [pool.submit(_compile_and_cache, unit, key) for key, unit in units]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            progress(done, len(futures))
