"""Writes one function as LLVM text.

Locals live in allocas (LLVM's mem2reg turns them into registers); struct fields are reached by byte
offsets, so that the text needs no type definitions; nothing carries numbered metadata or attribute
groups, so that the text can stand in front of any other module's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, assert_never, final

from tricolor.kernel.tree import (
    AddressOf,
    AddressPlace,
    Asm,
    Assign,
    Atomic,
    Binary,
    Break,
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

CHECK_FAILED: Final = "tricolor.check_failed"
BOUNDS_CHECK_LEVEL: Final = 2
LLVM_ORDERS: Final = {
    "relaxed": "monotonic",
    "acquire": "acquire",
    "release": "release",
    "acq_rel": "acq_rel",
    "seq_cst": "seq_cst",
}
# The order of a failed compare-exchange: the same without its release half.
FAILURE_ORDERS: Final = {**LLVM_ORDERS, "release": "monotonic", "acq_rel": "acquire"}
COMPARE: Final = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
SIMPLE_OPERATORS: Final = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor", "<<": "shl"}
FLOAT_OPERATORS: Final = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
# Memory relative to the base of %gs, which the system call arch_prctl(ARCH_SET_GS) sets for one thread.
THREAD_POINTER: Final = "ptr addrspace(256)"
ARCH_PRCTL: Final = 158
ARCH_SET_GS: Final = 0x1001
STACK_ALIGN_BYTES: Final = 8
# Types whose upper register bits the C convention defines.
EXTENDED_BELOW_BITS: Final = 32


def quoted(symbol: str) -> str:
    """A symbol as LLVM writes it."""
    escaped = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:02X}" for byte in symbol.encode())
    return f'@"{escaped}"'


def type_text(what: ResultType) -> str:
    """A type as LLVM writes it."""
    match what:
        case Integer():
            return f"i{what.bits}"
        case Float():
            return "double"
        case Bool():
            return "i1"
        case Address() | Pointer():
            return "ptr"
        case Void() | Never():
            return "void"
        case TupleOf():
            return "{ " + ", ".join(type_text(each) for each in what.items) + " }"
        case _:
            assert_never(what)


def extension(what: ResultType) -> str:
    """The attribute that says how a small value fills its register."""
    match what:
        case Bool():
            return "zeroext"
        case Integer() if what.bits < EXTENDED_BELOW_BITS:
            return "signext" if what.signed else "zeroext"
        case _:
            return ""


def parameter_text(what: Scalar) -> str:
    """A parameter's type with its attribute."""
    return f"{type_text(what)} {extension(what)}".strip()


def result_text(what: ResultType) -> str:
    """A result's type with its attribute."""
    return f"{extension(what)} {type_text(what)}".strip()


def body_symbol(function: Function) -> str:
    """The symbol of the code that runs: for ``@systemstack`` functions not the thunk."""
    return f"{function.symbol}:system" if function.kind is Kind.SYSTEMSTACK else function.symbol


@final
@dataclass(slots=True)
class References:
    """What the functions written so far refer to; filled in as they are written."""

    text_prefix: str
    functions: dict[Function, None] = field(default_factory=dict[Function, None])
    globals: dict[Global, None] = field(default_factory=dict[Global, None])
    texts: dict[bytes, str] = field(default_factory=dict[bytes, str])
    uses_memcmp: bool = False
    uses_check_failed: bool = False

    def text(self, text: bytes) -> str:
        return self.texts.setdefault(text, f"{self.text_prefix}{len(self.texts)}")


@final
@dataclass(slots=True)
class Writer:
    """One function being written."""

    function: Function
    references: References
    check_level: int
    lines: list[str] = field(default_factory=list[str])
    count: int = 0
    block: str = "entry"
    ended: bool = False
    loops: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def emit(self, text: str) -> None:
        if self.ended:
            self.label(self.fresh("dead"))
        self.lines.append(f"  {text}")

    def value(self, text: str, hint: str = "t") -> str:
        name = f"%{self.fresh(hint)}"
        self.emit(f"{name} = {text}")
        return name

    def fresh(self, hint: str) -> str:
        self.count += 1
        return f"{hint}.{self.count}"

    def label(self, name: str) -> None:
        if not self.ended:
            self.lines.append(f"  br label %{name}")
        self.lines.append(f"{name}:")
        self.block = name
        self.ended = False

    def end(self, text: str) -> None:
        """Emits a terminator."""
        self.emit(text)
        self.ended = True


