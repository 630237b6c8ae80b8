"""Type descriptors and itabs as LLVM constants: Go's internal/abi.Type families, byte by byte.

Layout of a descriptor: the common header (48 bytes), the fields of its kind, ``UncommonType`` (16 bytes) if the type has a
name or methods, the variable part of its kind (fields, parameters, interface methods), the methods. After the descriptor of a
function type: two code addresses, of ``reflectcall`` and ``makefunc`` (``tricolor.staticdata.stubs``).

Source: Go 1.27.3 internal/abi/type.go, map.go, iface.go; cmd/compile/internal/reflectdata/reflect.go, map.go.

Differs from Go: offsets are indices (``tricolor.staticdata.tables``); nobody completes a pointer bitmap on demand; the slot group type of a map
has no fields, since only its size and bitmap are used; ``Tfn`` is code that takes a context, as every func value's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from tricolor.gotypes.lookup import has_promoted_methods
from tricolor.gotypes.sizes import (
    align_of,
    has_bitmap,
    is_comparable,
    is_memory_comparable,
    pointer_bitmap,
    pointer_bytes,
    size_of,
    struct_layout,
)
from tricolor.gotypes.types import (
    UINT64,
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
    Type,
    array,
    is_direct_iface,
    link_name,
    pointer,
    slice_of,
    struct,
    underlying,
)
from tricolor.ir.nodes import MethodRef
from tricolor.staticdata.emitter import itab_symbol, type_symbol
from tricolor.staticdata.llvmtypes import quote
from tricolor.staticdata.tables import Tables, encode_name, tag_bytes

KIND_ARRAY, KIND_CHAN, KIND_FUNC, KIND_INTERFACE, KIND_MAP, KIND_POINTER, KIND_SLICE, KIND_STRUCT = (
    17, 18, 19, 20, 21, 22, 23, 25,
)  # fmt: skip

FLAG_UNCOMMON = 1
FLAG_EXTRA_STAR = 2
FLAG_NAMED = 4
FLAG_REGULAR_MEMORY = 8
FLAG_MASK_ON_DEMAND = 16
FLAG_DIRECT_IFACE = 32

MAP_SLOTS = 8
MAP_INLINE_BYTES = 128
MAP_NEED_KEY_UPDATE = 1
MAP_HASH_MIGHT_PANIC = 2
MAP_INDIRECT_KEY = 4
MAP_INDIRECT_ELEM = 8

HEADER_BYTES = 48
UNCOMMON_BYTES = 16
UNREACHABLE = -1


def kind_of(t: Type) -> int:
    """reflect.Kind of a type."""
    u = underlying(t)
    match u:
        case Basic():
            return int(u.kind)
        case Array():
            return KIND_ARRAY
        case Chan():
            return KIND_CHAN
        case Signature():
            return KIND_FUNC
        case Interface():
            return KIND_INTERFACE
        case Map():
            return KIND_MAP
        case Pointer():
            return KIND_POINTER
        case Slice():
            return KIND_SLICE
        case Struct():
            return KIND_STRUCT
        case _:
            raise AssertionError(f"{t} has no kind")


def type_hash(name: str) -> int:
    """FNV-1 of the link name, 32 bits."""
    h = 2166136261
    for byte in name.encode("utf-8", "surrogateescape"):
        h = (h * 16777619 & 0xFFFFFFFF) ^ byte
    return h


def is_exported(name: str) -> bool:
    """Whether Go exports the name."""
    return name[:1].isupper()


def package_of(t: Type) -> str:
    """Path of the package that a type (or the element of an unnamed pointer, slice, array, chan) belongs to."""
    if isinstance(t, Pointer | Slice | Array | Chan) and isinstance(t.elem, Named):
        t = t.elem
    return t.pkg if isinstance(t, Named) else "unsafe" if isinstance(t, Basic) and t.kind is Kind.UNSAFE_POINTER else ""


def is_named(t: Type) -> bool:
    """Whether reflect sees a name: defined and predeclared types."""
    return isinstance(t, Named | Basic)


@final
@dataclass(frozen=True, slots=True)
class MapGroup:
    """Sizes inside a map's groups of 8 slots, in bytes; ``group`` is the Go struct that a group is."""

    group: Struct
    slot_bytes: int
    slots_offset: int
    elem_offset: int
    indirect_key: bool
    indirect_elem: bool


