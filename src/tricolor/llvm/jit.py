"""Object code into this process: linked, with addresses of the symbols that the runner needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import llvmlite.binding as llvm

from tricolor.llvm.target import target_machine


@final
@dataclass(frozen=True, slots=True)
class Loaded:
    """Linked code. It lives as long as this object; ``addresses`` are those of the exported symbols."""

    jit: llvm.LLJIT
    tracker: llvm.ResourceTracker
    addresses: Mapping[str, int]


class LinkFailure(Exception):
    """A symbol is missing or defined twice: a bug of ours. ``message`` is the linker's."""


def load_objects(objects: Sequence[bytes], exported: Sequence[str]) -> Loaded:
    """Link the objects with each other and with libc of this process. Raises LinkFailure."""
    jit = llvm.create_lljit_compiler(target_machine(), use_jit_link=False, suppress_errors=True)
    builder = llvm.JITLibraryBuilder()
    for data in objects:
        builder = builder.add_object_img(data)
    for symbol in exported:
        builder = builder.export_symbol(symbol)
    try:
        tracker = builder.add_current_process().link(jit, "program")
        return Loaded(jit, tracker, {symbol: tracker[symbol] for symbol in exported})
    except RuntimeError as error:
        # Imported only for this message: the reader of object files is slow to import.
        from tricolor.llvm.object_files import undefined_symbols

        missing = undefined_symbols(objects)
        raise LinkFailure(f"undefined: {', '.join(missing)}" if missing else str(error)) from None
