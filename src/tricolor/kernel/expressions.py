"""Checks expressions: syntax in, typed tree out."""

from __future__ import annotations

import ast
from typing import Final

from tricolor.kernel.body import Body, adapt, constant_of, is_flexible
from tricolor.kernel.declarations import ensure_layout, result_type, scalar_type
from tricolor.kernel.diagnostics import KernelError, fault
from tricolor.kernel.environment import LanguageName, TypeName
from tricolor.kernel.intrinsics import ATOMIC_OPERATIONS, SIGNATURES
from tricolor.kernel.lifetimes import check_stored, check_stored_at, check_thread_record
from tricolor.kernel.tree import (
    AddressOf,
    AddressPlace,
    Atomic,
    Binary,
    Bump,
    Call,
    CallAddress,
    Compare,
    Conditional,
    Constant,
    Convert,
    ElementPlace,
    Expression,
    FieldPlace,
    Function,
    FunctionAddress,
    Global,
    GlobalPlace,
    Intrinsic,
    Kind,
    Load,
    Local,
    Logic,
    Place,
    SetThread,
    Text,
    TextAddress,
    Unary,
    thread_storage,
)
from tricolor.kernel.types import (
    ADDR,
    BOOL,
    F64,
    INTEGERS,
    U64,
    VOID,
    Address,
    ArrayOf,
    Bool,
    Embedded,
    Float,
    Integer,
    Pointer,
    ResultType,
    Scalar,
    StructType,
    TupleOf,
    thread_self_offset,
)

OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
INTEGER_OPERATORS: Final = frozenset({"+", "-", "*", "//", "%", "&", "|", "^"})
FLOAT_OPERATORS: Final = frozenset({"+", "-", "*", "/"})
SYSTEM_KINDS: Final = frozenset({Kind.KERNEL, Kind.SYSTEMSTACK, Kind.EXPORT})
CALLABLE_FROM: Final[dict[Kind, frozenset[Kind]]] = {
    **dict.fromkeys(
        SYSTEM_KINDS,
        frozenset({Kind.KERNEL, Kind.INLINE, Kind.SYSTEMSTACK, Kind.EXPORT, Kind.NAKED, Kind.LIBC}),
    ),
    Kind.INLINE: frozenset({Kind.INLINE, Kind.SYSTEMSTACK, Kind.NAKED}),
    Kind.GOROUTINE: frozenset({Kind.GOROUTINE, Kind.INLINE, Kind.SYSTEMSTACK, Kind.NAKED, Kind.GO_FUNCTION}),
}


# --- Entry points ---------------------------------------------------------------------------------


def value_of(body: Body, node: ast.expr, expected: Scalar) -> Expression:
    """The expression, which must have the expected type. Raises KernelError (K007 and others)."""
    expression = infer(body, node, expected)
    if expression.type != expected:
        message = f"expected {expected}, found {expression.type}: {ast.unparse(node)}"
        raise fault("K007", body.position(node), message, _conversion_advice(expression.type, expected))
    return expression


def infer(body: Body, node: ast.expr, expected: Scalar | None) -> Expression:
    """The expression with its own type; ``expected`` is what literals in it adapt to."""
    expression = _infer(body, node, expected)
    storage = thread_storage(expression.place) if isinstance(expression, AddressOf) else None
    if storage is not None:
        _require_self_field(body, node, storage)
    return expression


def _require_self_field(body: Body, node: ast.expr, storage: Global) -> None:
    """Raises KernelError (K010) if the thread struct does not store its own address: only fields can be used then."""
    assert isinstance(storage.type, Embedded)
    struct = storage.type.struct
    if thread_self_offset(struct) is None:
        advice = f'add the field self: "{struct}"'
        raise fault("K010", body.position(node), f"{struct} has no field self, which holds its address", advice)


def _infer(body: Body, node: ast.expr, expected: Scalar | None) -> Expression:
    constant = constant_of(body, node)
    if constant is not None:
        return adapt(constant, expected, node, body.position(node))
    match node:
        case ast.Name():
            return _name(body, node)
        case ast.Attribute() | ast.Subscript():
            return read_place(place_of(body, node), node, body)
        case ast.BinOp():
            return _binary(body, node, expected)
        case ast.UnaryOp():
            return _unary(body, node, expected)
        case ast.Compare():
            return _compare(body, node)
        case ast.BoolOp(op=op, values=values):
            return _logic(body, "and" if isinstance(op, ast.And) else "or", values)
        case ast.IfExp():
            return _conditional(body, node, expected)
        case ast.Call():
            return _call(body, node, expected)
        case _:
            message = f"{type(node).__name__}: {ast.unparse(node)}"
            raise fault("K005", body.position(node), message, "see docs/kernel-language.md")


