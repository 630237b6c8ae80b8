"""The program's data module: every descriptor, itab, layout, table, static closure and global, as one text of LLVM;
and a second module with code that they refer to and that programs run often: equality, hashing, thunks of func values. Only
the second is worth optimising; reflect's stubs are in the first.

Symbols that the runtime and the overlay of Go's packages read (arrays of addresses unless said otherwise; counts are i64):

    tricolor.offsets                                   what offsets in descriptors index (tricolor.staticdata.tables)
    tricolor.typelinks, tricolor.typelink_count        all descriptors, sorted by reflect's string
    tricolor.itabs, tricolor.itab_count                all itabs
    tricolor.layouts, tricolor.layout_count            layouts {u32 elem_bytes, u32 index, u64 bitmap}, writable
    tricolor.data_roots, tricolor.data_root_count      globals that hold pointers: address, bytes up to the last pointer, then the
                                                       address of a bitmap, or null and that of a type without bitmap
    tricolor.init_tasks, tricolor.init_task_count      code addresses of package initialisers, in order
    tricolor.data_version                              i64, 1
    tricolor.heap_profile_read                         i64, 1 if the program can read its heap profile; else 0
    runtime.staticuint64s                              [256 x i64]: i at index i
    runtime.zerobase, runtime.zeroVal                  8 and 1024 zero bytes
    tricolor.godebug_default                           a string: the settings of GODEBUG that the program itself makes
    main.main                                          if the main function has another symbol
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from tricolor.base.errors import CompilerBug, Unsupported
from tricolor.gotypes.lookup import REFLECT_METHODS, MethodSelection, method_set, selection_name
from tricolor.gotypes.sizes import align_of, has_bitmap, is_comparable, pointer_bitmap, pointer_bytes, size_of
from tricolor.gotypes.types import (
    BASICS,
    Interface,
    Kind,
    Map,
    Signature,
    Type,
    has_pointers,
    link_name,
    signature,
    underlying,
)
from tricolor.ir.nodes import Func, MethodRef, Program
from tricolor.staticdata.algorithms import (
    EQUAL_RUNTIME,
    HASH_RUNTIME,
    Steps,
    equal_function,
    equal_symbol,
    hash_function,
    hash_symbol,
    nested,
    steps_of,
)
from tricolor.staticdata.barriers import DECLARATIONS
from tricolor.staticdata.emitter import (
    DataEmitter,
    Needed,
    closure_symbol,
    is_closure,
    itab_symbol,
    layout_symbol,
    type_symbol,
)
from tricolor.staticdata.llvmtypes import function_type, memory_type, quote
from tricolor.staticdata.statics import StaticValues
from tricolor.staticdata.stubs import (
    MEMCPY,
    MEMSET,
    RECOVERTOKEN,
    call_stub,
    closure_object,
    make_stub,
    passing_key,
    thunk,
    thunk_symbol,
)
from tricolor.staticdata.tables import Tables, count_of, pointer_table
from tricolor.staticdata.typedata import Codes, DescriptorWriter, Method, referenced

ROOT = "{ptr, i64, ptr, ptr}"
"""The LLVM type of an entry of the table of globals that hold pointers."""
MAX_SYMBOL_BYTES = 2_000_000_000
"""The largest variable, as in Go's linker."""

UNREACHABLE_METHOD = "tricolor.unreachable_method"
"""The code address in itabs for methods that nothing calls. It cannot be null: null in the first place means that the type lacks a method."""

HEAP_PROFILE_READER = "runtime.memProfileInternal"
"""All functions that read the heap profile call it. In a program without it nothing is sampled, as in Go."""

TABLE_SYMBOLS = frozenset(
    f"tricolor.{name}"
    for name in (
        "offsets", "typelinks", "typelink_count", "itabs", "itab_count", "layouts", "layout_count",
        "data_roots", "data_root_count", "init_tasks", "init_task_count", "data_version", "heap_profile_read", "godebug_default",
    )
)  # fmt: skip


def closure_of_types(start: Iterable[Type], methods: dict[Type, list[MethodRef]], with_methods: bool) -> frozenset[Type]:
    """The types in ``start`` and all types that their descriptors refer to, directly or through others. ``with_methods``: also the types of
    methods as functions."""
    seen: set[Type] = set()
    todo = list(start)
    while todo:
        t = todo.pop()
        if t in seen:
            continue
        seen.add(t)
        todo.extend(referenced(t))
        for ref in methods.get(t, ()):
            todo.append(ref.signature)
            if with_methods and not ref.pkg:
                todo.append(method_function_type(t, ref))
    return frozenset(seen)


