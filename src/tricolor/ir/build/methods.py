"""Methods: receivers, and the wrapper functions that the compiler adds.

Kinds of wrappers, by their symbols in Go:
    ``pkg.T.M``, ``pkg.(*T).M``   a promoted method, or ``(*T).M`` of a method declared on T
    ``pkg.T.M-fm``                the function of a method value; its one capture is the receiver
    ``pkg.I.M``                   a method expression of an interface type
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tricolor.gotypes.lookup import (
    InterfaceSelection,
    MethodSelection,
    lookup,
    selection_name,
)
from tricolor.gotypes.types import (
    BOOL,
    STRING,
    Interface,
    Named,
    Pointer,
    Signature,
    Struct,
    Tuple,
    Type,
    is_direct_iface,
    link_name,
    pointer,
    signature,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.function import Dispatch, FuncState
from tricolor.ir.build.state import Builder
from tricolor.ir.nodes import Block, Capture, Func, Var, VarKind, result_type

MethodHit: TypeAlias = MethodSelection | InterfaceSelection


def walk_path(x: n.Expr, path: tuple[int, ...] | list[int], pos: int) -> n.Expr:
    """``x.f.g...`` for a path of field indices, also through embedded pointers."""
    for index in path:
        t = underlying(x.type)
        if isinstance(t, Pointer):
            fields = underlying(t.elem)
            assert isinstance(fields, Struct)
            x = n.FieldPtr(pos, fields.fields[index].type, x, index)
        else:
            assert isinstance(t, Struct), f"{x.type} has no fields"
            x = n.FieldOf(pos, t.fields[index].type, x, index)
    return x


def is_pointer(t: Type) -> bool:
    return isinstance(underlying(t), Pointer)


def receiver(fs: FuncState, x: n.Expr, hit: MethodSelection, pos: int) -> n.Expr:
    """The receiver argument for a declared method, made from ``x``, the operand of the selector."""
    x = walk_path(x, hit.path, pos)
    if hit.decl.pointer_receiver:
        if is_pointer(x.type):
            return convert_to(fs, x, pointer(hit.recv))
        if isinstance(x, n.Deref):
            return x.x
        fs.mark_addrtaken(x)
        return n.AddrOf(pos, pointer(hit.recv), x, implicit=True)
    t = underlying(x.type)
    if x.type is not hit.recv and isinstance(t, Pointer):
        return n.Deref(pos, t.elem, x, implicit=True)
    return x


def declared_func(b: Builder, hit: MethodSelection, args: tuple[Type, ...] = ()) -> Func:
    """The function of a declared method."""
    return b.method_of(hit.recv, hit.decl.func, args)


def call_hit(fs: FuncState, x: n.Expr, hit: MethodHit, args: list[n.Expr], pos: int) -> n.Expr:
    """Call of the selected method on ``x`` with complete arguments."""
    if isinstance(hit, MethodSelection):
        func = declared_func(fs.b, hit)
        recv = receiver(fs, x, hit, pos)
        fs.effects += 1
        return n.Call(pos, result_type(func.signature), fs.func_name(pos, func), [recv, *args])
    return call_interface(fs, walk_path(x, hit.path, pos), hit.index, args, pos)


def call_interface(fs: FuncState, x: n.Expr, index: int, args: list[n.Expr], pos: int, selector: int = 0) -> n.Expr:
    """Call of method ``index`` of the interface value ``x``. ``selector``: position of the dot."""
    iface = underlying(x.type)
    assert isinstance(iface, Interface)
    fs.b.call_through(iface, index)
    fs.effects += 1
    fs.func.calls_interfaces = True
    return n.CallMethod(pos, result_type(iface.methods[index].signature), x, index, args, selector)


def signature_of(hit: MethodHit) -> Signature:
    """Signature of a selected method, without receiver."""
    return hit.decl.signature if isinstance(hit, MethodSelection) else hit.method.signature


# --- wrappers ------------------------------------------------------------------------------------------------------


def _new_wrapper(b: Builder, symbol: str, name: str, pkg: str, sig: Signature, pos: int) -> Func:
    func = Func(symbol, name, pkg, sig, pos, wrapper=True)
    func.params += [Var(f"~p{i}", t, pos, VarKind.PARAM) for i, t in enumerate(sig.params)]
    func.results += [Var(f"~r{i}", t, pos, VarKind.RESULT) for i, t in enumerate(sig.results)]
    b.symbols[symbol] = func
    return func


def _finish(fs: FuncState, call: n.Expr, pos: int) -> None:
    """End a wrapper: return what the call returns."""
    if isinstance(call.type, Tuple) and not call.type.types:
        fs.emit(n.ExprStmt(pos, call))
    else:
        fs.emit(n.Return(pos, [call]))
    fs.func.body = Block(pos, fs.out)


_NO_DISPATCH = Dispatch({}, {}, lambda pos, t, value: n.Zero(pos, t))


def state_of_generated(b: Builder, func: Func) -> FuncState:
    """State for a function whose body is built from IR nodes, not from source."""
    return FuncState(b, _NO_DISPATCH, func, None, {}, True, {})


def _add_wrapper(b: Builder, func: Func, build: Callable[[FuncState], n.Expr]) -> Func:
    def body() -> None:
        fs = state_of_generated(b, func)
        _finish(fs, build(fs), func.pos)

    b.bodies[func] = body
    return func


def receiver_symbol(t: Type) -> tuple[str, str]:
    """(package path, text) of a receiver type in symbols; the text is ``T`` or ``(*T)``, the package of an unnamed type is "go"."""
    base = t.elem if isinstance(t, Pointer) else t
    if isinstance(base, Named):
        pkg = base.pkg
        text = link_name(base).removeprefix(pkg + ".")
    else:
        pkg, text = "go", link_name(base)
    return pkg, f"(*{text})" if isinstance(t, Pointer) else text


def printed_receiver(t: Type) -> str:
    """The receiver type with its package as traces print it, with type arguments as ``[...]``."""
    pkg, text = receiver_symbol(t)
    base = t.elem if isinstance(t, Pointer) else t
    if isinstance(base, Named) and base.args:
        text = text.split("[", 1)[0] + "[...]" + (")" if isinstance(t, Pointer) else "")
    return f"{pkg}.{text}"


def _method_suffix(pkg: str, name: str, method_pkg: str) -> str:
    """``.M``; the package precedes the name of an unexported method that is not of the receiver's package."""
    return f".{method_pkg}.{name}" if method_pkg and method_pkg != pkg else f".{name}"


