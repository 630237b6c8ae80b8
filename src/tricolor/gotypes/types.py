"""Go types, interned: identical Go types are the same object, so ``is`` compares types.

Terms: *underlying*, *named*, *method set* as in the Go specification. Sizes and layouts belong to a target and are in
``tricolor.gotypes.sizes``.

Every constructor function (``pointer``, ``slice_of``, ``struct`` ...) returns the canonical instance. Named types are
completed after creation (``underlying`` and ``methods``), because they may refer to themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias, final


class Kind(IntEnum):
    """Kinds of basic types; the numbers up to UNSAFE_POINTER are the numbers of reflect.Kind."""

    BOOL = 1
    INT = 2
    INT8 = 3
    INT16 = 4
    INT32 = 5
    INT64 = 6
    UINT = 7
    UINT8 = 8
    UINT16 = 9
    UINT32 = 10
    UINT64 = 11
    UINTPTR = 12
    FLOAT32 = 13
    FLOAT64 = 14
    COMPLEX64 = 15
    COMPLEX128 = 16
    STRING = 24
    UNSAFE_POINTER = 26
    UNTYPED_NIL = 64


class ChanDir(IntEnum):
    """Direction of a channel type, numbered as reflect.ChanDir."""

    RECV = 1
    SEND = 2
    BOTH = 3


@final
@dataclass(frozen=True, slots=True, eq=False)
class Basic:
    """A predeclared type, or unsafe.Pointer; ``name`` as Go prints it (byte and rune are uint8 and int32)."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pointer:
    elem: Type

    def __str__(self) -> str:
        return f"*{self.elem}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    elem: Type

    def __str__(self) -> str:
        return f"[]{self.elem}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Array:
    elem: Type
    length: int

    def __str__(self) -> str:
        return f"[{self.length}]{self.elem}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Map:
    key: Type
    elem: Type

    def __str__(self) -> str:
        return f"map[{self.key}]{self.elem}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Chan:
    elem: Type
    dir: ChanDir

    def __str__(self) -> str:
        if self.dir is ChanDir.RECV:
            return f"<-chan {self.elem}"
        if self.dir is ChanDir.SEND:
            return f"chan<- {self.elem}"
        return f"chan ({self.elem})" if isinstance(self.elem, Chan) and self.elem.dir is ChanDir.RECV else f"chan {self.elem}"


@final
@dataclass(frozen=True, slots=True)
class Field:
    """A struct field; ``pkg`` is the package path for an unexported name, else empty."""

    name: str
    type: Type
    embedded: bool = False
    tag: str = ""
    pkg: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    fields: tuple[Field, ...]

    def __str__(self) -> str:
        if not self.fields:
            return "struct {}"
        parts = [(f"{f.type}" if f.embedded else f"{f.name} {f.type}") + (f" {go_quote(f.tag)}" if f.tag else "") for f in self.fields]
        return "struct { " + "; ".join(parts) + " }"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A function type without receiver; with ``variadic`` the last parameter is a slice."""

    params: tuple[Type, ...]
    results: tuple[Type, ...]
    variadic: bool = False

    def __str__(self) -> str:
        return "func" + self.describe()

    def describe(self) -> str:
        """Parameters and results as in ``(int, ...string) (bool, error)``."""
        params = [str(p) for p in self.params]
        if self.variadic:
            last = self.params[-1]
            params[-1] = "..." + (str(last.elem) if isinstance(last, Slice) else str(last))
        text = "(" + ", ".join(params) + ")"
        if len(self.results) == 1:
            return f"{text} {self.results[0]}"
        if self.results:
            return f"{text} ({', '.join(map(str, self.results))})"
        return text


@final
@dataclass(frozen=True, slots=True)
class InterfaceMethod:
    """A method of an interface; ``pkg`` is the package path for an unexported name, else empty."""

    name: str
    pkg: str
    signature: Signature


def _method_text(m: InterfaceMethod) -> str:
    """A method as reflect prints it: before an unexported name stands the last element of its package's path."""
    qualifier = m.pkg.rpartition("/")[2] + "." if m.pkg else ""
    return qualifier + m.name + m.signature.describe()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Interface:
    """An interface: all methods, embedded ones too, in the order of Go's itabs (exported names first by name,
    then unexported by name and package path).

    ``is_constraint``: it has type terms or is ``comparable``, and occurs only in constraints.
    ``terms``: the union of types that satisfies it (empty: no restriction), from which core types are computed.
    """

    methods: tuple[InterfaceMethod, ...]
    is_constraint: bool = False
    terms: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if not self.methods:
            return "interface {}"
        return "interface { " + "; ".join(map(_method_text, self.methods)) + " }"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tuple:
    """The types of several results; also the type of a comma-ok expression. Empty: no value."""

    types: tuple[Type, ...]

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.types)) + ")"


