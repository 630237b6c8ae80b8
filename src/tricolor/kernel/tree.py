"""The typed tree: the checker builds it from kernel source, and both back ends read it.

Every expression carries its type. A *place* is memory that can be loaded, stored or addressed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias, final

from tricolor.kernel.diagnostics import Position
from tricolor.kernel.types import ResultType, Scalar, StoredType, StructType, TupleOf, Void


class Kind(Enum):
    """The kind of a function, named by its decorator."""

    KERNEL = "kernel"
    INLINE = "inline"
    SYSTEMSTACK = "systemstack"
    GOROUTINE = "goroutine"
    EXPORT = "export"
    NAKED = "naked"
    LIBC = "libc"
    GO_FUNCTION = "go_function"


DECLARED = frozenset({Kind.LIBC, Kind.GO_FUNCTION})
"""Kinds that are only declarations."""


@final
@dataclass(eq=False, slots=True)
class Function:
    """A function; ``body`` and ``locals`` are filled in by the checker."""

    module: str
    name: str
    symbol: str
    kind: Kind
    position: Position
    node: ast.FunctionDef
    parameters: tuple[tuple[str, Scalar], ...]
    result: ResultType
    clobbers: tuple[str, ...] = ()
    locals: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    stack_structs: dict[str, StructType] = field(default_factory=dict[str, StructType])
    body: tuple[Statement, ...] = ()


@final
@dataclass(eq=False, slots=True)
class Global:
    """Module-level storage: zeroed (``values`` is None), a constant table, defined elsewhere, or each thread's own."""

    module: str
    name: str
    symbol: str
    type: StoredType
    values: tuple[int | float, ...] | None
    is_external: bool
    is_of_thread: bool


# --- Places ---------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class GlobalPlace:
    """The storage of a global."""

    type: StoredType
    storage: Global


@final
@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field of the struct that ``base`` points to."""

    type: StoredType
    base: Expression
    struct: StructType
    name: str
    offset_bytes: int


@final
@dataclass(frozen=True, slots=True)
class ElementPlace:
    """An element of an array; the index is sign- or zero-extended by its type."""

    type: StoredType
    base: Place
    index: Expression
    count: int


@final
@dataclass(frozen=True, slots=True)
class AddressPlace:
    """Memory at an address, for an atomic operation."""

    type: Scalar
    address: Expression


Place: TypeAlias = GlobalPlace | FieldPlace | ElementPlace | AddressPlace


def thread_storage(place: Place) -> Global | None:
    """The thread struct that the place lies in, so that its address depends on the thread; None for other places."""
    match place:
        case GlobalPlace():
            return place.storage if place.storage.is_of_thread else None
        case FieldPlace():
            return thread_storage(place.base.place) if isinstance(place.base, AddressOf) else None
        case ElementPlace():
            return thread_storage(place.base)
        case AddressPlace():
            return None


# --- Expressions ----------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Constant:
    """A literal of its type; bool as 0 or 1, null and addresses as integers."""

    type: Scalar
    value: int | float


@final
@dataclass(frozen=True, slots=True)
class Local:
    """The value of a local or parameter."""

    type: Scalar
    name: str


@final
@dataclass(frozen=True, slots=True)
class Load:
    """Loads a place."""

    type: Scalar
    place: Place


@final
@dataclass(frozen=True, slots=True)
class AddressOf:
    """The address of a place (as a struct pointer or an addr)."""

    type: Scalar
    place: Place


@final
@dataclass(frozen=True, slots=True)
class Unary:
    """``-``, ``~``, or ``not``."""

    type: Scalar
    operator: str
    operand: Expression


@final
@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic; also ``min``, ``max`` and ``diff`` (addr - addr). Shift counts keep their own type."""

    type: Scalar
    operator: str
    left: Expression
    right: Expression


@final
@dataclass(frozen=True, slots=True)
class Compare:
    """``== != < <= > >=`` of two operands of one type."""

    type: Scalar
    operator: str
    left: Expression
    right: Expression