def map_group(m: Map) -> MapGroup:
    """Layout of a map's groups: ``{ctrl uint64; slots [8]struct{key; elem}}``, large keys and elements are stored through pointers."""
    indirect_key = size_of(m.key) > MAP_INLINE_BYTES
    indirect_elem = size_of(m.elem) > MAP_INLINE_BYTES
    key = pointer(m.key) if indirect_key else m.key
    elem = pointer(m.elem) if indirect_elem else m.elem
    slot = struct((Field("key", key), Field("elem", elem)))
    group = struct((Field("ctrl", UINT64), Field("slots", array(slot, MAP_SLOTS))))
    slot_layout = struct_layout(slot)
    return MapGroup(group, slot_layout.size, struct_layout(group).offsets[1], slot_layout.offsets[1], indirect_key, indirect_elem)


def needs_key_update(t: Type) -> bool:
    """Whether equal keys can have different bits (0 and -0, equal strings at two addresses), so that assignment must overwrite the key."""
    u = underlying(t)
    match u:
        case Basic():
            return u.kind in (Kind.FLOAT32, Kind.FLOAT64, Kind.COMPLEX64, Kind.COMPLEX128, Kind.STRING)
        case Interface():
            return True
        case Array():
            return needs_key_update(u.elem)
        case Struct():
            return any(needs_key_update(f.type) for f in u.fields)
        case _:
            return False


def hash_might_panic(t: Type) -> bool:
    """Whether hashing can panic because an interface in the key holds a value that is not comparable."""
    u = underlying(t)
    match u:
        case Interface():
            return True
        case Array():
            return hash_might_panic(u.elem)
        case Struct():
            return any(hash_might_panic(f.type) for f in u.fields)
        case _:
            return False


@final
@dataclass(frozen=True, slots=True)
class Method:
    """A method of a descriptor; ``ref`` is None if nothing can call it. ``pkg``: path of the package of an unexported name, else empty."""

    name: str
    pkg: str
    signature: Signature
    ref: MethodRef | None


@final
@dataclass(frozen=True, slots=True)
class Codes:
    """Quoted symbols that a descriptor needs: closures of its algorithms, and reflect's stubs of a function type."""

    equal: str
    hasher: str = "null"
    call: str = "null"
    make: str = "null"