def pair_of(body: Body, left: ast.expr, right: ast.expr, expected: Scalar | None) -> tuple[Expression, Expression]:
    """Two operands that should agree: literals take the type of the other side."""
    if is_flexible(body, left) and not is_flexible(body, right):
        second = infer(body, right, expected)
        return infer(body, left, _scalar(second, right, body)), second
    first = infer(body, left, expected)
    return first, infer(body, right, _scalar(first, left, body))


def _scalar(expression: Expression, node: ast.expr, body: Body) -> Scalar:
    what = expression.type
    if isinstance(what, Integer | Float | Bool | Address | Pointer):
        return what
    raise fault("K007", body.position(node), f"{ast.unparse(node)} has no value", f"its type is {what}")


def _conversion_advice(found: ResultType, expected: Scalar) -> str:
    if isinstance(expected, Address) and isinstance(found, Pointer):
        return "write address(...)"
    if isinstance(expected, Pointer) and isinstance(found, Address):
        return f"write as_struct({expected}, ...)"
    if isinstance(expected, Bool):
        return "compare with 0"
    if isinstance(expected, Pointer):
        return f"null({expected}) is the null pointer"
    return f"convert: to_{expected}(...)"


# --- Names and places -----------------------------------------------------------------------------


def _name(body: Body, node: ast.Name) -> Expression:
    entity = body.entity(node)
    if entity is None:
        return _local(body, node)
    if isinstance(entity, Global):
        return read_place(GlobalPlace(entity.type, entity), node, body)
    advice = "take function_address(...)" if isinstance(entity, Function) else ""
    raise fault("K005", body.position(node), f"{node.id} is no value", advice)


def _local(body: Body, node: ast.Name) -> Expression:
    what = body.function.locals.get(node.id)
    if node.id in body.poisoned:
        raise KernelError(None)
    if what is None or (body.assigned is not None and node.id not in body.assigned):
        advice = "assign it on every path before this"
        raise fault("K013", body.position(node), f"{node.id} may have no value here", advice)
    return Local(what, node.id)


def place_of(body: Body, node: ast.expr) -> Place:
    """The place of a field, an element or a global. Raises KernelError."""
    match node:
        case ast.Name():
            entity = body.entity(node)
            if isinstance(entity, Global):
                return GlobalPlace(entity.type, entity)
        case ast.Attribute(value=base, attr=name):
            return _field(body, node, base, name)
        case ast.Subscript(value=base, slice=index):
            array = place_of(body, base)
            if not isinstance(array.type, ArrayOf):
                raise fault("K009", body.position(node), f"{array.type} has no elements", "load_T(address)")
            position = infer(body, index, None)
            if not isinstance(position.type, Integer):
                raise fault("K007", body.position(index), f"an index is an integer, not {position.type}")
            if isinstance(position, Constant) and not 0 <= position.value < array.type.count:
                raise fault("K008", body.position(index), f"index {position.value} is outside {array.type}")
            return ElementPlace(array.type.element, array, position, array.type.count)
        case _:
            pass
    message = f"{ast.unparse(node)} is not in memory"
    raise fault("K023", body.position(node), message, "a field, an element or a global is")


def _field(body: Body, node: ast.Attribute, base: ast.expr, name: str) -> Place:
    if isinstance(base, ast.Name) and name == "value":
        entity = body.entity(base)
        if isinstance(entity, Global) and not isinstance(entity.type, Embedded | ArrayOf):
            return GlobalPlace(entity.type, entity)
    pointer = _infer(body, base, None)
    if not isinstance(pointer.type, Pointer):
        raise fault("K010", body.position(node), f"{pointer.type} has no field {name}", "as_struct(S, a).field")
    struct = pointer.type.struct
    ensure_layout(body.environment, struct, body.position(node))
    found = struct.field_named(name)
    if found is None:
        advice = f"it has {', '.join(each.name for each in struct.fields)}"
        raise fault("K010", body.position(node), f"{struct} has no field {name}", advice)
    return FieldPlace(found.type, pointer, struct, name, found.offset_bytes)


