"""LLVM types and function types of Go types and signatures: both sides of every call take them from here.

* ``memory_type``: how a value lies in memory, and as member of any aggregate. bool is ``i8``.
* ``llvm_type``: a value in a register: the same, but a bool on its own is ``i1``. Several results of a call are
  separate values, so a bool among them is ``i1`` too.

A struct's LLVM type has one member per Go field (member i is field i), and ``[n x i8]`` at the end where Go pads
more than LLVM's natural layout does.

Calls (see docs/abi.md, "Calls"): parameters in order; a memory-class parameter is ``ptr`` to a copy that the
callee owns; results come as they are, as a literal struct, or through a leading ``ptr sret`` parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import assert_never, final

from tricolor.gotypes.sizes import (
    MAX_REGISTER_WORDS,
    align_of,
    memory_class,
    result_struct,
    round_up,
    size_words,
    struct_layout,
)
from tricolor.gotypes.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
    underlying,
)
from tricolor.staticdata.barriers import OWNED

STRING = "{ptr, i64}"
SLICE = "{ptr, i64, i64}"
INTERFACE = "{ptr, ptr}"

_BASIC = {
    Kind.BOOL: "i8", Kind.INT: "i64", Kind.INT8: "i8", Kind.INT16: "i16", Kind.INT32: "i32", Kind.INT64: "i64",
    Kind.UINT: "i64", Kind.UINT8: "i8", Kind.UINT16: "i16", Kind.UINT32: "i32", Kind.UINT64: "i64",
    Kind.UINTPTR: "i64", Kind.FLOAT32: "float", Kind.FLOAT64: "double", Kind.COMPLEX64: "{float, float}",
    Kind.COMPLEX128: "{double, double}", Kind.STRING: STRING, Kind.UNSAFE_POINTER: "ptr", Kind.UNTYPED_NIL: "ptr",
}  # fmt: skip

_SIGN_EXTENDED = frozenset({Kind.INT8, Kind.INT16, Kind.INT32})
_ZERO_EXTENDED = frozenset({Kind.BOOL, Kind.UINT8, Kind.UINT16, Kind.UINT32})


@cache
def memory_type(t: Type) -> str:
    """LLVM type of a value in memory or inside an aggregate."""
    u = underlying(t)
    match u:
        case Basic():
            return _BASIC[u.kind]
        case Pointer() | Map() | Chan() | Signature():
            return "ptr"
        case Slice():
            return SLICE
        case Interface():
            return INTERFACE
        case Array():
            return f"[{u.length} x {memory_type(u.elem)}]"
        case Struct():
            members = [memory_type(f.type) for f in u.fields]
            tail = _explicit_tail(u)
            if tail:
                members.append(f"[{tail} x i8]")
            return "{" + ", ".join(members) + "}"
        case Tuple():
            return "{" + ", ".join(map(memory_type, u.types)) + "}"
        case TypeParam() | Named():
            raise AssertionError(f"{t} has no LLVM type: generic code must be instantiated first")
        case _:
            assert_never(u)


def _explicit_tail(t: Struct) -> int:
    """Bytes to add at the end of the LLVM struct, where LLVM's own rounding gives less than Go's size."""
    layout = struct_layout(t)
    end = layout.size - layout.tail_bytes
    natural = round_up(end, layout.align)
    return layout.size - end if natural != layout.size else 0


@cache
def llvm_type(t: Type) -> str:
    """LLVM type of a value in a register; a Tuple is the literal struct of its components' register types."""
    u = underlying(t)
    if isinstance(u, Basic) and u.kind is Kind.BOOL:
        return "i1"
    if isinstance(u, Tuple):
        return "{" + ", ".join(map(llvm_type, u.types)) + "}" if u.types else "void"
    return memory_type(u)


def is_bool(t: Type) -> bool:
    """Whether the register form (i1) differs from the memory form (i8)."""
    u = underlying(t)
    return isinstance(u, Basic) and u.kind is Kind.BOOL


@cache
def param_type(t: Type) -> str:
    """LLVM type of a parameter: ``ptr`` for memory-class types."""
    return "ptr" if memory_class(t) else llvm_type(t)


