"""Writes one function as LLVM text.

Locals live in allocas (LLVM's mem2reg turns them into registers); struct fields are reached by byte
offsets, so that the text needs no type definitions; nothing carries numbered metadata or attribute
groups, so that the text can stand in front of any other module's.
"""

from __future__ import annotations

from typing import Final, assert_never

from tricolor.kernel.llvm_expressions import emit_arithmetic, emit_expression, emit_load, emit_operand, emit_pointer, emit_store
from tricolor.kernel.llvm_writer import References, Writer, emit_check, emit_failure, type_text
from tricolor.kernel.tree import (
    Asm,
    Assign,
    Break,
    Check,
    Continue,
    Evaluate,
    ForRange,
    Function,
    If,
    Return,
    StackStruct,
    Statement,
    Store,
    Unpack,
    Unreachable,
    Update,
    While,
)
from tricolor.kernel.types import Address, Bool, Float, Integer, Never, Pointer, TupleOf, Void

STACK_ALIGN_BYTES: Final = 8


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


def _statements(w: Writer, statements: tuple[Statement, ...]) -> None:
    for each in statements:
        _statement(w, each)


def _statement(w: Writer, node: Statement) -> None:
    match node:
        case Assign():
            value = emit_operand(w, node.value)
            w.emit(f'store {value}, ptr %"v.{node.name}"')
        case StackStruct():
            w.emit(f'call void @llvm.memset.p0.i64(ptr %"s.{node.name}", i8 0, i64 {node.struct.size_bytes}, i1 false)')
            w.emit(f'store ptr %"s.{node.name}", ptr %"v.{node.name}"')
        case Store():
            value = emit_expression(w, node.value)
            emit_store(w, node.place.type, emit_pointer(w, node.place), value)
        case Update():
            _update(w, node)
        case Unpack():
            _unpack(w, node)
        case Evaluate():
            emit_expression(w, node.value)
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
                emit_check(w, emit_expression(w, node.condition), node.text)
        case Unreachable():
            emit_failure(w, node.text)
        case Asm():
            pass
        case _:
            assert_never(node)


def _update(w: Writer, node: Update) -> None:
    pointer = emit_pointer(w, node.place)
    what = node.place.type
    assert isinstance(what, Integer | Float | Bool | Address | Pointer)
    old = emit_load(w, what, pointer)
    right = emit_expression(w, node.value)
    assert not isinstance(node.value.type, Void | Never | TupleOf)
    emit_store(w, what, pointer, emit_arithmetic(w, node.operator, what, old, node.value.type, right))


def _unpack(w: Writer, node: Unpack) -> None:
    whole = emit_expression(w, node.call)
    what = node.call.type
    assert isinstance(what, TupleOf)
    for index, (name, item) in enumerate(zip(node.names, what.items, strict=True)):
        if name != "_":
            part = w.value(f"extractvalue {type_text(what)} {whole}, {index}")
            w.emit(f'store {type_text(item)} {part}, ptr %"v.{name}"')


def _if(w: Writer, node: If) -> None:
    condition = emit_expression(w, node.condition)
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
    condition = emit_expression(w, node.condition)
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
    start, stop = emit_expression(w, node.start), emit_expression(w, node.stop)
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
        w.end(f"ret {emit_operand(w, node.values[0])}")
    else:
        values = [emit_operand(w, each) for each in node.values]
        whole = "poison"
        for index, value in enumerate(values):
            whole = w.value(f"insertvalue {type_text(result)} {whole}, {value}, {index}")
        w.end(f"ret {type_text(result)} {whole}")
