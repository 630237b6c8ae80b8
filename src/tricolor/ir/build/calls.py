"""Calls of functions, methods and func values, and conversions written as calls."""

from __future__ import annotations

from collections.abc import Callable

from tricolor.frontend.records import ObjectKind
from tricolor.gotypes.lookup import FieldSelection, InterfaceSelection
from tricolor.gotypes.types import Signature, Slice, Type, signature, underlying
from tricolor.ir import nodes as n
from tricolor.ir.build.builtins import build_builtin
from tricolor.ir.build.convert import conversion, convert_to
from tricolor.ir.build.dictionary import is_type_param, unknown_method
from tricolor.ir.build.exprs import hoist_tuple, is_tuple_call, select
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.methods import call_interface, declared_func, receiver, walk_path
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Func, result_type


def build_call(fs: FuncState, node: Node) -> n.Expr:
    mode = node[3]
    if mode == "builtin":
        return build_builtin(fs, node)
    if mode == "conversion":
        return conversion(fs, fs.expr(node[5][0]), fs.type(node[4][3]), node[1])
    fun = node[4]
    type_args: tuple[Type, ...] = ()
    if fun[0] == "Instantiate":
        type_args = tuple(fs.type(t) for t in fun[4])
        fun = fun[3]
    func = static_callee(fs, fun, type_args)
    if func is not None:
        return _static_call(fs, node, fun, func, type_args)
    if fun[0] == "SelectorExpr" and fun[5] == "method":
        return _method_call(fs, node, fun, type_args)
    fun = node[4]
    sig = underlying(fs.type_of(fun))
    assert isinstance(sig, Signature), f"call of {fs.type_of(fun)}"
    if fun[0] == "SelectorExpr" and fun[5] == "methodexpr":
        callee = fs.expr(fun)
        args = arguments(fs, sig, node, [])[1]
    else:
        (callee,), args = arguments(fs, sig, node, [lambda: fs.expr(fun)])
    fs.effects += 1
    return n.Call(node[1], result_type(sig), callee, args)


def _static_call(fs: FuncState, node: Node, fun: Node, func: Func, type_args: tuple[Type, ...]) -> n.Expr:
    """Call of a declared function.

    A linkname may join two declarations with different types of the same representation (``any`` and the runtime's struct for it). Then
    arguments and results get conversions without code."""
    declared = func.signature if type_args else fs.type_of(fun)
    sig = func.signature
    assert isinstance(declared, Signature)
    args = arguments(fs, declared, node, [])[1]
    fs.effects += 1
    if fs.b.separate and type_args:
        return _shaped_call(fs, node, n.FuncName(fun[1], sig, fs.b.use(func), type_args), args)
    if declared is sig or len(declared.params) != len(sig.params):
        return n.Call(node[1], result_type(declared), fs.func_name(fun[1], func), args)
    args = [_same_representation(a, t) for a, t in zip(args, sig.params, strict=True)]
    call = n.Call(node[1], result_type(sig), fs.func_name(fun[1], func), args)
    if len(sig.results) == 1 and len(declared.results) == 1:
        return _same_representation(call, declared.results[0])
    return call


def _shaped_call(fs: FuncState, node: Node, fun: n.FuncName, args: list[n.Expr]) -> n.Expr:
    """Call of a shape instance; a single result gets its type in source."""
    call = n.Call(node[1], result_type(fun.func.signature), fun, args)
    if len(fun.func.signature.results) == 1:
        return _same_representation(call, fs.type_of(node))
    return call


def _same_representation(x: n.Expr, t: Type) -> n.Expr:
    return x if x.type is t else n.Convert(x.pos, t, x, n.Conversion.NOP, implicit=True)


def static_callee(fs: FuncState, fun: Node, type_args: tuple[Type, ...]) -> Func | None:
    """The declared function that an identifier or qualified identifier names; None if it does not name one."""
    if fun[0] == "Ident":
        obj = fun[4]
        if fs.find(obj) is not None:
            return None
    elif fun[0] == "SelectorExpr" and fun[5] == "pkg":
        obj = fun[6]
    else:
        return None
    if fs.b.program.object(obj).kind is not ObjectKind.FUNC:
        return None
    return fs.b.func_of(obj, type_args)