@final
@dataclass(frozen=True, slots=True, eq=False)
class TypeParam:
    """A type parameter of generic code. Built IR is instantiated and never contains one."""

    unique: int
    name: str
    index: int

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class MethodDecl:
    """A method declared on a named type.

    ``func``: object id of the declaration in the typed program (for an instance, of the generic declaration).
    ``signature``: without the receiver, type arguments substituted. ``pkg``: as in InterfaceMethod.
    ``type_params``: the method's own type parameters, without the receiver's; a method that has some satisfies no interface.
    """

    name: str
    pkg: str
    signature: Signature
    pointer_receiver: bool
    func: int
    type_params: tuple[TypeParam, ...] = ()


@final
@dataclass(slots=True, eq=False)
class Named:
    """A defined type, or one instance of a generic one.

    ``scope``: distinguishes types of one name that are declared in functions (0 for package level).
    ``origin_args``: for a type declared in an instance of a generic function, the type arguments of that function.
    ``underlying`` and ``methods`` are computed at their first use by the completers, which the maker of the type sets.
    """

    name: str
    pkg: str
    pkg_name: str
    args: tuple[Type, ...]
    scope: int
    origin_args: tuple[Type, ...] = ()
    obj: int = 0
    complete_underlying: Callable[[], Type] | None = None
    complete_methods: Callable[[], tuple[MethodDecl, ...]] | None = None
    _underlying: Type | None = field(default=None)
    _methods: tuple[MethodDecl, ...] | None = field(default=None)

    @property
    def underlying(self) -> Type:
        if self._underlying is None:
            assert self.complete_underlying is not None, f"{self} has no underlying type yet"
            self._underlying = underlying(self.complete_underlying())
        return self._underlying

    @property
    def methods(self) -> tuple[MethodDecl, ...]:
        if self._methods is None:
            self._methods = self.complete_methods() if self.complete_methods is not None else ()
        return self._methods

    def __str__(self) -> str:
        """The type as reflect prints it: the package's name, not its path, comes first; type arguments have full paths."""
        base = f"{self.pkg_name}.{self.name}" if self.pkg_name else self.name
        base += _arguments(self)
        return base


def components(t: Type) -> tuple[Type, ...]:
    """The types directly inside the underlying type: elements, keys, fields, parameters, results; not the types of methods."""
    match underlying(t):
        case Pointer(elem=elem) | Slice(elem=elem) | Chan(elem=elem) | Array(elem=elem):
            return (elem,)
        case Map(key=key, elem=elem):
            return key, elem
        case Struct(fields=fields):
            return tuple(f.type for f in fields)
        case Signature(params=params, results=results):
            return *params, *results
        case Tuple(types=types):
            return types
        case _:
            return ()


Type: TypeAlias = Basic | Named | Pointer | Slice | Array | Map | Chan | Struct | Signature | Interface | Tuple | TypeParam

# Canonical instances by structure. Elements are canonical themselves, so that object identity is enough in the keys.
_interned: dict[object, Type] = {}
_named: dict[object, Named] = {}


def _basic(kind: Kind, name: str) -> Basic:
    return Basic(kind, name)


BOOL = _basic(Kind.BOOL, "bool")
INT = _basic(Kind.INT, "int")
INT8 = _basic(Kind.INT8, "int8")
INT16 = _basic(Kind.INT16, "int16")
INT32 = _basic(Kind.INT32, "int32")
INT64 = _basic(Kind.INT64, "int64")
UINT = _basic(Kind.UINT, "uint")
UINT8 = _basic(Kind.UINT8, "uint8")
UINT16 = _basic(Kind.UINT16, "uint16")
UINT32 = _basic(Kind.UINT32, "uint32")
UINT64 = _basic(Kind.UINT64, "uint64")
UINTPTR = _basic(Kind.UINTPTR, "uintptr")
FLOAT32 = _basic(Kind.FLOAT32, "float32")
FLOAT64 = _basic(Kind.FLOAT64, "float64")
COMPLEX64 = _basic(Kind.COMPLEX64, "complex64")
COMPLEX128 = _basic(Kind.COMPLEX128, "complex128")
STRING = _basic(Kind.STRING, "string")
UNSAFE_POINTER = _basic(Kind.UNSAFE_POINTER, "unsafe.Pointer")
UNTYPED_NIL = _basic(Kind.UNTYPED_NIL, "untyped nil")