def writable_place(body: Body, node: ast.expr) -> Place:
    """As place_of(), for a store. Raises KernelError (K023) for constant tables."""
    place = place_of(body, node)
    root: Place | None = place
    while isinstance(root, ElementPlace):
        root = root.base
    if isinstance(root, GlobalPlace) and root.storage.values is not None:
        raise fault("K023", body.position(node), f"{root.storage.name} is read-only", "use global_array")
    return place


def read_place(place: Place, node: ast.expr, body: Body) -> Expression:
    """The value at a place; for an embedded struct a pointer to it."""
    what = place.type
    if isinstance(what, Embedded):
        return AddressOf(Pointer(what.struct), place)
    if isinstance(what, ArrayOf):
        advice = "index it, or take field_address(...)"
        raise fault("K005", body.position(node), f"{ast.unparse(node)} is an array", advice)
    if isinstance(node, ast.Name):
        raise fault("K005", body.position(node), f"{node.id} is a global value", f"write {node.id}.value")
    return Load(what, place)


# --- Operators ------------------------------------------------------------------------------------


def _binary(body: Body, node: ast.BinOp, expected: Scalar | None) -> Expression:
    operator = OPERATORS.get(type(node.op))
    if operator is None:
        raise fault("K005", body.position(node), f"operator in {ast.unparse(node)}")
    if operator in {"<<", ">>"}:
        left = infer(body, node.left, expected)
        return apply_operator(body, node, operator, left, node.right)
    if is_flexible(body, node.left) and not is_flexible(body, node.right):
        left, right = pair_of(body, node.left, node.right, expected)
        return _typed_operator(body, node, operator, left, right)
    return apply_operator(body, node, operator, infer(body, node.left, expected), node.right)


def apply_operator(body: Body, node: ast.AST, operator: str, left: Expression, right: ast.expr) -> Expression:
    """``left operator right`` with the left side checked already."""
    if operator in {"<<", ">>"}:
        count = infer(body, right, None)
        if not isinstance(left.type, Integer) or not isinstance(count.type, Integer):
            raise fault("K009", body.position(node), f"{left.type} {operator} {count.type}")
        if isinstance(count, Constant) and not 0 <= count.value < left.type.bits:
            raise fault("K008", body.position(node), f"shift of {left.type} by {count.value}")
        return Binary(left.type, operator, left, count)
    hint: ResultType = U64 if isinstance(left.type, Address) and is_flexible(body, right) else left.type
    scalar = hint if isinstance(hint, Integer | Float | Bool | Address | Pointer) else None
    return _typed_operator(body, node, operator, left, infer(body, right, scalar))


def _typed_operator(body: Body, node: ast.AST, operator: str, left: Expression, right: Expression) -> Expression:
    match left.type, right.type:
        case Integer() as what, Integer() as other if what == other and operator in INTEGER_OPERATORS:
            return Binary(what, operator, left, right)
        case Float(), Float() if operator in FLOAT_OPERATORS:
            return Binary(F64, operator, left, right)
        case Address(), Integer() as other if other == U64 and operator in {"+", "-"}:
            return Binary(ADDR, operator, left, right)
        case Address(), Address() if operator == "-":
            return Binary(U64, "diff", left, right)
        case what, other:
            code = "K009" if what == other or not (isinstance(what, Integer) and isinstance(other, Integer)) else "K007"
            advice = f"convert one side: to_{what}(...)" if code == "K007" else ""
            if isinstance(what, Address) and isinstance(other, Integer):
                advice = "addresses take + and - with u64"
            raise fault(code, body.position(node), f"{what} {operator} {other}", advice)


def _unary(body: Body, node: ast.UnaryOp, expected: Scalar | None) -> Expression:
    if isinstance(node.op, ast.Not):
        return Unary(BOOL, "not", value_of(body, node.operand, BOOL))
    operand = infer(body, node.operand, expected)
    match node.op, operand.type:
        case ast.USub(), Integer() | Float() as what:
            return Unary(what, "-", operand)
        case ast.Invert(), Integer() as what:
            return Unary(what, "~", operand)
        case _, what:
            raise fault("K009", body.position(node), f"{ast.unparse(node)}: no such operator on {what}")


