"""Compiles kernel modules with hand-written Go-side code, and runs programs in a process of their own."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import final

from tricolor.cache.store import read_entry, write_entry
from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.llvm.compile import Unit, compile_object, object_key
from tricolor.llvm.link import load_objects

MODULES = ("tricolor.runtime.start", "tricolor.runtime.channels", "tricolor.runtime.selects")


@final
@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended."""

    status: int
    error: str
    output: str


def run(text: str, timeout_seconds: float = 60) -> Finished:
    """Runs the LLVM text (which defines runtime.main) with the runtime, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.runtime_scheduler.native import serve; serve()", kernel_key()],
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Finished(done.returncode, done.stderr, done.stdout)


def serve() -> None:
    """The child of ``run``: the kernel object's key is the argument, the text is standard input."""
    kernel = read_entry("obj", sys.argv[1])
    assert kernel is not None
    loaded = load_objects([kernel, compile_object(Unit("program", sys.stdin.read()))], ["tricolor.start"])
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
    sys.exit(prototype(loaded.addresses["tricolor.start"])(0, None, None))


@cache
def kernel_key() -> str:
    """Key of the runtime's object in the cache; compiled if its text is new."""
    unit = Unit("kernel", compile_modules(MODULES, CompileOptions(check_level=2)))
    key = object_key(unit)
    if read_entry("obj", key) is None:
        write_entry("obj", key, compile_object(unit))
    return key