BASICS: Mapping[Kind, Basic] = {
    t.kind: t
    for t in (
        BOOL, INT, INT8, INT16, INT32, INT64, UINT, UINT8, UINT16, UINT32, UINT64, UINTPTR,
        FLOAT32, FLOAT64, COMPLEX64, COMPLEX128, STRING, UNSAFE_POINTER, UNTYPED_NIL,
    )
}  # fmt: skip

SIGNED = frozenset({Kind.INT, Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64})
UNSIGNED = frozenset({Kind.UINT, Kind.UINT8, Kind.UINT16, Kind.UINT32, Kind.UINT64, Kind.UINTPTR})
FLOATS = frozenset({Kind.FLOAT32, Kind.FLOAT64})
COMPLEXES = frozenset({Kind.COMPLEX64, Kind.COMPLEX128})


def pointer(elem: Type) -> Pointer:
    key = ("pointer", elem)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Pointer(elem)
    assert isinstance(found, Pointer)
    return found


def slice_of(elem: Type) -> Slice:
    key = ("slice", elem)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Slice(elem)
    assert isinstance(found, Slice)
    return found


def array(elem: Type, length: int) -> Array:
    key = ("array", elem, length)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Array(elem, length)
    assert isinstance(found, Array)
    return found


def map_of(key_type: Type, elem: Type) -> Map:
    key = ("map", key_type, elem)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Map(key_type, elem)
    assert isinstance(found, Map)
    return found


def chan_of(elem: Type, direction: ChanDir) -> Chan:
    key = ("chan", elem, direction)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Chan(elem, direction)
    assert isinstance(found, Chan)
    return found


def struct(fields: tuple[Field, ...]) -> Struct:
    key = ("struct", fields)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Struct(fields)
    assert isinstance(found, Struct)
    return found


def signature(params: tuple[Type, ...], results: tuple[Type, ...], variadic: bool = False) -> Signature:
    key = ("func", params, results, variadic)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Signature(params, results, variadic)
    assert isinstance(found, Signature)
    return found


def interface(methods: tuple[InterfaceMethod, ...], is_constraint: bool = False, terms: tuple[Type, ...] = ()) -> Interface:
    """Canonical interface; sorts the methods into itab order."""
    ordered = tuple(sorted(methods, key=lambda m: (m.pkg != "", m.name, m.pkg)))
    key = ("interface", ordered, is_constraint, terms)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Interface(ordered, is_constraint, terms)
    assert isinstance(found, Interface)
    return found


def tuple_of(types: tuple[Type, ...]) -> Tuple:
    key = ("tuple", types)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Tuple(types)
    assert isinstance(found, Tuple)
    return found


def type_param(unique: int, name: str, index: int) -> TypeParam:
    key = ("typeparam", unique)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = TypeParam(unique, name, index)
    assert isinstance(found, TypeParam)
    return found


def named(
    name: str,
    pkg: str,
    pkg_name: str,
    args: tuple[Type, ...] = (),
    scope: int = 0,
    origin_args: tuple[Type, ...] = (),
) -> tuple[Named, bool]:
    """The canonical named type, and whether this call made it. If so, the caller must set its completers."""
    key = (name, pkg, args, scope, origin_args)
    found = _named.get(key)
    if found is not None:
        return found, False
    made = _named[key] = Named(name, pkg, pkg_name, args, scope, origin_args)
    return made, True


EMPTY_TUPLE = tuple_of(())
EMPTY_INTERFACE = interface(())
EMPTY_STRUCT = struct(())
BYTES = slice_of(UINT8)


def underlying(t: Type) -> Type:
    return t.underlying if isinstance(t, Named) else t


def is_interface(t: Type) -> bool:
    return isinstance(underlying(t), Interface)