def _method_call(fs: FuncState, node: Node, fun: Node, type_args: tuple[Type, ...]) -> n.Expr:
    pos = node[1]
    if fs.b.separate and fs.env and is_type_param(fs, fun[3]):
        return _unknown_method(fs, node, fun)
    operand = fs.type_of(fun[3])
    found = select(fs, operand, fun)
    if isinstance(found, FieldSelection):
        raise fs.bug(pos, f"{fun[4]} of {operand} is a field, not a method")
    if isinstance(found, InterfaceSelection):
        (x,), args = arguments(fs, found.method.signature, node, [lambda: walk_path(fs.expr(fun[3]), found.path, fun[1])])
        return call_interface(fs, x, found.index, args, pos, fun[1])
    func = declared_func(fs.b, found, type_args)
    (recv,), args = arguments(fs, func.signature, node, [lambda: receiver(fs, fs.expr(fun[3]), found, fun[1])], skip=1)
    fs.effects += 1
    if fs.b.separate and (found.recv.args or type_args):
        name = n.FuncName(fun[1], func.signature, fs.b.use(func), (*found.recv.args, *type_args))
        return _shaped_call(fs, node, name, [recv, *args])
    return n.Call(pos, result_type(func.signature), fs.func_name(fun[1], func), [recv, *args])


def _unknown_method(fs: FuncState, node: Node, fun: Node) -> n.Expr:
    """Call of a method of a type parameter, in a shape instance."""
    sig = underlying(fs.type_of(fun))
    assert isinstance(sig, Signature)
    (recv,), args = arguments(fs, sig, node, [lambda: fs.expr(fun[3])])
    fs.effects += 1
    method = signature((recv.type, *sig.params), sig.results, sig.variadic)
    return n.Call(node[1], result_type(sig), unknown_method(fs, fun, method), [recv, *args])


def arguments(
    fs: FuncState,
    sig: Signature,
    node: Node,
    first: list[Callable[[], n.Expr]],
    skip: int = 0,
) -> tuple[list[n.Expr], list[n.Expr]]:
    """Build the operands ``first`` (func value or receiver) and the arguments of a call node, in Go's order.

    Returns both; the arguments are converted to their parameters, and variadic ones are in one slice. ``skip``: the number of leading
    parameters of the signature that have no argument in source (the receiver).
    """
    given: list[Node] = node[5]
    params = sig.params[skip:]
    if is_tuple_call(fs, given):
        marks = [fs.mark()]
        values: list[n.Expr] = []
        for build in first:
            values.append(build())
            marks.append(fs.mark())
        rest = hoist_tuple(fs, given[0], node[1])
        settled = fs.settle([*values, rest[0]], [*marks, fs.mark()]) if values else rest[:1]
        items = [*settled[: len(values)], *rest]
    elif first:
        items = fs.operands([*first, *(_delayed(fs, arg) for arg in given)])
    else:
        items = fs.exprs(given)
    args = items[len(first) :]
    return items[: len(first)], complete(fs, params, sig.variadic, args, node[6], node[1])


def _delayed(fs: FuncState, node: Node) -> Callable[[], n.Expr]:
    return lambda: fs.expr(node)


def complete(fs: FuncState, params: tuple[Type, ...], variadic: bool, args: list[n.Expr], spread: bool, pos: int) -> list[n.Expr]:
    """Convert arguments to the types of their parameters; put the arguments of a variadic parameter into one slice."""
    if not variadic or spread:
        return [convert_to(fs, a, p) for a, p in zip(args, params, strict=True)]
    fixed = len(params) - 1
    done = [convert_to(fs, a, p) for a, p in zip(args[:fixed], params[:fixed], strict=True)]
    slice_type = underlying(params[-1])
    assert isinstance(slice_type, Slice)
    extra = args[fixed:]
    if not extra:
        done.append(n.Nil(pos, params[-1]))
    else:
        elems = [(i, convert_to(fs, a, slice_type.elem)) for i, a in enumerate(extra)]
        done.append(n.SliceLit(pos, params[-1], elems, len(elems), variadic=True))
    return done
