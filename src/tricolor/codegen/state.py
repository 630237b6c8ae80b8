"""State while code is generated: ``ModuleState`` for one LLVM module, ``Gen`` for one function.

Terms: an *operand* is the text of an LLVM value without its type. An ``Addr`` is an address in memory with the way to access it.
A *label* is a basic block's name without ``%``.

How it works: every emitter gets the ``Gen``. Emitters of different nodes reach each other through its methods ``value``, ``address``,
``place``, ``into`` and ``stmt``, which look the node's type up in the ``Tables`` that ``codegen.functions`` makes.

Invariants:
    1. ``Gen.into`` and sret destinations MUST be memory that the expression cannot reach. Otherwise ``x = T{x.b, x.a}`` would read
       what it has already overwritten. Kept by Gen.value() and
       stmt_assign(), which go through a temporary.
    2. A block MUST end with exactly one terminator. Otherwise LLVM rejects the text. Checked by parse() of ``llvm.compile``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias, final

from tricolor.abi.entries import ENTRIES
from tricolor.base.errors import CompilerBug
from tricolor.codegen.debug import DebugInfo
from tricolor.codegen.placement import Placements
from tricolor.codegen.shapes import Form, Shape, shape_of
from tricolor.gotypes.types import Type
from tricolor.ir.nodes import Block, Expr, Func, Label, Labeled, Pos, Stmt, Var
from tricolor.staticdata.emitter import DataEmitter, is_closure
from tricolor.staticdata.llvmtypes import function_type
from tricolor.staticdata.statics import StaticValues


class Mode(IntEnum):
    """How to access memory: PRIVATE plainly, SHARED word by word with unordered atomics, VOLATILE with LLVM's volatile accesses."""

    PRIVATE = 0
    SHARED = 1
    VOLATILE = 2


class Addr(NamedTuple):
    """An address operand and the access mode."""

    ptr: str
    mode: Mode


PlaceThunk: TypeAlias = Callable[[], Addr]
"""The second phase of a place's evaluation: it checks, and gives the address."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An allocation site.

    ``kind``: what is allocated, in one word or two. ``type``: the Go type of the object. ``func``: symbol of the function. ``node``: the
    expression, variable or statement. ``on_stack``: whether escape analysis put it there. ``buffer_bytes``: up to this size the object
    lives in a buffer of the frame.
    """

    number: int
    pos: Pos
    kind: str
    type: Type
    func: str
    node: object
    on_stack: bool
    buffer_bytes: int = 0


@final
@dataclass(frozen=True, slots=True)
class Options:
    """Choices for one module.

    ``account``: count allocations per site; ``first_site``: number of the first one. ``debug_lines``: write line tables. ``unordered``:
    access shared memory with LLVM atomics. ``prelude``: LLVM text of ``@inline`` kernel functions and what they need, which comes first
    in the module. ``local``: symbols that no other module refers to. ``position``: file, line and column of a position.
    """

    account: bool = False
    first_site: int = 1
    debug_lines: bool = True
    unordered: bool = True
    prelude: str = ""
    local: frozenset[str] = frozenset()
    position: Callable[[Pos], tuple[str, int, int]] | None = None


@final
@dataclass(frozen=True, slots=True)
class Tables:
    """Emitters by node type."""

    values: Mapping[type, Callable[[Gen, Any], str]]
    tuples: Mapping[type, Callable[[Gen, Any], list[str]]]
    intos: Mapping[type, Callable[[Gen, Any, Addr], None]]
    places: Mapping[type, Callable[[Gen, Any], PlaceThunk]]
    stmts: Mapping[type, Callable[[Gen, Any], None]]


ITAB_CACHE_ENTRIES: Final = 8