def is_string(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and u.kind is Kind.STRING


def is_integer(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and (u.kind in SIGNED or u.kind in UNSIGNED)


def is_signed(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and u.kind in SIGNED


def is_float(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and u.kind in FLOATS


def is_complex(t: Type) -> bool:
    u = underlying(t)
    return isinstance(u, Basic) and u.kind in COMPLEXES


def is_direct_iface(t: Type) -> bool:
    """Whether an interface holds a value of the type directly in its data word: the type is exactly one pointer-shaped word."""
    u = underlying(t)
    match u:
        case Pointer() | Map() | Chan() | Signature():
            return True
        case Basic():
            return u.kind is Kind.UNSAFE_POINTER
        case Struct():
            # Zero-size fields may come before the pointer. After it they would cause padding.
            return bool(u.fields) and is_direct_iface(u.fields[-1].type) and all(map(_is_empty, u.fields[:-1]))
        case Array():
            return u.length == 1 and is_direct_iface(u.elem)
        case _:
            return False


def _is_empty(f: Field) -> bool:
    """Whether a field has no size."""
    u = underlying(f.type)
    match u:
        case Struct():
            return all(map(_is_empty, u.fields))
        case Array():
            return u.length == 0 or _is_empty(Field("", u.elem))
        case _:
            return False


def has_pointers(t: Type) -> bool:
    """Whether a value of the type holds a pointer that Go's garbage collector must see."""
    u = underlying(t)
    match u:
        case Basic():
            return u.kind in (Kind.STRING, Kind.UNSAFE_POINTER)
        case Array():
            return u.length > 0 and has_pointers(u.elem)
        case Struct():
            return any(has_pointers(f.type) for f in u.fields)
        case Tuple():
            return any(has_pointers(e) for e in u.types)
        case _:
            return True


def link_name(t: Type) -> str:
    """The full name of the type, with package paths. It is unique in a program; symbols and descriptors use it."""
    match t:
        case Basic():
            return t.name
        case Named():
            base = f"{t.pkg}.{t.name}" if t.pkg else t.name
            scope = f"·{t.scope}" if t.scope else ""
            return base + _arguments(t) + scope
        case Pointer():
            return "*" + link_name(t.elem)
        case Slice():
            return "[]" + link_name(t.elem)
        case Array():
            return f"[{t.length}]" + link_name(t.elem)
        case Map():
            return f"map[{link_name(t.key)}]{link_name(t.elem)}"
        case Chan():
            return {ChanDir.RECV: "<-chan (", ChanDir.SEND: "chan<- (", ChanDir.BOTH: "chan ("}[t.dir] + link_name(t.elem) + ")"
        case Struct():
            return "struct { " + "; ".join(map(_field_link_name, t.fields)) + " }" if t.fields else "struct {}"
        case Signature():
            return "func" + _signature_link_name(t)
        case Interface():
            if not t.methods:
                return "interface {}"
            parts = [(f"{m.pkg}." if m.pkg else "") + m.name + _signature_link_name(m.signature) for m in t.methods]
            return "interface { " + "; ".join(parts) + " }"
        case Tuple():
            return "(" + ", ".join(map(link_name, t.types)) + ")"
        case TypeParam():
            return f"{t.name}#{t.unique}"


def _arguments(t: Named) -> str:
    """Type arguments in brackets. For a local type the arguments of the function around it come first, before a semicolon."""
    groups = [",".join(map(link_name, group)) for group in (t.origin_args, t.args) if group]
    return f"[{';'.join(groups)}]" if groups else ""


def _field_link_name(f: Field) -> str:
    name = (f"{f.pkg}." if f.pkg else "") + f.name
    text = f"{name} {link_name(f.type)}"
    if f.embedded:
        text = "@" + text
    return f"{text} {go_quote(f.tag)}" if f.tag else text


def _signature_link_name(s: Signature) -> str:
    params = [link_name(p) for p in s.params]
    if s.variadic:
        params[-1] = "..." + params[-1]
    return f"({', '.join(params)})" + (f" ({', '.join(map(link_name, s.results))})" if s.results else "")


def go_quote(text: str) -> str:
    """A Go string literal of the text."""
    out: list[str] = []
    for ch in text:
        if ch in '"\\':
            out.append("\\" + ch)
        elif ch == "\n":
            out.append("\\n")
        elif ch == "\t":
            out.append("\\t")
        elif ord(ch) < 0x20:
            out.append(f"\\x{ord(ch):02x}")
        else:
            out.append(ch)
    return '"' + "".join(out) + '"'


def forget_named() -> None:
    """Forget named types and type parameters: the next program has its own types with the same names.

    Unnamed types stay. They refer to the forgotten types by identity, so they cannot be confused with types of the next program.
    """
    _named.clear()
    for key in [k for k, t in _interned.items() if isinstance(t, TypeParam)]:
        del _interned[key]
