"""Runs kernel text natively, for comparison with its simulation."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, final

from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.llvm.compile import Unit, optimise, parse
from tricolor.llvm.image import Loaded
from tricolor.llvm.link import load_objects
from tricolor.llvm.target import target_machine

C_TYPES: dict[str, Any] = {
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "f64": ctypes.c_double,
    "bool": ctypes.c_bool,
    "addr": ctypes.c_uint64,
    "None": None,
}


def kernel_text(body: str) -> str:
    """A kernel module that imports every name of the language that its text mentions."""
    from tricolor.kernel.environment import LANGUAGE_NAMES

    names = sorted(each for each in LANGUAGE_NAMES if each in body and each != "annotations")
    typing = "from typing import Final, NoReturn\n"
    return f"{typing}from tricolor.kernel.lang import {', '.join(['u64', *names])}\n{body}"


@final
@dataclass(slots=True)
class NativeModule:
    """LLVM text linked into this process."""

    loaded: Loaded

    def function(self, symbol: str, result: str, *parameters: str) -> Callable[..., Any]:
        """A C function by symbol."""
        types = [C_TYPES[each] for each in parameters]
        function: Any = ctypes.CFUNCTYPE(C_TYPES[result], *types)(self.address(symbol))
        # The code must not be freed while the function can be called.
        function.module = self
        return function

    def address(self, symbol: str) -> int:
        return self.loaded.addresses[symbol]


def link(texts: Sequence[str], symbols: Sequence[str], level: int = 1) -> NativeModule:
    """Links LLVM modules into this process, as one image: LLVM's own linker places sections anywhere, in a process with large
    mappings too far apart for references of 32 bits."""
    return NativeModule(load_objects([_object(text, level) for text in texts], symbols))


def _object(text: str, level: int) -> bytes:
    """At level 0, too, the pipeline runs: it inlines what must be inlined."""
    module = parse(Unit("kernel", text, level))
    machine = target_machine(level)
    optimise(module, machine, level)
    return machine.emit_object(module)


def native(body: str, symbols: Sequence[str], level: int = 1, check_level: int = 1) -> NativeModule:
    """Compiles one kernel module called ``sample``."""
    text = compile_modules(["sample"], CompileOptions(check_level), {"sample": kernel_text(body)})
    return link([text], symbols, level)


def in_a_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Runs the function in a thread of its own, whose %gs base it may set."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()
