"""Converts the types of a typed program to interned Go types, and substitutes type parameters.

A generic type is represented by its instance for its own type parameters. A type declared inside a generic function carries the type
parameters of that function (``origin_args``). So one operation, ``substitute``, instantiates everything.

Named types are completed lazily: their underlying types and methods are read at the first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, final

from tricolor.frontend.records import FuncDecl, Node, Object, Package
from tricolor.gotypes import types as go

Substitution: TypeAlias = Mapping[go.TypeParam, go.Type]

_BASICS: dict[str, go.Basic] = {t.name: t for t in go.BASICS.values()} | {
    "Pointer": go.UNSAFE_POINTER,
    # An expression keeps an untyped type only if the program never gives it a type. Then it has the default type.
    "untyped bool": go.BOOL,
    "untyped int": go.INT,
    "untyped rune": go.INT32,
    "untyped float": go.FLOAT64,
    "untyped complex": go.COMPLEX128,
    "untyped string": go.STRING,
}


class _Source(Protocol):
    """The part of Program that TypeReader needs."""

    @property
    def packages(self) -> tuple[Package, ...]: ...
    def type_record(self, number: int) -> Node: ...
    def object(self, number: int) -> Object: ...
    def function_of(self, obj: int) -> FuncDecl | None: ...
    def package_of(self, obj: Object) -> Package | None: ...


# The directions in the numbering of go/types, which differs from reflect's.
_DIRECTIONS: tuple[go.ChanDir, ...] = (go.ChanDir.BOTH, go.ChanDir.SEND, go.ChanDir.RECV)


@final
class TypeReader:
    """Converts the type numbers of one program to types."""

    def __init__(self, program: _Source) -> None:
        # Named types are interned by name, and the previous program may have types of the same names.
        go.forget_named()
        self._program = program
        self._types: dict[int, go.Type] = {0: go.EMPTY_TUPLE}
        self._origins: dict[int, int] = {}  # object of a named type -> its (generic) type number
        self._substituted: dict[tuple[go.Type, tuple[tuple[go.TypeParam, go.Type], ...]], go.Type] = {}
        self._symbol_paths = {p.path: p.symbol_path for p in program.packages}
        self._methods: dict[go.Interface, list[int]] = {}  # objects of the methods of unnamed interface types

    def type(self, number: int) -> go.Type:
        found = self._types.get(number)
        if found is None:
            found = self._types[number] = self._read(number)
        return found

    def type_params(self, numbers: tuple[int, ...] | list[int]) -> tuple[go.TypeParam, ...]:
        """The type parameters with these type numbers."""
        params = tuple(map(self.type, numbers))
        return tuple(p for p in params if isinstance(p, go.TypeParam))

    def signature(self, number: int) -> go.Signature:
        found = self.type(number)
        assert isinstance(found, go.Signature), found
        return found

    def constraint(self, param: go.TypeParam) -> go.Type:
        """The constraint of a type parameter, an interface."""
        return self.type(self._program.type_record(param.unique)[3])

    def _read(self, number: int) -> go.Type:
        r = self._program.type_record(number)
        match r[0]:
            case "basic":
                return _BASICS[r[1]]
            case "named":
                return self._read_named(number, r)
            case "pointer":
                return go.pointer(self.type(r[1]))
            case "slice":
                return go.slice_of(self.type(r[1]))
            case "array":
                return go.array(self.type(r[2]), r[1])
            case "map":
                return go.map_of(self.type(r[1]), self.type(r[2]))
            case "chan":
                return go.chan_of(self.type(r[2]), _DIRECTIONS[int(r[1])])
            case "struct":
                return go.struct(tuple(map(self._field, r[1])))
            case "signature":
                return go.signature(self._all(r[1]), self._all(r[2]), r[3])
            case "interface":
                return self._read_interface(r)
            case "tuple":
                return go.tuple_of(self._all(r[1]))
            case "typeparam":
                return go.type_param(number, r[1], r[2])
            case "union":
                return go.interface((), True, tuple(self.type(term[1]) for term in r[1]))
            case kind:
                raise AssertionError(f"type {number} has an unknown kind {kind}")

    def _all(self, numbers: list[int]) -> tuple[go.Type, ...]:
        return tuple(map(self.type, numbers))

    def _field(self, f: list[Any]) -> go.Field:
        return go.Field(f[0], self.type(f[1]), f[2], f[3], self._symbol_path(f[4]))

    def _symbol_path(self, path: str) -> str:
        return self._symbol_paths.get(path, path)

    def _read_interface(self, r: list[Any]) -> go.Interface:
        methods = tuple(go.InterfaceMethod(m[0], self._symbol_path(m[1]), self.signature(m[2])) for m in r[1])
        terms = tuple(self.type(term[1]) for term in r[2] or ())
        made = go.interface(methods, r[2] is not None or r[3], terms)
        self._methods.setdefault(made, [m[3] for m in r[1]])
        return made

    def interface_methods(self, t: go.Type) -> list[int]:
        """Objects of the methods of an interface type, in the order of its declaration.

        An unnamed type has the methods of the first of all identical types. The program must be loaded with ``spellings``."""
        if isinstance(t, go.Named):
            return self._program.type_record(self._origins[t.obj])[8]
        assert isinstance(t, go.Interface)
        return self._methods[t]

    # Named types

    def _read_named(self, number: int, r: list[Any]) -> go.Type:
        _, _, origin, args, _, _, params, local, _ = r
        if origin:
            scope = self._program.type_record(origin)[7]
            return self._named(origin, self._all(args), self._owner_params(scope) if scope else ())
        own: tuple[go.Type, ...] = self._owner_params(local) if local else ()
        return self._named(number, self._all(params), own)

    def _owner_params(self, local: list[Any]) -> tuple[go.TypeParam, ...]:
        """Type parameters of the function that declares a local type, the receiver's first."""
        _, owner, generic = local
        if not generic:
            return ()
        decl = self._program.function_of(owner)
        assert decl is not None
        return self.type_params(decl.receiver_type_params + decl.type_params)

    def _named(self, origin: int, args: tuple[go.Type, ...], origin_args: tuple[go.Type, ...]) -> go.Named:
        r = self._program.type_record(origin)
        obj = self._program.object(r[1])
        package = self._program.package_of(obj)
        path, name = (package.symbol_path, package.name) if package else ("", "")
        scope = r[7][0] if r[7] else 0
        made, new = go.named(obj.name, path, name, args, scope, origin_args)
        if new:
            made.obj = obj.id
            self._origins[obj.id] = origin
            made.complete_underlying = self._underlying_of(origin, made)
            made.complete_methods = self._methods_of(origin, made)
        return made

    def instance(self, generic: go.Named, args: tuple[go.Type, ...]) -> go.Named:
        """The instance for ``args`` of the generic type of which ``generic`` is an instance."""
        return self._named(self._origins[generic.obj], args, generic.origin_args)

    def _underlying_of(self, origin: int, made: go.Named) -> Callable[[], go.Type]:
        def complete() -> go.Type:
            r = self._program.type_record(origin)
            env = dict(zip(self.type_params(r[6]), made.args, strict=True))
            if r[7]:
                env |= zip(self._owner_params(r[7]), made.origin_args, strict=True)
            return self.substitute(self.type(r[4]), env)

        return complete

    def _methods_of(self, origin: int, made: go.Named) -> Callable[[], tuple[go.MethodDecl, ...]]:
        def complete() -> tuple[go.MethodDecl, ...]:
            r = self._program.type_record(origin)
            return tuple(self._method(number, made) for number in r[5])

        return complete

    def _method(self, number: int, receiver: go.Named) -> go.MethodDecl:
        obj = self._program.object(number)
        decl = self._program.function_of(number)
        assert decl is not None and decl.receiver is not None, obj.name
        env = dict(zip(self.type_params(decl.receiver_type_params), receiver.args, strict=True))
        signature = self.substitute(self.type(decl.signature), env)
        assert isinstance(signature, go.Signature)
        package = self._program.package_of(obj)
        pkg = "" if is_exported(obj.name) or package is None else package.symbol_path
        own = self.type_params(decl.type_params)
        return go.MethodDecl(obj.name, pkg, signature, decl.receiver.pointer, number, own)

    # Substitution

    def substitute(self, t: go.Type, env: Substitution) -> go.Type:
        """The type with type arguments in place of type parameters; ``t`` itself if it contains none of them."""
        if not env:
            return t
        return self._replace(t, env, tuple(env.items()))

    def _replace(self, t: go.Type, env: Substitution, key: tuple[tuple[go.TypeParam, go.Type], ...]) -> go.Type:
        if isinstance(t, go.Basic):
            return t
        if isinstance(t, go.TypeParam):
            return env.get(t, t)
        if isinstance(t, go.Named) and not t.args and not t.origin_args:
            return t
        found = self._substituted.get((t, key))
        if found is None:
            found = self._substituted[t, key] = self._rebuild(t, lambda part: self._replace(part, env, key))
        return found

    def replace(self, t: go.Type, by: Mapping[go.Type, go.Type]) -> go.Type:
        """The type with the types in its spelling replaced according to ``by``."""
        found = by.get(t)
        if found is not None:
            return found
        if isinstance(t, go.Named) and not t.args and not t.origin_args:
            return t
        return self._rebuild(t, lambda part: self.replace(part, by))

    def _rebuild(self, t: go.Type, part: Callable[[go.Type], go.Type]) -> go.Type:
        def parts(types: tuple[go.Type, ...]) -> tuple[go.Type, ...]:
            return tuple(map(part, types))

        match t:
            case go.Named():
                return self._named(self._origins[t.obj], parts(t.args), parts(t.origin_args))
            case go.Pointer():
                return go.pointer(part(t.elem))
            case go.Slice():
                return go.slice_of(part(t.elem))
            case go.Array():
                return go.array(part(t.elem), t.length)
            case go.Map():
                return go.map_of(part(t.key), part(t.elem))
            case go.Chan():
                return go.chan_of(part(t.elem), t.dir)
            case go.Struct():
                return go.struct(tuple(go.Field(f.name, part(f.type), f.embedded, f.tag, f.pkg) for f in t.fields))
            case go.Signature():
                return go.signature(parts(t.params), parts(t.results), t.variadic)
            case go.Interface():
                methods: list[go.InterfaceMethod] = []
                for m in t.methods:
                    signature = part(m.signature)
                    assert isinstance(signature, go.Signature)
                    methods.append(go.InterfaceMethod(m.name, m.pkg, signature))
                made = go.interface(tuple(methods), t.is_constraint, parts(t.terms))
                self._methods.setdefault(made, self._methods.get(t, []))
                return made
            case go.Tuple():
                return go.tuple_of(parts(t.types))
            case go.Basic() | go.TypeParam():
                return t


def is_exported(name: str) -> bool:
    """Whether a Go name begins with an upper-case letter."""
    return name[:1].isupper()
