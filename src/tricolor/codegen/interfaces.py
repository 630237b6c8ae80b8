"""Interfaces: boxing, type assertions, conversions between interfaces, and the tests of type switches.

Source: Go 1.27.3 cmd/compile/internal/walk/convert.go (order of cheap boxes: ``box``), ssagen/ssa.go (dottype).
"""

from __future__ import annotations

from tricolor.codegen.allocation import alloc, new_site
from tricolor.codegen.calls import ITAB_FUN_OFFSET
from tricolor.codegen.memory import load, load_if, shared, store
from tricolor.codegen.places import iface_parts
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import ITAB_CACHE_ENTRIES, Addr, Gen, Mode
from tricolor.gotypes.sizes import size_of
from tricolor.gotypes.types import (
    Basic,
    Interface,
    Kind,
    Slice,
    Type,
    has_pointers,
    is_direct_iface,
    is_interface,
    underlying,
)
from tricolor.ir.nodes import Conversion, Convert, Expr, Pos, TypeAssert

_MAX_STACK_BOX_BYTES = 1024
_HASH_FACTOR = -7046029254386353131
"""2⁶⁴ divided by the golden ratio: the highest bits of a product depend on all bits of the address."""
_SMALL_VALUES = 256
"""Values below this need no box of their own: ``runtime.staticuint64s`` is an array of ready ones."""


def has_methods(t: Type) -> bool:
    """Whether an interface type's first word is an itab."""
    u = underlying(t)
    assert isinstance(u, Interface), f"{t} is no interface"
    return bool(u.methods)


def first_word(g: Gen, concrete: Type, iface: Type) -> str:
    """The first word of an interface value of type ``iface`` that holds ``concrete``: an itab or a type descriptor."""
    return g.m.data.itab_ref(concrete, iface) if has_methods(iface) else g.m.type_ref(concrete)


# --- boxing ----------------------------------------------------------------------------------------------------------


def to_interface(g: Gen, e: Convert) -> str:
    """A concrete value as an interface."""
    if is_interface(e.x.type):
        return between_interfaces(g, e)
    if g.m.statics.is_static(e.x):
        return g.m.statics.interface(e.x, e.type)
    tab = first_word(g, e.x.type, e.type)
    return g.iface(tab, box(g, e))


def direct_word(g: Gen, t: Type, v: str) -> str:
    """The single pointer of a pointer-shaped value."""
    shape = shape_of(t)
    return v if shape.form is Form.SCALAR else g.op(f"extractvalue {shape.llvm} {v}, {shape.leaves[0].path}")


def box(g: Gen, e: Convert) -> str:
    """The data word for the operand of a conversion to interface."""
    x, t = e.x, e.x.type
    shape = shape_of(t)
    if is_direct_iface(t):
        return direct_word(g, t, g.value(x))
    if shape.size == 0:
        g.value(x)
        return g.m.external("runtime.zerobase", "i64")
    if shape.form is Form.MEMORY:
        dest = _box_memory(g, e)
        g.into(x, dest)
        return dest.ptr
    v = g.value(x)
    if shape.size == 1:
        leaf = shape.leaves[0]
        part = v if shape.form in (Form.SCALAR, Form.BOOL) else g.op(f"extractvalue {shape.llvm} {v}, {leaf.path}")
        byte = g.op(f"zext {leaf.type if shape.form is not Form.BOOL else 'i1'} {part} to i64")
        return _static_word(g, byte)
    if g.m.placements.on_stack(e) and shape.size <= _MAX_STACK_BOX_BYTES:
        dest = _box_memory(g, e)
        store(g, t, dest, v)
        return dest.ptr
    u = underlying(t)
    cheap = _cheap_case(g, u, v)
    if cheap is None:
        return _fresh_box(g, e, v)
    cond, static = cheap
    before = g.block
    make, done = g.label("box"), g.label("boxed")
    g.branch_if(cond, done, make)
    g.start(make)
    fresh = _fresh_box(g, e, v)
    after = g.block
    g.start(done)
    return g.phi("ptr", (static, before), (fresh, after))


def _cheap_case(g: Gen, u: Type, v: str) -> tuple[str, str] | None:
    """A condition under which a static object can serve as the box, and the address of that object."""
    if isinstance(u, Slice):
        cond = g.op(f"icmp eq ptr {g.extract('{ptr, i64, i64}', v, 0)}, null")
        return cond, _zero_val(g)
    if not isinstance(u, Basic):
        return None
    shape = shape_of(u)
    if u.kind is Kind.STRING:
        return g.op(f"icmp eq i64 {g.extract('{ptr, i64}', v, 1)}, 0"), _zero_val(g)
    if shape.llvm in ("i16", "i32", "i64"):
        wide = v if shape.llvm == "i64" else g.op(f"zext {shape.llvm} {v} to i64")
        return g.op(f"icmp ult i64 {wide}, {_SMALL_VALUES}"), _static_word(g, wide)
    return None


