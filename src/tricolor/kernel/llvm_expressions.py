"""Writes places and expressions of the typed tree as LLVM text."""

from __future__ import annotations

from typing import Final, assert_never

from tricolor.kernel.llvm_intrinsics import emit_intrinsic
from tricolor.kernel.llvm_writer import (
    LLVM_ORDERS,
    Writer,
    body_symbol,
    constant_text,
    emit_check,
    parameter_text,
    quoted,
    resize,
    result_text,
    type_text,
)
from tricolor.kernel.restartable import BUMP_CONSTRAINTS, bump_assembly
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
    FunctionAddress,
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
    Address,
    Bool,
    Embedded,
    Float,
    Integer,
    Never,
    Pointer,
    ResultType,
    Scalar,
    StoredType,
    TupleOf,
    Void,
    align_bytes,
    size_bytes,
    thread_self_offset,
)

BOUNDS_CHECK_LEVEL: Final = 2
# A failed compare-exchange stores nothing, so its order has no release half.
FAILURE_ORDERS: Final = {**LLVM_ORDERS, "release": "monotonic", "acq_rel": "acquire"}
COMPARE: Final = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
SIMPLE_OPERATORS: Final = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor", "<<": "shl"}
FLOAT_OPERATORS: Final = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
# Memory relative to the base of %gs, which the system call arch_prctl(ARCH_SET_GS) sets for one thread.
THREAD_POINTER: Final = "ptr addrspace(256)"
ARCH_PRCTL: Final = 158
ARCH_SET_GS: Final = 0x1001


def emit_pointer(w: Writer, place: Place) -> str:
    """The pointer through which a place is loaded and stored, with its type."""
    return f"ptr {_address(w, place)}" if thread_storage(place) is None else _thread_pointer(w, place)


def _thread_pointer(w: Writer, place: Place) -> str:
    """A pointer relative to the base of %gs: at a constant offset it is part of the instruction that uses it."""
    offset = _thread_offset(place)
    if offset is not None:
        return f"{THREAD_POINTER} inttoptr (i64 {offset} to {THREAD_POINTER})"
    match place:
        case FieldPlace(base=AddressOf(place=outer)):
            return f"{THREAD_POINTER} " + w.value(f"getelementptr i8, {_thread_pointer(w, outer)}, i64 {place.offset_bytes}")
        case ElementPlace():
            base = _thread_pointer(w, place.base)
            index = _index(w, place)
            return f"{THREAD_POINTER} " + w.value(f"getelementptr [{size_bytes(place.type)} x i8], {base}, i64 {index}")
        case _:
            raise AssertionError(place)


def _thread_offset(place: Place) -> int | None:
    """The offset of a place in the thread struct; None if an index is not constant."""
    match place:
        case FieldPlace(base=AddressOf(place=outer)):
            start, offset = _thread_offset(outer), place.offset_bytes
        case ElementPlace(index=Constant(value=index)):
            start, offset = _thread_offset(place.base), int(index) * size_bytes(place.type)
        case GlobalPlace():
            start, offset = 0, 0
        case _:
            return None
    return None if start is None else start + offset


def _index(w: Writer, place: ElementPlace) -> str:
    """The index as i64; checked against the bounds at check level 2 and above."""
    index = emit_expression(w, place.index)
    assert isinstance(place.index.type, Integer)
    wide = resize(w, place.index.type, index, 64)
    if w.check_level >= BOUNDS_CHECK_LEVEL and not isinstance(place.index, Constant):
        inside = w.value(f"icmp ult i64 {wide}, {place.count}")
        emit_check(w, inside, b"array index out of range")
    return wide


def _address(w: Writer, place: Place) -> str:
    """The address of a place, valid in every thread."""
    match place:
        case GlobalPlace() if place.storage.is_of_thread:
            assert isinstance(place.type, Embedded)
            offset = thread_self_offset(place.type.struct)
            return w.value(f"load ptr, {THREAD_POINTER} inttoptr (i64 {offset} to {THREAD_POINTER}), align 8")
        case GlobalPlace():
            w.references.globals[place.storage] = None
            return quoted(place.storage.symbol)
        case FieldPlace():
            base = emit_expression(w, place.base)
            if place.offset_bytes == 0:
                return base
            return w.value(f"getelementptr inbounds i8, ptr {base}, i64 {place.offset_bytes}", f"a.{place.name}")
        case ElementPlace():
            base = _address(w, place.base)
            index = _index(w, place)
            return w.value(f"getelementptr inbounds [{size_bytes(place.type)} x i8], ptr {base}, i64 {index}", "element")
        case AddressPlace():
            return emit_expression(w, place.address)
        case _:
            assert_never(place)