def method_func(b: Builder, t: Type, hit: MethodHit) -> Func:
    """The function of a selected method with receiver type ``t``: the declared function, or a wrapper.

    The method set of ``t`` must contain the method."""
    if isinstance(hit, MethodSelection) and not hit.path:
        declared = declared_func(b, hit)
        if declared.signature.params[0] is t:
            return declared
    name, method_pkg = selection_name(hit)
    key = ("method", t, name, method_pkg)
    found = b.wrappers.get(key)
    if found is None:
        pkg, text = receiver_symbol(t)
        suffix = _method_suffix(pkg, name, method_pkg)
        sig = signature_of(hit)
        found = _new_wrapper(
            b,
            f"{pkg}.{text}{suffix}",
            printed_receiver(t) + suffix,
            pkg,
            signature((t, *sig.params), sig.results, sig.variadic),
            0,
        )
        found.params[0].name = ".this"
        b.wrappers[key] = found
        _add_wrapper(b, found, _forwarding(found, t, hit, name))
    return found


def _forwarding(func: Func, t: Type, hit: MethodHit, name: str) -> Callable[[FuncState], n.Expr]:
    """The body of a wrapper, which calls the selected method. A wrapper ``(*T).M`` of a method of T panics with the method's name on nil."""

    def build(fs: FuncState) -> n.Expr:
        this = n.Name(0, t, func.params[0])
        if isinstance(t, Pointer) and isinstance(hit, MethodSelection) and not hit.path:
            is_nil = n.Binary(0, BOOL, n.BinaryOp.EQ, this, n.Nil(0, t))
            panic = n.ExprStmt(0, _panic_wrap(fs, t.elem, name))
            fs.emit(n.If(0, is_nil, Block(0, [panic]), None))
        args: list[n.Expr] = [n.Name(0, p.type, p) for p in func.params[1:]]
        return call_hit(fs, this, hit, args, 0)

    return build


