"""Places (variables, fields, elements, pointer targets) and reading from them.

How it works: a place is evaluated in two phases. Go evaluates the operands of all places of an assignment before the values, but
panics for nil pointers and bounds only when it assigns.
"""

from __future__ import annotations

from tricolor.codegen.allocation import alloc, new_site
from tricolor.codegen.arith import const_count
from tricolor.codegen.memory import copy, elem_ptr, load, load_leaf, offset, shared, store_zero, zero_value
from tricolor.codegen.shapes import Form, shape_of
from tricolor.codegen.state import Addr, Gen, Mode, PlaceThunk
from tricolor.gotypes.sizes import field_offset, size_of
from tricolor.gotypes.types import Array, Pointer, Slice, Type, is_signed, is_string, underlying
from tricolor.ir.nodes import (
    AddrOf,
    Const,
    Conversion,
    Convert,
    Deref,
    Expr,
    FieldOf,
    FieldPtr,
    FuncLit,
    Index,
    Name,
    New,
    Pos,
    Var,
    VarKind,
)


def is_place(e: Expr) -> bool:
    """Whether ``address`` can give the expression's memory."""
    match e:
        case Name() | Deref() | FieldPtr():
            return True
        case FieldOf():
            return is_place(e.x)
        case Index():
            if isinstance(underlying(e.x.type), Array):
                return is_place(e.x)
            return not is_string(e.x.type)
        case _:
            return False


# --- variables -------------------------------------------------------------------------------------------------------


def private_mode(g: Gen, var: Var) -> Mode:
    """Results of a function that defers are volatile: setresume returns twice."""
    return Mode.VOLATILE if var.kind is VarKind.RESULT and g.frame else Mode.PRIVATE


def var_addr(g: Gen, var: Var) -> Addr:
    """The variable's current address."""
    found = g.stored.get(var)
    if found is not None:
        return found
    box = g.boxed.get(var)
    if box is not None:
        return shared(g.op(f"load ptr, ptr {box}, align 8"))
    if var.kind is VarKind.GLOBAL:
        addr = g.stored[var] = shared(g.m.data.global_ref(var))
        return addr
    # A temporary that no Declare creates exists, zeroed, from the function's entry on.
    out, g.out = g.out, g.entry
    zero_variable(g, var.pos, var)
    g.out = out
    return var_addr(g, var)


def new_variable(g: Gen, pos: Pos, var: Var) -> Addr:
    """Create the variable: its slot, whose contents are undefined, or a new zeroed heap object."""
    if g.m.placements.on_stack(var):
        if var.addrtaken or (var.captured and var.reassigned):
            new_site(g, var.pos, "variable", var.type, var, True)
        found = g.stored.get(var)
        if found is None:
            temp = g.temp(var.type)
            found = g.stored[var] = Addr(temp.ptr, private_mode(g, var))
        return found
    ptr = alloc(g, var.pos or pos, "variable", var.type, var)
    box = g.boxed.get(var)
    if box is None:
        box = g.boxed[var] = g.alloca("ptr", 8, "box")
    g.do(f"store ptr {ptr}, ptr {box}, align 8")
    return shared(ptr)


def zero_variable(g: Gen, pos: Pos, var: Var) -> None:
    """Create the variable, with the value zero."""
    addr = new_variable(g, pos, var)
    if addr.mode is not Mode.SHARED:
        store_zero(g, var.type, addr)


def place_name(g: Gen, e: Name) -> PlaceThunk:
    return lambda: var_addr(g, e.var)


# --- pointers and fields ---------------------------------------------------------------------------------------------


def checked_pointer(g: Gen, pos: Pos, x: Expr) -> PlaceThunk:
    """Evaluate a pointer; the second phase checks that it is not nil."""
    match x:
        case AddrOf() if is_place(x.x):
            return g.place(x.x)
        case AddrOf() | New() | FuncLit():
            fresh = shared(g.value(x))
            return lambda: fresh
        case _:
            ptr = g.value(x)

    def resolve() -> Addr:
        g.nil_check(pos, ptr)
        return shared(ptr)

    return resolve


def place_deref(g: Gen, e: Deref) -> PlaceThunk:
    return checked_pointer(g, e.pos, e.x)


