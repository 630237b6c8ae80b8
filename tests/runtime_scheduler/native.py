"""Compiles kernel modules with hand-written Go-side code, and runs programs in a process of their own."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from dataclasses import dataclass
from typing import final

from tricolor.kernel.llvm_text import compile_modules
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.jit import load_objects

GO = 'nounwind "split-stack" "frame-pointer"="all"'
"""Attributes of compiled Go functions."""


@final
@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended."""

    status: int
    error: str
    output: str


def run(modules: tuple[str, ...], text: str, timeout_seconds: float = 60) -> Finished:
    """Runs the LLVM text (which defines runtime.main) with the kernel modules, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.runtime_scheduler.native import serve; serve()", *modules],
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Finished(done.returncode, done.stderr, done.stdout)


def serve() -> None:
    """The child of ``run``: modules are the arguments, the text is standard input."""
    modules = sys.argv[1:]
    start = link(tuple(modules), sys.stdin.read())
    sys.exit(start(0, None, None))


def link(modules: tuple[str, ...], text: str) -> ctypes._CFuncPtr:  # pyright: ignore[reportPrivateUsage]
    """``tricolor.start`` of the linked program; it keeps the code alive."""
    kernel = compile_object(Unit("kernel", compile_modules(["tricolor.runtime.start", *modules])))
    program = compile_object(Unit("program", text))
    loaded = load_objects([kernel, program], ["tricolor.start"])
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
    start = prototype(loaded.addresses["tricolor.start"])
    start.keep = loaded  # pyright: ignore[reportAttributeAccessIssue]
    return start