@cache
def extension(t: Type) -> str:
    """``zeroext``, ``signext`` or nothing: the attribute of a parameter or single result of the type."""
    u = underlying(t)
    if isinstance(u, Basic):
        if u.kind in _SIGN_EXTENDED:
            return "signext"
        if u.kind in _ZERO_EXTENDED:
            return "zeroext"
    return ""


@cache
def param_text(t: Type) -> str:
    """Parameter type with its attributes, as written in declarations and calls: ``i1 zeroext``, ``ptr "owned"``."""
    attribute = OWNED if memory_class(t) else extension(t)
    return f"{param_type(t)} {attribute}" if attribute else param_type(t)


@cache
def returns_in_memory(sig: Signature) -> bool:
    """Whether all results go through a leading sret pointer, laid out as ``result_struct(sig.results)``
    (for a single result: as the result itself)."""
    if any(memory_class(r) for r in sig.results):
        return True
    return sum(map(size_words, sig.results)) > MAX_REGISTER_WORDS


@cache
def sret_type(sig: Signature) -> str:
    """LLVM type of the memory that an sret function fills."""
    if len(sig.results) == 1:
        return memory_type(sig.results[0])
    return memory_type(result_struct(sig.results))


@cache
def sret_align(sig: Signature) -> int:
    """Alignment in bytes of the memory that an sret function fills."""
    return align_of(result_struct(sig.results))


@cache
def result_text(sig: Signature) -> str:
    """LLVM result type, without attributes: ``void``, one register type, or a literal struct of them."""
    if not sig.results or returns_in_memory(sig):
        return "void"
    if len(sig.results) == 1:
        return llvm_type(sig.results[0])
    return "{" + ", ".join(map(llvm_type, sig.results)) + "}"


@cache
def result_attribute(sig: Signature) -> str:
    """``zeroext``/``signext`` in front of the result type of declarations, definitions and calls, or nothing."""
    return extension(sig.results[0]) if len(sig.results) == 1 else ""


@final
@dataclass(frozen=True, slots=True)
class FunctionType:
    """How a function of a Go signature is defined, declared and called in LLVM.

    ``result``: text in front of the name, with attributes. ``params``: one text per LLVM parameter, in order:
    the sret pointer (if ``sret``), the context (if asked for), then one per Go parameter.
    ``first_param``: index in ``params`` of the first Go parameter.
    """

    result: str
    params: tuple[str, ...]
    sret: bool
    first_param: int

    def declare(self, symbol: str) -> str:
        """``declare RESULT @"symbol"(PARAMS)``."""
        return f"declare {self.result} {quote(symbol)}({', '.join(self.params)})"


@cache
def function_type(sig: Signature, context: bool = False) -> FunctionType:
    """Function type of a signature (a receiver is its first parameter). With ``context`` the closure object comes as
    the first ``ptr`` parameter (after sret: LLVM wants sret first or second, and we keep it first)."""
    sret = returns_in_memory(sig)
    params: list[str] = []
    if sret:
        params.append(f"ptr sret({sret_type(sig)}) align {sret_align(sig)}")
    if context:
        params.append("ptr")
    first = len(params)
    params.extend(param_text(p) for p in sig.params)
    attribute = result_attribute(sig)
    result = result_text(sig)
    if attribute and result != "void":
        result = f"{attribute} {result}"
    return FunctionType(result, tuple(params), sret, first)


@cache
def quote(symbol: str) -> str:
    """A global's name in LLVM text: ``@"..."``, with bytes outside plain ASCII, quotes and backslashes escaped."""
    return f'@"{escape(symbol)}"'


_SPECIAL = re.compile(rb"[^ !#-\[\]-~]")


def escape(text: str) -> str:
    """Text inside the quotes of an LLVM name or metadata string."""
    data = text.encode("utf-8", "surrogateescape")
    return _SPECIAL.sub(lambda found: b"\\%02X" % found[0][0], data).decode("ascii")


def bytes_literal(data: bytes) -> str:
    """LLVM constant of type ``[len x i8]``: ``c"..."``."""
    return 'c"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data) + '"'
