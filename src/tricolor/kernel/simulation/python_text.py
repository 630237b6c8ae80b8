"""Turns checked kernel functions into Python source.

Values are Python integers in the range of their type, floats, bools; pointers are integers. Memory is
reached through ``load``/``store`` functions in the namespace of the generated code. In interleaved
mode every kernel function is a generator that yields before each access to memory, so that a scheduler
can choose who goes next. In coroutine mode it is a generator that yields only where a ``@goroutine`` function
begins, and where a fake yields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never, final

from tricolor.kernel.diagnostics import Position
from tricolor.kernel.tree import (
    DECLARED,
    AddressOf,
    AddressPlace,
    Asm,
    Assign,
    Atomic,
    Binary,
    Break,
    Bump,
    Call,
    CallAddress,
    Check,
    Compare,
    Conditional,
    Constant,
    Continue,
    Convert,
    ElementPlace,
    Evaluate,
    Expression,
    FieldPlace,
    ForRange,
    Function,
    FunctionAddress,
    Global,
    GlobalPlace,
    If,
    Intrinsic,
    Kind,
    Load,
    Local,
    Logic,
    Place,
    Return,
    SetThread,
    StackStruct,
    Statement,
    Store,
    Text,
    TextAddress,
    Unary,
    Unpack,
    Unreachable,
    Update,
    While,
)
from tricolor.kernel.types import (
    Address,
    Bool,
    Embedded,
    Float,
    Integer,
    Pointer,
    ResultType,
    Scalar,
    StoredType,
    size_bytes,
    thread_self_offset,
)

OUTSIDE_KINDS = DECLARED | {Kind.NAKED}
"""Kinds without a body that could be simulated: they are fakes given from outside."""

MASK_64 = (1 << 64) - 1


@final
@dataclass(slots=True)
class Linkage:
    """The names and addresses of functions, globals and texts in generated code."""

    functions: dict[Function, str]
    globals: dict[Global, int]
    texts: dict[bytes, int] = field(default_factory=dict[bytes, int])
    function_addresses: dict[str, int] = field(default_factory=dict[str, int])


@final
@dataclass(slots=True)
class Writer:
    """Generated lines, and the kernel position of each."""

    linkage: Linkage
    interleaved: bool
    coroutines: bool
    check_level: int
    lines: list[str] = field(default_factory=list[str])
    positions: list[Position | None] = field(default_factory=list["Position | None"])
    indent: int = 0
    position: Position | None = None

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)
        self.positions.append(self.position)

    def access(self, call: str) -> str:
        """An access to memory."""
        return f"(yield from {call})" if self.interleaved else call

    def call(self, call: str) -> str:
        """A call of a function."""
        return f"(yield from {call})" if self.interleaved or self.coroutines else call


def write_function(w: Writer, function: Function) -> None:
    """Appends the definition of a function that has a body."""
    w.position = function.position
    parameters = ", ".join(f"v_{name}" for name, _ in function.parameters)
    w.line(f"def {w.linkage.functions[function]}({parameters}):")
    w.indent += 1
    if w.coroutines and function.kind is Kind.GOROUTINE:
        w.line("yield ENTRY")
    elif w.coroutines or w.interleaved:
        w.line("if False: yield")
    if function.stack_structs:
        _in_frame(w, function)
    else:
        _block(w, function.body)
    w.indent -= 1


def _in_frame(w: Writer, function: Function) -> None:
    """The body of a function with structs in its frame, which end with the call."""
    for name, struct in function.stack_structs.items():
        w.line(f"v_{name} = enter_struct({struct.size_bytes})")
    w.line("try:")
    _nested(w, function.body)
    w.line("finally:")
    for name, struct in function.stack_structs.items():
        w.line(f"    leave_struct(v_{name}, {struct.size_bytes})")


# --- Statements -----------------------------------------------------------------------------------


def _block(w: Writer, statements: tuple[Statement, ...]) -> None:
    before = len(w.lines)
    for each in statements:
        w.position = each.position
        _statement(w, each)
    if len(w.lines) == before:
        w.line("pass")


def _statement(w: Writer, node: Statement) -> None:
    match node:
        case Assign():
            w.line(f"v_{node.name} = {_expression(w, node.value)}")
        case StackStruct():
            w.line(f"clear_struct(v_{node.name}, {node.struct.size_bytes})")
        case Store():
            w.line(f"value = {_expression(w, node.value)}")
            w.line(_store(w, node.place.type, _address(w, node.place), "value"))
        case Update():
            _update(w, node)
        case Unpack():
            names = ", ".join("_" if each == "_" else f"v_{each}" for each in node.names)
            w.line(f"{names} = {_expression(w, node.call)}")
        case Evaluate():
            w.line(_expression(w, node.value))
        case If():
            w.line(f"if {_expression(w, node.condition)}:")
            _nested(w, node.yes)
            if node.no:
                w.line("else:")
                _nested(w, node.no)
        case While():
            w.line(f"while {_expression(w, node.condition)}:")
            _nested(w, node.body)
        case ForRange():
            bounds = f"{_expression(w, node.start)}, {_expression(w, node.stop)}, {node.step}"
            w.line(f"for v_{node.name} in range({bounds}):")
            _nested(w, node.body)
        case Break():
            w.line("break")
        case Continue():
            w.line("continue")
        case Return():
            w.line(f"return {', '.join(_expression(w, each) for each in node.values)}")
        case Check():
            if w.check_level >= node.level:
                w.line(f"if not {_expression(w, node.condition)}: check_failed({node.text!r})")
        case Unreachable():
            w.line(f"check_failed({node.text!r})")
        case Asm():
            pass
        case _:
            assert_never(node)


def _nested(w: Writer, statements: tuple[Statement, ...]) -> None:
    w.indent += 1
    _block(w, statements)
    w.indent -= 1


def _update(w: Writer, node: Update) -> None:
    what = node.place.type
    assert isinstance(what, Integer | Float | Bool | Address | Pointer)
    w.line(f"place = {_address(w, node.place)}")
    w.line(f"old = {_load(w, what, 'place')}")
    right = _expression(w, node.value)
    w.line(_store(w, what, "place", _arithmetic(node.operator, what, "old", right)))


# --- Memory ---------------------------------------------------------------------------------------


def _address(w: Writer, place: Place) -> str:
    match place:
        case GlobalPlace() if place.storage.is_of_thread:
            return "thread.base"
        case GlobalPlace():
            return hex(w.linkage.globals[place.storage])
        case FieldPlace():
            base = _expression(w, place.base)
            return f"({base} + {place.offset_bytes})" if place.offset_bytes else base
        case ElementPlace():
            return f"({_address(w, place.base)} + {_index(w, place)} * {size_bytes(place.type)})"
        case AddressPlace():
            return _expression(w, place.address)
        case _:
            assert_never(place)


def _index(w: Writer, place: ElementPlace) -> str:
    """The index, which must be inside the array; locals are compared without a call."""
    text = _expression(w, place.index)
    match place.index:
        case Constant():
            return text
        case Local():
            return f"({text} if 0 <= {text} < {place.count} else index_below({text}, {place.count}))"
        case _:
            return f"index_below({text}, {place.count})"


def _load(w: Writer, what: StoredType, address: str) -> str:
    return w.access(f"load_{memory_name(what)}({address})")


def _store(w: Writer, what: StoredType, address: str, value: str) -> str:
    return w.access(f"store_{memory_name(what)}({address}, {value})")


def memory_name(what: StoredType | ResultType) -> str:
    """The suffix of the access functions for a type."""
    return "u64" if isinstance(what, Address | Pointer) else str(what)


# --- Expressions ----------------------------------------------------------------------------------


def _expression(w: Writer, node: Expression) -> str:
    match node:
        case Constant():
            return _constant(node)
        case Local():
            return f"v_{node.name}"
        case Load():
            return _load(w, node.type, _address(w, node.place))
        case AddressOf():
            return _address(w, node.place)
        case Unary():
            return _unary(w, node)
        case Binary():
            left_type = node.left.type
            assert isinstance(left_type, Integer | Float | Bool | Address | Pointer)
            return _arithmetic(node.operator, left_type, _expression(w, node.left), _expression(w, node.right))
        case Compare() | Logic():
            return f"({_expression(w, node.left)} {node.operator} {_expression(w, node.right)})"
        case Conditional():
            yes, no = _expression(w, node.yes), _expression(w, node.no)
            return f"({yes} if {_expression(w, node.condition)} else {no})"
        case Convert():
            return _convert(node, _expression(w, node.operand))
        case Call():
            return _call(w, node)
        case CallAddress():
            arguments = [_expression(w, each) for each in (node.target, *node.arguments)]
            return w.call(f"call_address({', '.join(arguments)})")
        case Intrinsic():
            return _intrinsic(w, node)
        case Atomic():
            arguments = [_address(w, node.place), *(_expression(w, each) for each in node.arguments)]
            return w.access(f"atomic_{node.operation}_{memory_name(node.place.type)}({', '.join(arguments)})")
        case Bump():
            start = f"{_expression(w, node.block.base)} + {node.block.offset_bytes} + {_expression(w, node.offset)}"
            return w.access(f"bump({start}, {_expression(w, node.size)})")
        case SetThread():
            assert isinstance(node.storage.type, Embedded)
            return w.access(f"set_thread({_expression(w, node.record)}, {thread_self_offset(node.storage.type.struct)})")
        case FunctionAddress():
            return hex(w.linkage.function_addresses[node.function.symbol])
        case TextAddress():
            return hex(w.linkage.texts[node.text])
        case Text():
            return f"({hex(w.linkage.texts[node.text])}, {len(node.text)})"
        case _:
            assert_never(node)


def _constant(node: Constant) -> str:
    if isinstance(node.type, Bool):
        return str(bool(node.value))
    if isinstance(node.value, float):
        return f"float({str(node.value)!r})"
    return f"({node.value})" if node.value < 0 else str(node.value)


def _unary(w: Writer, node: Unary) -> str:
    operand = _expression(w, node.operand)
    if node.operator == "not":
        return f"(not {operand})"
    if isinstance(node.type, Float):
        return f"(-{operand})"
    return _wrapped(node.type, f"{node.operator}{operand}")


def _wrapped(what: Scalar, text: str) -> str:
    if isinstance(what, Integer) and what.signed:
        return f"wrap_signed({text}, {what.bits})"
    bits = what.bits if isinstance(what, Integer) else 64
    return f"(({text}) & {hex((1 << bits) - 1)})"


def _arithmetic(operator: str, what: Scalar, left: str, right: str) -> str:
    if isinstance(what, Float):
        return f"divide_floats({left}, {right})" if operator == "/" else f"({left} {operator} {right})"
    bits = what.bits if isinstance(what, Integer) else 64
    is_unsigned = isinstance(what, Integer) and not what.signed
    match operator:
        case "diff":
            return _wrapped(what, f"{left} - {right}")
        case "+" | "-" | "*":
            return _wrapped(what, f"{left} {operator} {right}")
        case "//" | "%" if is_unsigned and right.isdecimal() and right != "0":
            return f"({left} {operator} {right})"
        case "//":
            return f"divide({left}, {right}, {bits})"
        case "%":
            return f"remainder({left}, {right}, {bits})"
        case "<<" | ">>":
            # The checker has compared constant counts with the width.
            count = right if right.isdecimal() else f"shift_count({right}, {bits})"
            return _wrapped(what, f"{left} << {count}") if operator == "<<" else f"({left} >> {count})"
        case "min" | "max":
            return f"{operator}({left}, {right})"
        case _:
            return f"({left} {operator} {right})"


def _convert(node: Convert, operand: str) -> str:
    match node.operand.type, node.type:
        case Integer() as source, Integer() as target:
            if target.minimum <= source.minimum and source.maximum <= target.maximum:
                return operand
            return _wrapped(target, operand)
        case Bool(), Integer():
            return f"int({operand})"
        case Integer(), Float():
            return f"float({operand})"
        case Float(), Integer() as target:
            return f"saturate({operand}, {target.minimum}, {target.maximum})"
        case _:
            return operand


def _call(w: Writer, node: Call) -> str:
    arguments = ", ".join(_expression(w, each) for each in node.arguments)
    if node.function.kind in OUTSIDE_KINDS:
        separator = ", " if arguments else ""
        return w.call(f"call_outside({node.function.symbol!r}{separator}{arguments})")
    return w.call(f"{w.linkage.functions[node.function]}({arguments})")


def _intrinsic(w: Writer, node: Intrinsic) -> str:
    arguments = [_expression(w, each) for each in node.arguments]
    name = node.name
    joined = ", ".join(arguments)
    if name.startswith(("load_", "store_")):
        return w.access(f"{name.replace('_addr', '_u64')}({joined})")
    match name:
        case "memory_copy" | "memory_zero" | "memory_compare":
            return w.access(f"{name}({joined})")
        case "likely" | "unlikely":
            return arguments[0]
        case "prefetch" | "spin_hint" | "keep_alive" | "fence":
            return f"({joined}, None)[-1]" if joined else "None"
        case "frame_address":
            return "0"
        case "multiply_high_u64":
            return f"(({arguments[0]} * {arguments[1]}) >> 64)"
        case "f64_to_bits" | "f64_from_bits":
            return f"{'float_to_bits' if name == 'f64_to_bits' else 'float_from_bits'}({joined})"
        case _:
            function, what = name.rsplit("_", 1)
            if function == "population_count":
                return f"({joined}).bit_count()"
            return f"{function}({joined}, {what[1:]})"