def emit_load(w: Writer, what: StoredType, pointer: str) -> str:
    if isinstance(what, Bool):
        byte = w.value(f"load i8, {pointer}, align 1")
        return w.value(f"trunc i8 {byte} to i1")
    assert isinstance(what, Integer | Float | Address | Pointer)
    return w.value(f"load {type_text(what)}, {pointer}, align {align_bytes(what)}")


def emit_store(w: Writer, what: StoredType, pointer: str, value: str) -> None:
    if isinstance(what, Bool):
        byte = w.value(f"zext i1 {value} to i8")
        w.emit(f"store i8 {byte}, {pointer}, align 1")
        return
    assert isinstance(what, Integer | Float | Address | Pointer)
    w.emit(f"store {type_text(what)} {value}, {pointer}, align {align_bytes(what)}")


def _set_thread(w: Writer, node: SetThread) -> None:
    """Sets the base of %gs; the system call clobbers rcx and r11."""
    record = emit_expression(w, node.record)
    assert isinstance(node.storage.type, Embedded)
    offset = thread_self_offset(node.storage.type.struct)
    if offset is not None:
        place = w.value(f"getelementptr inbounds i8, ptr {record}, i64 {offset}")
        w.emit(f"store ptr {record}, ptr {place}, align 8")
    constraints = "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}"
    call = f'call i64 asm sideeffect "syscall", "{constraints}"(i64 {ARCH_PRCTL}, i64 {ARCH_SET_GS}, ptr {record})'
    error = w.value(call)
    emit_check(w, w.value(f"icmp eq i64 {error}, 0"), b"the system does not set the base of %gs")


def emit_operand(w: Writer, node: Expression) -> str:
    """The expression as ``type value``."""
    value = emit_expression(w, node)
    return f"{type_text(node.type)} {value}"


def emit_expression(w: Writer, node: Expression) -> str:
    match node:
        case Constant():
            return constant_text(node.type, node.value)
        case Local():
            return w.value(f'load {type_text(node.type)}, ptr %"v.{node.name}"', "v")
        case Load():
            return emit_load(w, node.type, emit_pointer(w, node.place))
        case AddressOf():
            return _address(w, node.place)
        case Unary():
            return _unary(w, node)
        case Binary():
            left = emit_expression(w, node.left)
            right = emit_expression(w, node.right)
            left_type, right_type = node.left.type, node.right.type
            assert not isinstance(left_type, Void | Never | TupleOf)
            assert not isinstance(right_type, Void | Never | TupleOf)
            return emit_arithmetic(w, node.operator, left_type, left, right_type, right)
        case Compare():
            return _compare(w, node)
        case Logic():
            return _logic(w, node)
        case Conditional():
            return _conditional(w, node)
        case Convert():
            return _convert(w, node)
        case Call():
            return _call(w, node)
        case CallAddress():
            target = emit_expression(w, node.target)
            return _call_text(w, node.type, target, node.arguments)
        case Intrinsic():
            return emit_intrinsic(w, node, [emit_expression(w, each) for each in node.arguments])
        case Atomic():
            return _atomic(w, node)
        case Bump():
            return _bump(w, node)
        case SetThread():
            _set_thread(w, node)
            return ""
        case FunctionAddress():
            w.references.functions[node.function] = None
            return quoted(node.function.symbol)
        case TextAddress():
            return quoted(w.references.text(node.text))
        case Text():
            return f"{{ ptr {quoted(w.references.text(node.text))}, i64 {len(node.text)} }}"
        case _:
            assert_never(node)


