"""Expressions other than calls."""

from __future__ import annotations

from typing import Any

from tricolor.frontend.records import ObjectKind
from tricolor.gotypes.lookup import FieldSelection, InterfaceSelection, MethodSelection, implements, lookup
from tricolor.gotypes.types import (
    UINT,
    UNTYPED_NIL,
    Array,
    Chan,
    ChanDir,
    Interface,
    Map,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    is_string,
    pointer,
    slice_of,
    underlying,
)
from tricolor.ir import nodes as n
from tricolor.ir.build.convert import convert_to
from tricolor.ir.build.dictionary import is_type_param, unknown_method
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.methods import bound_method, method_expression, walk_path
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import BinaryOp, Func, Label, UnaryOp

_UNARY = {op.value: op for op in UnaryOp}
_BINARY = {op.value: op for op in BinaryOp}
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))


def binary_op(text: str) -> BinaryOp:
    """The operator with this spelling in Go."""
    return _BINARY[text]


# --- names ---------------------------------------------------------------------------------------------------------


def build_ident(fs: FuncState, node: Node) -> n.Expr:
    pos, obj = node[1], node[4]
    var = fs.find(obj)
    if var is not None:
        return n.Name(pos, var.type, var)
    return build_global(fs, pos, obj)


def build_global(fs: FuncState, pos: int, obj: int) -> n.Expr:
    """A package-level name, or nil."""
    record = fs.b.program.object(obj)
    match record.kind:
        case ObjectKind.VAR:
            var = fs.b.use_global(fs.b.global_of(obj))
            return n.Name(pos, var.type, var)
        case ObjectKind.FUNC:
            return fs.func_name(pos, fs.b.func_of(obj))
        case ObjectKind.NIL:
            return n.Nil(pos, UNTYPED_NIL)
        case kind:
            raise fs.bug(pos, f"{record.name} is used as a value, but is a {kind.value}")


def build_instantiate(fs: FuncState, node: Node) -> n.Expr:
    generic = node[3]
    args = tuple(fs.type(t) for t in node[4])
    if generic[0] == "Ident":
        return _instance(fs, node[1], generic[4], args)
    return build_selector(fs, generic, args)


def _instance(fs: FuncState, pos: int, obj: int, args: tuple[Type, ...]) -> n.FuncName:
    func = fs.b.func_of(obj, args)
    return n.FuncName(pos, func.signature, fs.b.use(func), args if fs.b.separate else ())


def package_of(fs: FuncState, obj: int) -> str:
    """Symbol path of the package that declares an object; empty for a predeclared one."""
    program = fs.b.program
    package = program.package_of(program.object(obj))
    return package.symbol_path if package is not None else ""


def select(fs: FuncState, t: Type, node: Node) -> FieldSelection | MethodSelection | InterfaceSelection:
    """The field or method that a selector node selects in ``t``, the concrete type of its operand."""
    found = lookup(t, node[4], package_of(fs, node[6]))
    if found is None:
        raise fs.bug(node[1], f"{t} has no field or method {node[4]}")
    return found


def build_selector(fs: FuncState, node: Node, args: tuple[Type, ...] = ()) -> n.Expr:
    pos, mode = node[1], node[5]
    if mode == "pkg":
        if args:
            return _instance(fs, pos, node[6], args)
        return build_global(fs, pos, node[6])
    if mode == "methodexpr":
        t = fs.type(node[3][3])
        if fs.b.separate and fs.env and is_type_param(fs, node[3]):
            return unknown_method(fs, node, fs.type_of(node), implicit=True)
        found = select(fs, t, node)
        if isinstance(found, FieldSelection):
            raise fs.bug(pos, f"{node[4]} of {t} is a field, not a method")
        return fs.func_name(pos, method_expression(fs.b, t, found, args))
    x = fs.expr(node[3])
    if mode == "field" and not fs.env:
        return walk_path(x, node[7], pos)
    if mode == "method" and fs.b.separate and fs.env and is_type_param(fs, node[3]):
        sig = fs.type_of(node)
        return n.Call(pos, sig, unknown_method(fs, node, sig, implicit=True), [x])
    found = select(fs, x.type, node)
    if isinstance(found, FieldSelection):
        return walk_path(x, found.path, pos)
    return bound_method(fs, x, found, args, pos)