@final
class ModuleState:
    """What the functions of one LLVM module share."""

    def __init__(self, data: DataEmitter, placements: Placements, options: Options, tables: Tables) -> None:
        self.data = data
        self.placements = placements
        self.options = options
        self.tables = tables
        self.debug = DebugInfo(options.position if options.debug_lines else None)
        self.statics = StaticValues(data)
        self.sites: list[Site] = []
        self.load_word = "load atomic" if options.unordered else "load"
        self.store_word = "store atomic" if options.unordered else "store"
        self.order = " unordered" if options.unordered else ""
        self._types: dict[Type, str] = {}
        self._entries: dict[str, str] = {}
        self._funcs: dict[str, str] = {}
        self._itab_caches: dict[Type, str] = {}

    def type_ref(self, t: Type) -> str:
        """Quoted symbol of the type descriptor."""
        found = self._types.get(t)
        if found is None:
            found = self._types[t] = self.data.type_ref(t)
        return found

    def itab_cache(self, t: Type) -> str:
        """Address of a table with the latest itabs for an interface type with methods, one for each hash of a concrete type.

        An empty entry is the interface's own descriptor. It has a small number where an itab has its type, so it is the itab of no type.
        """
        found = self._itab_caches.get(t)
        if found is None:
            entries = ", ".join([f"ptr {self.type_ref(t)}"] * ITAB_CACHE_ENTRIES)
            text = f"internal global [{ITAB_CACHE_ENTRIES} x ptr] [{entries}], align 64"
            found = self._itab_caches[t] = self.data.add_constant(text, ".itabs")
        return found

    def declare_entry(self, symbol: str) -> str:
        """Quoted symbol of a runtime entry point, declared."""
        name = self._entries.get(symbol)
        if name is None:
            entry = ENTRIES[symbol]
            name = self._entries[symbol] = f'@"{symbol}"'
            flags = " #92" if entry.noreturn else " #93" if symbol == "runtime.setresume" else " #91"
            params = ", ".join(p + " zeroext" if p in ("i1", "i32") else p for p in entry.params)
            self.data.declare(symbol, f"declare {entry.result} {name}({params}){flags}")
        return name

    def declare_func(self, func: Func) -> str:
        """Quoted symbol of a Go function, declared."""
        name = self._funcs.get(func.symbol)
        if name is None:
            line = function_type(func.signature, is_closure(func)).declare(func.symbol) + " #91"
            name = self._funcs[func.symbol] = self.data.declare(func.symbol, line)
        return name

    def external(self, symbol: str, llvm: str, align: int = 8) -> str:
        """Quoted symbol of a variable that the runtime defines, declared."""
        return self.data.declare(symbol, f'@"{symbol}" = external global {llvm}, align {align}')


@final
@dataclass(slots=True)
class LoopTargets:
    """Labels that break and continue go to."""

    break_to: str
    continue_to: str = ""


StackMaps: TypeAlias = "dict[Expr, tuple[Addr, Addr | None]]"


def _no_maps() -> StackMaps:
    return {}


