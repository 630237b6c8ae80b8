"""Maps: lookup, assignment, deletion, literals, make, length, range. Calls of Go's own Swiss tables do the work.

How it works: as Go's compiler does, keys of 4 or 8 bytes without floats and strings go to special entries (``fast32``,
``fast64``, ``faststr``) if elements are at most 128 bytes; all other keys are passed by address.

Source: Go 1.27.3 cmd/compile/internal/walk/walk.go (mapfast), internal/runtime/maps (Iter, Map).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import final

from tricolor.codegen.allocation import new_site
from tricolor.codegen.memory import clear_bytes, copy, elem_ptr, load, load_if, offset, shared, store, store_zero
from tricolor.codegen.places import index_operand
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, LoopTargets, Mode, PlaceThunk
from tricolor.codegen.strings import lent_string
from tricolor.gotypes.sizes import align_of, field_offset, is_memory_comparable, size_of
from tricolor.gotypes.types import Field, Map, Type, array, has_pointers, is_string, struct, underlying
from tricolor.ir.nodes import ArrayLit, Const, Expr, MakeMap, MapIndex, MapLit, Pos, StructLit
from tricolor.staticdata.typedata import map_group

MAX_FAST_ELEM_BYTES = 128
ZERO_VALUE_BYTES = 1024
"""Size of ``runtime.zeroVal``, to which mapaccess1 points for a missing key."""

SMALL_MAP_HINT = 8


@final
class Fast(Enum):
    """Which entries a map type uses."""

    SLOW = ""
    FAST32 = "_fast32"
    FAST64 = "_fast64"
    FAST64PTR = "_fast64ptr"
    STRING = "_faststr"


@cache
def fast_kind(t: Map) -> Fast:
    """The entries that Go's compiler chooses for the map type."""
    if size_of(t.elem) > MAX_FAST_ELEM_BYTES:
        return Fast.SLOW
    if is_string(t.key):
        return Fast.STRING
    if not is_memory_comparable(t.key):
        return Fast.SLOW
    size = size_of(t.key)
    if size == 4 and align_of(t.key) == 4:
        return Fast.FAST32
    if size == 8 and align_of(t.key) == 8:
        return Fast.FAST64PTR if has_pointers(t.key) else Fast.FAST64
    return Fast.SLOW


def map_type(t: Type) -> Map:
    u = underlying(t)
    assert isinstance(u, Map), f"{t} is no map"
    return u


# --- keys ------------------------------------------------------------------------------------------------------------


def key_operand(g: Gen, t: Map, key: Expr, lookup: bool) -> str:
    """Evaluate a key to what the entries take: its bits, a string, or the address of a copy."""
    kind = fast_kind(t)
    if kind is Fast.STRING:
        return g.string(*lent_string(g, key)) if lookup else g.value(key)
    if kind is Fast.SLOW:
        if shape_of(key.type).form is Form.MEMORY:
            return g.value(key)
        v = g.value(key)
        temp = g.temp(key.type)
        store(g, key.type, temp, v)
        return temp.ptr
    return _key_bits(g, t, g.value(key), kind)


def _key_bits(g: Gen, t: Map, v: str, kind: Fast) -> str:
    """A key of 4 or 8 bytes as an integer, or as a pointer for pointer keys."""
    shape = shape_of(t.key)
    bits = "i32" if kind is Fast.FAST32 else "i64"
    if shape.llvm == bits:
        return v
    if kind is Fast.FAST64PTR and shape.form is Form.SCALAR:
        return v
    wanted = "ptr" if kind is Fast.FAST64PTR else bits
    if shape.form is Form.MEMORY:
        return load_bits(g, Addr(v, Mode.PRIVATE), wanted)
    temp = g.temp(t.key)
    store(g, t.key, temp, v)
    return load_bits(g, temp, wanted)


def load_bits(g: Gen, addr: Addr, t: str) -> str:
    return g.op(f"load {t}, ptr {addr.ptr}, align 4")


def _entry(name: str, kind: Fast) -> str:
    """Symbol of an entry; only assignment has one for pointer keys."""
    if kind is Fast.FAST64PTR and name != "mapassign":
        kind = Fast.FAST64
    return f"runtime.{name}{kind.value}"


def _lookup_key(g: Gen, t: Map, key: Expr) -> str:
    operand = key_operand(g, t, key, lookup=True)
    if fast_kind(t) is Fast.FAST64PTR:
        return g.op(f"ptrtoint ptr {operand} to i64")
    return operand


# --- reading ---------------------------------------------------------------------------------------------------------


