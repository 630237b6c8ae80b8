"""Converts the types of a typed program to interned Go types, and substitutes type parameters.

A generic type is represented by its instance for its own type parameters. A type declared inside a generic function carries the type
parameters of that function (``origin_args``). So one operation, ``substitute``, instantiates everything.

Named types are completed lazily: their underlying types and methods are read at the first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, final

from tricolor.frontend.records import FuncDecl, Node, Object, Package
from tricolor.gotypes import types as ir

Substitution: TypeAlias = Mapping[ir.TypeParam, ir.Type]

_BASICS: dict[str, ir.Basic] = {t.name: t for t in ir.BASICS.values()} | {
    "Pointer": ir.UNSAFE_POINTER,
    # An expression keeps an untyped type only if the program never gives it a type. Then it has the default type.
    "untyped bool": ir.BOOL,
    "untyped int": ir.INT,
    "untyped rune": ir.INT32,
    "untyped float": ir.FLOAT64,
    "untyped complex": ir.COMPLEX128,
    "untyped string": ir.STRING,
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
_DIRECTIONS: tuple[ir.ChanDir, ...] = (ir.ChanDir.BOTH, ir.ChanDir.SEND, ir.ChanDir.RECV)


@final
class TypeReader:
    """Converts the type numbers of one program to types."""

    def __init__(self, program: _Source) -> None:
        # Named types are interned by name, and the previous program may have types of the same names.
        ir.forget_named()
        self._program = program
        self._types: dict[int, ir.Type] = {0: ir.EMPTY_TUPLE}
        self._origins: dict[int, int] = {}  # object of a named type -> its (generic) type number
        self._substituted: dict[tuple[ir.Type, tuple[tuple[ir.TypeParam, ir.Type], ...]], ir.Type] = {}
        self._symbol_paths = {p.path: p.symbol_path for p in program.packages}
        self._methods: dict[ir.Interface, list[int]] = {}  # objects of the methods of unnamed interface types

    def type(self, number: int) -> ir.Type:
        found = self._types.get(number)
        if found is None:
            found = self._types[number] = self._read(number)
        return found

    def type_params(self, numbers: tuple[int, ...] | list[int]) -> tuple[ir.TypeParam, ...]:
        """The type parameters with these type numbers."""
        params = tuple(map(self.type, numbers))
        return tuple(p for p in params if isinstance(p, ir.TypeParam))

    def signature(self, number: int) -> ir.Signature:
        found = self.type(number)
        assert isinstance(found, ir.Signature), found
        return found

    def constraint(self, param: ir.TypeParam) -> ir.Type:
        """The constraint of a type parameter, an interface."""
        return self.type(self._program.type_record(param.unique)[3])

    def _read(self, number: int) -> ir.Type:
        r = self._program.type_record(number)
        match r[0]:
            case "basic":
                return _BASICS[r[1]]
            case "named":
                return self._read_named(number, r)
            case "pointer":
                return ir.pointer(self.type(r[1]))
            case "slice":
                return ir.slice_of(self.type(r[1]))
            case "array":
                return ir.array(self.type(r[2]), r[1])
            case "map":
                return ir.map_of(self.type(r[1]), self.type(r[2]))
            case "chan":
                return ir.chan_of(self.type(r[2]), _DIRECTIONS[int(r[1])])
            case "struct":
                return ir.struct(tuple(map(self._field, r[1])))
            case "signature":
                return ir.signature(self._all(r[1]), self._all(r[2]), r[3])
            case "interface":
                return self._read_interface(r)
            case "tuple":
                return ir.tuple_of(self._all(r[1]))
            case "typeparam":
                return ir.type_param(number, r[1], r[2])
            case "union":
                return ir.interface((), True, tuple(self.type(term[1]) for term in r[1]))
            case kind:
                raise AssertionError(f"type {number} has an unknown kind {kind}")

    def _all(self, numbers: list[int]) -> tuple[ir.Type, ...]:
        return tuple(map(self.type, numbers))

    def _field(self, f: list[Any]) -> ir.Field:
        return ir.Field(f[0], self.type(f[1]), f[2], f[3], self._symbol_path(f[4]))

    def _symbol_path(self, path: str) -> str:
        return self._symbol_paths.get(path, path)

    def _read_interface(self, r: list[Any]) -> ir.Interface:
        methods = tuple(ir.InterfaceMethod(m[0], self._symbol_path(m[1]), self.signature(m[2])) for m in r[1])
        terms = tuple(self.type(term[1]) for term in r[2] or ())
        made = ir.interface(methods, r[2] is not None or r[3], terms)
        self._methods.setdefault(made, [m[3] for m in r[1]])
        return made

    def interface_methods(self, t: ir.Type) -> list[int]:
        """Objects of the methods of an interface type, in the order of its declaration.

        An unnamed type has the methods of the first of all identical types. The program must be loaded with ``spellings``."""
        if isinstance(t, ir.Named):
            return self._program.type_record(self._origins[t.obj])[8]
        assert isinstance(t, ir.Interface)
        return self._methods[t]

    # Named types

    def _read_named(self, number: int, r: list[Any]) -> ir.Type:
        _, _, origin, args, _, _, params, local, _ = r
        if origin:
            scope = self._program.type_record(origin)[7]
            return self._named(origin, self._all(args), self._owner_params(scope) if scope else ())
        own: tuple[ir.Type, ...] = self._owner_params(local) if local else ()
        return self._named(number, self._all(params), own)

    def _owner_params(self, local: list[Any]) -> tuple[ir.TypeParam, ...]:
        """Type parameters of the function that declares a local type, the receiver's first."""
        _, owner, generic = local
        if not generic:
            return ()
        decl = self._program.function_of(owner)
        assert decl is not None
        return self.type_params(decl.receiver_type_params + decl.type_params)

    def _named(self, origin: int, args: tuple[ir.Type, ...], origin_args: tuple[ir.Type, ...]) -> ir.Named:
        r = self._program.type_record(origin)
        obj = self._program.object(r[1])
        package = self._program.package_of(obj)
        path, name = (package.symbol_path, package.name) if package else ("", "")
        scope = r[7][0] if r[7] else 0
        made, new = ir.named(obj.name, path, name, args, scope, origin_args)
        if new:
            made.obj = obj.id
            self._origins[obj.id] = origin
            made.complete_underlying = self._underlying_of(origin, made)
            made.complete_methods = self._methods_of(origin, made)
        return made

    def instance(self, generic: ir.Named, args: tuple[ir.Type, ...]) -> ir.Named:
        """The instance for ``args`` of the generic type of which ``generic`` is an instance."""
        return self._named(self._origins[generic.obj], args, generic.origin_args)

    def _underlying_of(self, origin: int, made: ir.Named) -> Callable[[], ir.Type]:
        def complete() -> ir.Type:
            r = self._program.type_record(origin)
            env = dict(zip(self.type_params(r[6]), made.args, strict=True))
            if r[7]:
                env |= zip(self._owner_params(r[7]), made.origin_args, strict=True)
            return self.substitute(self.type(r[4]), env)

        return complete

    def _methods_of(self, origin: int, made: ir.Named) -> Callable[[], tuple[ir.MethodDecl, ...]]:
        def complete() -> tuple[ir.MethodDecl, ...]:
            r = self._program.type_record(origin)
            return tuple(self._method(number, made) for number in r[5])

        return complete

    def _method(self, number: int, receiver: ir.Named) -> ir.MethodDecl:
        obj = self._program.object(number)
        decl = self._program.function_of(number)
        assert decl is not None and decl.receiver is not None, obj.name
        env = dict(zip(self.type_params(decl.receiver_type_params), receiver.args, strict=True))
        signature = self.substitute(self.type(decl.signature), env)
        assert isinstance(signature, ir.Signature)
        package = self._program.package_of(obj)
        pkg = "" if is_exported(obj.name) or package is None else package.symbol_path
        own = self.type_params(decl.type_params)
        return ir.MethodDecl(obj.name, pkg, signature, decl.receiver.pointer, number, own)

    # Substitution

    def substitute(self, t: ir.Type, env: Substitution) -> ir.Type:
        """The type with type arguments in place of type parameters; ``t`` itself if it contains none of them."""
        if not env:
            return t
        return self._replace(t, env, tuple(env.items()))

    def _replace(self, t: ir.Type, env: Substitution, key: tuple[tuple[ir.TypeParam, ir.Type], ...]) -> ir.Type:
        if isinstance(t, ir.Basic):
            return t
        if isinstance(t, ir.TypeParam):
            return env.get(t, t)
        if isinstance(t, ir.Named) and not t.args and not t.origin_args:
            return t
        found = self._substituted.get((t, key))
        if found is None:
            found = self._substituted[t, key] = self._rebuild(t, lambda part: self._replace(part, env, key))
        return found

    def replace(self, t: ir.Type, by: Mapping[ir.Type, ir.Type]) -> ir.Type:
        """The type with the types in its spelling replaced according to ``by``."""
        found = by.get(t)
        if found is not None:
            return found
        if isinstance(t, ir.Named) and not t.args and not t.origin_args:
            return t
        return self._rebuild(t, lambda part: self.replace(part, by))

    def _rebuild(self, t: ir.Type, part: Callable[[ir.Type], ir.Type]) -> ir.Type:
        def parts(types: tuple[ir.Type, ...]) -> tuple[ir.Type, ...]:
            return tuple(map(part, types))

        match t:
            case ir.Named():
                return self._named(self._origins[t.obj], parts(t.args), parts(t.origin_args))
            case ir.Pointer():
                return ir.pointer(part(t.elem))
            case ir.Slice():
                return ir.slice_of(part(t.elem))
            case ir.Array():
                return ir.array(part(t.elem), t.length)
            case ir.Map():
                return ir.map_of(part(t.key), part(t.elem))
            case ir.Chan():
                return ir.chan_of(part(t.elem), t.dir)
            case ir.Struct():
                return ir.struct(tuple(ir.Field(f.name, part(f.type), f.embedded, f.tag, f.pkg) for f in t.fields))
            case ir.Signature():
                return ir.signature(parts(t.params), parts(t.results), t.variadic)
            case ir.Interface():
                methods: list[ir.InterfaceMethod] = []
                for m in t.methods:
                    signature = part(m.signature)
                    assert isinstance(signature, ir.Signature)
                    methods.append(ir.InterfaceMethod(m.name, m.pkg, signature))
                made = ir.interface(tuple(methods), t.is_constraint, parts(t.terms))
                self._methods.setdefault(made, self._methods.get(t, []))
                return made
            case ir.Tuple():
                return ir.tuple_of(parts(t.types))
            case ir.Basic() | ir.TypeParam():
                return t


def is_exported(name: str) -> bool:
    """Whether a Go name begins with an upper-case letter."""
    return name[:1].isupper()