def _compare(body: Body, node: ast.Compare) -> Expression:
    if len(node.ops) != 1:
        raise fault("K005", body.position(node), "chained comparison", "join two comparisons with and")
    right_node = node.comparators[0]
    left, right = pair_of(body, node.left, right_node, None)
    if left.type != right.type:
        raise fault("K007", body.position(node), f"{left.type} compared with {right.type}", "convert one side")
    match node.ops[0], left.type:
        case ast.Is() | ast.IsNot() as op, Pointer():
            return Compare(BOOL, "==" if isinstance(op, ast.Is) else "!=", left, right)
        case ast.Eq() | ast.NotEq() as op, Bool():
            return Compare(BOOL, COMPARISONS[type(op)], left, right)
        case op, Integer() | Float() | Address() if type(op) in COMPARISONS:
            return Compare(BOOL, COMPARISONS[type(op)], left, right)
        case _, what:
            advice = "pointers to structs: is, is not, is_null(...)" if isinstance(what, Pointer) else ""
            raise fault("K009", body.position(node), f"{ast.unparse(node)}: not for {what}", advice)


def _logic(body: Body, operator: str, values: list[ast.expr]) -> Expression:
    result = value_of(body, values[0], BOOL)
    for each in values[1:]:
        result = Logic(BOOL, operator, result, value_of(body, each, BOOL))
    return result


def _conditional(body: Body, node: ast.IfExp, expected: Scalar | None) -> Expression:
    condition = value_of(body, node.test, BOOL)
    yes, no = pair_of(body, node.body, node.orelse, expected)
    if yes.type != no.type:
        raise fault("K007", body.position(node), f"one side is {yes.type}, the other {no.type}")
    return Conditional(_scalar(yes, node.body, body), condition, yes, no)


# --- Calls ----------------------------------------------------------------------------------------


def _call(body: Body, node: ast.Call, expected: Scalar | None) -> Expression:
    position = body.position(node)
    if not isinstance(node.func, ast.Name) or node.func.id in body.local_names:
        advice = "call a function by its name, or call_address(...)"
        raise fault("K005", position, f"call of {ast.unparse(node.func)}", advice)
    if node.keywords:
        raise fault("K011", position, "keyword argument", "pass arguments by position")
    entity = body.entity(node.func)
    match entity:
        case Function():
            return _direct_call(body, node, entity)
        case LanguageName(name=name) if name in SIGNATURES:
            return _simple_intrinsic(body, node, name)
        case LanguageName(name=name) if name in ATOMIC_OPERATIONS:
            return _atomic(body, node, name)
        case LanguageName(name="min" | "max" as name):
            return _minimum(body, node, name, expected)
        case LanguageName(name=name):
            return _special(body, node, name)
        case TypeName(type=what):
            raise fault("K005", position, f"{what}(...) is no conversion", f"write to_{what}(...)")
        case StructType():
            raise fault("K005", position, f"{entity}(...): structs are not made by calls", "global_struct, as_struct")
        case _:
            raise fault("K005", position, f"{node.func.id} cannot be called")


def _arguments(body: Body, node: ast.Call, name: str, given: list[ast.expr], types: tuple[Scalar, ...]) -> tuple[Expression, ...]:
    count = sum(2 if isinstance(each, ast.Starred) else 1 for each in given)
    if count != len(types):
        message = f"{name} takes {len(types)} arguments, not {count}"
        raise fault("K011", body.position(node), message)
    values: list[Expression] = []
    for each in given:
        if isinstance(each, ast.Starred):
            values.extend(_address_and_length(body, each, types[len(values) : len(values) + 2]))
        else:
            values.append(value_of(body, each, types[len(values)]))
    return tuple(values)


def _address_and_length(body: Body, node: ast.Starred, types: tuple[Scalar, ...]) -> tuple[Expression, Expression]:
    """The two arguments that ``*text("...")`` stands for."""
    literal = infer(body, node.value, None)
    if not isinstance(literal, Text):
        raise fault("K011", body.position(node), f"starred argument {ast.unparse(node)}", 'only *text("...") is one')
    match types:
        case (Address(), Integer() as what) if len(literal.text) <= what.maximum:
            return TextAddress(ADDR, literal.text), Constant(what, len(literal.text))
        case _:
            expected = " and ".join(str(each) for each in types)
            raise fault("K007", body.position(node), f"expected {expected}, found an address and a length: {ast.unparse(node)}")


def _direct_call(body: Body, node: ast.Call, function: Function) -> Expression:
    caller = body.function.kind
    if function.kind not in CALLABLE_FROM[caller]:
        allowed = " ".join(sorted(f"@{each.value}" for each in CALLABLE_FROM[caller]))
        message = f"a @{caller.value} function cannot call the @{function.kind.value} function {function.name}"
        raise fault("K012", body.position(node), message, f"it can call {allowed}")
    types = tuple(what for _, what in function.parameters)
    arguments = _arguments(body, node, function.name, node.args, types)
    call = Call(function.result, function, arguments, body.position(node))
    body.calls.append(call)
    return call


