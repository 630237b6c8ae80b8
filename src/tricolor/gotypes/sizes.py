"""Sizes, alignments, field offsets and pointer maps of Go types on amd64, as gc computes them.

Terms:
    word                8 bytes
    pointer bitmap      an int; bit i is set if word i of a value may hold a pointer. A type with over MAX_BITMAP_WORDS words up to its last
                        pointer has none, so that no array takes memory for its length
    pointer bytes       the length of the prefix of a value that may hold pointers (Go: PtrBytes)
    memory comparable   a type whose values are equal if and only if their bytes are equal (Go: regular memory)

Units: bytes, unless a name ends in words.

Source: Go 1.27.3 cmd/compile/internal/types/size.go, alg.go; the specification, "Comparison operators".

Differs from Go: bitmaps have up to 16,384 bits, Go's 128; pointers to not-in-heap types count as pointers, since our garbage collector ignores addresses outside of its heap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import assert_never, final

from tricolor.gotypes.types import (
    Array,
    Basic,
    Chan,
    Field,
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
    struct,
    underlying,
)

WORD_BYTES = 8
MAX_REGISTER_WORDS = 4
MAX_BITMAP_WORDS = 1 << 14
"""Larger: bitmaps up to 1/64 of so many words in the program. Smaller: more types that the collector scans element by element, field by field."""

_BASIC_BYTES = {
    Kind.BOOL: 1, Kind.INT: 8, Kind.INT8: 1, Kind.INT16: 2, Kind.INT32: 4, Kind.INT64: 8,
    Kind.UINT: 8, Kind.UINT8: 1, Kind.UINT16: 2, Kind.UINT32: 4, Kind.UINT64: 8, Kind.UINTPTR: 8,
    Kind.FLOAT32: 4, Kind.FLOAT64: 8, Kind.COMPLEX64: 8, Kind.COMPLEX128: 16,
    Kind.STRING: 16, Kind.UNSAFE_POINTER: 8, Kind.UNTYPED_NIL: 8,
}  # fmt: skip
_BASIC_ALIGN = {Kind.COMPLEX64: 4, Kind.COMPLEX128: 8, Kind.STRING: 8}


@final
@dataclass(frozen=True, slots=True)
class StructLayout:
    """Layout of a struct. ``offsets``: offset of each field. ``tail_bytes``: padding after the last field."""

    offsets: tuple[int, ...]
    size: int
    align: int
    tail_bytes: int


def round_up(n: int, align: int) -> int:
    """The smallest multiple of ``align`` (a power of two) that is not less than ``n``."""
    return (n + align - 1) & -align


@cache
def struct_layout(t: Type) -> StructLayout:
    """Layout of a type whose underlying type is a struct, or of a Tuple laid out as a struct."""
    u = underlying(t)
    if isinstance(u, Tuple):
        members = u.types
    else:
        assert isinstance(u, Struct), f"{t} is not a struct"
        members = tuple(f.type for f in u.fields)
    offset, align, offsets = 0, 1, list[int]()
    for member in members:
        member_align = align_of(member)
        align = max(align, member_align)
        offset = round_up(offset, member_align)
        offsets.append(offset)
        offset += size_of(member)
    end = offset
    # The address after a final zero-size field must not be the address of another object.
    if members and offset > 0 and size_of(members[-1]) == 0:
        offset += 1
    size = round_up(offset, align)
    return StructLayout(tuple(offsets), size, align, size - end)


def field_offset(t: Type, index: int) -> int:
    """Offset of field ``index`` of a struct (or component of a tuple)."""
    return struct_layout(t).offsets[index]


@cache
def size_of(t: Type) -> int:
    """Size of a value in memory (unsafe.Sizeof)."""
    u = underlying(t)
    match u:
        case Basic():
            return _BASIC_BYTES[u.kind]
        case Pointer() | Map() | Chan() | Signature():
            return WORD_BYTES
        case Slice():
            return 3 * WORD_BYTES
        case Interface():
            return 2 * WORD_BYTES
        case Array():
            return u.length * size_of(u.elem)
        case Struct() | Tuple():
            return struct_layout(u).size
        case TypeParam() | Named():
            raise AssertionError(f"{t} has no size: generic code must be instantiated first")
        case _:
            assert_never(u)


@cache
def align_of(t: Type) -> int:
    """Alignment of a value in memory (unsafe.Alignof), also as a struct field."""
    u = underlying(t)
    match u:
        case Basic():
            return _BASIC_ALIGN.get(u.kind) or _BASIC_BYTES[u.kind]
        case Array():
            return align_of(u.elem)
        case Struct() | Tuple():
            return struct_layout(u).align
        case _:
            return WORD_BYTES


def size_words(t: Type) -> int:
    """Size in words, rounded up."""
    return (size_of(t) + WORD_BYTES - 1) // WORD_BYTES


def _repeat(bits: int, words: int, count: int) -> int:
    """``count`` adjacent copies of a bitmap of ``words`` bits. Cost: O(log count) operations on big integers."""
    out, filled = 0, 0
    chunk, chunk_words = bits, words
    while count:
        if count & 1:
            out |= chunk << filled
            filled += chunk_words
        count >>= 1
        if count:
            chunk |= chunk << chunk_words
            chunk_words *= 2
    return out


@cache
def pointer_words(t: Type) -> int:
    """Words up to the last one that may hold a pointer; 0 without pointers."""
    u = underlying(t)
    match u:
        case Basic():
            return 1 if u.kind in (Kind.STRING, Kind.UNSAFE_POINTER, Kind.UNTYPED_NIL) else 0
        case Pointer() | Map() | Chan() | Signature() | Slice():
            return 1
        case Interface():
            return 2
        case Array():
            last = pointer_words(u.elem) if u.length else 0
            return (u.length - 1) * size_of(u.elem) // WORD_BYTES + last if last else 0
        case Struct():
            members = tuple(f.type for f in u.fields)
        case Tuple():
            members = u.types
        case TypeParam() | Named():
            raise AssertionError(f"{t} has no pointer map")
        case _:
            assert_never(u)
    return max(
        (offset // WORD_BYTES + words for m, offset in zip(members, struct_layout(u).offsets, strict=True) if (words := pointer_words(m))),
        default=0,
    )


def has_bitmap(t: Type) -> bool:
    """Whether the type has a pointer bitmap: it is short enough, or there are no pointers."""
    return pointer_words(t) <= MAX_BITMAP_WORDS


@cache
def pointer_bitmap(t: Type) -> int:
    """Pointer bitmap of one value: bit i set if word i may hold a pointer. The type must have one (``has_bitmap``)."""
    assert has_bitmap(t), f"the pointer bitmap of {t} would be too long"
    u = underlying(t)
    match u:
        case Basic():
            return 1 if u.kind in (Kind.STRING, Kind.UNSAFE_POINTER, Kind.UNTYPED_NIL) else 0
        case Pointer() | Map() | Chan() | Signature() | Slice():
            return 1
        case Interface():
            return 2  # the first word needs no scan: descriptors and itabs are static, or kept alive elsewhere
        case Array():
            bits = pointer_bitmap(u.elem)
            return _repeat(bits, size_of(u.elem) // WORD_BYTES, u.length) if bits else 0
        case Struct():
            members = tuple(f.type for f in u.fields)
        case Tuple():
            members = u.types
        case TypeParam() | Named():
            raise AssertionError(f"{t} has no pointer map")
        case _:
            assert_never(u)
    out = 0
    for member, offset in zip(members, struct_layout(u).offsets, strict=True):
        bits = pointer_bitmap(member)
        if bits:
            out |= bits << (offset // WORD_BYTES)
    return out


def pointer_bytes(t: Type) -> int:
    """Length of the prefix that may hold pointers (Go: PtrBytes); 0 without pointers."""
    return pointer_words(t) * WORD_BYTES


@cache
def is_comparable(t: Type) -> bool:
    """Whether ``==`` is defined for the type. It is for interfaces, though it may panic."""
    u = underlying(t)
    match u:
        case Slice() | Map() | Signature():
            return False
        case Array():
            return is_comparable(u.elem)
        case Struct():
            return all(is_comparable(f.type) for f in u.fields)
        case _:
            return True


@cache
def is_memory_comparable(t: Type) -> bool:
    """Whether equality of values is equality of their bytes (no floats, strings, interfaces, padding, blank fields)."""
    u = underlying(t)
    match u:
        case Basic():
            return u.kind not in (Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128, Kind.STRING)
        case Pointer() | Chan():
            return True
        case Array():
            if not is_comparable(u.elem):
                return False
            return u.length == 0 or is_memory_comparable(u.elem)
        case Struct():
            end = 0
            for f, offset in zip(u.fields, struct_layout(u).offsets, strict=True):
                if f.name == "_" or offset != end or not is_memory_comparable(f.type):
                    return False
                end = offset + size_of(f.type)
            return end == size_of(u)
        case _:
            return False


@cache
def _has_long_array(t: Type) -> bool:
    u = underlying(t)
    match u:
        case Array():
            return u.length > 1 or _has_long_array(u.elem)
        case Struct():
            return any(_has_long_array(f.type) for f in u.fields)
        case _:
            return False


@cache
def memory_class(t: Type) -> bool:
    """Whether values live in memory and are passed by pointer: structs and arrays that have more than 4 words, or that are or contain an
    array of more than one element."""
    return isinstance(underlying(t), Struct | Array) and (size_of(t) > MAX_REGISTER_WORDS * WORD_BYTES or _has_long_array(t))


LARGE_BYTES = 1 << 20
LEAST_SHARE = 16


def is_laid_out(elem: Type, length: int, given: int) -> bool:
    """Whether an array literal is laid out as data of the program. A large one that is almost all zero is filled at run time.

    ``length``: number of elements. ``given``: number of elements that the literal names."""
    return size_of(elem) * length <= LARGE_BYTES or given * LEAST_SHARE >= length


@cache
def result_struct(types: tuple[Type, ...]) -> Struct:
    """The struct that several results occupy in memory (sret)."""
    return struct(tuple(Field(f"r{i}", t) for i, t in enumerate(types)))


@cache
def frame_struct(sig: Signature) -> Struct:
    """The struct of parameters, then results, which the call stubs of package reflect read and write."""
    params = tuple(Field(f"p{i}", t) for i, t in enumerate(sig.params))
    return struct(params + tuple(Field(f"r{i}", t) for i, t in enumerate(sig.results)))
