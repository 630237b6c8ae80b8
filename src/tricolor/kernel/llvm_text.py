"""Kernel modules as LLVM text: the runtime's own module, and the prelude of compiled Go code.

The text names neither target nor data layout: the compiler sets them. Intrinsics (``llvm.*``) are
not declared, since LLVM declares them on first use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from tricolor.kernel.check import checked_program
from tricolor.kernel.llvm_function import function_text
from tricolor.kernel.llvm_writer import (
    CHECK_FAILED,
    References,
    asm_text,
    body_symbol,
    constant_text,
    parameter_text,
    quoted,
    result_text,
    type_text,
)
from tricolor.kernel.registers import RESTORE_REGISTERS_AND_RETURN, SAVE_REGISTERS, STACK_LIMIT_OFFSET
from tricolor.kernel.tree import DECLARED, Asm, Function, Global, Kind, Program
from tricolor.kernel.types import ArrayOf, Bool, Embedded, Never, align_bytes, size_bytes

MACHINE_SYMBOL: Final = "tricolor.machine"
ATTRIBUTES: Final = 'nounwind "no-stack-arg-probe"'
GOROUTINE_ATTRIBUTES: Final = 'nounwind "split-stack" "frame-pointer"="all"'
# The least alignment of static objects, so that no word of them crosses a cache line.
GLOBAL_ALIGN_BYTES: Final = 16

# Called on a goroutine's stack. The callee-saved registers are pushed there so that the conservative
# scan of the stack sees them; 5 + 1 pushes and 8 bytes keep rsp a multiple of 16 at the call. After the
# call, the stack is taken from the machine, not from a register: the body may have chosen another
# goroutine to run next. The names in braces are operands: the fields of the machine, and the body to call.
THUNK: Final = f"""{SAVE_REGISTERS}
subq $8, %rsp
movq {{system_stack}}, %r12
testq %r12, %r12
je 1f
movq %rsp, {{goroutine_sp}}
movq %rbp, {{goroutine_fp}}
movq %fs:{STACK_LIMIT_OFFSET}, %r13
movq %r13, {{goroutine_limit}}
movq {{system_limit}}, %r13
movq %r13, %fs:{STACK_LIMIT_OFFSET}
movq $0, {{system_stack}}
movq %r12, %rsp
callq {{body}}
movq %r12, {{system_stack}}
movq {{goroutine_limit}}, %r13
movq %r13, %fs:{STACK_LIMIT_OFFSET}
movq {{goroutine_sp}}, %rsp
jmp 2f
1:
callq {{body}}
2:
addq $8, %rsp
{RESTORE_REGISTERS_AND_RETURN}"""
MACHINE_FIELDS: Final = ("system_stack", "goroutine_sp", "goroutine_fp", "system_limit", "goroutine_limit")


@final
@dataclass(frozen=True, slots=True)
class CompileOptions:
    """``check_level``: checks up to this level are compiled in (2 and above: array bounds too)."""

    check_level: int = 1


DEFAULT_OPTIONS: Final = CompileOptions()


def compile_modules(
    modules: Sequence[str],
    options: CompileOptions = DEFAULT_OPTIONS,
    texts: Mapping[str, str] | None = None,
    substitutes: Mapping[str, str] | None = None,
) -> str:
    """LLVM text of the modules, what they import, and the support module.

    ``texts`` and ``substitutes`` are those of ``check_modules``. Raises KernelProgramError.
    """
    return program_text(checked_program(modules, texts, substitutes), options)


def program_text(program: Program, options: CompileOptions = DEFAULT_OPTIONS) -> str:
    """LLVM text of a checked program."""
    references = References("kernel.text.")
    machine = next((each for each in program.globals if each.symbol == MACHINE_SYMBOL), None)
    defined: list[str] = []
    for function in program.functions:
        if function.kind not in DECLARED:
            defined.extend(_definition(function, references, options, machine))
    globals_text = [_global_text(each) for each in program.globals if not each.is_of_thread]
    declared: dict[str, str] = {}
    for function in program.functions:
        if function.kind in DECLARED:
            declared[function.symbol] = _declaration(function, function.symbol)
    if references.uses_memcmp:
        declared.setdefault("memcmp", "declare i32 @memcmp(ptr, ptr, i64)")
    parts = [*_texts(references), *globals_text, *declared.values(), *defined]
    return "\n\n".join(parts) + "\n"


def inline_prelude(
    modules: Sequence[str],
    options: CompileOptions = DEFAULT_OPTIONS,
    texts: Mapping[str, str] | None = None,
) -> str:
    """LLVM text of ``@inline`` functions only, to be put before compiled Go code.

    These are the inline functions of the modules themselves, those with symbols of their own in any
    module that is reachable, and those that they call. The text declares what else they refer to;
    ``prelude_symbols`` says which symbols the rest of the module must not declare again. Raises
    KernelProgramError.
    """
    program = checked_program(modules, texts)
    references = References("prelude.text.", stopped_by_signals=True)
    for function in program.functions:
        if function.kind is Kind.INLINE and (function.module in modules or _is_named(function)):
            references.functions[function] = None
    defined: list[str] = []
    written: set[Function] = set()
    while pending := [each for each in references.functions if each.kind is Kind.INLINE and each not in written]:
        for function in pending:
            head = _head(function, function.symbol, "linkonce_odr ", f"alwaysinline {ATTRIBUTES}")
            defined.append(function_text(function, references, options.check_level, head))
            written.add(function)
    declared = {each.symbol: _declaration(each, each.symbol) for each in references.functions if each.kind is not Kind.INLINE}
    if references.uses_check_failed:
        declared[CHECK_FAILED] = f"declare void {quoted(CHECK_FAILED)}(ptr, i64) noreturn nounwind cold"
    if references.uses_memcmp:
        declared.setdefault("memcmp", "declare i32 @memcmp(ptr, ptr, i64)")
    globals_text = [_extern_text(each) if each.values is None else _global_text(each) for each in references.globals]
    return "\n\n".join([*_texts(references), *globals_text, *declared.values(), *defined]) + "\n"


def prelude_symbols(prelude: str) -> frozenset[str]:
    """The symbols that a prelude defines or declares."""
    return frozenset(
        quoted_name or plain
        for quoted_name, plain in re.findall(r'^(?:define [^@]*|declare [^@]*|(?=@))@(?:"([^"]*)"|([\w.$]+))', prelude, re.MULTILINE)
    )


# --- Functions ------------------------------------------------------------------------------------


def _is_named(function: Function) -> bool:
    """Whether the source gives the function a symbol, by which other code calls it."""
    return function.symbol != f"{function.module}:{function.name}"


def _parameters(function: Function, named: bool) -> str:
    return ", ".join(parameter_text(what) + (f' %"p.{name}"' if named else "") for name, what in function.parameters)


def _head(function: Function, symbol: str, linkage: str, attributes: str) -> str:
    noreturn = " noreturn cold" if isinstance(function.result, Never) else ""
    return f"define {linkage}{result_text(function.result)} {quoted(symbol)}({_parameters(function, named=True)}) {attributes}{noreturn}"


def _declaration(function: Function, symbol: str) -> str:
    noreturn = " noreturn" if isinstance(function.result, Never) else ""
    return f"declare {result_text(function.result)} {quoted(symbol)}({_parameters(function, named=False)}) nounwind{noreturn}"


def _definition(function: Function, references: References, options: CompileOptions, machine: Global | None) -> list[str]:
    level = options.check_level
    match function.kind:
        case Kind.INLINE:
            # The copies in preludes are the same function: "odr" lets the linker take any of them.
            linkage = "weak_odr " if _is_named(function) else "internal "
            head = _head(function, function.symbol, linkage, f"alwaysinline {ATTRIBUTES}")
        case Kind.KERNEL:
            head = _head(function, function.symbol, "" if _is_named(function) else "internal ", ATTRIBUTES)
        case Kind.SYSTEMSTACK:
            head = _head(function, body_symbol(function), "", ATTRIBUTES)
            body = function_text(function, references, level, head)
            return [body, _thunk(function, machine)]
        case Kind.GOROUTINE:
            head = _head(function, function.symbol, "", GOROUTINE_ATTRIBUTES)
        case Kind.NAKED:
            return [_naked(function)]
        case Kind.EXPORT | Kind.LIBC | Kind.GO_FUNCTION:
            head = _head(function, function.symbol, "", ATTRIBUTES)
    return [function_text(function, references, level, head)]


def _naked(function: Function) -> str:
    statement = function.body[0]
    assert isinstance(statement, Asm)
    clobbers = ",".join(f"~{{{each}}}" for each in dict.fromkeys((*function.clobbers, "memory")))
    return _asm_function(function, asm_text(statement.text), f'"{clobbers}"()')


def _asm_function(function: Function, text: str, operands: str) -> str:
    head = _head(function, function.symbol, "", "naked noinline nounwind")
    return f'{head} {{\n  call void asm sideeffect "{text}", {operands}\n  unreachable\n}}'


def _thunk(function: Function, machine: Global | None) -> str:
    """The entry of a ``@systemstack`` function; a program without a machine has one stack only, and the thunk jumps."""
    body = body_symbol(function)
    if machine is None:
        return _asm_function(function, "jmp ${0:P}", f'"s,~{{memory}}"(ptr {quoted(body)})')
    text = asm_text(THUNK.format(body="BODY", **_machine_operands(machine))).replace("BODY", "${0:P}")
    return _asm_function(function, text, f'"s,~{{memory}}"(ptr {quoted(body)})')


def _machine_operands(machine: Global) -> dict[str, str]:
    """The operands of the thunk: the fields of the thread's machine."""
    assert machine.is_of_thread, f"{machine.symbol} is no thread_struct"
    assert isinstance(machine.type, Embedded)
    operands: dict[str, str] = {}
    for name in MACHINE_FIELDS:
        found = machine.type.struct.field_named(name)
        assert found is not None, f"{machine.type.struct} has no field {name}, which the thunk needs"
        operands[name] = f"%gs:{found.offset_bytes}"
    return operands