def _simple_intrinsic(body: Body, node: ast.Call, name: str) -> Expression:
    signature = SIGNATURES[name]
    given, order = list(node.args), ""
    if signature.orders:
        order = _order(body, node, name, given.pop() if given else None, signature.orders)
    arguments = _arguments(body, node, name, given, signature.parameters)
    if name.startswith("store_"):
        check_stored_at(body, node, *arguments)
    return Intrinsic(signature.result, name, arguments, order)


def _order(body: Body, node: ast.Call, name: str, last: ast.expr | None, allowed: frozenset[str]) -> str:
    order = str(last.value) if isinstance(last, ast.Constant) else ""
    if order not in allowed:
        message = f"{name} takes a memory order as its last argument"
        raise fault("K018", body.position(node), message, f"one of {' '.join(sorted(allowed))}")
    return order


def _atomic(body: Body, node: ast.Call, name: str) -> Expression:
    """An atomic operation on a place; the arguments and the result have the type of the place."""
    position = body.position(node)
    operation = ATOMIC_OPERATIONS[name]
    if len(node.args) != operation.value_count + 2:
        raise fault("K011", position, f"{name} takes {operation.value_count + 2} arguments, not {len(node.args)}")
    order = _order(body, node, name, node.args[-1], operation.orders)
    target = node.args[0]
    if isinstance(target, ast.Call) and isinstance(target.func, ast.Name) and body.entity(target.func) == LanguageName("memory_at"):
        place = _memory_at(body, target)
    else:
        place = place_of(body, target) if name == "atomic_load" else writable_place(body, target)
    what = place.type
    if not isinstance(what, Integer) and (operation.takes_integers_only or not isinstance(what, Address | Pointer)):
        raise fault("K009", position, f"{name} of {what}", "integers; addr and structs too where nothing is computed")
    values = _arguments(body, node, name, node.args[1:-1], (what,) * operation.value_count)
    for each in values:
        check_stored(body, node, place, each)
    result = {"value": what, "bool": BOOL, "none": VOID}[operation.result]
    return Atomic(result, name.removeprefix("atomic_"), place, values, order)


def _memory_at(body: Body, node: ast.Call) -> Place:
    if len(node.args) != 2 or node.keywords:
        raise fault("K011", body.position(node), "memory_at takes a type and an address")
    what = scalar_type(body.environment, body.module, node.args[0])
    return AddressPlace(what, value_of(body, node.args[1], ADDR))


def _minimum(body: Body, node: ast.Call, name: str, expected: Scalar | None) -> Expression:
    if len(node.args) != 2:
        raise fault("K011", body.position(node), f"{name} takes 2 arguments")
    left, right = pair_of(body, node.args[0], node.args[1], expected)
    if not isinstance(left.type, Integer) or left.type != right.type:
        raise fault("K009", body.position(node), f"{name} of {left.type} and {right.type}", "integers of one type")
    return Binary(left.type, name, left, right)


