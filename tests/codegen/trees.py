"""Helpers that build small IR by hand, emit its LLVM text and run it without a runtime."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from tricolor.codegen.module import Emitted, emit_module
from tricolor.codegen.placement import ConservativePlacement, Placements
from tricolor.codegen.state import Options
from tricolor.gotypes import types as t
from tricolor.ir import nodes as n
from tricolor.llvm.compile import Unit, compile_object, parse
from tricolor.llvm.link import load_objects

_PANICS = ("panicdivide", "panicshift", "panicmem")


def variable(name: str, type_: t.Type, kind: n.VarKind = n.VarKind.PARAM) -> n.Var:
    return n.Var(name, type_, 0, kind)


def name(var: n.Var) -> n.Name:
    return n.Name(0, var.type, var)


def const(type_: t.Type, value: int) -> n.Const:
    return n.Const(0, type_, value)


def func(symbol: str, params: Sequence[n.Var], results: Sequence[t.Type], stmts: Sequence[n.Stmt], **more: bool) -> n.Func:
    """A function whose unnamed results are ``results``."""
    return n.Func(
        symbol,
        symbol,
        symbol.partition(".")[0],
        t.signature(tuple(p.type for p in params), tuple(results)),
        0,
        params=list(params),
        results=[variable(f"~r{i}", r, n.VarKind.RESULT) for i, r in enumerate(results)],
        body=n.Block(0, list(stmts)),
        **more,  # pyright: ignore[reportArgumentType]
    )


def returns(*values: n.Expr) -> n.Return:
    return n.Return(0, list(values))


def program(funcs: Sequence[n.Func]) -> n.Program:
    return n.Program(funcs[0], list(funcs), [], {}, [], [], {}, [])


def emitted(*funcs: n.Func, placements: Placements | None = None, options: Options | None = None) -> Emitted:
    """The module of the functions, which LLVM has parsed and verified."""
    made = emit_module(funcs, program(funcs), placements or ConservativePlacement(), options or Options(debug_lines=False))
    parse(Unit("test", made.text))
    return made


def text_of(*funcs: n.Func, options: Options | None = None) -> str:
    return emitted(*funcs, options=options).text


@contextmanager
def running(fun: n.Func, *argument_types: Any, result: Any = ctypes.c_int64) -> Generator[Callable[..., int]]:
    """The function as native code. Panics end the process: do not cause them."""
    text = text_of(fun).replace('"split-stack"', "")
    stubs = "\n".join(f'define void @"runtime.{p}"() {{ call void @abort() unreachable }}' for p in _PANICS)
    objects = [compile_object(Unit("test", text, 1)), compile_object(Unit("stubs", f"declare void @abort()\n{stubs}"))]
    loaded = load_objects(objects, [fun.symbol])
    yield ctypes.CFUNCTYPE(result, *argument_types)(loaded.addresses[fun.symbol])
