"""The names of the kernel language, typed so that pyright in strict mode accepts kernel source.

Kernel source is never executed by CPython: ``tricolor.kernel`` reads it, checks it, and either
compiles it through LLVM or simulates it. This module exists so that kernel modules can be imported
and type-checked like ordinary Python. What the names mean is written in docs/kernel-language.md;
calling one of the intrinsics here raises ``KernelOnlyError``.

Integer types are aliases of ``int``: pyright cannot tell ``u8`` from ``u64``; the kernel checker can.
"""

# Type names are those of the language, and an int | float says more than float here.
# ruff: noqa: PYI041, PYI042

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, NoReturn, TypeAlias, TypeVar, overload

T = TypeVar("T")
StructT = TypeVar("StructT", bound="Struct")
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

u8: TypeAlias = int
u16: TypeAlias = int
u32: TypeAlias = int
u64: TypeAlias = int
i8: TypeAlias = int
i16: TypeAlias = int
i32: TypeAlias = int
i64: TypeAlias = int
f64: TypeAlias = float
addr: TypeAlias = int

Order: TypeAlias = Literal["relaxed", "acquire", "release", "acq_rel", "seq_cst"]


class KernelOnlyError(Exception):
    """A kernel intrinsic was called by CPython instead of being compiled or simulated."""


def _kernel_only(name: str) -> NoReturn:
    message = f"{name} is a kernel intrinsic: compile or simulate the module, do not execute it"
    raise KernelOnlyError(message)


class Struct:
    """Base of every kernel struct: fields with C layout; a name of such a type is a pointer."""


class Array:
    """``Array[T, N]``: N elements of T inside a struct (``Embed[T]`` for structs by value)."""

    def __class_getitem__(cls, item: tuple[Any, int]) -> type[Array]:
        return cls

    def __getitem__(self, index: int) -> Any:
        _kernel_only("Array")

    def __setitem__(self, index: int, value: Any) -> None:
        _kernel_only("Array")

    def __len__(self) -> int:
        return 0


Embed: TypeAlias = Annotated[T, "embed"]
"""``Embed[T]``: a struct by value inside another struct or array."""


class Value(Generic[T]):
    """A module-level scalar; read and written as ``name.value``."""

    value: T


class Table(Generic[T]):
    """A read-only module-level table."""

    def __getitem__(self, index: int) -> T:
        _kernel_only("Table")

    def __len__(self) -> int:
        return 0


# --- Module-level storage -----------------------------------------------------------------------


def const_table(element: type[T], values: Sequence[T] | bytes, *, symbol_name: str = "") -> Table[T]:
    """A read-only table of scalars; indexable, ``len`` is a constant."""
    return Table()


def global_struct(struct: type[StructT], *, symbol_name: str = "") -> StructT:
    """A zeroed static struct; the name is a pointer to it."""
    return struct()


def stack_struct(struct: type[StructT]) -> StructT:
    """A zeroed struct in the frame of the calling function, assigned to a local; it ends with the call."""
    _kernel_only("stack_struct")


def thread_struct(struct: type[StructT], *, symbol_name: str = "") -> StructT:
    """A struct of which each thread has its own; ``set_thread_struct`` says which record is the calling thread's."""
    return struct()


def global_array(element: Any, count: int, *, symbol_name: str = "") -> Array:
    """A zeroed static array of ``count`` elements."""
    return Array()


def global_value(scalar: type[T], *, symbol_name: str = "") -> Value[T]:
    """A zeroed static scalar, used as ``name.value``."""
    return Value()


# A struct type matches both overloads; pyright takes the first, which is meant.
@overload
def extern_global(symbol: str, what: type[StructT]) -> StructT: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def extern_global(symbol: str, what: type[T]) -> Value[T]: ...
def extern_global(symbol: str, what: type[Any]) -> Any:
    """A global defined elsewhere: a struct (the name is a pointer) or a scalar (``name.value``)."""
    return what()


# --- Function kinds -----------------------------------------------------------------------------


@overload
def kernel(function: FunctionT, /) -> FunctionT: ...
@overload
def kernel(*, symbol_name: str) -> Callable[[FunctionT], FunctionT]: ...
def kernel(function: Any = None, /, *, symbol_name: str = "") -> Any:
    """An ordinary kernel function: runs on a system stack, internal to the kernel modules."""
    return function if function is not None else _same


