"""The runtime as LLVM text, compiled from its kernel modules and kept in the cache."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from tricolor.abi.entries import ENTRIES
from tricolor.cache.signature import compiler_signature
from tricolor.cache.store import read_entry, write_entry
from tricolor.kernel.llvm_text import CompileOptions, compile_modules, inline_prelude

MODULES: Final = (
    "tricolor.runtime.start",
    "tricolor.runtime.channels",
    "tricolor.runtime.selects",
    "tricolor.runtime.scheduler.traceback",
    "tricolor.runtime.scheduler.accessors",
    "tricolor.runtime.scheduler.notices",
    "tricolor.runtime.scheduler.forking",
    "tricolor.runtime.scheduler.bubbles",
    "tricolor.runtime.scheduler.descriptors",
    "tricolor.runtime.panics",
    "tricolor.runtime.slices",
    "tricolor.runtime.strings",
    "tricolor.runtime.interfaces",
    "tricolor.runtime.element_copy",
    "tricolor.runtime.statistics",
    "tricolor.runtime.memstats",
    "tricolor.runtime.profiles",
    "tricolor.runtime.scheduler.cpu_profile",
    "tricolor.runtime.allocator.entries",
    "tricolor.runtime.system.process",
    "tricolor.runtime.mutator.malloc",
    "tricolor.runtime.mutator.weak",
    "tricolor.runtime.pools",
    "tricolor.runtime.collector.configure",
    "tricolor.runtime.scheduler.finalizers",
    "tricolor.runtime.scheduler.stop_calls",
    "tricolor.runtime.scheduler.resizing",
    "tricolor.runtime.scheduler.locked_threads",
)
"""The runtime: these modules and all that they import."""

PRELUDE_MODULES: Final = (
    "tricolor.runtime.mutator.alloc",
    "tricolor.runtime.mutator.requests",
    "tricolor.runtime.scheduler.accessors",
    "tricolor.runtime.channel_record",
    "tricolor.runtime.panics",
)
"""Modules with ``@inline`` functions that compiled Go calls."""

_DEFINED: Final = re.compile(r'^define [^@]*@"([^"]+)"', re.MULTILINE)
_DECLARED: Final = re.compile(r'^declare [^@]*@"(\w+\.[^"]+)"', re.MULTILINE)


def runtime_roots(check_level: int) -> list[str]:
    """Go symbols that a program needs although no Go source mentions them: entry points in Go, and what kernel modules call."""
    text = runtime_text(check_level)
    defined = set(_DEFINED.findall(text))
    wanted = ("runtime.main", *ENTRIES, *_DECLARED.findall(text))
    return [symbol for symbol in dict.fromkeys(wanted) if symbol not in defined and not symbol.startswith("llvm.")]


def runtime_text(check_level: int) -> str:
    """LLVM text of the runtime. Raises KernelProgramError."""
    return _cached("runtime", check_level, lambda options: compile_modules(MODULES, options))


def runtime_prelude(check_level: int) -> str:
    """LLVM text that each module of compiled Go begins with. Raises KernelProgramError."""
    return _cached("prelude", check_level, lambda options: inline_prelude(PRELUDE_MODULES, options))


def _cached(kind: str, check_level: int, make: Callable[[CompileOptions], str]) -> str:
    key = hashlib.sha256(f"{compiler_signature()} {kind} {check_level}".encode()).hexdigest()
    data = read_entry("kernel", key)
    if data is not None:
        return data.decode()
    text = make(CompileOptions(check_level=check_level))
    write_entry("kernel", key, text.encode())
    return text