def place_field_ptr(g: Gen, e: FieldPtr) -> PlaceThunk:
    at = field_offset(pointer_elem(g, e.x), e.index)
    base = checked_pointer(g, e.pos, e.x)
    return lambda: offset(g, base(), at)


def pointer_elem(g: Gen, x: Expr) -> Type:
    """The type that a pointer expression points to."""
    u = underlying(x.type)
    if not isinstance(u, Pointer):
        g.bug(x.pos, f"{x.type} is no pointer")
    return u.elem


def place_field(g: Gen, e: FieldOf) -> PlaceThunk:
    at = field_offset(e.x.type, e.index)
    base = g.place(e.x)
    return lambda: offset(g, base(), at)


def value_field(g: Gen, e: FieldOf) -> str:
    if is_place(e):
        return load(g, e.type, g.address(e))
    if shape_of(e.x.type).form is Form.MEMORY:
        return load(g, e.type, view(g, e))
    shape = shape_of(e.x.type)
    member = g.extract(shape.llvm, g.value(e.x), e.index) if shape.form is not Form.SCALAR else g.value(e.x)
    return from_memory_form(g, e, member)


def from_memory_form(g: Gen, e: Expr, member: str) -> str:
    """A member of an aggregate as a value: a bool becomes i1."""
    if shape_of(e.type).form is not Form.BOOL:
        return member
    if member[0] != "%":
        return "true" if member == "1" else "false"
    return g.op(f"trunc i8 {member} to i1")


def value_place(g: Gen, e: Name | Deref | FieldPtr) -> str:
    """Read a place."""
    return load(g, e.type, g.address(e))


# --- elements --------------------------------------------------------------------------------------------------------


def index_operand(g: Gen, e: Expr) -> str:
    """An index, length or count as i64, extended with or without sign as its type says."""
    if isinstance(e, Const):
        return str(const_count(e))
    v = g.value(e)
    shape = shape_of(e.type)
    if shape.size == 8:
        return v
    return g.op(f"{'sext' if is_signed(e.type) else 'zext'} {shape.llvm} {v} to i64")


def check_index(g: Gen, e: Index, index: str, length: str) -> None:
    """Panic unless 0 <= index < length."""
    if index[0] != "%" and length[0] != "%" and int(index) < int(length):
        return
    ok = g.op(f"icmp ult i64 {index}, {length}")
    g.require(ok, index_panic(g, e, index, length))


def index_panic(g: Gen, e: Index, index: str, length: str) -> str:
    """Label of the cold block for an index out of range."""
    symbol = "runtime.panicIndex" if is_signed(e.index.type) else "runtime.panicIndexU"
    if index[0] != "%" and int(index) > 0x7FFFFFFFFFFFFFFF:
        index = str(int(index) - (1 << 64))
    return g.panic_block(e.pos, symbol, index, length)


def place_index(g: Gen, e: Index) -> PlaceThunk:
    elem_bytes = size_of(e.type)
    u = underlying(e.x.type)
    if isinstance(u, Array):
        base = g.place(e.x)
        index = index_operand(g, e.index)
        length = str(u.length)

        def resolve_array() -> Addr:
            addr = base()
            check_index(g, e, index, length)
            return Addr(elem_ptr(g, addr.ptr, index, elem_bytes), addr.mode)

        return resolve_array
    ptr, length = slice_parts(g, e.x)
    index = index_operand(g, e.index)

    def resolve() -> Addr:
        check_index(g, e, index, length)
        return indexed(g, ptr, index, elem_bytes)

    return resolve


def indexed(g: Gen, base: str, index: str, elem_bytes: int) -> Addr:
    """Address of a slice's element."""
    return shared(elem_ptr(g, base, index, elem_bytes))


def keep_alive(g: Gen, ptr: str) -> None:
    """Use a pointer at no cost, so that the collector of Go's heap finds its object on the stack up to here."""
    g.do(f'call void asm sideeffect "", "r"(ptr {ptr})')


def begin_loop(g: Gen) -> None:
    """Begin to note which local slices a loop indexes."""
    g.loop_bases.append({})