def function_text(function: Function, references: References, check_level: int, head: str) -> str:
    """The definition of a function: ``head`` up to the parameters, and its body."""
    writer = Writer(function, references, check_level)
    for name, what in function.locals.items():
        writer.emit(f'%"v.{name}" = alloca {type_text(what)}')
    for name, struct_type in function.stack_structs.items():
        writer.emit(f'%"s.{name}" = alloca [{struct_type.size_bytes} x i8], align {max(struct_type.align_bytes, STACK_ALIGN_BYTES)}')
    for name, what in function.parameters:
        writer.emit(f'store {type_text(what)} %"p.{name}", ptr %"v.{name}"')
    _statements(writer, function.body)
    if not writer.ended:
        writer.end("ret void" if isinstance(function.result, Void) else "unreachable")
    return "\n".join([f"{head} {{", "entry:", *writer.lines, "}"])


def asm_text(text: str) -> str:
    """Assembly as an LLVM inline-assembly string: ``$`` doubled, bytes escaped."""
    out: list[str] = []
    for byte in text.replace("$", "$$").encode():
        plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
        out.append(chr(byte) if plain else f"\\{byte:02X}")
    return "".join(out)


# --- Statements -----------------------------------------------------------------------------------


def _statements(w: Writer, statements: tuple[Statement, ...]) -> None:
    for each in statements:
        _statement(w, each)


def _statement(w: Writer, node: Statement) -> None:
    match node:
        case Assign():
            value = _operand(w, node.value)
            w.emit(f'store {value}, ptr %"v.{node.name}"')
        case StackStruct():
            w.emit(f'call void @llvm.memset.p0.i64(ptr %"s.{node.name}", i8 0, i64 {node.struct.size_bytes}, i1 false)')
            w.emit(f'store ptr %"s.{node.name}", ptr %"v.{node.name}"')
        case Store():
            value = _expression(w, node.value)
            _store(w, node.place.type, _pointer(w, node.place), value)
        case Update():
            _update(w, node)
        case Unpack():
            _unpack(w, node)
        case Evaluate():
            _expression(w, node.value)
        case If():
            _if(w, node)
        case While():
            _while(w, node)
        case ForRange():
            _for(w, node)
        case Break():
            w.end(f"br label %{w.loops[-1][0]}")
        case Continue():
            w.end(f"br label %{w.loops[-1][1]}")
        case Return():
            _return(w, node)
        case Check():
            if w.check_level >= node.level:
                _check(w, _expression(w, node.condition), node.text)
        case Unreachable():
            _fail(w, node.text)
        case Asm():
            pass
        case _:
            assert_never(node)


def _update(w: Writer, node: Update) -> None:
    pointer = _pointer(w, node.place)
    what = node.place.type
    assert isinstance(what, Integer | Float | Bool | Address | Pointer)
    old = _load(w, what, pointer)
    right = _expression(w, node.value)
    assert not isinstance(node.value.type, Void | Never | TupleOf)
    _store(w, what, pointer, _arithmetic(w, node.operator, what, old, node.value.type, right))


def _unpack(w: Writer, node: Unpack) -> None:
    whole = _expression(w, node.call)
    what = node.call.type
    assert isinstance(what, TupleOf)
    for index, (name, item) in enumerate(zip(node.names, what.items, strict=True)):
        if name != "_":
            part = w.value(f"extractvalue {type_text(what)} {whole}, {index}")
            w.emit(f'store {type_text(item)} {part}, ptr %"v.{name}"')


