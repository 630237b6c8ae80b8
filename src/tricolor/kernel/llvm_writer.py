"""Writes LLVM text: types, symbols, and the lines of one function."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, assert_never, final

from tricolor.kernel.tree import Function, Global, Kind
from tricolor.kernel.types import Address, Bool, Float, Integer, Never, Pointer, ResultType, Scalar, TupleOf, Void

CHECK_FAILED: Final = "tricolor.check_failed"
LLVM_ORDERS: Final = {
    "relaxed": "monotonic",
    "acquire": "acquire",
    "release": "release",
    "acq_rel": "acq_rel",
    "seq_cst": "seq_cst",
}
# The C convention extends narrower integers to this width.
EXTENDED_BELOW_BITS: Final = 32


def quoted(symbol: str) -> str:
    """A symbol as LLVM writes it."""
    escaped = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:02X}" for byte in symbol.encode())
    return f'@"{escaped}"'


def type_text(what: ResultType) -> str:
    """A type as LLVM writes it."""
    match what:
        case Integer():
            return f"i{what.bits}"
        case Float():
            return "double"
        case Bool():
            return "i1"
        case Address() | Pointer():
            return "ptr"
        case Void() | Never():
            return "void"
        case TupleOf():
            return "{ " + ", ".join(type_text(each) for each in what.items) + " }"
        case _:
            assert_never(what)


def extension(what: ResultType) -> str:
    """The attribute that says how a small value fills its register."""
    match what:
        case Bool():
            return "zeroext"
        case Integer() if what.bits < EXTENDED_BELOW_BITS:
            return "signext" if what.signed else "zeroext"
        case _:
            return ""


def parameter_text(what: Scalar) -> str:
    """A parameter's type with its attribute."""
    return f"{type_text(what)} {extension(what)}".strip()


def result_text(what: ResultType) -> str:
    """A result's type with its attribute."""
    return f"{extension(what)} {type_text(what)}".strip()


def body_symbol(function: Function) -> str:
    """The symbol of the body; the thunk of a ``@systemstack`` function has another."""
    return f"{function.symbol}:system" if function.kind is Kind.SYSTEMSTACK else function.symbol


def constant_text(what: Scalar, value: float) -> str:
    """A literal as LLVM writes it."""
    match what:
        case Integer():
            return str(value)
        case Float():
            return "0x" + struct.pack(">d", value).hex().upper()
        case Bool():
            return "true" if value else "false"
        case Address() | Pointer():
            return "null" if value == 0 else f"inttoptr (i64 {value} to ptr)"


def asm_text(text: str) -> str:
    """Assembly as an LLVM inline-assembly string: ``$`` doubled, bytes escaped."""
    out: list[str] = []
    for byte in text.replace("$", "$$").encode():
        plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
        out.append(chr(byte) if plain else f"\\{byte:02X}")
    return "".join(out)


@final
@dataclass(slots=True)
class References:
    """What the functions written so far refer to; filled in as they are written."""

    text_prefix: str
    stopped_by_signals: bool = False
    """Whether the text becomes a part of compiled Go code, which a signal may stop anywhere."""
    functions: dict[Function, None] = field(default_factory=dict[Function, None])
    globals: dict[Global, None] = field(default_factory=dict[Global, None])
    texts: dict[bytes, str] = field(default_factory=dict[bytes, str])
    uses_memcmp: bool = False
    uses_check_failed: bool = False

    def text(self, text: bytes) -> str:
        return self.texts.setdefault(text, f"{self.text_prefix}{len(self.texts)}")


@final
@dataclass(slots=True)
class Writer:
    """One function being written."""

    function: Function
    references: References
    check_level: int
    lines: list[str] = field(default_factory=list[str])
    count: int = 0
    block: str = "entry"
    ended: bool = False
    loops: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def emit(self, text: str) -> None:
        if self.ended:
            self.label(self.fresh("dead"))
        self.lines.append(f"  {text}")

    def value(self, text: str, hint: str = "t") -> str:
        name = f"%{self.fresh(hint)}"
        self.emit(f"{name} = {text}")
        return name

    def fresh(self, hint: str) -> str:
        self.count += 1
        return f"{hint}.{self.count}"

    def label(self, name: str) -> None:
        if not self.ended:
            self.lines.append(f"  br label %{name}")
        self.lines.append(f"{name}:")
        self.block = name
        self.ended = False

    def end(self, text: str) -> None:
        """Emits a terminator."""
        self.emit(text)
        self.ended = True


def resize(w: Writer, what: Integer, value: str, bits: int) -> str:
    if what.bits == bits:
        return value
    name = "trunc" if what.bits > bits else ("sext" if what.signed else "zext")
    return w.value(f"{name} i{what.bits} {value} to i{bits}")


def emit_check(w: Writer, condition: str, text: bytes) -> None:
    failed, passed = w.fresh("failed"), w.fresh("passed")
    hinted = w.value(f"call i1 @llvm.expect.i1(i1 {condition}, i1 true)")
    w.end(f"br i1 {hinted}, label %{passed}, label %{failed}")
    w.label(failed)
    emit_failure(w, text)
    w.label(passed)


def emit_failure(w: Writer, text: bytes) -> None:
    w.references.uses_check_failed = True
    on_system_stack = w.function.kind not in {Kind.INLINE, Kind.GOROUTINE}
    symbol = f"{CHECK_FAILED}:system" if on_system_stack else CHECK_FAILED
    name = w.references.text(text)
    w.emit(f"call void {quoted(symbol)}(ptr {quoted(name)}, i64 {len(text)}) cold noreturn")
    w.end("unreachable")
