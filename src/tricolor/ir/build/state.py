"""State of one build: the typed program, and all functions, globals and types found so far.

Terms: a function is *declared* when its ``Func`` exists, *used* when a built body refers to it, *built* when it has its body. The builder
takes functions from a work list, so recursion in Go does not become recursion in Python.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from tricolor.base.errors import CompilerBug
from tricolor.frontend.program import Program
from tricolor.frontend.records import LEFT_OUT, FuncDecl, Package
from tricolor.gotypes.symbols import split_symbol
from tricolor.gotypes.types import (
    Interface,
    Named,
    Signature,
    Type,
    TypeParam,
    link_name,
    signature,
    underlying,
)
from tricolor.ir.nodes import Block, Func, Var, VarKind
from tricolor.ir.shapes import shape_of

Node: TypeAlias = list[Any]
"""A node of the typed program: [KIND, pos, ...]."""

Env: TypeAlias = Mapping[TypeParam, Type]
"""Type arguments of the function that is being built, the receiver's first."""


@final
@dataclass(slots=True, eq=False)
class Builder:
    """Caches and work lists of one build.

    ``separate``: build packages as Go's compiler sees them. A function without a body is then not replaced by the function of another
    package that implements it, and generic functions are instantiated for shapes. ``own``: symbol paths of the packages that are then
    built. ``elsewhere``: functions of other packages whose bodies the typed program does not contain.

    ``declared``: functions by object and type arguments. ``declarations``: declarations of functions. ``dictionaries``: the words that
    each shape instance finds in its dictionary. ``symbols``: functions by linker symbol. ``bodies``: for each declared function, the
    function that builds its body. ``used``: used functions. ``pending``: used functions whose bodies are not built yet.
    ``wrappers``: wrapper functions by key.

    ``globals``, ``global_symbols``: package-level variables by object and by linker symbol; ``global_objects``: their objects.
    ``used_globals``: used variables. ``pending_globals``: used variables whose initialisers are not built yet.

    ``conversions``: concrete types that the program converts to interfaces, in order. ``itabs``: itabs for these conversions.
    ``called``: (name, package, signature) of methods called through interfaces.

    ``by_symbol_path``: packages by symbol path. ``function_tables``, ``variable_tables``: objects of a package by name.
    ``renamed``: linker symbols of objects that a linkname renames. ``pushed``: functions with bodies that a linkname gives a symbol.
    ``init_numbers``: numbers of the functions with the name init. ``types``: types by number.
    """

    program: Program
    build_declared: Callable[[Builder, Func, FuncDecl, Env, dict[int, Var]], None]
    separate: bool = False
    own: frozenset[str] = frozenset()
    elsewhere: dict[Func, None] = field(default_factory=dict[Func, None])
    declared: dict[tuple[int, tuple[Type, ...]], Func] = field(default_factory=dict[tuple[int, tuple[Type, ...]], Func])
    declarations: dict[Func, FuncDecl] = field(default_factory=dict[Func, FuncDecl])
    dictionaries: dict[Func, dict[tuple[int, str], int]] = field(default_factory=dict[Func, dict[tuple[int, str], int]])
    symbols: dict[str, Func] = field(default_factory=dict[str, Func])
    globals: dict[int, Var] = field(default_factory=dict[int, Var])
    global_objects: dict[Var, int] = field(default_factory=dict[Var, int])
    variable_tables: dict[int, dict[str, int]] = field(default_factory=dict[int, dict[str, int]])
    global_symbols: dict[str, Var] = field(default_factory=dict[str, Var])
    bodies: dict[Func, Callable[[], None]] = field(default_factory=dict[Func, Callable[[], None]])
    used: dict[Func, None] = field(default_factory=dict[Func, None])
    pending: deque[Func] = field(default_factory=deque[Func])
    used_globals: dict[Var, None] = field(default_factory=dict[Var, None])
    pending_globals: deque[Var] = field(default_factory=deque[Var])
    conversions: dict[Type, None] = field(default_factory=dict[Type, None])
    itabs: dict[tuple[Type, Type], None] = field(default_factory=dict[tuple[Type, Type], None])
    called: dict[tuple[str, str, Signature], None] = field(default_factory=dict[tuple[str, str, Signature], None])
    pushed: dict[str, int] = field(default_factory=dict[str, int])
    by_symbol_path: dict[str, Package] = field(default_factory=dict[str, Package])
    function_tables: dict[int, dict[str, int]] = field(default_factory=dict[int, dict[str, int]])
    renamed: dict[int, str] = field(default_factory=dict[int, str])
    types: dict[int, Type] = field(default_factory=dict[int, Type])
    init_numbers: dict[int, int] = field(default_factory=dict[int, int])
    wrappers: dict[object, Func] = field(default_factory=dict[object, Func])

    def substitute(self, t: Type, env: Env) -> Type:
        """``t`` with type arguments in place of type parameters."""
        return self.program.types.substitute(t, env) if env else t

    def use(self, func: Func) -> Func:
        """Note that built code refers to the function."""
        if func not in self.used:
            self.used[func] = None
            if func in self.bodies:
                self.pending.append(func)
        return func

    def use_global(self, var: Var) -> Var:
        """Note that built code refers to the package-level variable."""
        if var not in self.used_globals:
            self.used_globals[var] = None
            self.pending_globals.append(var)
        return var

    def use_conversion(self, concrete: Type, target: Type) -> None:
        """Note a conversion of a concrete type to an interface type."""
        self.conversions[concrete] = None
        iface = underlying(target)
        if isinstance(iface, Interface) and iface.methods:
            self.itabs[concrete, target] = None

    def call_through(self, iface: Interface, index: int) -> None:
        """Note a call of a method through an interface."""
        method = iface.methods[index]
        self.called[method.name, method.pkg, method.signature] = None

    def call_all_through(self, t: Type) -> None:
        """Note that the program may call any method of an interface, since a value gets this type by an assertion or conversion."""
        iface = underlying(t)
        if isinstance(iface, Interface):
            for index in range(len(iface.methods)):
                self.call_through(iface, index)

    def build_body(self, func: Func) -> None:
        """Build the body of a declared function, unless it is already built."""
        build = self.bodies.pop(func, None)
        if build is None:
            return
        if not self._is_foreign(func):
            build()
            return
        # The conversions and interface calls of a foreign function need no methods in the packages that are being built. Keep them only
        # if the function has both: then devirtualization may turn a call into a call of a known method (``passes.devirtualize``).
        conversions, called, itabs = self.conversions, self.called, self.itabs
        self.conversions, self.called, self.itabs = {}, {}, {}
        build()
        if self.conversions and self.called:
            conversions |= self.conversions
            called |= self.called
        self.conversions, self.called, self.itabs = conversions, called, itabs

    def _is_foreign(self, func: Func) -> bool:
        """Whether the function is not compiled with the packages in ``own``."""
        return self.separate and func.pkg not in self.own and not func.is_instance

    # --- functions ---

    def func_of(self, obj: int, args: tuple[Type, ...] = ()) -> Func:
        """The function or method declared as object ``obj``, for type arguments (the receiver's first)."""
        if args and self.separate:
            args = self.shapes(obj, args)
        key = (obj, args)
        found = self.declared.get(key)
        if found is None:
            found = self.declared[key] = self._declare(obj, args)
        return found

    def method_of(self, recv: Named, obj: int, args: tuple[Type, ...] = ()) -> Func:
        """The method declared as ``obj`` on ``recv`` (an instance, if the type is generic). ``args``: the method's own type arguments."""
        return self.func_of(obj, recv.args + args)

    def shapes(self, obj: int, args: tuple[Type, ...]) -> tuple[Type, ...]:
        """The shapes of type arguments of a generic function."""
        decl = self.program.function_of(obj)
        assert decl is not None
        types = self.program.types
        made: list[Type] = []
        for param, arg in zip(types.type_params(decl.receiver_type_params + decl.type_params), args, strict=True):
            constraint = underlying(types.constraint(param))
            made.append(shape_of(arg, isinstance(constraint, Interface) and not constraint.is_constraint))
        return tuple(made)

    def _declare(self, obj: int, args: tuple[Type, ...]) -> Func:
        decl = self.program.function_of(obj)
        assert decl is not None, self.program.object(obj).name
        symbol = self.symbol_of(decl, args)
        alone = self.separate and decl.body is None
        if decl.body is None and not alone:
            elsewhere = self.implementation(symbol)
            if elsewhere is not None and elsewhere != obj:
                func = self.func_of(elsewhere)
                if "//go:noescape" in decl.pragmas:
                    func.pragmas |= {"noescape"}
                return func
        known = self.symbols.get(symbol)
        if known is not None and not alone:
            return known
        types = self.program.types
        params = types.type_params(decl.receiver_type_params + decl.type_params)
        if len(params) != len(args):
            raise CompilerBug(symbol, decl.pos, f"{len(args)} type arguments for {len(params)} type parameters")
        env: Env = dict(zip(params, args, strict=True))
        func, variables = self._new_func(decl, symbol, env)
        func.name = self._printed_name(decl, args)
        if not alone:
            func.link_name = self.renamed.get(decl.object, "")
            self.symbols[symbol] = func
        if self._is_elsewhere(func, decl):
            self.elsewhere[func] = None
            func.body = Block(decl.pos, [])
        elif decl.body is not None:
            self.bodies[func] = lambda: self.build_declared(self, func, decl, env, variables)
        return func

    def _is_elsewhere(self, func: Func, decl: FuncDecl) -> bool:
        return decl.body == LEFT_OUT and self._is_foreign(func)

    def _new_func(self, decl: FuncDecl, symbol: str, env: Env) -> tuple[Func, dict[int, Var]]:
        """A new Func for a declaration, and its parameters and results by object."""
        sig = self.substitute(self.program.type(decl.signature), env)
        assert isinstance(sig, Signature)
        ids = decl.params
        if decl.receiver is not None:
            recv = self.substitute(self.program.type(decl.receiver.type), env)
            sig = signature((recv, *sig.params), sig.results, sig.variadic)
            ids = (decl.receiver.object, *ids)
        pragmas = frozenset(p[5:] for p in decl.pragmas if " " not in p)
        pkg = self.program.packages[decl.package].symbol_path
        func = Func(symbol, symbol, pkg, sig, decl.pos, pragmas=pragmas, end_pos=decl.end_pos)
        self.declarations[func] = decl
        return func, self.declare_signature(func, ids, decl.results)

    def declare_signature(self, func: Func, params: tuple[int, ...], results: tuple[int, ...]) -> dict[int, Var]:
        """Make the variables of the parameters and results with these objects (0: unnamed); return them by object."""
        variables: dict[int, Var] = {}
        for i, (obj, t) in enumerate(zip(params, func.signature.params, strict=True)):
            name, pos = self._declared_name(obj)
            var = Var(name or f"~p{i}", t, pos, VarKind.PARAM)
            func.params.append(var)
            variables[obj] = var
        for i, (obj, t) in enumerate(zip(results, func.signature.results, strict=True)):
            name, pos = self._declared_name(obj)
            func.named_results = func.named_results or bool(name)
            var = Var(f"~r{i}" if name in ("", "_") else name, t, pos, VarKind.RESULT)
            func.results.append(var)
            variables[obj] = var
        variables.pop(0, None)
        return variables

    def _declared_name(self, obj: int) -> tuple[str, int]:
        if not obj:
            return "", 0
        record = self.program.object(obj)
        return record.name, record.pos

    def symbol_of(self, decl: FuncDecl, args: tuple[Type, ...]) -> str:
        """The linker symbol of a declaration for type arguments, the receiver's first."""
        renamed = self.renamed.get(decl.object)
        if renamed is not None:
            return renamed
        split = len(decl.receiver_type_params)
        return self._qualified(decl, _in_brackets(args[:split]), _in_brackets(args[split:]))

    def _printed_name(self, decl: FuncDecl, args: tuple[Type, ...]) -> str:
        """The name in traces, with type arguments as ``[...]``."""
        split = len(decl.receiver_type_params)
        return self._qualified(decl, "[...]" if args[:split] else "", "[...]" if args[split:] else "")

    def _qualified(self, decl: FuncDecl, receiver_args: str, own_args: str) -> str:
        path = self.program.packages[decl.package].symbol_path
        if decl.receiver is None:
            name = f"init.{self.init_numbers.get(decl.object, 0)}" if decl.name == "init" else decl.name
            return f"{path}.{name}{own_args}"
        recv = self.program.type(decl.receiver.base)
        assert isinstance(recv, Named)
        base = recv.name + receiver_args
        if decl.receiver.pointer:
            base = f"(*{base})"
        return f"{path}.{base}.{decl.name}{own_args}"

    def runtime_func(self, symbol: str, params: tuple[Type, ...], results: tuple[Type, ...] = ()) -> Func:
        """The function with a linker symbol; a function without a body if no Go declaration implements it."""
        found = self.symbols.get(symbol)
        if found is not None:
            return found
        obj = self.implementation(symbol)
        if obj is not None:
            return self.func_of(obj)
        sig = signature(params, results)
        func = self.symbols[symbol] = Func(symbol, symbol, symbol.rpartition(".")[0], sig, 0)
        func.params += [Var(f"~p{i}", t, 0, VarKind.PARAM) for i, t in enumerate(params)]
        func.results += [Var(f"~r{i}", t, 0, VarKind.RESULT) for i, t in enumerate(results)]
        return func

    # --- globals ---

    def global_of(self, obj: int) -> Var:
        """The package-level variable declared as object ``obj``. A linkname may make it a variable of another package."""
        found = self.globals.get(obj)
        if found is None:
            found = self.globals[obj] = self._global(obj)
        return found

    def _global(self, obj: int) -> Var:
        record = self.program.object(obj)
        package = self.program.package_of(record)
        assert package is not None, f"variable {record.name} has no package"
        symbol = f"{package.symbol_path}.{record.name}"
        target = self.renamed.get(obj, symbol)
        if target != symbol:
            path, name = split_symbol(target)
            home = self.by_symbol_path.get(path)
            there = self.variables_of(home).get(name) if home is not None else None
            if there is not None and there != obj:
                return self.global_of(there)
        found = self.global_symbols.get(target)
        if found is None:
            found = Var(record.name, self.program.type(record.type), record.pos, VarKind.GLOBAL, symbol=target)
            self.global_symbols[target] = found
            self.global_objects[found] = obj
        return found

    def variables_of(self, package: Package) -> dict[str, int]:
        """Objects of a package's variables by name. Cached."""
        table = self.variable_tables.get(package.index)
        if table is None:
            table = {self.program.object(v.object).name: v.object for v in package.variables}
            self.variable_tables[package.index] = table
        return table

    # --- linker symbols ---

    def implementation(self, symbol: str) -> int | None:
        """The object of the function that has a body and this linker symbol; None if there is none."""
        pushed = self.pushed.get(symbol)
        if pushed is not None:
            return pushed
        path, name = split_symbol(symbol)
        package = self.by_symbol_path.get(path)
        if package is None:
            return None
        found = self.functions_of(package).get(name)
        if found is None or found in self.renamed:
            return None
        decl = self.program.function_of(found)
        return found if decl is not None and decl.body is not None else None

    def functions_of(self, package: Package) -> dict[str, int]:
        """Objects of a package's functions and non-generic methods by name (``F``, ``T.M``, ``(*T).M``). Cached."""
        table = self.function_tables.get(package.index)
        if table is None:
            table = self.function_tables[package.index] = {}
            for decl in self.program.functions(package):
                name = decl.name
                if decl.receiver is not None:
                    if decl.receiver_type_params:
                        continue
                    base = self.program.object(self.program.type_record(decl.receiver.base)[1]).name
                    name = f"(*{base}).{name}" if decl.receiver.pointer else f"{base}.{name}"
                table[name] = decl.object
        return table

    def read_linknames(self) -> None:
        """Fill the tables of linker symbols from ``//go:linkname local target``.

        In a pushing package the local declaration has a body and gets the target's symbol. In a pulling package it has no body and
        stands for the target.
        """
        for package in self.program.packages:
            self.by_symbol_path[package.symbol_path] = package
            # Decoding all functions takes time, and separate builds do not initialise other packages.
            if not self.separate or package.symbol_path in self.own:
                inits = (d for d in self.program.functions(package) if d.name == "init" and d.receiver is None)
                for number, decl in enumerate(inits):
                    self.init_numbers[decl.object] = number
            if any(entry.target for entry in package.linknames):
                self._read_linknames(package)

    def _read_linknames(self, package: Package) -> None:
        functions = self.functions_of(package)
        variables = self.variables_of(package)
        for entry in package.linknames:
            obj = functions.get(entry.local) or variables.get(entry.local)
            if obj is None or not entry.target:
                continue
            self.renamed[obj] = entry.target
            decl = self.program.function_of(obj) if entry.local in functions else None
            if decl is not None and decl.body is not None:
                self.pushed.setdefault(entry.target, obj)


def _in_brackets(args: tuple[Type, ...]) -> str:
    return "[" + ",".join(map(link_name, args)) + "]" if args else ""