def elem_address(g: Gen, e: MapIndex) -> Addr:
    """Address of the element, or of a zero value if there is none. Valid only until the map changes."""
    t = map_type(e.x.type)
    m = g.value(e.x)
    key = _lookup_key(g, t, e.key)
    symbol = _entry("mapaccess1", fast_kind(t))
    if size_of(t.elem) <= ZERO_VALUE_BYTES:
        return shared(g.rt(e.pos, symbol, g.m.type_ref(e.x.type), m, key))
    found = g.rt(e.pos, _entry("mapaccess2", fast_kind(t)), g.m.type_ref(e.x.type), m, key)
    zero = g.m.data.add_constant(f"private unnamed_addr constant [{size_of(t.elem)} x i8] zeroinitializer, align 8")
    has = g.op(f"extractvalue {{ptr, i1}} {found}, 1")
    ptr = g.op(f"extractvalue {{ptr, i1}} {found}, 0")
    return shared(g.op(f"select i1 {has}, ptr {ptr}, ptr {zero}"))


def value_map_index(g: Gen, e: MapIndex) -> str:
    return load(g, e.type, elem_address(g, e))


def into_map_index(g: Gen, e: MapIndex, dest: Addr) -> None:
    copy(g, e.type, dest, elem_address(g, e))


def tuple_map_index(g: Gen, e: MapIndex) -> list[str]:
    """``v, ok := m[k]``."""
    t = map_type(e.x.type)
    m = g.value(e.x)
    key = _lookup_key(g, t, e.key)
    found = g.rt(e.pos, _entry("mapaccess2", fast_kind(t)), g.m.type_ref(e.x.type), m, key)
    ptr = g.op(f"extractvalue {{ptr, i1}} {found}, 0")
    ok = g.op(f"extractvalue {{ptr, i1}} {found}, 1")
    return [load_if(g, t.elem, ok, shared(ptr)), ok]


# --- writing ---------------------------------------------------------------------------------------------------------


def place_map_index(g: Gen, e: MapIndex) -> PlaceThunk:
    """``m[k]`` on the left side of an assignment: the element, inserted if the map has none."""
    t = map_type(e.x.type)
    m = g.value(e.x)
    key = key_operand(g, t, e.key, lookup=False)
    return lambda: _assigned(g, e.pos, e.x.type, m, key, e)


def _assigned(g: Gen, pos: Pos, map_: Type, m: str, key: str, node: object) -> Addr:
    new_site(g, pos, "map assignment", map_, node, False)
    return shared(g.rt(pos, _entry("mapassign", fast_kind(map_type(map_))), g.m.type_ref(map_), m, key))


def builtin_delete(g: Gen, pos: Pos, x: Expr, key: Expr) -> None:
    t = map_type(x.type)
    m = g.value(x)
    k = _lookup_key(g, t, key)
    g.rt(pos, _entry("mapdelete", fast_kind(t)), g.m.type_ref(x.type), m, k)


def map_length(g: Gen, m: str) -> str:
    """``len(m)``: the first word of the map, 0 for nil."""
    before = g.block
    read, done = g.label("map"), g.label("len")
    g.branch_if(g.op(f"icmp eq ptr {m}, null"), done, read)
    g.start(read)
    used = g.op(f"{g.m.load_word} i64, ptr {m}{g.m.order}, align 8")
    g.start(done)
    return g.phi("i64", ("0", before), (used, read))


def value_make_map(g: Gen, e: MakeMap) -> str:
    hint = index_operand(g, e.hint) if e.hint is not None else "0"
    small = e.hint is None or (isinstance(e.hint, Const) and int(hint) <= SMALL_MAP_HINT)
    return _make(g, e.pos, e.type, None if small else hint, e)


def _make(g: Gen, pos: Pos, t: Type, hint: str | None, node: MakeMap | MapLit) -> str:
    """A new map; ``hint`` is None if 8 entries are enough."""
    header = "null"
    if g.m.placements.on_stack(node):
        header = _stack_map(g, map_type(t), hint, node)
    new_site(g, pos, "map", t, node, header != "null" and hint is None)
    if hint is not None:
        return g.rt(pos, "runtime.makemap", g.m.type_ref(t), hint, header)
    return header if header != "null" else g.rt(pos, "runtime.makemap_small")


MAP_BYTES = 48
"""Size of internal/runtime/maps.Map: used, seed, dirPtr, dirLen, four bytes of flags, clearSeq."""

_SEED_OFFSET = 8
_DIR_POINTER_OFFSET = 16
_EMPTY_CONTROL = -0x7F7F7F7F7F7F7F80
"""Control word of a group without entries: 0x80 in each byte."""

_MAX_STACK_GROUP_BYTES = 1024


def _stack_map(g: Gen, t: Map, hint: str | None, node: Expr) -> str:
    """A map's header in the frame, with its first group of 8 entries if that is small and the hint allows it."""
    header = Addr(g.alloca(f"[{MAP_BYTES} x i8]", 8, "map"), Mode.PRIVATE)
    clear_bytes(g, header, MAP_BYTES, 8)
    g.m.data.declare("tricolor.map_seed", 'declare i64 @"tricolor.map_seed"()')
    seed = g.op('call i64 @"tricolor.map_seed"()')
    g.do(f"store i64 {seed}, ptr {offset(g, header, _SEED_OFFSET).ptr}, align 8")
    group_type = map_group(t).group
    if size_of(group_type) > _MAX_STACK_GROUP_BYTES:
        g.stack_maps[node] = header, None
        return header.ptr
    group = g.temp(group_type)
    g.stack_maps[node] = header, group
    store_zero(g, group_type, group)
    g.do(f"store i64 {_EMPTY_CONTROL}, ptr {group.ptr}, align 8")
    first = group.ptr
    if hint is not None:
        few = g.op(f"icmp ule i64 {hint}, {SMALL_MAP_HINT}")
        first = g.op(f"select i1 {few}, ptr {group.ptr}, ptr null")
    g.do(f"store ptr {first}, ptr {offset(g, header, _DIR_POINTER_OFFSET).ptr}, align 8")
    return header.ptr