# --- operators -----------------------------------------------------------------------------------------------------


def build_star(fs: FuncState, node: Node) -> n.Expr:
    x = fs.expr(node[3])
    t = underlying(x.type)
    assert isinstance(t, Pointer), f"dereference of {x.type}"
    return n.Deref(node[1], t.elem, x)


def build_unary(fs: FuncState, node: Node) -> n.Expr:
    pos, op = node[1], node[3]
    if op == "<-":
        x = fs.expr(node[4])
        fs.effects += 1
        t = fs.type_of(node)
        return n.Recv(pos, t, x, isinstance(t, Tuple))
    if op == "&":
        return address(fs, fs.expr(node[4]), pos)
    return n.Unary(pos, fs.type_of(node), _UNARY[op], fs.expr(node[4]))


def address(fs: FuncState, x: n.Expr, pos: int, implicit: bool = False) -> n.Expr:
    """``&x`` of a place or of a composite literal."""
    fs.mark_addrtaken(x)
    return n.AddrOf(pos, pointer(x.type), x, implicit)


def build_binary(fs: FuncState, node: Node) -> n.Expr:
    pos, op = node[1], node[3]
    if op in _COMPARISONS:
        x, y = fs.pair(node[4], node[5])
        return compare(fs, pos, fs.type_of(node), op, x, y)
    if op in {"&&", "||"}:
        return _logical(fs, node)
    t = fs.type_of(node)
    if op == "+" and is_string(t):
        return _concat(fs, node, t)
    x, y = fs.pair(node[4], node[5])
    if op in {"<<", ">>"}:
        return n.Binary(pos, t, _BINARY[op], convert_to(fs, x, t), _shift_count(fs, node[5], y))
    return n.Binary(pos, t, _BINARY[op], convert_to(fs, x, t), convert_to(fs, y, t))


def _shift_count(fs: FuncState, node: Node, y: n.Expr) -> n.Expr:
    """The shift count; an untyped constant becomes a uint."""
    if isinstance(y, n.Const) and fs.b.program.type_record(node[2][0])[1].startswith("untyped"):
        return n.Const(y.pos, UINT, y.value)
    return y


def compare(fs: FuncState, pos: int, t: Type, op: str, x: n.Expr, y: n.Expr) -> n.Expr:
    """A comparison of ``x`` and ``y``, after a conversion to a common type if they differ."""
    if x.type is not y.type:
        common = common_type(x.type, y.type)
        x, y = convert_to(fs, x, common), convert_to(fs, y, common)
    return n.Binary(pos, t, _BINARY[op], x, y)


def common_type(x: Type, y: Type) -> Type:
    """The one of two comparable types to which values of the other are assignable: an interface, or a channel with a direction."""
    if x is UNTYPED_NIL:
        return y
    ux, uy = underlying(x), underlying(y)
    if isinstance(uy, Interface):
        return y if not isinstance(ux, Interface) or implements(x, uy) else x
    if isinstance(ux, Chan) and isinstance(uy, Chan) and ux.dir is ChanDir.BOTH:
        return y
    return x


def _logical(fs: FuncState, node: Node) -> n.Expr:
    """``&&`` and ``||``; if the right operand hoists statements, the operator becomes an if statement."""
    pos, t = node[1], fs.type_of(node)
    op = _BINARY[node[3]]
    x = convert_to(fs, fs.expr(node[4]), t)
    saved, fs.out = fs.out, []
    y = convert_to(fs, fs.expr(node[5]), t)
    hoisted, fs.out = fs.out, saved
    if not hoisted:
        return n.Binary(pos, t, op, x, y)
    result = fs.save(x)
    result.var.reassigned = True
    condition: n.Expr = result if op is BinaryOp.AND_AND else n.Unary(pos, t, UnaryOp.NOT, result)
    hoisted.append(n.Assign(pos, n.Name(pos, t, result.var), y))
    fs.emit(n.If(pos, condition, n.Block(pos, hoisted), None))
    return n.Name(pos, t, result.var)