def _static_word(g: Gen, index: str) -> str:
    table = g.m.external("runtime.staticuint64s", f"[{_SMALL_VALUES} x i64]")
    return g.op(f"getelementptr i64, ptr {table}, i64 {index}")


def _zero_val(g: Gen) -> str:
    return g.m.external("runtime.zeroVal", "[1024 x i8]")


def _box_memory(g: Gen, e: Convert) -> Addr:
    t = e.x.type
    if g.m.placements.on_stack(e) and size_of(t) <= _MAX_STACK_BOX_BYTES:
        new_site(g, e.pos, "interface", t, e, True)
        return g.temp(t)
    return shared(alloc(g, e.pos, "interface", t, e))


def _fresh_box(g: Gen, e: Convert, v: str) -> str:
    ptr = alloc(g, e.pos, "interface", e.x.type, e)
    store(g, e.x.type, Addr(ptr, Mode.SHARED if has_pointers(e.x.type) else Mode.PRIVATE), v)
    return ptr


# --- interface to interface ------------------------------------------------------------------------------------------


def type_word(g: Gen, iface: Type, tab: str) -> str:
    """The descriptor of what an interface holds, null for nil."""
    if not has_methods(iface):
        return tab
    before = g.block
    read, done = g.label("itab"), g.label("type")
    g.branch_if(g.op(f"icmp eq ptr {tab}, null"), done, read)
    g.start(read)
    slot = g.op(f"getelementptr inbounds i8, ptr {tab}, i64 8")
    found = g.op(f"load ptr, ptr {slot}, align 8, !invariant.load !{{}}")
    g.start(done)
    return g.phi("ptr", ("null", before), (found, read))


def between_interfaces(g: Gen, e: Convert) -> str:
    """Conversion to an interface type that the operand's type is known to implement."""
    tab, data = iface_parts(g, e.x)
    source, target = underlying(e.x.type), underlying(e.type)
    assert isinstance(source, Interface) and isinstance(target, Interface)
    # Each interface type has its own itabs, even if it has the same methods as another.
    if e.x.type is e.type or (not source.methods and not target.methods):
        return g.iface(tab, data)
    have = type_word(g, e.x.type, tab)
    if not target.methods:
        return g.iface(have, data)
    before = g.block
    get, done = g.label("getitab"), g.label("conv")
    g.branch_if(g.op(f"icmp eq ptr {have}, null"), done, get)
    g.start(get)
    found = g.rt(e.pos, "runtime.getitab", g.m.type_ref(e.type), have, "false")
    g.start(done)
    return g.iface(g.phi("ptr", ("null", before), (found, get)), data)


# --- assertions ------------------------------------------------------------------------------------------------------


def value_assert(g: Gen, e: TypeAssert) -> str:
    tab, data = iface_parts(g, e.x)
    if is_interface(e.target):
        return _assert_interface(g, e, tab, data)
    _require_type(g, e, tab)
    return unbox(g, e.target, data)


def into_assert(g: Gen, e: TypeAssert, dest: Addr) -> None:
    tab, data = iface_parts(g, e.x)
    _require_type(g, e, tab)
    store(g, e.target, dest, data)


def _require_type(g: Gen, e: TypeAssert, tab: str) -> None:
    """Panic unless the interface holds the target type."""
    if e.nil_fault:
        g.nil_check(e.pos, tab)
    want = g.m.type_ref(e.target)
    iface = g.m.type_ref(e.x.type)
    ok = holds(g, e.x.type, tab, e.target)
    symbol = "runtime.panicdottypeI" if has_methods(e.x.type) else "runtime.panicdottypeE"
    g.require(ok, g.panic_block(e.pos, symbol, tab, want, iface))


def holds(g: Gen, iface: Type, tab: str, target: Type) -> str:
    """Whether an interface with first word ``tab`` holds the concrete type.

    Comparing itabs is enough if the type implements the interface. In an instance of generic code it may not; the runtime
    trusts every itab in the program, so no itab may be made there. Compare the type words instead.
    """
    if has_methods(iface) and not g.func.is_instance:
        return g.op(f"icmp eq ptr {tab}, {g.m.data.itab_ref(target, iface)}")
    return g.op(f"icmp eq ptr {type_word(g, iface, tab)}, {g.m.type_ref(target)}")


def unbox(g: Gen, t: Type, data: str) -> str:
    """The concrete value in a data word. Boxes never change, so plain loads are right."""
    if is_direct_iface(t):
        shape = shape_of(t)
        if shape.form is Form.SCALAR:
            return data
        return g.op(f"insertvalue {shape.llvm} zeroinitializer, ptr {data}, {shape.leaves[0].path}")
    return load(g, t, Addr(data, Mode.PRIVATE))