def _special(body: Body, node: ast.Call, name: str) -> Expression:
    position = body.position(node)
    match name, node.args:
        case "null", [struct]:
            return Constant(struct_named(body, struct), 0)
        case "as_struct", [struct, pointer]:
            return Convert(struct_named(body, struct), value_of(body, pointer, ADDR))
        case "is_null", [pointer]:
            operand = infer(body, pointer, ADDR)
            if not isinstance(operand.type, Pointer | Address):
                raise fault("K007", position, f"is_null of {operand.type}")
            return Compare(BOOL, "==", operand, Constant(operand.type, 0))
        case "address", [pointer]:
            operand = infer(body, pointer, None)
            if not isinstance(operand.type, Pointer):
                raise fault("K007", position, f"address of {operand.type}", "field_address(...) of a place")
            return Convert(ADDR, operand)
        case "field_address", [place]:
            return AddressOf(ADDR, place_of(body, place))
        case "function_address", [ast.Name() as function]:
            return _function_address(body, function)
        case "call_address", [target, ast.Tuple(elts=types), result, *given]:
            return _call_address(body, node, target, types, result, given)
        case "text", [literal]:
            constant = constant_of(body, literal)
            if constant is None or not isinstance(constant.value, str):
                raise fault("K017", position, "text takes a string constant")
            return Text(TupleOf((ADDR, U64)), constant.value.encode())
        case "memory_at", _:
            raise fault("K011", position, "memory_at(...) by itself", "it is the first argument of an atomic operation")
        case "stack_struct", _:
            raise fault("K011", position, "stack_struct(...) inside an expression", "assign it to a local of its own")
        case "bump_restartable", [block, offset, size]:
            return _bump(body, block, offset, size)
        case "set_thread_struct", [ast.Name() as thread, record]:
            storage = body.entity(thread)
            if not isinstance(storage, Global) or not storage.is_of_thread or not isinstance(storage.type, Embedded):
                raise fault("K011", position, f"{thread.id} is no thread struct", "define it by thread_struct(...)")
            pointer = value_of(body, record, Pointer(storage.type.struct))
            check_thread_record(body, node, pointer)
            return SetThread(VOID, storage, pointer)
        case "len", [place]:
            array = place_of(body, place)
            if isinstance(array.type, ArrayOf):
                return Constant(U64, array.type.count)
            raise fault("K009", position, f"{array.type} has no length")
        case "to_f64" | "to_addr", [operand]:
            return _conversion(body, node, name.removeprefix("to_"), operand)
        case _, [operand] if name.removeprefix("to_") in INTEGERS:
            return _conversion(body, node, name.removeprefix("to_"), operand)
        case _:
            raise fault("K011", position, f"{ast.unparse(node)}: not possible here", "see docs/kernel-language.md")


def _bump(body: Body, block: ast.expr, offset: ast.expr, size: ast.expr) -> Expression:
    match place_of(body, block):
        case FieldPlace(type=Embedded(), base=Load(place=FieldPlace() as pointer)) as place if thread_storage(pointer) is not None:
            return Bump(TupleOf((ADDR, BOOL)), place, pointer, value_of(body, offset, U64), value_of(body, size, U64))
        case _:
            message = f"{ast.unparse(block)} is not a struct in the struct that a field of the thread struct points to"
            raise fault("K011", body.position(block), message)


def struct_named(body: Body, node: ast.expr) -> Pointer:
    """The type of a pointer to the struct that the expression names. Raises KernelError (K006)."""
    what = scalar_type(body.environment, body.module, node)
    if not isinstance(what, Pointer):
        raise fault("K006", body.position(node), f"{what} is not a struct")
    return what


def _conversion(body: Body, node: ast.Call, target: str, operand_node: ast.expr) -> Expression:
    constant = constant_of(body, operand_node)
    if target in INTEGERS and constant is not None and isinstance(constant.value, int):
        return Constant(INTEGERS[target], INTEGERS[target].wrap(int(constant.value)))
    operand = infer(body, operand_node, U64 if target == "addr" else None)
    if isinstance(operand, Constant) and target == "f64":
        return Constant(F64, float(operand.value))
    match target, operand.type:
        case "addr", Integer() as what if what == U64:
            return Convert(ADDR, operand)
        case "f64", Integer() | Float():
            return Convert(F64, operand)
        case "u64", Address():
            return Convert(U64, operand)
        case name, Integer() | Float() | Bool() if name in INTEGERS:
            return Convert(INTEGERS[name], operand)
        case _, what:
            advice = "to_u64(address(...))" if isinstance(what, Pointer) else "through u64"
            raise fault("K009", body.position(node), f"to_{target} of {what}", advice)


def _function_address(body: Body, node: ast.Name) -> Expression:
    entity = body.entity(node)
    if not isinstance(entity, Function) or entity.kind is Kind.INLINE:
        message = f"{node.id} has no address of its own"
        raise fault("K012", body.position(node), message, "any function but @inline has")
    if body.function.kind is Kind.INLINE and entity.kind is Kind.KERNEL:
        message = f"an @inline function cannot refer to the @kernel function {node.id}"
        raise fault("K012", body.position(node), message, "make it @export")
    return FunctionAddress(ADDR, entity)


def _call_address(
    body: Body,
    node: ast.Call,
    target: ast.expr,
    types: list[ast.expr],
    result: ast.expr,
    given: list[ast.expr],
) -> Expression:
    environment, module = body.environment, body.module
    parameters = tuple(scalar_type(environment, module, each) for each in types)
    what = result_type(environment, module, result, body.position(result))
    code = value_of(body, target, ADDR)
    return CallAddress(what, code, _arguments(body, node, "the function", given, parameters))
