"""What one module of LLVM text refers to outside itself: types, itabs, strings, layouts, static values.

A function's module only *declares* descriptors, itabs, layouts, equality functions and static closures; the program's
data module (``tricolor.staticdata.datamodule``) defines them all. ``Needed`` lists them for one module; the driver merges the lists.
So the text of a function's module depends on the function only, and its object can be cached by content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from tricolor.abi.sizeclasses import rounded_bytes
from tricolor.gotypes.sizes import pointer_bitmap, size_of
from tricolor.gotypes.types import Type, link_name
from tricolor.ir.nodes import Func, Var
from tricolor.staticdata.algorithms import Steps, equal_symbol, steps_of
from tricolor.staticdata.llvmtypes import bytes_literal, function_type, memory_type, quote

LAYOUT_MAX_BYTES = 512
"""Larger objects have no layout: they carry a header word and are allocated by descriptor."""


def type_symbol(t: Type) -> str:
    """Symbol of a type descriptor."""
    return f"type:{link_name(t)}"


def itab_symbol(concrete: Type, iface: Type) -> str:
    """Symbol of the itab of a concrete type for an interface type."""
    return f"go:itab.{link_name(concrete)},{link_name(iface)}"


def closure_symbol(func: Func) -> str:
    """Symbol of the constant closure object of a function without captures."""
    return f"{func.symbol}·f"


def layout_symbol(size_bytes: int, bitmap: int) -> str:
    """Symbol of the allocator's layout of a size class and pointer bitmap."""
    return f"layout.{size_bytes}.{bitmap:x}"


def layout_key(t: Type) -> tuple[int, int]:
    """(size class in bytes, pointer bitmap) of a type of 1 to 512 bytes."""
    size = size_of(t)
    assert 0 < size <= LAYOUT_MAX_BYTES, f"{t} has no layout"
    return rounded_bytes(size), pointer_bitmap(t)


def is_closure(func: Func) -> bool:
    """Whether the function's code takes the closure object as its first parameter: function literals, bound methods."""
    return func.outer is not None or bool(func.captures)


@final
@dataclass(slots=True)
class Needed:
    """What modules refer to and the data module must define; dicts serve as ordered sets."""

    types: dict[Type, None] = field(default_factory=dict[Type, None])
    itabs: dict[tuple[Type, Type], None] = field(default_factory=dict[tuple[Type, Type], None])
    layouts: dict[tuple[int, int], None] = field(default_factory=dict[tuple[int, int], None])
    equals: dict[Steps, None] = field(default_factory=dict[Steps, None])
    hashes: dict[Steps, None] = field(default_factory=dict[Steps, None])
    closures: dict[str, Func] = field(default_factory=dict[str, Func])

    def update(self, other: Needed) -> None:
        """Add everything that ``other`` needs."""
        self.types.update(other.types)
        self.itabs.update(other.itabs)
        self.layouts.update(other.layouts)
        self.equals.update(other.equals)
        self.hashes.update(other.hashes)
        self.closures.update(other.closures)


@final
class DataEmitter:
    """Collects the declarations and private constants of one module.

    All operands that it gives are LLVM constants of type ``ptr``, except where a docstring names another type. Every symbol that the module declares
    should go through ``declare``, and every one that it defines through ``define``, so that none occurs twice.
    """

    def __init__(self) -> None:
        self.needed = Needed()
        self._declarations: dict[str, str] = {}
        self._defined: set[str] = set()
        self._constants: list[str] = []
        self._strings: dict[bytes, str] = {}
        self._counter = 0

    def declare(self, symbol: str, line: str) -> str:
        """Have ``line`` declare the symbol, unless the module defines it; gives ``@"symbol"``."""
        self._declarations.setdefault(symbol, line)
        return quote(symbol)

    def define(self, symbol: str) -> str:
        """Note that the module defines the symbol; gives ``@"symbol"``."""
        self._defined.add(symbol)
        return quote(symbol)

    def _external(self, symbol: str, llvm: str = "i8", kind: str = "constant") -> str:
        return self.declare(symbol, f"{quote(symbol)} = external {kind} {llvm}")

    def add_constant(self, text: str, prefix: str = ".const") -> str:
        """A private global; ``text`` is what follows ``=``, e.g. ``private constant i64 5, align 8``. Gives its name."""
        self._counter += 1
        name = f'@"{prefix}.{self._counter}"'
        self._constants.append(f"{name} = {text}")
        return name

    def type_ref(self, t: Type) -> str:
        """Address of the type's descriptor."""
        self.needed.types[t] = None
        return self._external(type_symbol(t))

    def itab_ref(self, concrete: Type, iface: Type) -> str:
        """Address of the itab of a concrete type for an interface with methods (the descriptor for one without)."""
        self.needed.itabs[concrete, iface] = None
        return self._external(itab_symbol(concrete, iface))

    def string_ref(self, data: bytes) -> str:
        """Address of the constant bytes (``null`` for none)."""
        if not data:
            return "null"
        found = self._strings.get(data)
        if found is None:
            text = f"private unnamed_addr constant [{len(data)} x i8] {bytes_literal(data)}, align 1"
            found = self._strings[data] = self.add_constant(text, ".str")
        return found

    def string_value(self, data: bytes) -> str:
        """Constant of type ``{ptr, i64}``."""
        return f"{{ptr {self.string_ref(data)}, i64 {len(data)}}}" if data else "zeroinitializer"

    def layout_ref(self, t: Type) -> str:
        """Address of the layout of a type of at most 512 bytes."""
        key = layout_key(t)
        self.needed.layouts[key] = None
        # Not a constant: the allocator writes the index on first use, and LLVM would hoist a constant's load over that.
        return self._external(layout_symbol(*key), "{i32, i32, i64}", "global")

    def equal_ref(self, t: Type) -> str:
        """The equality function of a comparable type: ``i1 zeroext (ptr context, ptr p, ptr q)``; context is ignored."""
        steps = steps_of(t)
        self.needed.equals[steps] = None
        symbol = equal_symbol(steps)
        return self.declare(symbol, f"declare zeroext i1 {quote(symbol)}(ptr, ptr, ptr)")

    def function_ref(self, func: Func) -> str:
        """The function's code address."""
        return self.declare(func.symbol, function_type(func.signature, is_closure(func)).declare(func.symbol))

    def closure_ref(self, func: Func) -> str:
        """The constant closure object of a function without captures: a func value."""
        self.needed.closures[func.symbol] = func
        return self._external(closure_symbol(func), "ptr")

    def global_ref(self, var: Var) -> str:
        """Address of a package-level variable."""
        return self._external(var.symbol, memory_type(var.type), "global")

    def finish(self) -> str:
        """Text of all declarations and private constants, to be put into the module once."""
        lines = [line for symbol, line in self._declarations.items() if symbol not in self._defined]
        return "\n".join(lines + self._constants) + "\n"