def _panic_wrap(fs: FuncState, t: Type, name: str) -> n.Expr:
    """The panic for a value method that is called through a nil pointer. It names the method if the runtime supports that."""
    if fs.b.implementation("runtime.panicwrapnamed") is None:
        return fs.call_runtime(0, "runtime.panicwrap", [])
    pkg, text = receiver_symbol(t)
    texts: list[n.Expr] = [n.Const(0, STRING, part.encode()) for part in (pkg, text, name)]
    return fs.call_runtime(0, "runtime.panicwrapnamed", texts)


def entry_func(b: Builder, t: Type, hit: MethodHit) -> Func:
    """The function for an itab. Its receiver is the data word of an interface that holds a ``t``."""
    if is_direct_iface(t):
        return method_func(b, t, hit)
    name, method_pkg = selection_name(hit)
    through_pointer = lookup(pointer(t), name, method_pkg)
    assert isinstance(through_pointer, (MethodSelection, InterfaceSelection))
    return method_func(b, pointer(t), through_pointer)


def method_expression(b: Builder, t: Type, hit: MethodHit, args: tuple[Type, ...] = ()) -> Func:
    """The function of ``T.M``: the receiver is its first parameter."""
    if isinstance(hit, MethodSelection) and args:
        declared = declared_func(b, hit, args)
        if declared.signature.params[0] is t:
            return declared
        return _generic_expression(b, t, hit, args, declared)
    return method_func(b, t, hit)


def _generic_expression(b: Builder, t: Type, hit: MethodSelection, args: tuple[Type, ...], declared: Func) -> Func:
    """Like ``method_func``, for an instance of a generic method that is promoted or called through a pointer."""
    key = ("generic", t, declared)
    found = b.wrappers.get(key)
    if found is None:
        pkg, text = receiver_symbol(t)
        own = "[" + ",".join(map(link_name, args)) + "]"
        sig = declared.signature
        sig = signature((t, *sig.params[1:]), sig.results, sig.variadic)
        name = f"{pkg}.{text}.{hit.decl.name}{own}"
        found = b.wrappers[key] = _new_wrapper(b, name, f"{printed_receiver(t)}.{hit.decl.name}[...]", pkg, sig, 0)
        func = found

        def build(fs: FuncState) -> n.Expr:
            recv = receiver(fs, n.Name(0, t, func.params[0]), hit, 0)
            params: list[n.Expr] = [n.Name(0, p.type, p) for p in func.params[1:]]
            return n.Call(0, result_type(sig), fs.func_name(0, declared), [recv, *params])

        _add_wrapper(b, found, build)
    return found


def bound_method(fs: FuncState, x: n.Expr, hit: MethodHit, args: tuple[Type, ...], pos: int) -> n.Expr:
    """The method value ``x.M``."""
    b = fs.b
    if isinstance(hit, MethodSelection):
        declared = declared_func(b, hit, args)
        recv = receiver(fs, x, hit, pos)
        sig = signature(declared.signature.params[1:], declared.signature.results, declared.signature.variadic)
        symbol, name, pkg = declared.symbol + "-fm", declared.name + "-fm", declared.pkg
    else:
        declared = None
        recv = walk_path(x, hit.path, pos)
        sig = hit.method.signature
        pkg, text = receiver_symbol(recv.type)
        suffix = _method_suffix(pkg, hit.method.name, hit.method.pkg) + "-fm"
        symbol, name = f"{pkg}.{text}{suffix}", printed_receiver(recv.type) + suffix
    func = b.wrappers.get(("fm", symbol))
    if func is None:
        func = b.wrappers["fm", symbol] = _new_wrapper(b, symbol, name, pkg, sig, 0)
        _bind(b, func, recv.type, declared, hit)
    b.use(func)
    return n.MethodValue(pos, sig, recv, func)


def _bind(b: Builder, func: Func, t: Type, declared: Func | None, hit: MethodHit) -> None:
    inner = Var(".this", t, 0, VarKind.CAPTURE)
    func.captures.append(Capture(Var(".this", t, 0, VarKind.LOCAL, captured=True), inner))

    def build(fs: FuncState) -> n.Expr:
        this = n.Name(0, t, inner)
        params: list[n.Expr] = [n.Name(0, p.type, p) for p in func.params]
        if declared is not None:
            return n.Call(0, result_type(func.signature), fs.func_name(0, declared), [this, *params])
        assert isinstance(hit, InterfaceSelection)
        return call_interface(fs, this, hit.index, params, 0)

    _add_wrapper(b, func, build)