@final
@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` / ``or``; the right side is evaluated only if needed."""

    type: Scalar
    operator: str
    left: Expression
    right: Expression


@final
@dataclass(frozen=True, slots=True)
class Conditional:
    """``a if c else b``."""

    type: Scalar
    condition: Expression
    yes: Expression
    no: Expression


@final
@dataclass(frozen=True, slots=True)
class Convert:
    """Explicit conversion between scalar types."""

    type: Scalar
    operand: Expression


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A direct call."""

    type: ResultType
    function: Function
    arguments: tuple[Expression, ...]
    position: Position


@final
@dataclass(frozen=True, slots=True)
class CallAddress:
    """A call through an address; the arguments have the types of the parameters."""

    type: ResultType
    target: Expression
    arguments: tuple[Expression, ...]


@final
@dataclass(frozen=True, slots=True)
class Intrinsic:
    """An operation that back ends know by name; ``order`` for fences."""

    type: ResultType
    name: str
    arguments: tuple[Expression, ...]
    order: str = ""


@final
@dataclass(frozen=True, slots=True)
class Atomic:
    """``load``, ``store``, ``exchange``, ``compare_exchange``, ``add``, ``and``, ``or`` of a place, with a memory order."""

    type: ResultType
    operation: str
    place: Place
    arguments: tuple[Expression, ...]
    order: str


@final
@dataclass(frozen=True, slots=True)
class Bump:
    """Takes ``size`` bytes from a pair {cursor, limit} that lies ``offset`` bytes into ``block``; gives the old cursor and whether they fit.

    ``block`` is a struct inside the one that a field of the thread struct points to.
    """

    type: TupleOf
    block: FieldPlace
    pointer: FieldPlace
    offset: Expression
    size: Expression


@final
@dataclass(frozen=True, slots=True)
class SetThread:
    """Makes the record the calling thread's thread struct."""

    type: Void
    storage: Global
    record: Expression


@final
@dataclass(frozen=True, slots=True)
class FunctionAddress:
    """The address of a function's code."""

    type: Scalar
    function: Function


@final
@dataclass(frozen=True, slots=True)
class TextAddress:
    """The address of a read-only text."""

    type: Scalar
    text: bytes


@final
@dataclass(frozen=True, slots=True)
class Text:
    """Address and length in bytes of a read-only text."""

    type: TupleOf
    text: bytes


Expression: TypeAlias = (
    Constant
    | Local
    | Load
    | AddressOf
    | Unary
    | Binary
    | Compare
    | Logic
    | Conditional
    | Convert
    | Call
    | CallAddress
    | Intrinsic
    | Atomic
    | Bump
    | SetThread
    | FunctionAddress
    | TextAddress
    | Text
)


# --- Statements -----------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Assign:
    """Sets a local."""

    name: str
    value: Expression
    position: Position


@final
@dataclass(frozen=True, slots=True)
class StackStruct:
    """Zeroes a struct in the frame; the local points to it. No other statement sets the local."""

    name: str
    struct: StructType
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Store:
    """Stores to a place."""

    place: Place
    value: Expression
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Update:
    """``place op= value``: the place is evaluated once."""

    place: Place
    operator: str
    value: Expression
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Unpack:
    """``a, b = f()``."""

    names: tuple[str, ...]
    call: Expression
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression for its effect."""

    value: Expression
    position: Position


@final
@dataclass(frozen=True, slots=True)
class If:
    """Both branches may be empty."""

    condition: Expression
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]
    position: Position


@final
@dataclass(frozen=True, slots=True)
class While:
    """A loop; ``while True`` has a constant condition."""

    condition: Expression
    body: tuple[Statement, ...]
    position: Position


@final
@dataclass(frozen=True, slots=True)
class ForRange:
    """``for name in range(start, stop, step)``; the step is a constant other than 0.

    The bounds are evaluated once; the local keeps its last value after the loop.
    """

    name: str
    type: Scalar
    start: Expression
    stop: Expression
    step: int
    body: tuple[Statement, ...]
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Break:
    """Leaves the innermost loop."""

    position: Position


@final
@dataclass(frozen=True, slots=True)
class Continue:
    """Next iteration of the innermost loop."""

    position: Position


@final
@dataclass(frozen=True, slots=True)
class Return:
    """Returns no, one, or several values; one value of tuple type is passed on whole."""

    values: tuple[Expression, ...]
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Check:
    """Fails with the text unless the condition holds; compiled in at its level and above."""

    level: int
    condition: Expression
    text: bytes
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Unreachable:
    """Fails with the text."""

    text: bytes
    position: Position


@final
@dataclass(frozen=True, slots=True)
class Asm:
    """The whole body of a naked function."""

    text: str
    position: Position


Statement: TypeAlias = (
    Assign
    | StackStruct
    | Store
    | Update
    | Unpack
    | Evaluate
    | If
    | While
    | ForRange
    | Break
    | Continue
    | Return
    | Check
    | Unreachable
    | Asm
)


@final
@dataclass(frozen=True, slots=True)
class Program:
    """Checked kernel modules, imports first."""

    modules: tuple[str, ...]
    structs: tuple[StructType, ...]
    globals: tuple[Global, ...]
    functions: tuple[Function, ...]