def _unary(w: Writer, node: Unary) -> str:
    operand = emit_operand(w, node.operand)
    if node.operator == "not":
        return w.value(f"xor {operand}, true")
    if node.operator == "~":
        return w.value(f"xor {operand}, -1")
    if isinstance(node.type, Float):
        return w.value(f"fneg {operand}")
    return w.value(f"sub {type_text(node.type)} 0, {operand.split(' ', 1)[1]}")


def emit_arithmetic(w: Writer, operator: str, what: Scalar, left: str, right_type: Scalar, right: str) -> str:
    """``left operator right``; ``what`` is the type of the left side."""
    match what:
        case Float():
            return w.value(f"{FLOAT_OPERATORS[operator]} double {left}, {right}")
        case Address() | Pointer():
            if operator == "diff":
                first, second = (w.value(f"ptrtoint ptr {each} to i64") for each in (left, right))
                return w.value(f"sub i64 {first}, {second}")
            offset = right if operator == "+" else w.value(f"sub i64 0, {right}")
            return w.value(f"getelementptr i8, ptr {left}, i64 {offset}")
        case Integer():
            text = type_text(what)
            prefix = "s" if what.signed else "u"
            if operator in {"<<", ">>"}:
                assert isinstance(right_type, Integer)
                right = resize(w, right_type, right, what.bits)
            if operator in {"min", "max"}:
                return w.value(f"call {text} @llvm.{prefix}{operator}.{text}({text} {left}, {text} {right})")
            special = {"//": f"{prefix}div", "%": f"{prefix}rem", ">>": "ashr" if what.signed else "lshr"}
            name = special.get(operator) or SIMPLE_OPERATORS[operator]
            return w.value(f"{name} {text} {left}, {right}")
        case Bool():
            raise AssertionError(operator)


def _compare(w: Writer, node: Compare) -> str:
    left = emit_operand(w, node.left)
    right = emit_expression(w, node.right)
    name = COMPARE[node.operator]
    match node.left.type:
        case Float():
            return w.value(f"fcmp {'u' if name == 'ne' else 'o'}{name} {left}, {right}")
        case Integer() as what if name not in {"eq", "ne"}:
            return w.value(f"icmp {'s' if what.signed else 'u'}{name} {left}, {right}")
        case _:
            return w.value(f"icmp {name if name in {'eq', 'ne'} else f'u{name}'} {left}, {right}")


def _logic(w: Writer, node: Logic) -> str:
    left = emit_expression(w, node.left)
    from_block = w.block
    more, done = w.fresh(node.operator), w.fresh("logic")
    targets = (more, done) if node.operator == "and" else (done, more)
    w.end(f"br i1 {left}, label %{targets[0]}, label %{targets[1]}")
    w.label(more)
    right = emit_expression(w, node.right)
    right_block = w.block
    w.label(done)
    short = "false" if node.operator == "and" else "true"
    return w.value(f"phi i1 [ {short}, %{from_block} ], [ {right}, %{right_block} ]")


def _conditional(w: Writer, node: Conditional) -> str:
    condition = emit_expression(w, node.condition)
    yes, no, done = w.fresh("yes"), w.fresh("no"), w.fresh("either")
    w.end(f"br i1 {condition}, label %{yes}, label %{no}")
    w.label(yes)
    first = emit_expression(w, node.yes)
    first_block = w.block
    w.end(f"br label %{done}")
    w.label(no)
    second = emit_expression(w, node.no)
    second_block = w.block
    w.label(done)
    return w.value(f"phi {type_text(node.type)} [ {first}, %{first_block} ], [ {second}, %{second_block} ]")


def _convert(w: Writer, node: Convert) -> str:
    value = emit_expression(w, node.operand)
    target = type_text(node.type)
    match node.operand.type, node.type:
        case ((Address() | Pointer()), (Address() | Pointer())):
            return value
        case ((Address() | Pointer()), Integer()):
            return w.value(f"ptrtoint ptr {value} to i64")
        case Integer(), (Address() | Pointer()):
            return w.value(f"inttoptr i64 {value} to ptr")
        case Integer() as what, Integer() as to:
            return resize(w, what, value, to.bits)
        case Bool(), Integer():
            return w.value(f"zext i1 {value} to {target}")
        case Integer() as what, Float():
            return w.value(f"{'s' if what.signed else 'u'}itofp {type_text(what)} {value} to double")
        case Float(), Integer() as to:
            name = f"llvm.fpto{'s' if to.signed else 'u'}i.sat.{target}.f64"
            return w.value(f"call {target} @{name}(double {value})")
        case Float(), Float():
            return value
        case source, to:
            raise AssertionError((source, to))