def _if(w: Writer, node: If) -> None:
    condition = _expression(w, node.condition)
    yes, no, done = w.fresh("then"), w.fresh("else"), w.fresh("endif")
    w.end(f"br i1 {condition}, label %{yes}, label %{no if node.no else done}")
    w.label(yes)
    _statements(w, node.yes)
    ended_yes = w.ended
    if not ended_yes:
        w.end(f"br label %{done}")
    if node.no:
        w.label(no)
        _statements(w, node.no)
        if ended_yes and w.ended:
            return
    w.label(done)


def _while(w: Writer, node: While) -> None:
    head, body, done = w.fresh("while"), w.fresh("body"), w.fresh("endwhile")
    w.label(head)
    condition = _expression(w, node.condition)
    w.end(f"br i1 {condition}, label %{body}, label %{done}")
    w.label(body)
    w.loops.append((done, head))
    _statements(w, node.body)
    w.loops.pop()
    if not w.ended:
        w.end(f"br label %{head}")
    w.label(done)


def _for(w: Writer, node: ForRange) -> None:
    assert isinstance(node.type, Integer)
    what, signed = type_text(node.type), "s" if node.type.signed else "u"
    start, stop = _expression(w, node.start), _expression(w, node.stop)
    counter = w.fresh("counter")
    w.lines.insert(0, f"  %{counter} = alloca {what}")
    w.emit(f"store {what} {start}, ptr %{counter}")
    head, body, step, more, done = (w.fresh(each) for each in ("for", "body", "step", "more", "endfor"))
    w.label(head)
    test = w.value(f"icmp {signed}{'lt' if node.step > 0 else 'gt'} {what} {start}, {stop}")
    w.end(f"br i1 {test}, label %{body}, label %{done}")
    w.label(body)
    current = w.value(f"load {what}, ptr %{counter}")
    w.emit(f'store {what} {current}, ptr %"v.{node.name}"')
    w.loops.append((done, step))
    _statements(w, node.body)
    w.loops.pop()
    w.label(step)
    # The distance to the end is compared, so that a step over the end cannot wrap around.
    last = w.value(f"load {what}, ptr %{counter}")
    ends = (stop, last) if node.step > 0 else (last, stop)
    distance = w.value(f"sub {what} {ends[0]}, {ends[1]}")
    again = w.value(f"icmp ugt {what} {distance}, {abs(node.step)}")
    w.end(f"br i1 {again}, label %{more}, label %{done}")
    w.label(more)
    following = w.value(f"add {what} {last}, {node.step}")
    w.emit(f"store {what} {following}, ptr %{counter}")
    w.end(f"br label %{body}")
    w.label(done)


def _return(w: Writer, node: Return) -> None:
    result = w.function.result
    if not node.values:
        w.end("ret void")
    elif not isinstance(result, TupleOf) or isinstance(node.values[0].type, TupleOf):
        w.end(f"ret {_operand(w, node.values[0])}")
    else:
        values = [_operand(w, each) for each in node.values]
        whole = "poison"
        for index, value in enumerate(values):
            whole = w.value(f"insertvalue {type_text(result)} {whole}, {value}, {index}")
        w.end(f"ret {type_text(result)} {whole}")


def _check(w: Writer, condition: str, text: bytes) -> None:
    failed, passed = w.fresh("failed"), w.fresh("passed")
    hinted = w.value(f"call i1 @llvm.expect.i1(i1 {condition}, i1 true)")
    w.end(f"br i1 {hinted}, label %{passed}, label %{failed}")
    w.label(failed)
    _fail(w, text)
    w.label(passed)


def _fail(w: Writer, text: bytes) -> None:
    w.references.uses_check_failed = True
    on_system_stack = w.function.kind not in {Kind.INLINE, Kind.GOROUTINE}
    symbol = f"{CHECK_FAILED}:system" if on_system_stack else CHECK_FAILED
    name = w.references.text(text)
    w.emit(f"call void {quoted(symbol)}(ptr {quoted(name)}, i64 {len(text)}) cold noreturn")
    w.end("unreachable")