def _concat(fs: FuncState, node: Node, t: Type) -> n.Expr:
    parts: list[Node] = []
    left = node
    while left[0] == "BinaryExpr" and type(left[2]) is not list and left[3] == "+":
        parts.append(left[5])
        left = left[4]
    parts.append(left)
    parts.reverse()
    return n.Concat(node[1], t, [convert_to(fs, p, t) for p in fs.exprs(parts)])


# --- indexing ------------------------------------------------------------------------------------------------------


def build_index(fs: FuncState, node: Node) -> n.Expr:
    pos = node[1]
    x, index = fs.pair(node[3], node[4])
    t = underlying(x.type)
    match t:
        case Map():
            result = fs.type_of(node)
            return n.MapIndex(pos, result, x, convert_to(fs, index, t.key), isinstance(result, Tuple))
        case Pointer():
            array_type = underlying(t.elem)
            assert isinstance(array_type, Array)
            return n.Index(pos, array_type.elem, n.Deref(pos, t.elem, x, implicit=True), index)
        case Slice() | Array():
            return n.Index(pos, t.elem, x, index)
        case _:
            return n.Index(pos, fs.type_of(node), x, index)


def build_slice(fs: FuncState, node: Node) -> n.Expr:
    pos = node[1]
    given = [node[3], *(part for part in node[4:7] if part is not None)]
    built = iter(fs.exprs(given))
    x = next(built)
    low, high, limit = (next(built) if part is not None else None for part in node[4:7])
    t = underlying(x.type)
    if isinstance(t, Array):
        x = address(fs, x, pos, implicit=True)
        result = slice_of(t.elem)
    elif isinstance(t, Pointer):
        array_type = underlying(t.elem)
        assert isinstance(array_type, Array)
        result = slice_of(array_type.elem)
    else:
        result = x.type
    return n.SliceExpr(pos, result, x, low, high, limit)


def build_type_assert(fs: FuncState, node: Node) -> n.Expr:
    x = fs.expr(node[3])
    target = fs.type(node[4])
    fs.b.call_all_through(target)
    t = fs.type_of(node)
    return n.TypeAssert(node[1], t, x, target, isinstance(t, Tuple))


# --- literals ------------------------------------------------------------------------------------------------------


def build_composite(fs: FuncState, node: Node) -> n.Expr:
    pos, t = node[1], fs.type_of(node)
    u = underlying(t)
    if isinstance(u, Pointer) and not isinstance(u.elem, Interface):
        return n.AddrOf(pos, t, _composite(fs, node, u.elem))
    return _composite(fs, node, t)


def _composite(fs: FuncState, node: Node, t: Type) -> n.Expr:
    pos, elements = node[1], node[3]
    u = underlying(t)
    match u:
        case Struct():
            return _struct_literal(fs, pos, t, u, elements)
        case Map():
            flat: list[Node] = [part for e in elements for part in (e[3], e[4])]
            built = fs.exprs(flat)
            entries = [(convert_to(fs, built[i], u.key), convert_to(fs, built[i + 1], u.elem)) for i in range(0, len(built), 2)]
            return n.MapLit(pos, t, entries)
        case Array() | Slice():
            indices, values = _indexed(elements)
            built = fs.exprs(values)
            elems = [(i, convert_to(fs, x, u.elem)) for i, x in zip(indices, built, strict=True)]
            if isinstance(u, Array):
                return n.ArrayLit(pos, t, elems)
            return n.SliceLit(pos, t, elems, max(indices, default=-1) + 1)
        case _:
            raise fs.bug(pos, f"composite literal of {t}")