@final
class _Fields:
    """Members of an LLVM struct constant."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.values: list[str] = []

    def add(self, ty: str, value: object) -> None:
        self.types.append(ty)
        self.values.append(f"{ty} {value}")

    def text(self) -> str:
        return f"<{{{', '.join(self.types)}}}> <{{{', '.join(self.values)}}}>"


@final
class DescriptorWriter:
    """Writes descriptors of one program. ``known`` says which types have descriptors."""

    def __init__(self, tables: Tables, known: frozenset[Type]) -> None:
        self.tables = tables
        self.known = known
        self.groups: dict[str, str] = {}
        """Definitions of map group descriptors by symbol."""

    def ref(self, t: Type) -> str:
        """Quoted symbol of a descriptor that must exist."""
        assert t in self.known, f"no descriptor of {t}"
        return quote(type_symbol(t))

    def offset(self, t: Type) -> int:
        """TypeOff of a type, 0 if it has no descriptor."""
        return self.tables.offset(quote(type_symbol(t))) if t in self.known else 0

    def _name(self, text: str, exported: bool, tag: str = "", embedded: bool = False, package: int = 0) -> tuple[int, str]:
        return self.tables.name(encode_name(text.encode(), tag_bytes(tag), exported, embedded, package))

    def _header(self, out: _Fields, t: Type, extra: bool, equal: str) -> None:
        text, flags = str(t), FLAG_UNCOMMON if extra else 0
        exported = isinstance(t, Named) and is_exported(t.name)
        if text.startswith("*"):
            exported = isinstance(t, Pointer) and isinstance(t.elem, Named) and is_exported(t.elem.name)
        else:
            text = "*" + text
            flags |= FLAG_EXTRA_STAR
        if is_named(t):
            flags |= FLAG_NAMED
        if is_comparable(t) and is_memory_comparable(t):
            flags |= FLAG_REGULAR_MEMORY
        if is_direct_iface(t):
            flags |= FLAG_DIRECT_IFACE
        if not has_bitmap(t):
            flags |= FLAG_MASK_ON_DEMAND
        out.add("i64", size_of(t))
        out.add("i64", pointer_bytes(t))
        out.add("i32", type_hash(link_name(t)))
        out.add("i8", flags)
        out.add("i8", align_of(t))
        out.add("i8", align_of(t))
        out.add("i8", kind_of(t))
        out.add("ptr", equal)
        out.add("ptr", self.tables.bitmap(pointer_bitmap(t)) if has_bitmap(t) else self.tables.no_bitmap())
        out.add("i32", self._name(text, exported)[0])
        out.add("i32", self.offset(pointer(t)))

    def descriptor(self, t: Type, methods: list[Method], codes: Codes, tfn: dict[str, str]) -> str:
        """Definition of the descriptor of ``t``. ``tfn`` maps the symbol of each method that reflection may call to the
        quoted symbol of its code with context."""
        extra = is_named(t) or bool(methods)
        out, tail = _Fields(), _Fields()
        self._header(out, t, extra, codes.equal)
        tail_bytes = self._kind_fields(out, tail, t, extra, codes)
        if extra:
            exported = sum(1 for m in methods if not m.pkg)
            out.add("i32", self.tables.package(package_of(t)))
            out.add("i16", len(methods))
            out.add("i16", exported)
            out.add("i32", UNCOMMON_BYTES + tail_bytes)
            out.add("i32", 0)
        out.types += tail.types
        out.values += tail.values
        for m in methods:
            package = self.tables.package(m.pkg) if m.pkg and m.pkg != package_of(t) else 0
            out.add("i32", self._name(m.name, not m.pkg, package=package)[0])
            # Keep the type if some interface has the same method, so that type assertions succeed.
            out.add("i32", self.offset(m.signature) or UNREACHABLE)
            if m.ref is None:
                out.add("i32", UNREACHABLE)
                out.add("i32", UNREACHABLE)
                continue
            out.add("i32", self.tables.offset(quote(m.ref.entry.symbol)))
            with_context = tfn.get(m.ref.func.symbol)
            out.add("i32", self.tables.offset(with_context) if with_context else UNREACHABLE)
        if isinstance(underlying(t), Signature):
            out.add("ptr", codes.call)
            out.add("ptr", codes.make)
        return f"{quote(type_symbol(t))} = constant {out.text()}, align 8"

    def _kind_fields(self, out: _Fields, tail: _Fields, t: Type, extra: bool, codes: Codes) -> int:
        """Add the fields of the kind to ``out`` and its variable part to ``tail``; gives the bytes of the latter."""
        u = underlying(t)
        match u:
            case Array():
                out.add("ptr", self.ref(u.elem))
                out.add("ptr", self.ref(slice_of(u.elem)))
                out.add("i64", u.length)
            case Chan():
                out.add("ptr", self.ref(u.elem))
                out.add("i64", int(u.dir))
            case Pointer() | Slice():
                out.add("ptr", self.ref(u.elem))
            case Signature():
                out.add("i16", len(u.params))
                out.add("i16", len(u.results) | (1 << 15 if u.variadic else 0))
                out.add("i32", 0)
                for p in (*u.params, *u.results):
                    tail.add("ptr", self.ref(p))
                return 8 * len(tail.types)
            case Interface():
                return self._interface_fields(out, tail, t, u, extra)
            case Map():
                self._map_fields(out, u, codes.hasher)
            case Struct():
                return self._struct_fields(out, tail, t, u, extra)
            case _:
                pass
        return 0

    def _interface_fields(self, out: _Fields, tail: _Fields, t: Type, u: Interface, extra: bool) -> int:
        own = package_of(t)
        out.add("ptr", self.tables.name(encode_name(own.encode()))[1] if own else "null")
        self._slice_header(out, t, HEADER_BYTES + 32, len(u.methods), extra)
        for m in u.methods:
            package = self.tables.package(m.pkg) if m.pkg and m.pkg != own else 0
            tail.add("i32", self._name(m.name, not m.pkg, package=package)[0])
            tail.add("i32", self.offset(m.signature))
        return 8 * len(u.methods)

    def _struct_fields(self, out: _Fields, tail: _Fields, t: Type, u: Struct, extra: bool) -> int:
        package = next((f.pkg for f in u.fields if f.pkg), "")
        out.add("ptr", self.tables.name(encode_name(package.encode()))[1] if package else "null")
        self._slice_header(out, t, HEADER_BYTES + 32, len(u.fields), extra)
        for f, offset in zip(u.fields, struct_layout(u).offsets, strict=True):
            tail.add("ptr", self._name(f.name, not f.pkg and is_exported(f.name), f.tag, f.embedded)[1])
            tail.add("ptr", self.ref(f.type))
            tail.add("i64", offset)
        return 24 * len(u.fields)

    def _slice_header(self, out: _Fields, t: Type, fixed_bytes: int, n: int, extra: bool) -> None:
        """A slice of the variable part, which follows the fixed part and UncommonType."""
        start = fixed_bytes + (UNCOMMON_BYTES if extra else 0)
        out.add("ptr", f"getelementptr (i8, ptr {quote(type_symbol(t))}, i64 {start})" if n else "null")
        out.add("i64", n)
        out.add("i64", n)

    def _map_fields(self, out: _Fields, m: Map, hasher: str) -> None:
        g = map_group(m)
        out.add("ptr", self.ref(m.key))
        out.add("ptr", self.ref(m.elem))
        out.add("ptr", self.group(g.group))
        out.add("ptr", hasher)
        out.add("i64", size_of(g.group))
        out.add("i64", g.slots_offset)
        out.add("i64", g.slot_bytes)
        out.add("i64", g.slots_offset + g.elem_offset)
        out.add("i64", g.slot_bytes)
        out.add("i64", g.elem_offset)
        flags = MAP_NEED_KEY_UPDATE if needs_key_update(m.key) else 0
        flags |= MAP_HASH_MIGHT_PANIC if hash_might_panic(m.key) else 0
        flags |= MAP_INDIRECT_KEY if g.indirect_key else 0
        flags |= MAP_INDIRECT_ELEM if g.indirect_elem else 0
        out.add("i32", flags)
        out.add("i32", 0)

    def group(self, group: Struct) -> str:
        """Address of the descriptor of a map's slot group: size and bitmap only."""
        symbol = f"@.group.{size_of(group)}.{pointer_bitmap(group):x}"
        if symbol not in self.groups:
            out = _Fields()
            out.add("i64", size_of(group))
            out.add("i64", pointer_bytes(group))
            out.add("i32", type_hash(symbol))
            out.add("i8", FLAG_EXTRA_STAR)
            out.add("i8", align_of(group))
            out.add("i8", align_of(group))
            out.add("i8", KIND_STRUCT)
            out.add("ptr", "null")
            out.add("ptr", self.tables.bitmap(pointer_bitmap(group)))
            out.add("i32", self._name("*map group", False)[0])
            out.add("i32", 0)
            for ty, value in (("ptr", "null"), ("ptr", "null"), ("i64", 0), ("i64", 0)):
                out.add(ty, value)
            self.groups[symbol] = f"{symbol} = internal constant {out.text()}, align 8"
        return symbol

    def itab(self, concrete: Type, iface: Type, codes: list[str]) -> str:
        """Definition of an itab; ``codes`` are quoted symbols of the concrete type's methods in the interface's order."""
        out = _Fields()
        out.add("ptr", self.ref(iface))
        out.add("ptr", self.ref(concrete))
        out.add("i32", type_hash(link_name(concrete)))
        out.add("i32", 0)
        for code in codes:
            out.add("ptr", code)
        return f"{quote(itab_symbol(concrete, iface))} = constant {out.text()}, align 8"


def referenced(t: Type) -> Iterator[Type]:
    """Types whose descriptors the descriptor of ``t`` refers to."""
    u = underlying(t)
    if isinstance(t, Named) or has_promoted_methods(t):
        yield pointer(t)
    match u:
        case Pointer() | Slice() | Chan():
            yield u.elem
        case Array():
            yield u.elem
            yield slice_of(u.elem)
        case Map():
            yield u.key
            yield u.elem
            if isinstance(t, Named):
                yield u
        case Signature():
            yield from u.params
            yield from u.results
        case Interface():
            for m in u.methods:
                yield m.signature
        case Struct():
            for f in u.fields:
                yield f.type
        case _:
            pass