# --- Memory ---------------------------------------------------------------------------------------


def _pointer(w: Writer, place: Place) -> str:
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
    index = _expression(w, place.index)
    assert isinstance(place.index.type, Integer)
    wide = _resize(w, place.index.type, index, 64)
    if w.check_level >= BOUNDS_CHECK_LEVEL and not isinstance(place.index, Constant):
        inside = w.value(f"icmp ult i64 {wide}, {place.count}")
        _check(w, inside, b"array index out of range")
    return wide


def _address(w: Writer, place: Place) -> str:
    """The address of a place, as any thread may use it."""
    match place:
        case GlobalPlace() if place.storage.is_of_thread:
            assert isinstance(place.type, Embedded)
            offset = thread_self_offset(place.type.struct)
            return w.value(f"load ptr, {THREAD_POINTER} inttoptr (i64 {offset} to {THREAD_POINTER}), align 8")
        case GlobalPlace():
            w.references.globals[place.storage] = None
            return quoted(place.storage.symbol)
        case FieldPlace():
            base = _expression(w, place.base)
            if place.offset_bytes == 0:
                return base
            return w.value(f"getelementptr inbounds i8, ptr {base}, i64 {place.offset_bytes}", f"a.{place.name}")
        case ElementPlace():
            base = _address(w, place.base)
            index = _index(w, place)
            return w.value(f"getelementptr inbounds [{size_bytes(place.type)} x i8], ptr {base}, i64 {index}", "element")
        case AddressPlace():
            return _expression(w, place.address)
        case _:
            assert_never(place)


def _load(w: Writer, what: StoredType, pointer: str) -> str:
    if isinstance(what, Bool):
        byte = w.value(f"load i8, {pointer}, align 1")
        return w.value(f"trunc i8 {byte} to i1")
    assert isinstance(what, Integer | Float | Address | Pointer)
    return w.value(f"load {type_text(what)}, {pointer}, align {align_bytes(what)}")


def _store(w: Writer, what: StoredType, pointer: str, value: str) -> None:
    if isinstance(what, Bool):
        byte = w.value(f"zext i1 {value} to i8")
        w.emit(f"store i8 {byte}, {pointer}, align 1")
        return
    assert isinstance(what, Integer | Float | Address | Pointer)
    w.emit(f"store {type_text(what)} {value}, {pointer}, align {align_bytes(what)}")


def _set_thread(w: Writer, node: SetThread) -> None:
    """Sets the base of %gs; the system call clobbers rcx and r11."""
    record = _expression(w, node.record)
    assert isinstance(node.storage.type, Embedded)
    offset = thread_self_offset(node.storage.type.struct)
    if offset is not None:
        place = w.value(f"getelementptr inbounds i8, ptr {record}, i64 {offset}")
        w.emit(f"store ptr {record}, ptr {place}, align 8")
    constraints = "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}"
    call = f'call i64 asm sideeffect "syscall", "{constraints}"(i64 {ARCH_PRCTL}, i64 {ARCH_SET_GS}, ptr {record})'
    error = w.value(call)
    _check(w, w.value(f"icmp eq i64 {error}, 0"), b"the system does not set the base of %gs")


# --- Expressions ----------------------------------------------------------------------------------


def _operand(w: Writer, node: Expression) -> str:
    """The expression as ``type value``."""
    value = _expression(w, node)
    return f"{type_text(node.type)} {value}"


def _expression(w: Writer, node: Expression) -> str:
    match node:
        case Constant():
            return constant_text(node.type, node.value)
        case Local():
            return w.value(f'load {type_text(node.type)}, ptr %"v.{node.name}"', "v")
        case Load():
            return _load(w, node.type, _pointer(w, node.place))
        case AddressOf():
            return _address(w, node.place)
        case Unary():
            return _unary(w, node)
        case Binary():
            left = _expression(w, node.left)
            right = _expression(w, node.right)
            left_type, right_type = node.left.type, node.right.type
            assert not isinstance(left_type, Void | Never | TupleOf)
            assert not isinstance(right_type, Void | Never | TupleOf)
            return _arithmetic(w, node.operator, left_type, left, right_type, right)
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
            target = _expression(w, node.target)
            return _call_text(w, node.type, target, node.arguments)
        case Intrinsic():
            return _intrinsic(w, node)
        case Atomic():
            return _atomic(w, node)
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