def _call(w: Writer, node: Call) -> str:
    function = node.function
    w.references.functions[function] = None
    direct = function.kind is Kind.SYSTEMSTACK and w.function.kind not in {Kind.INLINE, Kind.GOROUTINE}
    symbol = body_symbol(function) if direct else function.symbol
    return _call_text(w, node.type, quoted(symbol), node.arguments)


def _call_text(w: Writer, result: ResultType, target: str, arguments: tuple[Expression, ...]) -> str:
    values: list[str] = []
    for each in arguments:
        value = emit_expression(w, each)
        assert not isinstance(each.type, Void | Never | TupleOf)
        values.append(f"{parameter_text(each.type)} {value}")
    text = f"call {result_text(result)} {target}({', '.join(values)})"
    if isinstance(result, Void):
        w.emit(text)
        return ""
    if isinstance(result, Never):
        w.emit(f"{text} noreturn")
        w.end("unreachable")
        return ""
    return w.value(text)


def _bump(w: Writer, node: Bump) -> str:
    """In compiled Go code a restartable sequence; plain code in kernels, which no signal stops."""
    offset, size = emit_expression(w, node.offset), emit_expression(w, node.size)
    if w.references.stopped_by_signals:
        where = _thread_offset(node.pointer)
        assert where is not None, "a field of the thread struct has a constant offset"
        text = bump_assembly(where, node.block.offset_bytes)
        # It shares no memory with other code of the module: who else uses the block is in kernels, behind a call.
        call = f'call {{ ptr, ptr, ptr, i32 }} asm sideeffect "{text}", "{BUMP_CONSTRAINTS}"(i64 {offset}, i64 {size})'
        all_results = w.value(f"{call} nounwind memory(inaccessiblemem: readwrite)")
        cursor = w.value(f"extractvalue {{ ptr, ptr, ptr, i32 }} {all_results}, 0")
        above = w.value(f"extractvalue {{ ptr, ptr, ptr, i32 }} {all_results}, 3")
        fits = w.value(f"icmp eq i32 {above}, 0")
    else:
        block = _address(w, node.block)
        pair = w.value(f"getelementptr i8, ptr {block}, i64 {offset}")
        cursor = w.value(f"load ptr, ptr {pair}, align 8")
        after = w.value(f"getelementptr i8, ptr {cursor}, i64 {size}")
        end = w.value(f"getelementptr i8, ptr {pair}, i64 8")
        limit = w.value(f"load ptr, ptr {end}, align 8")
        fits = w.value(f"icmp ule ptr {after}, {limit}")
        kept = w.value(f"select i1 {fits}, ptr {after}, ptr {cursor}")
        w.emit(f"store ptr {kept}, ptr {pair}, align 8")
    first = w.value(f"insertvalue {{ ptr, i1 }} poison, ptr {cursor}, 0")
    return w.value(f"insertvalue {{ ptr, i1 }} {first}, i1 {fits}, 1")


def _atomic(w: Writer, node: Atomic) -> str:
    pointer = emit_pointer(w, node.place)
    values = [emit_expression(w, each) for each in node.arguments]
    order = LLVM_ORDERS[node.order]
    what = node.place.type
    assert isinstance(what, Integer | Address | Pointer)
    text = type_text(what)
    match node.operation:
        case "load":
            return w.value(f"load atomic {text}, {pointer} {order}, align {align_bytes(what)}")
        case "store":
            w.emit(f"store atomic {text} {values[0]}, {pointer} {order}, align {align_bytes(what)}")
            return ""
        case "compare_exchange":
            orders = f"{order} {FAILURE_ORDERS[node.order]}"
            both = w.value(f"cmpxchg {pointer}, {text} {values[0]}, {text} {values[1]} {orders}")
            return w.value(f"extractvalue {{ {text}, i1 }} {both}, 1")
        case operation:
            name = "xchg" if operation == "exchange" else operation
            return w.value(f"atomicrmw {name} {pointer}, {text} {values[0]} {order}")