def _assert_interface(g: Gen, e: TypeAssert, tab: str, data: str) -> str:
    have = type_word(g, e.x.type, tab)
    if has_methods(e.target):
        return g.iface(_cached_itab(g, e.pos, "runtime.assertItab", have, e.target), data)
    ok = g.op(f"icmp ne ptr {have}, null")
    g.require(ok, g.panic_block(e.pos, "runtime.panicnildottype", g.m.type_ref(e.target)))
    return g.iface(have, data)


def tuple_assert(g: Gen, e: TypeAssert) -> list[str]:
    """``v, ok := x.(T)``."""
    tab, data = iface_parts(g, e.x)
    if is_interface(e.target):
        found, ok = test_interface(g, e.pos, type_word(g, e.x.type, tab), e.target)
        word = g.op(f"select i1 {ok}, ptr {data}, ptr null")
        return [g.iface(found, word), ok]
    ok = holds(g, e.x.type, tab, e.target)
    return [unbox_if(g, e.target, ok, data), ok]


def unbox_if(g: Gen, t: Type, ok: str, data: str) -> str:
    """The concrete value in a data word if ``ok``, else the zero value."""
    if is_direct_iface(t):
        return unbox(g, t, g.op(f"select i1 {ok}, ptr {data}, ptr null"))
    return load_if(g, t, ok, Addr(data, Mode.PRIVATE))


def test_interface(g: Gen, pos: Pos, have: str, target: Type) -> tuple[str, str]:
    """Whether the type ``have`` (null for nil) implements an interface type: the first word of its interface value (null if not), and the answer."""
    if not has_methods(target):
        return have, g.op(f"icmp ne ptr {have}, null")
    before = g.block
    ask, done = g.label("ask"), g.label("asked")
    g.branch_if(g.op(f"icmp eq ptr {have}, null"), done, ask)
    g.start(ask)
    found = _cached_itab(g, pos, "runtime.findItab", have, target)
    checked = g.op(f"select i1 {_has_all_methods(g, found)}, ptr {found}, ptr null")
    after = g.block
    g.start(done)
    itab = g.phi("ptr", ("null", before), (checked, after))
    return itab, g.op(f"icmp ne ptr {itab}, null")


def _has_all_methods(g: Gen, itab: str) -> str:
    """Whether the itab is that of a type that implements the interface. Otherwise it has no code in its first place."""
    code = g.op(f"load ptr, ptr {g.op(f'getelementptr inbounds i8, ptr {itab}, i64 {ITAB_FUN_OFFSET}')}, align 8")
    return g.op(f"icmp ne ptr {code}, null")


def _cached_itab(g: Gen, pos: Pos, ask_entry: str, have: str, target: Type) -> str:
    """The itab of the type ``have`` for an interface type with methods. The runtime's function is asked if it is not cached, or for nil.

    Itabs of types that do not implement the interface are cached too; an assertion that must hold asks for them, so that it panics.
    """
    hashed = g.op(f"mul i64 {g.op(f'ptrtoint ptr {have} to i64')}, {_HASH_FACTOR}")
    index = g.op(f"lshr i64 {hashed}, {64 - (ITAB_CACHE_ENTRIES - 1).bit_length()}")
    entry = g.op(f"getelementptr inbounds ptr, ptr {g.m.itab_cache(target)}, i64 {index}")
    cached = g.op(f"load atomic ptr, ptr {entry} monotonic, align 8")
    its_type = g.op(f"load ptr, ptr {g.op(f'getelementptr inbounds i8, ptr {cached}, i64 8')}, align 8")
    usable = g.op(f"icmp eq ptr {its_type}, {have}")
    if ask_entry == "runtime.assertItab":
        usable = g.op(f"and i1 {usable}, {_has_all_methods(g, cached)}")
    before = g.block
    ask, done = g.label("lookup"), g.label("found")
    g.branch_if(usable, done, ask)
    g.start(ask)
    found = g.rt(pos, ask_entry, g.m.type_ref(target), have, entry)
    after = g.block
    g.start(done)
    return g.phi("ptr", (cached, before), (found, after))


def value_as_interface(g: Gen, x: Expr, v: str, iface: Type) -> str:
    """An evaluated value of concrete type as an interface. A box, if it needs one, is on the heap."""
    stand_in = Convert(x.pos, iface, x, Conversion.TO_INTERFACE)
    t = x.type
    if is_direct_iface(t):
        data = direct_word(g, t, v)
    elif size_of(t) == 0:
        data = g.m.external("runtime.zerobase", "i64")
    else:
        data = _fresh_box(g, stand_in, v)
    return g.iface(first_word(g, t, iface), data)