def method_function_type(t: Type, ref: MethodRef) -> Signature:
    """Type of the function in reflect's Method(i).Func: the receiver is its first parameter."""
    sig = ref.signature
    return signature((t, *sig.params), sig.results, sig.variadic)


@final
@dataclass(frozen=True, slots=True)
class DataModules:
    """LLVM texts: ``data`` has constants, variables and rarely used stubs; ``code`` has functions only. ``bodyless``:
    functions without a Go body that are used as values."""

    data: str
    code: str
    bodyless: tuple[Func, ...]


@final
class _DataModule:
    def __init__(self, program: Program, needs: Iterable[Needed]) -> None:
        self.program = program
        self.needed = Needed()
        for needed in needs:
            self.needed.update(needed)
        self.emitter = DataEmitter()
        self.code = DataEmitter()
        self.functions: list[str] = []
        self.statics = StaticValues(self.emitter, writable=True)
        self.tables = Tables()
        self.parts: list[str] = []
        self.roots: list[tuple[str, Type]] = []
        self.tfn: dict[str, str] = {}
        self.method_thunks: dict[str, Func] = {}
        self.with_methods = any(f.symbol in REFLECT_METHODS for f in program.funcs)
        self.stub_numbers: dict[tuple[str, ...], int] = {}
        # Finalizers call through the stubs too.
        self.with_reflect = any(f.pkg == "reflect" or f.symbol == "runtime.callThrough" for f in program.funcs)

    # --- globals ---------------------------------------------------------------------------------------------------

    def add_globals(self) -> None:
        """Package-level variables with their static values."""
        given = {var.symbol for var in self.program.globals}
        for var in self.program.globals:
            if var.symbol in TABLE_SYMBOLS or var.symbol == "runtime.staticuint64s":
                continue
            init = self.program.static_init.get(var)
            value = self.statics.value(init) if init is not None else "zeroinitializer"
            name = self.emitter.define(var.symbol)
            self.parts.append(f"{name} = global {memory_type(var.type)} {value}, align {max(align_of(var.type), 1)}")
            if size_of(var.type) > MAX_SYMBOL_BYTES:
                raise Unsupported(f"the variable {var.symbol} of {size_of(var.type)} bytes", var.pos, f"the limit is {MAX_SYMBOL_BYTES}")
            if has_pointers(var.type):
                self.roots.append((name, var.type))
        for _, t in self.roots + self.statics.roots:
            if not has_bitmap(t):
                self.emitter.type_ref(t)
        if "runtime.zerobase" not in given:
            self.parts.append(f"{self.emitter.define('runtime.zerobase')} = global i64 0, align 8")
        if "runtime.zeroVal" not in given:
            self.parts.append('@"runtime.zeroVal" = global [1024 x i8] zeroinitializer, align 8')
            self.emitter.define("runtime.zeroVal")
        numbers = ", ".join(f"i64 {i}" for i in range(256))
        self.parts.append(f"{self.emitter.define('runtime.staticuint64s')} = constant [256 x i64] [{numbers}], align 8")

    def add_roots(self) -> None:
        """The table of globals that hold pointers."""
        entries: list[str] = []
        for name, t in self.roots + self.statics.roots:
            bitmap, descriptor = (self.tables.bitmap(pointer_bitmap(t)), "null") if has_bitmap(t) else ("null", self.emitter.type_ref(t))
            entries.append(f"{ROOT} {{ptr {name}, i64 {pointer_bytes(t)}, ptr {bitmap}, ptr {descriptor}}}")
        n = len(entries)
        listed = ", ".join(entries)
        value = f"[{listed}]" if entries else "zeroinitializer"
        self.parts.append(f'@"tricolor.data_roots" = constant [{n} x {ROOT}] {value}, align 8')
        self.parts.append(count_of("tricolor.data_root_count", n))

    # --- algorithms ------------------------------------------------------------------------------------------------

    def equal_closure(self, t: Type) -> str:
        """Closure of the equality function, ``null`` if the type is not comparable."""
        if not is_comparable(t):
            return "null"
        steps = steps_of(t)
        self.needed.equals[steps] = None
        return quote(equal_symbol(steps) + "·f")

    def hash_closure(self, m: Map) -> str:
        """Closure of the hash function of a map's keys."""
        steps = steps_of(m.key)
        self.needed.hashes[steps] = None
        return quote(hash_symbol(steps) + "·f")

    def add_function(self, symbol: str, text: str) -> str:
        """Define a function in the code module and declare it in the data module; gives its quoted symbol."""
        self.code.define(symbol)
        self.functions.append(text)
        return self.emitter.declare(symbol, f"declare void {quote(symbol)}()")

    def add_cold_function(self, symbol: str, text: str) -> None:
        """Define a function that runs rarely in the data module, which is not optimised."""
        self.emitter.define(symbol)
        self.parts.append(text)

    def add_algorithms(self) -> None:
        """Equality and hash functions, with a closure of each."""
        for symbol, line in (EQUAL_RUNTIME | HASH_RUNTIME).items():
            self.code.declare(symbol, line)
        for steps in _with_nested(self.needed.equals):
            name = self.add_function(equal_symbol(steps), equal_function(steps))
            self.parts.append(f"{quote(equal_symbol(steps) + '·f')} = constant ptr {name}, align 8")
        for steps in _with_nested(self.needed.hashes):
            name = self.add_function(hash_symbol(steps), hash_function(steps))
            self.parts.append(f"{quote(hash_symbol(steps) + '·f')} = constant ptr {name}, align 8")

    # --- types -----------------------------------------------------------------------------------------------------

    def add_types(self) -> None:
        """All descriptors and itabs."""
        program = self.program
        self.needed.update(self.emitter.needed)
        itabs = dict.fromkeys((*program.itabs, *self.needed.itabs))
        start: list[Type] = [t for k, t in BASICS.items() if k is not Kind.UNTYPED_NIL]
        start += program.types
        start += self.needed.types
        for concrete, iface in itabs:
            start += (concrete, iface)
        known = closure_of_types(start, program.methods, self.with_methods)
        writer = DescriptorWriter(self.tables, known)
        ordered = sorted(known, key=lambda t: (str(t).encode("utf-8", "surrogateescape"), link_name(t)))
        for t in ordered:
            self.emitter.define(type_symbol(t))
            methods = self._methods(t)
            self.parts.append(writer.descriptor(t, methods, self._codes(t), self.tfn))
        self.parts.extend(writer.groups.values())
        self.parts.append(pointer_table("tricolor.typelinks", [writer.ref(t) for t in ordered]))
        self.parts.append(count_of("tricolor.typelink_count", len(ordered)))
        names: list[str] = []
        for concrete, iface in itabs:
            names.append(self.emitter.define(itab_symbol(concrete, iface)))
            self.parts.append(writer.itab(concrete, iface, self._itab_codes(concrete, iface)))
        self.parts.append(pointer_table("tricolor.itabs", names))
        self.parts.append(count_of("tricolor.itab_count", len(names)))

    def _methods(self, t: Type) -> list[Method]:
        """The method set, with code where the program can reach it."""
        reachable = {(r.name, r.pkg): r for r in self.program.methods.get(t, ())}
        out: list[Method] = []
        for selection in method_set(t):
            name, pkg = selection_name(selection)
            ref = reachable.pop((name, pkg), None)
            sig = selection.decl.signature if isinstance(selection, MethodSelection) else selection.method.signature
            out.append(Method(name, pkg, sig, ref))
            if ref is not None:
                self.emitter.function_ref(ref.entry)
                if self.with_methods and not pkg:
                    self.tfn[ref.func.symbol] = quote(thunk_symbol(ref.func))
                    self.method_thunks[ref.func.symbol] = ref.func
        if reachable:
            raise CompilerBug(link_name(t), 0, f"methods {sorted(reachable)} are not in the method set")
        return out

    def _codes(self, t: Type) -> Codes:
        u = underlying(t)
        equal = self.equal_closure(t)
        if isinstance(u, Map):
            return Codes(equal, hasher=self.hash_closure(u))
        if isinstance(u, Signature) and self.with_reflect:
            key = passing_key(u)
            number = self.stub_numbers.get(key)
            if number is None:
                number = self.stub_numbers[key] = len(self.stub_numbers)
                for symbol, stub in ((f"reflectcall.{number}", call_stub), (f"makefunc.{number}", make_stub)):
                    self.add_cold_function(symbol, stub(u, symbol))
            return Codes(equal, call=quote(f"reflectcall.{number}"), make=quote(f"makefunc.{number}"))
        return Codes(equal)

    def _itab_codes(self, concrete: Type, iface: Type) -> list[str]:
        """Quoted symbols of the methods' code in the interface's order. A method that nothing calls has no code."""
        by_name = {(r.name, r.pkg): r for r in self.program.methods.get(concrete, ())}
        u = underlying(iface)
        assert isinstance(u, Interface)
        codes: list[str] = []
        for m in u.methods:
            ref = by_name.get((m.name, m.pkg))
            codes.append(quote(UNREACHABLE_METHOD) if ref is None else self.emitter.function_ref(ref.entry))
        return codes

    # --- the rest --------------------------------------------------------------------------------------------------

    def add_closures(self) -> None:
        """Static closures of functions without captures, with thunks where the code takes no context."""
        self.needed.closures.update(self.emitter.needed.closures)
        for func in self.needed.closures.values():
            self.emitter.define(closure_symbol(func))
            self.parts.append(closure_object(func))
            if is_closure(func):
                self.emitter.function_ref(func)
            if not is_closure(func):
                self.code.function_ref(func)
                self.add_function(thunk_symbol(func), thunk(func))

        for symbol, func in self.method_thunks.items():
            if symbol not in self.needed.closures:
                self.emitter.function_ref(func)
                self.add_cold_function(thunk_symbol(func), thunk(func))

    def add_layouts(self) -> None:
        """The layouts that the allocator uses, and the layouts of the sizes of types."""
        names: list[str] = []
        for size, bitmap in self.needed.layouts:
            name = self.emitter.define(layout_symbol(size, bitmap))
            names.append(name)
            signed = bitmap - (1 << 64) if bitmap >= 1 << 63 else bitmap
            self.parts.append(f"{name} = global {{i32, i32, i64}} {{i32 {size}, i32 0, i64 {signed}}}, align 16")
        self.parts.append(pointer_table("tricolor.layouts", names))
        self.parts.append(count_of("tricolor.layout_count", len(names)))

    def add_entry(self) -> None:
        """Initialisers, settings and the main function's symbol."""
        tasks = [self.emitter.function_ref(f) for f in self.program.init_tasks]
        self.parts.append(pointer_table("tricolor.init_tasks", tasks))
        self.parts.append(count_of("tricolor.init_task_count", len(tasks)))
        self.parts.append(count_of("tricolor.data_version", 1))
        can_read = any(func.symbol == HEAP_PROFILE_READER for func in self.program.funcs)
        self.parts.append(count_of("tricolor.heap_profile_read", 1 if can_read else 0))
        settings = self.emitter.string_value(self.program.godebug.encode())
        self.parts.append(f'@"tricolor.godebug_default" = constant {{ptr, i64}} {settings}, align 8')
        self.add_function(
            UNREACHABLE_METHOD, f"define void {quote(UNREACHABLE_METHOD)}() {{\n  call void @llvm.trap()\n  unreachable\n}}\n"
        )
        main = self.program.main
        if main.symbol != "main.main":
            ft = function_type(main.signature)
            target = self.code.function_ref(main)
            self.add_function(
                "main.main",
                f'define {ft.result} @"main.main"() "split-stack" "frame-pointer"="all" nounwind {{\n'
                f"  tail call void {target}()\n  ret void\n}}\n",
            )

    def texts(self) -> DataModules:
        self.emitter.declare("llvm.memcpy", MEMCPY)
        self.emitter.declare("llvm.memset", MEMSET)
        for symbol, line in DECLARATIONS.items():
            self.emitter.declare(symbol, line)
        for emitter in (self.emitter, self.code):
            emitter.declare("runtime.recovertoken", RECOVERTOKEN)
        self.add_globals()
        self.add_types()
        self.add_closures()
        self.add_algorithms()
        self.add_layouts()
        self.add_roots()
        self.add_entry()
        data = "\n".join((self.tables.finish(), *self.parts, self.emitter.finish()))
        bodyless = tuple(func for func in self.needed.closures.values() if func.body is None)
        return DataModules(data, "\n".join((*self.functions, self.code.finish())), bodyless)


def _with_nested(steps: Iterable[Steps]) -> list[Steps]:
    """The signatures, and the signatures of array elements in them, each once."""
    out: dict[Steps, None] = {}
    todo = list(steps)
    while todo:
        at = todo.pop()
        if at not in out:
            out[at] = None
            todo.extend(nested(at))
    return list(out)


def emit_data_modules(program: Program, needs: Iterable[Needed]) -> DataModules:
    """LLVM texts of the data module and the code that belongs to it. ``needs``: what each of the other modules refers to.

    Raises CompilerBug for inconsistent method sets, Unsupported for absurdly large static values.
    """
    return _DataModule(program, needs).texts()
