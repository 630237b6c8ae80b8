"""Allocation: objects of the heap, objects in the frame, and allocation sites.

How it works: escape analysis has decided where each object lives (``codegen.placement``). A heap object of at most
``MAX_INLINE_ALLOC_BYTES`` comes from the allocator's inlined fast path ``tricolor.alloc``; larger objects, and all objects of a
program with accounting, come from ``runtime.newobject``.
"""

from __future__ import annotations

from tricolor.abi.sizeclasses import rounded_bytes
from tricolor.codegen.memory import store_zero
from tricolor.codegen.state import Addr, Gen, Mode, Site
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import Type
from tricolor.ir.nodes import Pos

MAX_INLINE_ALLOC_BYTES = 512


def is_runtime(pkg: str) -> bool:
    """Whether a package belongs to the part of the runtime that is written in Go, such as maps."""
    return pkg == "runtime" or pkg.startswith("internal/runtime/")


def new_site(g: Gen, pos: Pos, kind: str, t: Type, node: object, on_stack: bool, buffer_bytes: int = 0) -> None:
    """Register an allocation site of a program with accounting; for a heap site, also store its number for the runtime.

    The Go code of the runtime has no sites: the operation that called it is charged for what it allocates.
    """
    m = g.m
    if not m.options.account or is_runtime(g.func.pkg):
        return
    number = m.options.first_site + len(m.sites)
    site = Site(
        number=number,
        pos=pos,
        kind=kind,
        type=t,
        func=g.func.symbol,
        node=node,
        on_stack=on_stack,
        buffer_bytes=buffer_bytes,
    )
    m.sites.append(site)
    if not on_stack:
        name = m.data.declare("tricolor.want_site", 'declare void @"tricolor.want_site"(i32) #91')
        g.do(f"call void {name}(i32 {number})")


def alloc(g: Gen, pos: Pos, kind: str, t: Type, node: object) -> str:
    """Zeroed heap memory for one value of the type; ``kind`` and ``node`` describe the site."""
    size = size_of(t)
    if size == 0:
        return g.m.external("runtime.zerobase", "i64")
    new_site(g, pos, kind, t, node, False)
    layout = None if g.m.options.account or size > MAX_INLINE_ALLOC_BYTES else g.m.data.layout_ref(t)
    if layout is None:
        return g.rt(pos, "runtime.newobject", g.m.type_ref(t))
    name = g.m.data.declare("tricolor.alloc", 'declare ptr @"tricolor.alloc"(ptr, i64) #91')
    return g.op(f"call ptr {name}(ptr {layout}, i64 {rounded_bytes(size)}){g.at(pos)}")


def new_object(g: Gen, pos: Pos, kind: str, t: Type, node: object, on_stack: bool) -> Addr:
    """Zeroed memory for one value, in the frame or on the heap."""
    if on_stack:
        new_site(g, pos, kind, t, node, True)
        addr = g.temp(t)
        store_zero(g, t, addr)
        return addr
    return Addr(alloc(g, pos, kind, t, node), Mode.SHARED)