def clear_stack_map(g: Gen, made: Expr) -> None:
    """Clear a map that the expression has made in the frame, if it did, and that nothing uses any more."""
    found = g.stack_maps.get(made)
    if found is None:
        return
    header, group = found
    clear_bytes(g, header, MAP_BYTES, 8)
    group_type = map_group(map_type(made.type)).group
    if group is not None and has_pointers(group_type):
        store_zero(g, group_type, group)


def fill_map(g: Gen, e: MapLit) -> str:
    """A map literal: make a map with room for all entries, then assign them one by one."""
    n = len(e.entries)
    m = _make(g, e.pos, e.type, str(n) if n > SMALL_MAP_HINT else None, e)
    t = map_type(e.type)
    if n > _MAX_WRITTEN_OUT and all(g.m.statics.is_static(x) for entry in e.entries for x in entry):
        _fill_from_table(g, e, t, m)
        return m
    for key, elem in e.entries:
        k = key_operand(g, t, key, lookup=False)
        v = g.value(elem)
        store(g, t.elem, _assigned(g, e.pos, e.type, m, k, e), v)
    return m


_MAX_WRITTEN_OUT = 25
"""A loop over a read-only table fills literals with more constant entries, as in Go."""


def _fill_from_table(g: Gen, e: MapLit, t: Map, m: str) -> None:
    entry = struct((Field("k", t.key), Field("v", t.elem)))
    rows: list[tuple[int, Expr]] = [(i, StructLit(e.pos, entry, [(0, key), (1, elem)])) for i, (key, elem) in enumerate(e.entries)]
    table = g.m.statics.readonly(ArrayLit(e.pos, array(entry, len(rows)), rows))
    before = g.block
    head, done = g.label("fill"), g.label("filled")
    g.start(head)
    i, following, again = g.label("%row"), g.label("%row"), g.label("following")
    g.do(f"{i} = phi i64 [ 0, %{before} ], [ {following}, %{again} ]")
    row = Addr(elem_ptr(g, table, i, size_of(entry)), Mode.PRIVATE)
    value = offset(g, row, field_offset(entry, 1))
    target = _assigned(g, e.pos, e.type, m, _key_at(g, t, row), e)
    if shape_of(t.elem).form is Form.MEMORY:
        copy(g, t.elem, target, value)
    else:
        store(g, t.elem, target, load(g, t.elem, value))
    g.start(again)
    g.do(f"{following} = add i64 {i}, 1")
    g.branch_if(g.op(f"icmp ult i64 {following}, {len(rows)}"), head, done)
    g.start(done)


def _key_at(g: Gen, t: Map, addr: Addr) -> str:
    """The operand for assignment of a key in memory."""
    match fast_kind(t):
        case Fast.STRING:
            return load(g, t.key, addr)
        case Fast.SLOW:
            return addr.ptr
        case Fast.FAST64PTR:
            return load_bits(g, addr, "ptr")
        case Fast.FAST32:
            return load_bits(g, addr, "i32")
        case Fast.FAST64:
            return load_bits(g, addr, "i64")


# --- range -----------------------------------------------------------------------------------------------------------

ITER_BYTES = 96
"""Size of internal/runtime/maps.Iter: twelve words."""


def range_map(g: Gen, pos: Pos, map_: Type, m: str, body: Callable[[Addr, Addr], None], targets: LoopTargets) -> None:
    """Run ``body`` for each entry, given the addresses of its key and element."""
    it = Addr(g.alloca(f"[{ITER_BYTES} x i8]", 8, "iter"), Mode.PRIVATE)
    clear_bytes(g, it, ITER_BYTES, 8)
    g.rt(pos, "runtime.mapIterStart", g.m.type_ref(map_), m, it.ptr)
    head, inside = g.label("maprange"), g.label("entry")
    g.start(head)
    key = g.op(f"load ptr, ptr {it.ptr}, align 8")
    g.branch_if(g.op(f"icmp eq ptr {key}, null"), targets.break_to, inside)
    g.start(inside)
    elem_slot = offset(g, it, 8)
    elem = g.op(f"load ptr, ptr {elem_slot.ptr}, align 8")
    body(shared(key), shared(elem))
    g.start(targets.continue_to)
    g.rt(pos, "runtime.mapIterNext", it.ptr)
    g.branch(head)
    g.start(targets.break_to)
    # A dead iterator would keep the map alive.
    clear_bytes(g, it, ITER_BYTES, 8)
