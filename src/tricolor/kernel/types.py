"""Types of the kernel language and their C layout on x86-64 (sizes and offsets in bytes)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias, final


@final
@dataclass(frozen=True, slots=True)
class Integer:
    """``u8`` .. ``u64``, ``i8`` .. ``i64``."""

    bits: int
    signed: bool

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}"

    @property
    def minimum(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def wrap(self, value: int) -> int:
        """The value modulo 2**bits, in the range of the type."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value >> (self.bits - 1) else value


@final
@dataclass(frozen=True, slots=True)
class Float:
    """``f64``."""

    def __str__(self) -> str:
        return "f64"


@final
@dataclass(frozen=True, slots=True)
class Bool:
    """``bool``; one byte in memory."""

    def __str__(self) -> str:
        return "bool"


@final
@dataclass(frozen=True, slots=True)
class Address:
    """``addr``: a raw pointer."""

    def __str__(self) -> str:
        return "addr"


@final
@dataclass(eq=False, slots=True)
class StructType:
    """A struct; fields and layout are filled in when its module has been read."""

    module: str
    name: str
    fields: tuple[FieldType, ...] = ()
    size_bytes: int = 0
    align_bytes: int = 1
    laid_out: bool = False

    def __str__(self) -> str:
        return self.name

    def field_named(self, name: str) -> FieldType | None:
        return next((each for each in self.fields if each.name == name), None)


@final
@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of a struct and its offset."""

    name: str
    type: StoredType
    offset_bytes: int


@final
@dataclass(frozen=True, slots=True)
class Pointer:
    """A name of struct type: a pointer to it."""

    struct: StructType

    def __str__(self) -> str:
        return self.struct.name


@final
@dataclass(frozen=True, slots=True)
class Embedded:
    """``Embed[S]``: the struct by value."""

    struct: StructType

    def __str__(self) -> str:
        return f"Embed[{self.struct.name}]"


@final
@dataclass(frozen=True, slots=True)
class ArrayOf:
    """``Array[T, N]``."""

    element: StoredType
    count: int

    def __str__(self) -> str:
        return f"Array[{self.element}, {self.count}]"


@final
@dataclass(frozen=True, slots=True)
class Void:
    """No result."""

    def __str__(self) -> str:
        return "None"


@final
@dataclass(frozen=True, slots=True)
class Never:
    """``NoReturn``: the call does not come back."""

    def __str__(self) -> str:
        return "NoReturn"


@final
@dataclass(frozen=True, slots=True)
class TupleOf:
    """Two or three results."""

    items: tuple[Scalar, ...] = field(default=())

    def __str__(self) -> str:
        return f"tuple[{', '.join(str(each) for each in self.items)}]"


Scalar: TypeAlias = Integer | Float | Bool | Address | Pointer
StoredType: TypeAlias = Integer | Float | Bool | Address | Pointer | Embedded | ArrayOf
ResultType: TypeAlias = Integer | Float | Bool | Address | Pointer | Void | Never | TupleOf

U8: Final = Integer(8, signed=False)
U32: Final = Integer(32, signed=False)
U64: Final = Integer(64, signed=False)
I32: Final = Integer(32, signed=True)
F64: Final = Float()
BOOL: Final = Bool()
ADDR: Final = Address()
VOID: Final = Void()
NEVER: Final = Never()

INTEGERS: Final[dict[str, Integer]] = {f"{prefix}{bits}": Integer(bits, prefix == "i") for prefix in "ui" for bits in (8, 16, 32, 64)}
SCALARS: Final[dict[str, Integer | Float | Bool | Address]] = {
    **INTEGERS,
    "f64": F64,
    "bool": BOOL,
    "addr": ADDR,
}


THREAD_SELF_FIELD: Final = "self"


def thread_self_offset(struct: StructType) -> int | None:
    """Where a thread struct keeps its own address; None if it does not."""
    found = struct.field_named(THREAD_SELF_FIELD)
    return found.offset_bytes if found is not None and found.type == Pointer(struct) else None


def size_bytes(what: StoredType) -> int:
    """Size in memory, padding at the end included."""
    match what:
        case Integer():
            return what.bits // 8
        case Bool():
            return 1
        case Float() | Address() | Pointer():
            return 8
        case Embedded():
            return what.struct.size_bytes
        case ArrayOf():
            return size_bytes(what.element) * what.count


def align_bytes(what: StoredType) -> int:
    """Natural alignment."""
    match what:
        case Embedded():
            return what.struct.align_bytes
        case ArrayOf():
            return align_bytes(what.element)
        case Integer() | Bool() | Float() | Address() | Pointer():
            return size_bytes(what)


def lay_out(struct: StructType, fields: list[tuple[str, StoredType]]) -> None:
    """Gives each field its offset and the struct its size, as a C compiler does.

    Structs embedded in it MUST be laid out before.
    """
    placed: list[FieldType] = []
    offset, align = 0, 1
    for name, what in fields:
        step = align_bytes(what)
        offset = (offset + step - 1) // step * step
        placed.append(FieldType(name, what, offset))
        offset += size_bytes(what)
        align = max(align, step)
    struct.fields = tuple(placed)
    struct.align_bytes = align
    struct.size_bytes = (offset + align - 1) // align * align
    struct.laid_out = True