def _struct_literal(fs: FuncState, pos: int, t: Type, u: Struct, elements: list[Node]) -> n.Expr:
    if elements and elements[0][0] == "KeyValueExpr":
        indices = [_field_index(u, e[3]) for e in elements]
        built = fs.exprs([e[4] for e in elements])
    else:
        indices = list(range(len(elements)))
        built = fs.exprs(elements)
    fields = [(i, convert_to(fs, x, u.fields[i].type)) for i, x in zip(indices, built, strict=True)]
    return n.StructLit(pos, t, fields)


def _field_index(u: Struct, key: Node) -> int:
    """Index of the field that a key in a struct literal names. In generic code the key is a name if only the type argument is a struct."""
    if key[0] == "Field":
        return int(key[3])
    return next(i for i, f in enumerate(u.fields) if f.name == key[3])


def _indexed(elements: list[Node]) -> tuple[list[int], list[Node]]:
    """Indices and values of an array or slice literal."""
    indices: list[int] = []
    values: list[Node] = []
    at = 0
    for element in elements:
        if element[0] == "KeyValueExpr":
            at = _constant_index(element[3])
        indices.append(at)
        values.append(element[4] if element[0] == "KeyValueExpr" else element)
        at += 1
    return indices, values


def _constant_index(key: Node) -> int:
    value: list[Any] = key[2][1]
    if value[0] == "i":
        return int(value[1])
    return int(value[1].partition("/")[0])


def new_closure(fs: FuncState, sig: Signature, pos: int, suffix: str) -> tuple[FuncState, Func]:
    """A new closure without a body, and the state for building it.

    ``suffix``: the kind of closure in Go's names: ``.func``, ``-range``, ``.gowrap`` or ``.deferwrap``."""
    if suffix == ".func":
        fs.lits += 1
        number, suffix = fs.lits, "." if fs.closure else ".func"
    elif suffix == "-range":
        fs.range_lits += 1
        number = fs.range_lits
    else:
        fs.go_defers += 1
        number = fs.go_defers
    func = Func(f"{fs.func.symbol}{suffix}{number}", f"{fs.func.name}{suffix}{number}", fs.func.pkg, sig, pos, outer=fs.func)
    fs.func.closures.append(func)
    fs.b.used[func] = None
    inner = FuncState(fs.b, fs.dispatch, func, fs, fs.env, fs.per_iteration, fs.types, closure=True)
    return inner, func


def build_func_lit(fs: FuncState, node: Node) -> n.Expr:
    pos = node[1]
    sig = fs.type(node[3])
    assert isinstance(sig, Signature)
    inner, func = new_closure(fs, sig, pos, ".func")
    func.end_pos = node[7]
    inner.vars = fs.b.declare_signature(func, tuple(node[4]), tuple(node[5]))
    func.body = n.Block(pos, inner.stmts(node[6]))
    finish_function(inner)
    return n.FuncLit(pos, sig, func)


def finish_function(fs: FuncState) -> None:
    """Remove labels that no goto names, and mark defer statements that a goto can repeat."""
    for where, stmt, name in fs.labeled:
        if name not in fs.goto_used:
            where[:] = [s for s in where if s is not stmt]
    for stmt, labels in fs.defers:
        if any(name in fs.goto_used for name in fs.labels_seen[:labels]):
            stmt.in_loop = True


def new_label(name: str = "") -> Label:
    return Label(name)


def hoist_tuple(fs: FuncState, node: Node, pos: int) -> list[n.Expr]:
    """Hoist a call with several results into temporaries, and return their names. ``pos``: position of the node that uses the values."""
    value = fs.expr(node)
    assert isinstance(value.type, Tuple)
    variables = [fs.temp(t, pos) for t in value.type.types]
    names: list[n.Place | None] = [n.Name(pos, v.type, v) for v in variables]
    fs.emit(n.AssignTuple(pos, names, value, variables))
    return [n.Name(pos, v.type, v) for v in variables]


def is_tuple_call(fs: FuncState, nodes: list[Node]) -> bool:
    """Whether the only argument is a call with several results."""
    return (
        len(nodes) == 1
        and nodes[0][0] == "CallExpr"
        and not isinstance(nodes[0][2], list)
        and nodes[0][2] is not None
        and isinstance(fs.type_of(nodes[0]), Tuple)
    )
