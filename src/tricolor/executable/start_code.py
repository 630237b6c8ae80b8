"""Where an executable begins: what the loader jumps to, and what libc calls as ``main``.

libc is started as by any C program. Its ``main`` is ``tricolor.start``, once the runtime knows the symbol table; its result
is the exit status.

Source:
    System V Application Binary Interface, AMD64 supplement 1.0, section 3.4.1 (stack and registers of a new process);
    glibc sysdeps/x86_64/start.S.
"""

from __future__ import annotations

from typing import Final

from tricolor.llvm.compile import Unit
from tricolor.llvm.target import Processor

ENTRY: Final = "_start"
SYMBOL_TABLE: Final = "tricolor.symbol_table"
"""Symbol of the runtime's SymbolTable, whose address the linker receives."""

_ENTRY_CODE: Final = """\
xorl %ebp, %ebp
movq %rdx, %r9
popq %rsi
movq %rsp, %rdx
andq $$-16, %rsp
pushq %rax
pushq %rsp
xorl %r8d, %r8d
xorl %ecx, %ecx
leaq "tricolor.process_main"(%rip), %rdi
callq *__libc_start_main@GOTPCREL(%rip)
hlt"""

_MAIN_CODE: Final = f"""\
pushq %rdi
pushq %rsi
pushq %rdx
leaq "{SYMBOL_TABLE}"(%rip), %rdi
callq "tricolor.set_symbols"
popq %rdx
popq %rsi
popq %rdi
jmp "tricolor.start\""""


def start_unit() -> Unit:
    """The module with the entry point."""
    text = f"{_naked(ENTRY, _ENTRY_CODE)}{_naked('tricolor.process_main', _MAIN_CODE)}"
    return Unit("start", text, 0, Processor.X86_64_V3)


def _naked(symbol: str, code: str) -> str:
    lines = code.replace('"', r"\22").replace("\n", r"\0A")
    return f'define void @"{symbol}"() naked noinline nounwind {{\n  call void asm sideeffect "{lines}", ""()\n  unreachable\n}}\n'