@overload
def inline(function: FunctionT, /) -> FunctionT: ...
@overload
def inline(*, symbol_name: str) -> Callable[[FunctionT], FunctionT]: ...
def inline(function: Any = None, /, *, symbol_name: str = "") -> Any:
    """A leaf that is always inlined, into compiled Go code too."""
    return function if function is not None else _same


def systemstack(symbol: str, /) -> Callable[[FunctionT], FunctionT]:
    """An entry point for compiled Go code; its body runs on the thread's system stack."""
    return _same


def goroutine(symbol: str, /) -> Callable[[FunctionT], FunctionT]:
    """A function that runs on the goroutine's own growing stack, and may park."""
    return _same


def export(symbol: str, /) -> Callable[[FunctionT], FunctionT]:
    """A plain C-callable function with that symbol."""
    return _same


def naked(symbol: str, /, *clobbers: str) -> Callable[[FunctionT], FunctionT]:
    """A function whose body is one ``asm`` block in AT&T syntax, with no prologue or epilogue."""
    return _same


def libc(function: FunctionT, /) -> FunctionT:
    """Declares an external C function by its name; the body is ``...``."""
    return function


def go_function(symbol: str, /) -> Callable[[FunctionT], FunctionT]:
    """Declares a function compiled from Go source; callable from ``@goroutine`` functions."""
    return _same


def _same(function: FunctionT) -> FunctionT:
    return function


# --- Pointers and structs -----------------------------------------------------------------------


def null(struct: type[StructT]) -> StructT:
    """The null pointer to a struct."""
    _kernel_only("null")


def is_null(pointer: Struct | int) -> bool:
    """Whether a struct pointer or an address is null."""
    _kernel_only("is_null")


def as_struct(struct: type[StructT], address: addr) -> StructT:
    """The address as a pointer to a struct."""
    _kernel_only("as_struct")


def address(pointer: Struct) -> addr:
    """The address that a struct pointer holds."""
    _kernel_only("address")


def field_address(place: Any) -> addr:
    """The address of a field, an array element or a global."""
    _kernel_only("field_address")


def size_of(what: Any) -> int:
    """Size of a struct or scalar type, in bytes (a constant)."""
    _kernel_only("size_of")


def offset_of(struct: type[Struct], field: str) -> int:
    """Offset of a field (``"a.b"`` for embedded ones) in bytes (a constant)."""
    _kernel_only("offset_of")


def function_address(function: Callable[..., Any]) -> addr:
    """The address of a function's code."""
    _kernel_only("function_address")


@overload
def call_address(target: addr, parameters: tuple[Any, ...], result: None, *arguments: Any) -> None: ...
@overload
def call_address(target: addr, parameters: tuple[Any, ...], result: type[T], *arguments: Any) -> T: ...
def call_address(target: addr, parameters: tuple[Any, ...], result: Any, *arguments: Any) -> Any:
    """Calls the code at an address with explicit parameter types and result type (None: nothing)."""
    _kernel_only("call_address")


def asm(text: str) -> NoReturn:
    """The body of a ``@naked`` function, in AT&T syntax; in an f-string ``{S.field}`` is the offset of a field."""
    _kernel_only("asm")


def text(literal: str) -> tuple[addr, u64]:
    """Address and length in bytes of a read-only string literal (UTF-8, no terminating zero)."""
    _kernel_only("text")


def set_thread_struct(name: StructT, record: StructT) -> None:
    """Makes the record, which is ordinary memory, what the thread struct's name means in the calling thread.

    If the struct has a field ``self`` of its own type, the record's address is stored there.
    """
    _kernel_only("set_thread_struct")


# --- Checks and hints ---------------------------------------------------------------------------


def check(level: Literal[1, 2, 3], condition: bool, text: str) -> None:
    """Fails with the text unless the condition holds; compiled in at that check level and above."""
    _kernel_only("check")


def unreachable(text: str) -> NoReturn:
    """Fails with the text: control must not come here."""
    _kernel_only("unreachable")


def likely(condition: bool) -> bool:
    """The condition, with the hint that it is nearly always true."""
    _kernel_only("likely")


def unlikely(condition: bool) -> bool:
    """The condition, with the hint that it is nearly always false."""
    _kernel_only("unlikely")


def prefetch(address: addr) -> None:
    """Asks the processor to bring the line at the address into the cache."""
    _kernel_only("prefetch")


def spin_hint() -> None:
    """Tells the processor that this is a spin loop."""
    _kernel_only("spin_hint")