@final
@dataclass(slots=True)
class Gen:
    """State while one function is generated, and the primitives that write its text."""

    m: ModuleState
    func: Func
    out: list[str] = field(default_factory=list[str])
    entry: list[str] = field(default_factory=list[str])
    cold: list[str] = field(default_factory=list[str])
    counter: int = 0
    dead: bool = False
    block: str = "entry"
    stored: dict[Var, Addr] = field(default_factory=dict[Var, Addr])
    boxed: dict[Var, str] = field(default_factory=dict[Var, str])
    loops: dict[Label, LoopTargets] = field(default_factory=dict[Label, LoopTargets])
    gotos: dict[Label, str] = field(default_factory=dict[Label, str])
    fallthrough: str = ""
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    nil_blocks: dict[str, str] = field(default_factory=dict[str, str])
    stack_maps: StackMaps = field(default_factory=_no_maps)
    """The maps in the frame, by the expression that makes one: header, and first group."""
    frame: str = ""
    token: str = ""
    sret: str = ""
    appended: set[Var] = field(default_factory=set[Var])
    loop_bases: list[dict[Var, None]] = field(default_factory=list[dict[Var, None]])
    context: bool = False
    recovers: bool = False
    scope: str = ""
    fresh: set[str] = field(default_factory=set[str])
    """Addresses in the object that a literal fills: it was just allocated, and they hold zero."""

    # --- text ------------------------------------------------------------------------------------------------------

    def op(self, text: str) -> str:
        """Write an instruction with a result; gives the result."""
        self.counter = n = self.counter + 1
        name = f"%t{n}"
        self.out.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """Write an instruction without a result."""
        self.out.append("  " + text)

    def label(self, hint: str) -> str:
        """A new label."""
        self.counter = n = self.counter + 1
        return f"{hint}{n}"

    def start(self, label: str) -> None:
        """Begin a block; the one before falls into it unless it has ended."""
        if not self.dead:
            self.out.append(f"  br label %{label}")
        self.out.append(label + ":")
        self.block = label
        self.dead = False

    def branch(self, label: str) -> None:
        """End the block with a jump."""
        if not self.dead:
            self.out.append(f"  br label %{label}")
            self.dead = True

    def branch_if(self, cond: str, then: str, els: str) -> None:
        """End the block with a conditional jump."""
        self.out.append(f"  br i1 {cond}, label %{then}, label %{els}")
        self.dead = True

    def end(self, text: str) -> None:
        """End the block with the given terminator."""
        self.out.append("  " + text)
        self.dead = True

    def unreachable(self) -> None:
        self.end("unreachable")

    def alloca(self, t: str, align: int, hint: str = "s") -> str:
        """Memory in the frame, allocated at entry; contents undefined."""
        self.counter = n = self.counter + 1
        name = f"%{hint}{n}"
        self.entry.append(f"  {name} = alloca {t}, align {align}")
        return name

    def temp(self, t: Type) -> Addr:
        """Private memory for a value of the type."""
        shape = shape_of(t)
        return Addr(self.alloca(slot_type(shape), shape.align), Mode.PRIVATE)

    def phi(self, t: str, *incoming: tuple[str, str]) -> str:
        """A phi of (value, label) pairs."""
        return self.op(f"phi {t} " + ", ".join(f"[ {v}, %{b} ]" for v, b in incoming))

    # --- aggregates ------------------------------------------------------------------------------------------------

    def build(self, t: str, types: tuple[str, ...], values: tuple[str, ...]) -> str:
        """An aggregate of the given members; constant if all members are."""
        if not any(v[0] == "%" for v in values):
            text = "{" + ", ".join(f"{a} {v}" for a, v in zip(types, values, strict=True)) + "}"
            self.parts[text] = values
            return text
        current = "poison"
        for i, (member, v) in enumerate(zip(types, values, strict=True)):
            current = self.op(f"insertvalue {t} {current}, {member} {v}, {i}")
        self.parts[current] = values
        return current

    def extract(self, t: str, value: str, index: int) -> str:
        """Member ``index`` of an aggregate."""
        known = self.parts.get(value)
        if known is not None:
            return known[index]
        return self.op(f"extractvalue {t} {value}, {index}")

    def string(self, ptr: str, length: str) -> str:
        return self.build("{ptr, i64}", ("ptr", "i64"), (ptr, length))

    def slice(self, ptr: str, length: str, cap: str) -> str:
        return self.build("{ptr, i64, i64}", ("ptr", "i64", "i64"), (ptr, length, cap))

    def iface(self, tab: str, data: str) -> str:
        return self.build("{ptr, ptr}", ("ptr", "ptr"), (tab, data))

    # --- calls of the runtime --------------------------------------------------------------------------------------

    def dbg(self, pos: Pos) -> str:
        """The ``!dbg`` suffix of an instruction."""
        return self.m.debug.location(self.scope, pos) if self.scope else ""

    def at(self, pos: Pos) -> str:
        """The suffix of a call. LLVM must not merge it with an equal one of another line: both would have the same return address."""
        return f" #96{self.dbg(pos)}"

    def rt(self, pos: Pos, symbol: str, *operands: str) -> str:
        """Call a runtime entry point; gives its result, or ``""`` for void. A noreturn entry ends the block."""
        entry = ENTRIES[symbol]
        name = self.m.declare_entry(symbol)
        args = ", ".join(f"{t} zeroext {v}" if t in ("i1", "i32") else f"{t} {v}" for t, v in zip(entry.params, operands, strict=True))
        if entry.result != "void":
            return self.op(f"call {entry.result} {name}({args}){self.at(pos)}")
        self.do(f"call void {name}({args}){' #92' + self.dbg(pos) if entry.noreturn else self.at(pos)}")
        if entry.noreturn:
            self.unreachable()
        return ""

    def panic_block(self, pos: Pos, symbol: str, *operands: str) -> str:
        """A cold block that calls a noreturn entry; gives its label."""
        label = self.label("cold")
        entry = ENTRIES[symbol]
        name = self.m.declare_entry(symbol)
        args = ", ".join(f"{t} {v}" for t, v in zip(entry.params, operands, strict=True))
        self.cold.append(f"{label}:\n  call void {name}({args}) #92{self.dbg(pos)}\n  unreachable")
        return label

    def require(self, cond: str, panic_label: str) -> None:
        """Go on if the condition holds, else jump to the cold block."""
        ok = self.label("ok")
        self.out.append(f"  br i1 {cond}, label %{ok}, label %{panic_label}, !prof !1000\n{ok}:")
        self.block = ok

    def nil_check(self, pos: Pos, ptr: str) -> None:
        """Panic if the pointer is nil; one cold block per source line."""
        if ptr[0] == "@":
            return
        where = self.dbg(pos)
        label = self.nil_blocks.get(where)
        if label is None:
            label = self.nil_blocks[where] = self.panic_block(pos, "runtime.panicmem")
        self.require(self.op(f"icmp ne ptr {ptr}, null"), label)

    # --- dispatch --------------------------------------------------------------------------------------------------

    def value(self, e: Expr) -> str:
        """Evaluate to an operand; for a memory-class type, the address of a private copy."""
        if shape_of(e.type).form is Form.MEMORY:
            temp = self.temp(e.type)
            self.into(e, temp)
            return temp.ptr
        emitter = self.m.tables.values.get(type(e))
        if emitter is None:
            self.bug(e.pos, f"no value of {type(e).__name__}")
        return emitter(self, e)

    def tuple(self, e: Expr) -> list[str]:
        """Evaluate an expression of Tuple type to its components, as ``value`` gives them."""
        emitter = self.m.tables.tuples.get(type(e))
        if emitter is None:
            self.bug(e.pos, f"no values of {type(e).__name__}")
        return emitter(self, e)

    def into(self, e: Expr, dest: Addr) -> None:
        """Evaluate a memory-class expression into memory that it cannot reach (invariant 1)."""
        emitter = self.m.tables.intos.get(type(e))
        if emitter is None:
            self.bug(e.pos, f"no memory value of {type(e).__name__}")
        emitter(self, e, dest)

    def address(self, e: Expr) -> Addr:
        """Address of a place, checked."""
        return self.place(e)()

    def place(self, e: Expr) -> PlaceThunk:
        """Evaluate the operands of a place; the result checks and gives the address."""
        emitter = self.m.tables.places.get(type(e))
        if emitter is None:
            self.bug(e.pos, f"{type(e).__name__} is no place")
        return emitter(self, e)

    def stmt(self, s: Stmt) -> None:
        emitter = self.m.tables.stmts.get(type(s))
        if emitter is None:
            self.bug(s.pos, f"no code for {type(s).__name__}")
        if self.dead and not isinstance(s, Block | Labeled):
            self.start(self.label("dead"))
        emitter(self, s)

    def bug(self, pos: Pos, message: str) -> NoReturn:
        raise CompilerBug(self.func.symbol, pos, message)


def slot_type(shape: Shape) -> str:
    """LLVM type to allocate for a value: its own if scalar, else bytes (so that the size is Go's)."""
    if shape.form is Form.SCALAR:
        return shape.llvm
    return f"[{shape.size} x i8]"
