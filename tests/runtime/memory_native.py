"""Runs the memory manager natively inside the test process."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, final

from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.jit import load_objects

GO_SIDE = """
@"tricolor.data_roots" = constant [24 x i8] zeroinitializer
@"tricolor.data_root_count" = constant i64 0
@"runtime.zerobase" = global i64 0
@"runtime.staticuint64s" = global [256 x i64] zeroinitializer
define void @"runtime.panicmakeslicelen"() { unreachable }
define void @"runtime.panicmakeslicecap"() { unreachable }
define void @"runtime.panicgrowslice"() { unreachable }
define void @"__morestack"() { unreachable }
"""
"""What compiled Go code would define."""

SIGNATURES: dict[str, str] = {
    "start": "vi", "configure": "iui", "root": "vuu", "malloc": "uuu", "alloc": "uu", "collect": "v", "find": "uu",
    "size": "uu", "check": "v", "live": "u", "objects": "u", "cycles": "u", "pages": "u", "pause_ns": "u",
    "setfinalizer": "buu", "addcleanup": "uuu", "stopcleanup": "vuu", "weakhandle": "uu", "weakload": "uu",
    "taken": "uuu", "trees": "uu",
}  # fmt: skip
C_TYPES: dict[str, Any] = {"v": None, "i": ctypes.c_int64, "u": ctypes.c_uint64, "b": ctypes.c_bool}


@final
class Memory:
    """A fresh heap. Functions are attributes by the names of SIGNATURES."""

    def __init__(self, arena_bytes: int = 0, check_level: int = 3) -> None:
        text = compile_modules(["tests.runtime.driver_kernel"], CompileOptions(check_level))
        kernel = compile_object(Unit("kernel", text))
        go_side = compile_object(Unit("go", GO_SIDE, 0))
        symbols = [f"test.{name}" for name in SIGNATURES]
        self.loaded = load_objects([kernel, go_side], symbols)
        self.functions: dict[str, Callable[..., Any]] = {}
        for name, signature in SIGNATURES.items():
            prototype = ctypes.CFUNCTYPE(C_TYPES[signature[0]], *(C_TYPES[each] for each in signature[1:]))
            self.functions[name] = prototype(self.loaded.addresses[f"test.{name}"])
        self.call("start", arena_bytes)

    def call(self, name: str, *arguments: int) -> Any:
        """Calls ``test.NAME``."""
        return self.functions[name](*arguments)