def frame_address() -> addr:
    """The frame pointer of the function (its caller's, once inlined)."""
    _kernel_only("frame_address")


def keep_alive(address: addr) -> None:
    """Makes the address live in a register or on the stack up to here."""
    _kernel_only("keep_alive")


def fence(order: Order) -> None:
    """A memory fence."""
    _kernel_only("fence")


# --- Conversions -------------------------------------------------------------------------------


def to_u8(value: int | float) -> u8:
    """The value as u8: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_u8")


def to_u16(value: int | float) -> u16:
    """The value as u16: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_u16")


def to_u32(value: int | float) -> u32:
    """The value as u32: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_u32")


def to_u64(value: int | float) -> u64:
    """The value as u64: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_u64")


def to_i8(value: int | float) -> i8:
    """The value as i8: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_i8")


def to_i16(value: int | float) -> i16:
    """The value as i16: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_i16")


def to_i32(value: int | float) -> i32:
    """The value as i32: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_i32")


def to_i64(value: int | float) -> i64:
    """The value as i64: wraps, extends by the sign of its own type, truncates f64 towards zero."""
    _kernel_only("to_i64")


def to_f64(value: int | float) -> f64:
    """An integer as f64, rounded to nearest."""
    _kernel_only("to_f64")


def to_addr(value: u64) -> addr:
    """A number as an address."""
    _kernel_only("to_addr")


def f64_to_bits(value: f64) -> u64:
    """The bits of an f64."""
    _kernel_only("f64_to_bits")


def f64_from_bits(bits: u64) -> f64:
    """The f64 with these bits."""
    _kernel_only("f64_from_bits")


# --- Raw memory --------------------------------------------------------------------------------


def load_u8(address: addr) -> u8:
    """Loads a naturally aligned u8."""
    _kernel_only("load_u8")


def store_u8(address: addr, value: u8) -> None:
    """Stores a naturally aligned u8."""
    _kernel_only("store_u8")


def load_u16(address: addr) -> u16:
    """Loads a naturally aligned u16."""
    _kernel_only("load_u16")


def store_u16(address: addr, value: u16) -> None:
    """Stores a naturally aligned u16."""
    _kernel_only("store_u16")


def load_u32(address: addr) -> u32:
    """Loads a naturally aligned u32."""
    _kernel_only("load_u32")


def store_u32(address: addr, value: u32) -> None:
    """Stores a naturally aligned u32."""
    _kernel_only("store_u32")


def load_u64(address: addr) -> u64:
    """Loads a naturally aligned u64."""
    _kernel_only("load_u64")


def store_u64(address: addr, value: u64) -> None:
    """Stores a naturally aligned u64."""
    _kernel_only("store_u64")


def load_i8(address: addr) -> i8:
    """Loads a naturally aligned i8."""
    _kernel_only("load_i8")


def store_i8(address: addr, value: i8) -> None:
    """Stores a naturally aligned i8."""
    _kernel_only("store_i8")


def load_i16(address: addr) -> i16:
    """Loads a naturally aligned i16."""
    _kernel_only("load_i16")


def store_i16(address: addr, value: i16) -> None:
    """Stores a naturally aligned i16."""
    _kernel_only("store_i16")


def load_i32(address: addr) -> i32:
    """Loads a naturally aligned i32."""
    _kernel_only("load_i32")


def store_i32(address: addr, value: i32) -> None:
    """Stores a naturally aligned i32."""
    _kernel_only("store_i32")


def load_i64(address: addr) -> i64:
    """Loads a naturally aligned i64."""
    _kernel_only("load_i64")


def store_i64(address: addr, value: i64) -> None:
    """Stores a naturally aligned i64."""
    _kernel_only("store_i64")


def load_f64(address: addr) -> f64:
    """Loads a naturally aligned f64."""
    _kernel_only("load_f64")


def store_f64(address: addr, value: f64) -> None:
    """Stores a naturally aligned f64."""
    _kernel_only("store_f64")


def load_addr(address: addr) -> addr:
    """Loads a naturally aligned addr."""
    _kernel_only("load_addr")


def store_addr(address: addr, value: addr) -> None:
    """Stores a naturally aligned addr."""
    _kernel_only("store_addr")


def memory_copy(destination: addr, source: addr, length_bytes: u64) -> None:
    """Copies bytes; the areas may overlap."""
    _kernel_only("memory_copy")


def memory_zero(destination: addr, length_bytes: u64) -> None:
    """Zeroes bytes."""
    _kernel_only("memory_zero")


def memory_compare(left: addr, right: addr, length_bytes: u64) -> i32:
    """Negative, zero or positive as the left bytes are less, equal or greater."""
    _kernel_only("memory_compare")


# --- Bits --------------------------------------------------------------------------------------


def count_trailing_zeros_u32(value: u32) -> u32:
    """Number of zero bits below the lowest one; 32 for 0."""
    _kernel_only("count_trailing_zeros_u32")


def count_leading_zeros_u32(value: u32) -> u32:
    """Number of zero bits above the highest one; 32 for 0."""
    _kernel_only("count_leading_zeros_u32")


def population_count_u32(value: u32) -> u32:
    """Number of one bits."""
    _kernel_only("population_count_u32")


def rotate_left_u32(value: u32, count: u32) -> u32:
    """Rotates to the left by count modulo 32."""
    _kernel_only("rotate_left_u32")


def byte_swap_u32(value: u32) -> u32:
    """The bytes in reverse order."""
    _kernel_only("byte_swap_u32")


def count_trailing_zeros_u64(value: u64) -> u64:
    """Number of zero bits below the lowest one; 64 for 0."""
    _kernel_only("count_trailing_zeros_u64")


def count_leading_zeros_u64(value: u64) -> u64:
    """Number of zero bits above the highest one; 64 for 0."""
    _kernel_only("count_leading_zeros_u64")


def population_count_u64(value: u64) -> u64:
    """Number of one bits."""
    _kernel_only("population_count_u64")


def rotate_left_u64(value: u64, count: u64) -> u64:
    """Rotates to the left by count modulo 64."""
    _kernel_only("rotate_left_u64")


def byte_swap_u64(value: u64) -> u64:
    """The bytes in reverse order."""
    _kernel_only("byte_swap_u64")


def multiply_high_u64(left: u64, right: u64) -> u64:
    """The upper 64 bits of the 128-bit product."""
    _kernel_only("multiply_high_u64")


# --- Atomics -----------------------------------------------------------------------------------


def memory_at(scalar: type[T], address: addr) -> T:
    """The memory at an address as a place for an atomic operation."""
    _kernel_only("memory_at")


def atomic_load(place: T, order: Order) -> T:
    """Loads a place atomically."""
    _kernel_only("atomic_load")


def atomic_store(place: T, value: T, order: Order) -> None:
    """Stores to a place atomically."""
    _kernel_only("atomic_store")


def atomic_exchange(place: T, value: T, order: Order) -> T:
    """Stores atomically; gives the old value."""
    _kernel_only("atomic_exchange")


def atomic_compare_exchange(place: T, old: T, new: T, order: Order) -> bool:
    """Stores ``new`` if the place holds ``old``; gives whether it did."""
    _kernel_only("atomic_compare_exchange")


def atomic_add(place: int, value: int, order: Order) -> int:
    """Adds atomically, with wrapping; gives the old value."""
    _kernel_only("atomic_add")


def atomic_and(place: int, value: int, order: Order) -> int:
    """Ands atomically; gives the old value."""
    _kernel_only("atomic_and")


def atomic_or(place: int, value: int, order: Order) -> int:
    """Ors atomically; gives the old value."""
    _kernel_only("atomic_or")


# --- Restartable sequences ---------------------------------------------------------------------


def bump_restartable(block: Struct, offset: u64, size: u64) -> tuple[addr, bool]:
    """Takes bytes from the pair {cursor, limit} at an offset in ``block``; gives the old cursor, and whether they fit."""
    _kernel_only("bump_restartable")


# --- Unaligned memory -----------------------------------------------------------------------------


def load_unaligned_u16(address: addr) -> u16:
    """Loads a u16 at any address."""
    _kernel_only("load_unaligned_u16")


def load_unaligned_u32(address: addr) -> u32:
    """Loads a u32 at any address."""
    _kernel_only("load_unaligned_u32")


def load_unaligned_u64(address: addr) -> u64:
    """Loads a u64 at any address."""
    _kernel_only("load_unaligned_u64")


def store_unaligned_u16(address: addr, value: u16) -> None:
    """Stores a u16 at any address."""
    _kernel_only("store_unaligned_u16")


def store_unaligned_u32(address: addr, value: u32) -> None:
    """Stores a u32 at any address."""
    _kernel_only("store_unaligned_u32")


def store_unaligned_u64(address: addr, value: u64) -> None:
    """Stores a u64 at any address."""
    _kernel_only("store_unaligned_u64")