def constant_text(what: Scalar, value: float) -> str:
    """A literal as LLVM writes it."""
    match what:
        case Integer():
            return str(value)
        case Float():
            return "0x" + struct.pack(">d", value).hex().upper()
        case Bool():
            return "true" if value else "false"
        case Address() | Pointer():
            return "null" if value == 0 else f"inttoptr (i64 {value} to ptr)"


def _unary(w: Writer, node: Unary) -> str:
    operand = _operand(w, node.operand)
    if node.operator == "not":
        return w.value(f"xor {operand}, true")
    if node.operator == "~":
        return w.value(f"xor {operand}, -1")
    if isinstance(node.type, Float):
        return w.value(f"fneg {operand}")
    return w.value(f"sub {type_text(node.type)} 0, {operand.split(' ', 1)[1]}")


def _arithmetic(w: Writer, operator: str, what: Scalar, left: str, right_type: Scalar, right: str) -> str:
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
                right = _resize(w, right_type, right, what.bits)
            if operator in {"min", "max"}:
                return w.value(f"call {text} @llvm.{prefix}{operator}.{text}({text} {left}, {text} {right})")
            special = {"//": f"{prefix}div", "%": f"{prefix}rem", ">>": "ashr" if what.signed else "lshr"}
            name = special.get(operator) or SIMPLE_OPERATORS[operator]
            return w.value(f"{name} {text} {left}, {right}")
        case Bool():
            raise AssertionError(operator)


def _resize(w: Writer, what: Integer, value: str, bits: int) -> str:
    if what.bits == bits:
        return value
    name = "trunc" if what.bits > bits else ("sext" if what.signed else "zext")
    return w.value(f"{name} i{what.bits} {value} to i{bits}")


def _compare(w: Writer, node: Compare) -> str:
    left = _operand(w, node.left)
    right = _expression(w, node.right)
    name = COMPARE[node.operator]
    match node.left.type:
        case Float():
            return w.value(f"fcmp {'u' if name == 'ne' else 'o'}{name} {left}, {right}")
        case Integer() as what if name not in {"eq", "ne"}:
            return w.value(f"icmp {'s' if what.signed else 'u'}{name} {left}, {right}")
        case _:
            return w.value(f"icmp {name if name in {'eq', 'ne'} else f'u{name}'} {left}, {right}")


def _logic(w: Writer, node: Logic) -> str:
    left = _expression(w, node.left)
    from_block = w.block
    more, done = w.fresh(node.operator), w.fresh("logic")
    targets = (more, done) if node.operator == "and" else (done, more)
    w.end(f"br i1 {left}, label %{targets[0]}, label %{targets[1]}")
    w.label(more)
    right = _expression(w, node.right)
    right_block = w.block
    w.label(done)
    short = "false" if node.operator == "and" else "true"
    return w.value(f"phi i1 [ {short}, %{from_block} ], [ {right}, %{right_block} ]")


def _conditional(w: Writer, node: Conditional) -> str:
    condition = _expression(w, node.condition)
    yes, no, done = w.fresh("yes"), w.fresh("no"), w.fresh("either")
    w.end(f"br i1 {condition}, label %{yes}, label %{no}")
    w.label(yes)
    first = _expression(w, node.yes)
    first_block = w.block
    w.end(f"br label %{done}")
    w.label(no)
    second = _expression(w, node.no)
    second_block = w.block
    w.label(done)
    return w.value(f"phi {type_text(node.type)} [ {first}, %{first_block} ], [ {second}, %{second_block} ]")