# --- Data -----------------------------------------------------------------------------------------


def _global_text(storage: Global) -> str:
    if storage.is_external:
        return _extern_text(storage)
    if storage.values is not None:
        return _table_text(storage, storage.values)
    size = size_bytes(storage.type)
    align = max(align_bytes(storage.type), GLOBAL_ALIGN_BYTES)
    return f"{quoted(storage.symbol)} = dso_local global [{size} x i8] zeroinitializer, align {align}"


def _extern_text(storage: Global) -> str:
    return f"{quoted(storage.symbol)} = external dso_local global [{size_bytes(storage.type)} x i8]"


def _table_text(storage: Global, values: tuple[int | float, ...]) -> str:
    assert isinstance(storage.type, ArrayOf)
    element = storage.type.element
    assert not isinstance(element, ArrayOf | Embedded)
    is_bool = isinstance(element, Bool)
    text = "i8" if is_bool else type_text(element)
    items = ", ".join(f"{text} {int(each) if is_bool else constant_text(element, each)}" for each in values)
    align = max(align_bytes(element), GLOBAL_ALIGN_BYTES)
    return f"{quoted(storage.symbol)} = internal unnamed_addr constant [{len(values)} x {text}] [{items}], align {align}"


def _texts(references: References) -> list[str]:
    out: list[str] = []
    for text, name in references.texts.items():
        body = "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\{b:02X}" for b in text)
        out.append(f'{quoted(name)} = private unnamed_addr constant [{len(text)} x i8] c"{body}"')
    return out