def end_loop(g: Gen) -> None:
    """After a loop: keep alive the slices that it indexed.

    LLVM may walk a slice with a pointer that lies outside the object while the body calls something, but the collector looks on stacks
    for addresses inside objects only.
    """
    bases = g.loop_bases.pop()
    for var in bases:
        addr = g.stored.get(var)
        if addr is not None and addr.mode is Mode.PRIVATE and isinstance(underlying(var.type), Slice):
            keep_alive(g, load_leaf(g, addr, "ptr", 8))
    if g.loop_bases:
        g.loop_bases[-1].update(bases)


def value_index(g: Gen, e: Index) -> str:
    if is_string(e.x.type):
        ptr, length = string_parts(g, e.x)
        index = index_operand(g, e.index)
        check_index(g, e, index, length)
        return g.op(f"load i8, ptr {elem_ptr(g, ptr, index, 1)}, align 1")
    if is_place(e):
        return load(g, e.type, g.address(e))
    shape = shape_of(e.x.type)
    if shape.form is Form.MEMORY:
        return load(g, e.type, view(g, e))
    u = underlying(e.x.type)
    assert isinstance(u, Array)
    whole = g.value(e.x)
    index = index_operand(g, e.index)
    check_index(g, e, index, str(u.length))
    if u.length == 0:
        return zero_value(e.type)
    return from_memory_form(g, e, g.extract(shape.llvm, whole, 0))


def view(g: Gen, e: Expr) -> Addr:
    """Address of memory that holds the current value of a memory-class expression: the place itself, or a temporary."""
    if is_place(e):
        return g.address(e)
    match e:
        case FieldOf() if shape_of(e.x.type).form is Form.MEMORY:
            return offset(g, view(g, e.x), field_offset(e.x.type, e.index))
        case Index() if shape_of(e.x.type).form is Form.MEMORY:
            u = underlying(e.x.type)
            assert isinstance(u, Array)
            base = view(g, e.x)
            index = index_operand(g, e.index)
            check_index(g, e, index, str(u.length))
            return Addr(elem_ptr(g, base.ptr, index, size_of(e.type)), base.mode)
        case Convert() if e.kind is Conversion.NOP:
            return view(g, e.x)
        case _:
            return Addr(g.value(e), Mode.PRIVATE)


# --- words of strings, slices and interfaces -------------------------------------------------------------------------


def string_parts(g: Gen, e: Expr) -> tuple[str, str]:
    """Address and length of a string."""
    if isinstance(e, Const) and isinstance(e.value, bytes):
        return g.m.data.string_ref(e.value), str(len(e.value))
    if is_place(e):
        addr = g.address(e)
        return load_leaf(g, addr, "ptr", 8), load_leaf(g, addr, "i64", 8, 8, header=True)
    v = g.value(e)
    return g.extract("{ptr, i64}", v, 0), g.extract("{ptr, i64}", v, 1)


def slice_parts(g: Gen, e: Expr) -> tuple[str, str]:
    """Address and length of a slice."""
    if is_place(e):
        if isinstance(e, Name) and g.loop_bases:
            g.loop_bases[-1][e.var] = None
        addr = g.address(e)
        return load_leaf(g, addr, "ptr", 8), load_leaf(g, addr, "i64", 8, 8, header=True)
    v = g.value(e)
    return g.extract("{ptr, i64, i64}", v, 0), g.extract("{ptr, i64, i64}", v, 1)


def slice_words(g: Gen, e: Expr) -> tuple[str, str, str]:
    """Address, length and capacity of a slice."""
    if is_place(e):
        addr = g.address(e)
        ptr = load_leaf(g, addr, "ptr", 8)
        return ptr, load_leaf(g, addr, "i64", 8, 8, header=True), load_leaf(g, addr, "i64", 8, 16, header=True)
    v, t = g.value(e), "{ptr, i64, i64}"
    return g.extract(t, v, 0), g.extract(t, v, 1), g.extract(t, v, 2)


def iface_parts(g: Gen, e: Expr) -> tuple[str, str]:
    """First word (type or itab) and data word of an interface."""
    v = g.value(e)
    return g.extract("{ptr, ptr}", v, 0), g.extract("{ptr, ptr}", v, 1)


# --- memory-class places ---------------------------------------------------------------------------------------------


def into_view(g: Gen, e: Name | Deref | FieldPtr | FieldOf | Index, dest: Addr) -> None:
    """Copy what a place (or part of a temporary) holds."""
    copy(g, e.type, dest, view(g, e))