def _convert(w: Writer, node: Convert) -> str:
    value = _expression(w, node.operand)
    target = type_text(node.type)
    match node.operand.type, node.type:
        case ((Address() | Pointer()), (Address() | Pointer())):
            return value
        case ((Address() | Pointer()), Integer()):
            return w.value(f"ptrtoint ptr {value} to i64")
        case Integer(), (Address() | Pointer()):
            return w.value(f"inttoptr i64 {value} to ptr")
        case Integer() as what, Integer() as to:
            return _resize(w, what, value, to.bits)
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
        value = _expression(w, each)
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


# --- Intrinsics -----------------------------------------------------------------------------------


def _intrinsic(w: Writer, node: Intrinsic) -> str:
    values = [_expression(w, each) for each in node.arguments]
    name = node.name
    if name.startswith(("load_", "store_")):
        return _raw_access(w, node, values)
    result = type_text(node.type)
    match name:
        case "memory_copy":
            text = "call void @llvm.memmove.p0.p0.i64(ptr {0}, ptr {1}, i64 {2}, i1 false)"
        case "memory_zero":
            text = "call void @llvm.memset.p0.i64(ptr {0}, i8 0, i64 {1}, i1 false)"
        case "memory_compare":
            w.references.uses_memcmp = True
            text = "call i32 @memcmp(ptr {0}, ptr {1}, i64 {2})"
        case "likely" | "unlikely":
            text = "call i1 @llvm.expect.i1(i1 {0}, i1 " + ("true)" if name == "likely" else "false)")
        case "prefetch":
            text = "call void @llvm.prefetch.p0(ptr {0}, i32 0, i32 3, i32 1)"
        case "spin_hint":
            text = 'call void asm sideeffect "pause", "~{{memory}}"()'
        case "frame_address":
            text = "call ptr @llvm.frameaddress.p0(i32 0)"
        case "keep_alive":
            text = 'call void asm sideeffect "", "r"(ptr {0})'
        case "fence":
            text = f"fence {LLVM_ORDERS[node.order]}"
        case "f64_to_bits":
            text = "bitcast double {0} to i64"
        case "f64_from_bits":
            text = "bitcast i64 {0} to double"
        case "multiply_high_u64":
            return _multiply_high(w, values)
        case _:
            text = _bits_text(name, result)
    line = text.format(*values)
    if isinstance(node.type, Void):
        w.emit(line)
        return ""
    return w.value(line)


def _bits_text(name: str, what: str) -> str:
    match name.rsplit("_", 1)[0]:
        case "count_trailing_zeros":
            return f"call {what} @llvm.cttz.{what}({what} {{0}}, i1 false)"
        case "count_leading_zeros":
            return f"call {what} @llvm.ctlz.{what}({what} {{0}}, i1 false)"
        case "population_count":
            return f"call {what} @llvm.ctpop.{what}({what} {{0}})"
        case "byte_swap":
            return f"call {what} @llvm.bswap.{what}({what} {{0}})"
        case "rotate_left":
            return f"call {what} @llvm.fshl.{what}({what} {{0}}, {what} {{0}}, {what} {{1}})"
        case other:
            raise AssertionError(other)


def _multiply_high(w: Writer, values: list[str]) -> str:
    left, right = (w.value(f"zext i64 {each} to i128") for each in values)
    product = w.value(f"mul i128 {left}, {right}")
    high = w.value(f"lshr i128 {product}, 64")
    return w.value(f"trunc i128 {high} to i64")


def _raw_access(w: Writer, node: Intrinsic, values: list[str]) -> str:
    is_load = node.name.startswith("load_")
    what = node.type if is_load else node.arguments[1].type
    assert isinstance(what, Integer | Float | Address | Pointer)
    align = 1 if "_unaligned_" in node.name else align_bytes(what)
    if is_load:
        return w.value(f"load {type_text(what)}, ptr {values[0]}, align {align}")
    w.emit(f"store {type_text(what)} {values[1]}, ptr {values[0]}, align {align}")
    return ""


def _atomic(w: Writer, node: Atomic) -> str:
    pointer = _pointer(w, node.place)
    values = [_expression(w, each) for each in node.arguments]
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
