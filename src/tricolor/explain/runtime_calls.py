"""Calls of Go's runtime that allocate on the heap although source makes no value there. Go's ``-m`` prints no line about them.

Some functions of the standard library have their body in the runtime, under another name (``internal/bytealg.MakeNoZero``,
``reflect.unsafe_New``). Others are the runtime's own (``runtime.CallersFrames``).

Source:
    Go 1.27.3, packages runtime and internal/runtime/...: ``python -m tools.runtimecalls`` derives the table from their source, and a test compares
    the two.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple, final

from tricolor.explain.model import Cost, CostClass
from tricolor.ir import nodes as n

RUNTIME_CALL: Final = "runtime call"
"""The kind of these sites."""


class Gives(StrEnum):
    """What a call allocates. ``ALWAYS``, ``SOMETIMES``: the value that it returns. ``ITSELF``: memory for its own use. ``MAP``: groups of the map
    that it assigns to."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    ITSELF = "itself"
    MAP = "map"


@final
class RuntimeCall(NamedTuple):
    """The description of such a call: ``callee`` includes the package name, as in Go's stack traces."""

    callee: str
    cost: Cost
    why: str


def runtime_call(call: n.Call, caller: n.Func) -> RuntimeCall | None:
    """What a call allocates in the runtime; None if it is not a known call of the runtime."""
    if not isinstance(call.fun, n.FuncName):
        return None
    func = call.fun.func
    gives = GIVES.get(func.symbol)
    if gives is None or (func.body is not None and func.pkg == caller.pkg):
        return None
    callee = func.symbol.rpartition("/")[2]
    match gives:
        case Gives.ALWAYS:
            return RuntimeCall(callee, Cost(CostClass.HEAP), f"{callee} is part of the runtime, and allocates what it returns on the heap")
        case Gives.SOMETIMES:
            why = f"{callee} is part of the runtime, and may allocate what it returns on the heap"
            return RuntimeCall(callee, Cost(CostClass.HEAP, "not in every call"), why)
        case Gives.ITSELF:
            return RuntimeCall(
                callee, Cost(CostClass.HEAP), f"{callee} is part of the runtime, and allocates memory on the heap for its own use"
            )
        case Gives.MAP:
            return RuntimeCall(callee, Cost(CostClass.HEAP, "when it grows"), "a map that grows gets new groups on the heap")


GIVES: Final = {
    "arena.runtime_arena_arena_New": Gives.ALWAYS,
    "arena.runtime_arena_heapify": Gives.SOMETIMES,
    "arena.runtime_arena_newArena": Gives.ALWAYS,
    "crypto/internal/boring/bcache.registerCache": Gives.ITSELF,
    "internal/bytealg.MakeNoZero": Gives.ALWAYS,
    "internal/coverage/cfile.getCovCounterList": Gives.ALWAYS,
    "internal/godebug.registerMetric": Gives.ITSELF,
    "internal/godebug.setNewIncNonDefault": Gives.ITSELF,
    "internal/godebug.setUpdate": Gives.ITSELF,
    "internal/reflectlite.unsafe_New": Gives.ALWAYS,
    "internal/runtime/maps.newarray": Gives.ALWAYS,
    "internal/runtime/maps.newobject": Gives.ALWAYS,
    "internal/synctest.Run": Gives.ITSELF,
    "internal/syscall/unix.gostring": Gives.ALWAYS,
    "maps.clone": Gives.ALWAYS,
    "os.runtime_args": Gives.ALWAYS,
    "plugin.lastmoduleinit": Gives.SOMETIMES,
    "reflect.compiledTypelinks": Gives.ALWAYS,
    "reflect.growslice": Gives.ALWAYS,
    "reflect.makechan": Gives.ALWAYS,
    "reflect.makemap": Gives.ALWAYS,
    "reflect.mapassign0": Gives.MAP,
    "reflect.mapassign_faststr0": Gives.MAP,
    "reflect.typelinks": Gives.ALWAYS,
    "reflect.unsafe_New": Gives.ALWAYS,
    "reflect.unsafe_NewArray": Gives.ALWAYS,
    "runtime.(*Func).Name": Gives.SOMETIMES,
    "runtime.(*TypeAssertionError).Error": Gives.ALWAYS,
    "runtime.(*boundsError).Error": Gives.ALWAYS,
    "runtime.(*errorAddressString).Error": Gives.ALWAYS,
    "runtime.(*errorString).Error": Gives.ALWAYS,
    "runtime.Caller": Gives.ITSELF,
    "runtime.CallersFrames": Gives.ALWAYS,
    "runtime.FuncForPC": Gives.SOMETIMES,
    "runtime.GoroutineProfile": Gives.ITSELF,
    "runtime.boundsError.Error": Gives.ALWAYS,
    "runtime.convT64": Gives.ALWAYS,
    "runtime.convTslice": Gives.ALWAYS,
    "runtime.convTstring": Gives.ALWAYS,
    "runtime.errorAddressString.Error": Gives.ALWAYS,
    "runtime.errorString.Error": Gives.ALWAYS,
    "runtime.gostring": Gives.SOMETIMES,
    "runtime.gostringn": Gives.SOMETIMES,
    "runtime.growslice": Gives.SOMETIMES,
    "runtime.makemap": Gives.ALWAYS,
    "runtime.makemap_small": Gives.ALWAYS,
    "runtime.makeslice": Gives.ALWAYS,
    "runtime.mallocgc": Gives.ALWAYS,
    "runtime.mapassign": Gives.MAP,
    "runtime.mapassign_fast32": Gives.MAP,
    "runtime.mapassign_fast32ptr": Gives.MAP,
    "runtime.mapassign_fast64": Gives.MAP,
    "runtime.mapassign_fast64ptr": Gives.MAP,
    "runtime.mapassign_faststr": Gives.MAP,
    "runtime.mapiterinit": Gives.ITSELF,
    "runtime.newarray": Gives.ALWAYS,
    "runtime.newcoro": Gives.ALWAYS,
    "runtime.pprof_makeProfStack": Gives.ALWAYS,
    "runtime/metrics_test.runtime_readMetricNames": Gives.ALWAYS,
    "runtime/pprof.runtime_expandFinalInlineFrame": Gives.ALWAYS,
    "runtime/secret.appendSignalStacks": Gives.ALWAYS,
    "syscall.runtime_envs": Gives.ALWAYS,
    "time.newTimer": Gives.ALWAYS,
}
"""What each function allocates, by linker symbol."""
