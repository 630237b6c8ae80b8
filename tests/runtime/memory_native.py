"""Runs the memory manager natively inside the test process."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, final

from tricolor.kernel.llvm_text import CompileOptions, compile_modules
from tricolor.kernel.simulation.run import simulate
from tricolor.llvm.compile import Unit, compile_object
from tricolor.llvm.link import load_objects

GO_SIDE = """
@"tricolor.data_roots" = constant [24 x i8] zeroinitializer
@"tricolor.data_root_count" = constant i64 0
@"runtime.zerobase" = global i64 0
@"runtime.staticuint64s" = constant [256 x i64] [NUMBERS]
define void @"runtime.panicmakeslicelen"() { unreachable }
define void @"runtime.panicmakeslicecap"() { unreachable }
define void @"runtime.panicgrowslice"() { unreachable }
define void @"__morestack"() { unreachable }
"""
"""What compiled Go code would define."""

NUMBERS = ", ".join(f"i64 {each}" for each in range(256))

SIGNATURES: dict[str, str] = {
    "start": "vi", "enter": "v", "configure": "iui", "root": "vuu", "pointer": "vuu", "begin": "v", "slice": "vi", "malloc": "uuu", "alloc": "uu", "collect": "v", "find": "uu",
    "size": "uu", "check": "v", "live": "u", "objects": "u", "cycles": "u", "pages": "u", "pause_ns": "u",
    "setfinalizer": "buu", "addcleanup": "uuu", "stopcleanup": "vuu", "weakhandle": "uu", "weakload": "uu",
    "taken": "uuu", "trees": "uu", "growslice": "vuuiiiu", "concat": "vuuu", "bytestostring": "vuuu",
    "stringtobytes": "vuuu", "runestostring": "vuuu", "stringtorunes": "vuuu", "intstring": "vui",
    "decoderune": "vuuuu", "cmpstring": "iuuuu", "samplebytes": "vi", "distance": "u", "sampled": "uu",
    "published": "uu", "publishedfrees": "uu",
}  # fmt: skip
ROOTS = 256
SCRATCH = (ctypes.c_uint64 * 4)()
C_TYPES: dict[str, Any] = {"v": None, "i": ctypes.c_int64, "u": ctypes.c_uint64, "b": ctypes.c_bool}


@final
class Memory:
    """A fresh heap. Functions are attributes by the names of SIGNATURES."""

    def __init__(
        self,
        arena_bytes: int = 0,
        check_level: int = 3,
        modules: Sequence[str] = (),
        more_symbols: Sequence[str] = (),
        texts: Mapping[str, str] | None = None,
    ) -> None:
        text = compile_modules(["tests.runtime.driver_kernel", *modules], CompileOptions(check_level), texts)
        kernel = compile_object(Unit("kernel", text))
        go_side = compile_object(Unit("go", GO_SIDE.replace("NUMBERS", NUMBERS), 0))
        symbols = [*(f"test.{name}" for name in SIGNATURES), *more_symbols]
        self.loaded = load_objects([kernel, go_side], symbols)
        self.functions: dict[str, Callable[..., Any]] = {}
        for name, signature in SIGNATURES.items():
            prototype = ctypes.CFUNCTYPE(C_TYPES[signature[0]], *(C_TYPES[each] for each in signature[1:]))
            self.functions[name] = prototype(self.loaded.addresses[f"test.{name}"])
        self.call("start", arena_bytes)

    def clear(self) -> None:
        """Drops all roots and collects twice: what finalizers revived is gone too."""
        for number in range(ROOTS):
            self.call("root", number, 0)
        scratch = ctypes.addressof(SCRATCH)
        for _ in range(2):
            self.call("collect")
            while self.call("taken", scratch, scratch + 8):
                pass

    def call(self, name: str, *arguments: int) -> Any:
        """Calls ``test.NAME``."""
        return self.functions[name](*arguments)

    def load(self, address: int) -> int:
        """A word of memory."""
        return load(address)

    def store(self, address: int, value: int) -> None:
        """Sets a word of memory."""
        store(address, value)

    def read(self, address: int, length: int) -> bytes:
        """Bytes of memory."""
        return ctypes.string_at(address, length)

    def go_type(self, size_bytes: int, pointers: Sequence[int], kind: int = 25, elem: int = 0) -> int:
        """Address of a type descriptor."""
        return go_type(size_bytes, pointers, kind, elem)

    def layout(self, elem_bytes: int, bitmap: int) -> int:
        """Address of a layout header."""
        return layout(elem_bytes, bitmap)


@final
class Simulated:
    """The same heap, interpreted on simulated memory that faults on wrong accesses."""

    def __init__(self, arena_bytes: int, check_level: int = 3, substitutes: Mapping[str, str] | None = None) -> None:
        self.simulation = simulate(["tests.runtime.driver_kernel"], check_level=check_level, substitutes=substitutes)
        self.scratch = self.simulation.memory.map(4096)
        self.call("start", arena_bytes)

    def clear(self) -> None:
        """As Memory.clear."""
        for number in range(ROOTS):
            self.call("root", number, 0)
        for _ in range(2):
            self.call("collect")
            while self.call("taken", self.scratch, self.scratch + 8):
                pass

    def call(self, name: str, *arguments: int) -> Any:
        """Calls ``test.NAME``."""
        return self.simulation.call(f"test.{name}", *arguments)

    def load(self, address: int) -> int:
        """A word of memory."""
        return self.simulation.memory.load(address, 8)

    def store(self, address: int, value: int) -> None:
        """Sets a word of memory."""
        self.simulation.memory.store(address, 8, value)

    def read(self, address: int, length: int) -> bytes:
        """Bytes of memory."""
        return self.simulation.memory.read(address, length)

    def go_type(self, size_bytes: int, pointers: Sequence[int], kind: int = 25, elem: int = 0) -> int:
        """Address of a type descriptor."""
        mask, words = bitmap_bytes(pointers)
        place = self.simulation.memory.map(4096)
        made = Descriptor(size_bytes, words * 8, kind=kind, gc_data=place + 1024, elem=elem)
        self.simulation.memory.write(place, bytes(made))
        self.simulation.memory.write(place + 1024, mask)
        return place

    def layout(self, elem_bytes: int, bitmap: int) -> int:
        """Address of a layout header."""
        place = self.simulation.memory.map(16)
        self.store(place, elem_bytes)
        self.store(place + 8, bitmap)
        return place


Heap: TypeAlias = Memory | Simulated


# --- Type descriptors -------------------------------------------------------------------------------

KEPT: list[Any] = []


class Descriptor(ctypes.Structure):
    """internal/abi.Type, and the fields of an array type."""

    _fields_ = (
        ("size_bytes", ctypes.c_uint64),
        ("pointer_bytes", ctypes.c_uint64),
        ("hash", ctypes.c_uint32),
        ("flags", ctypes.c_uint8),
        ("align", ctypes.c_uint8),
        ("field_align", ctypes.c_uint8),
        ("kind", ctypes.c_uint8),
        ("equal", ctypes.c_uint64),
        ("gc_data", ctypes.c_uint64),
        ("name", ctypes.c_int32),
        ("pointer_to", ctypes.c_int32),
        ("elem", ctypes.c_uint64),
        ("slice", ctypes.c_uint64),
        ("length", ctypes.c_uint64),
    )


def bitmap_bytes(pointers: Sequence[int]) -> tuple[bytes, int]:
    """Pointer bitmap, and the number of words up to the last pointer."""
    words = max(pointers) + 1 if pointers else 0
    return sum(1 << word for word in pointers).to_bytes(words // 8 + 1, "little"), words


def go_type(size_bytes: int, pointers: Sequence[int], kind: int = 25, elem: int = 0) -> int:
    """Address of a type descriptor with pointers at these words; it is kept for ever."""
    data, words = bitmap_bytes(pointers)
    mask = ctypes.create_string_buffer(data)
    made = Descriptor(size_bytes, words * 8, kind=kind, gc_data=ctypes.addressof(mask), elem=elem)
    KEPT.extend((mask, made))
    return ctypes.addressof(made)


def layout(elem_bytes: int, bitmap: int) -> int:
    """Address of a layout header as codegen writes it; it is kept for ever."""
    made = (ctypes.c_uint64 * 2)(elem_bytes, bitmap)
    KEPT.append(made)
    return ctypes.addressof(made)


def load(address: int) -> int:
    """A word of memory."""
    return ctypes.c_uint64.from_address(address).value


def store(address: int, value: int) -> None:
    """Sets a word of memory."""
    ctypes.c_uint64.from_address(address).value = value
