"""The memory model's "Incorrect compilation": optimised code keeps the rules, and code that breaks them is noticed.

For each rule, ``programs/forbidden.go`` has a function and what a compiler must not make of it (NAMEWrong). The rule is checked over
LLVM's text after optimisation, and over machine code where LLVM's text cannot show it. Mutants of the emitted text, with plain accesses
instead of unordered ones and with loops that must end, show that LLVM would break the rules if it could.

Source:
    The Go Memory Model (go.dev/ref/mem), "Incorrect compilation"; LLVM Atomics guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from tricolor.base.progress import Progress
from tricolor.llvm.compile import Unit, assembly_text, optimised_text
from tricolor.pipeline import Analysed, CompileRequest, Faults, analyse_program, emit_units, load_typed

ROOT = Path(__file__).parents[2]
SOURCE = "tests/codegen/programs/forbidden.go"

Blocks: TypeAlias = dict[str, list[str]]
"""The lines of a function's blocks by label, in order; the first one is the entry."""

LOAD = re.compile(r"= load (?:atomic )?i64, ptr (?:%p0|%p)\b")
STORE = re.compile(r"\bstore (?:atomic )?i\d+ ")
CALL = re.compile(r"\bcall [^@]*%\w+\(")


def function_text(module: str, symbol: str) -> str:
    start = module.index("{\n", re.search(rf'^define [^\n]*@"?{re.escape(symbol)}"?\(', module, re.MULTILINE).start())  # type: ignore[union-attr]
    return module[start + 2 : module.index("\n}", start)]


def blocks_of(module: str, symbol: str) -> Blocks:
    blocks: Blocks = {}
    label = ""
    for line in function_text(module, symbol).splitlines():
        begins = re.match(r'^"?([\w.$-]+)"?:', line)
        if begins is not None:
            label = begins.group(1)
            blocks[label] = []
        elif line.strip():
            blocks.setdefault(label, []).append(line.strip())
    return blocks


def successors(blocks: Blocks, label: str) -> list[str]:
    return re.findall(r'label %"?([\w.$-]+)"?', " ".join(blocks[label]))


def reachable(blocks: Blocks, start: str) -> set[str]:
    """Blocks that control can get to after a block."""
    found: set[str] = set()
    pending = successors(blocks, start)
    while pending:
        label = pending.pop()
        if label not in found:
            found.add(label)
            pending.extend(successors(blocks, label))
    return found


def loops_after(blocks: Blocks, start: str) -> bool:
    """Whether control can get into a loop after a block."""
    return any(label in reachable(blocks, label) for label in reachable(blocks, start))


def has_loop(blocks: Blocks) -> bool:
    return any(label in reachable(blocks, label) for label in blocks)


def holding(blocks: Blocks, pattern: re.Pattern[str]) -> list[str]:
    return [label for label, lines in blocks.items() for line in lines if pattern.search(line)]


def stores(blocks: Blocks, what: str) -> list[str]:
    return holding(blocks, re.compile(rf"\bstore (?:atomic )?i64 {what}"))


# --- The rules ------------------------------------------------------------------------------------


def write_stays_conditional(blocks: Blocks) -> bool:
    """No store of 1 follows a store of 2, which would take back what nobody may have seen."""
    ones, twos = stores(blocks, "1,"), stores(blocks, "2,")
    return bool(twos) and not any(one in reachable(blocks, two) for one in ones for two in twos)


def no_write_after_loop(blocks: Blocks) -> bool:
    """Each store is in a loop, and so belongs to one element."""
    places = holding(blocks, STORE)
    return bool(places) and all(label in reachable(blocks, label) for label in places)


def loaded_once(blocks: Blocks) -> bool:
    return len(holding(blocks, LOAD)) == 1


def stored_once(blocks: Blocks) -> bool:
    return len(holding(blocks, STORE)) == 1


def accesses_follow_loop(blocks: Blocks) -> bool:
    """There is a loop, and no loop after the store; nor is the store in a loop."""
    places = stores(blocks, "1,")
    return has_loop(blocks) and bool(places) and not any(loops_after(blocks, label) for label in places)


def accesses_follow_call(blocks: Blocks) -> bool:
    lines = [line for each in blocks.values() for line in each]
    call = next(at for at, line in enumerate(lines) if CALL.search(line))
    accesses = [at for at, line in enumerate(lines) if LOAD.search(line) or STORE.search(line)]
    return len(accesses) >= 2 and min(accesses) > call


RULES: dict[str, Callable[[Blocks], bool]] = {
    "conditional": write_stays_conditional,
    "counted": no_write_after_loop,
    "checked": loaded_once,
    "scratch": stored_once,
    "afterLoop": accesses_follow_loop,
    "afterCount": accesses_follow_loop,
    "afterCall": accesses_follow_call,
}


@pytest.fixture(scope="module")
def unit() -> Unit:
    """The emitted text of package main."""
    request = CompileRequest((SOURCE,), ROOT)
    typed = load_typed(request, Progress())
    assert not isinstance(typed, Faults)
    analysed = analyse_program(request, typed, Progress())
    assert isinstance(analysed, Analysed)
    return next(
        each for each in emit_units(request, analysed, Progress())[0] if '@"main.conditional"' in each.text and "define" in each.text
    )


@pytest.fixture(scope="module")
def optimised(unit: Unit) -> str:
    return optimised_text(unit)


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_optimised_code_keeps_the_rule(optimised: str, name: str) -> None:
    assert RULES[name](blocks_of(optimised, f"main.{name}"))


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_what_a_compiler_must_not_make_of_it_is_noticed(optimised: str, name: str) -> None:
    assert not RULES[name](blocks_of(optimised, f"main.{name}Wrong"))


@pytest.mark.slow
def test_no_attribute_lets_llvm_assume_that_loops_or_calls_end(unit: Unit, optimised: str) -> None:
    own = [line for line in unit.text.splitlines() if line.startswith("attributes ")]
    assert own
    assert not any("mustprogress" in line for line in own)
    assert "llvm.loop.mustprogress" not in unit.text
    loop = re.search(r'^define [^\n]*@"?main\.afterCount"?\([^\n]*', optimised, re.MULTILINE)
    assert loop is not None
    attributes = re.findall(r"#\d+", loop.group())
    lines = [line for line in optimised.splitlines() for each in attributes if line.startswith(f"attributes {each} =")]
    assert lines
    assert not any("mustprogress" in line or "willreturn" in line for line in lines)


@pytest.mark.slow
def test_if_loops_had_to_end_llvm_would_delete_one(unit: Unit) -> None:
    text = re.sub(r"^(attributes #\d+ = \{)", r"\1 mustprogress", unit.text, flags=re.MULTILINE)
    assert not accesses_follow_loop(blocks_of(optimised_text(replace(unit, text=text)), "main.afterCount"))


def machine_code(unit: Unit, symbol: str) -> str:
    text = assembly_text(unit)
    start = text.index(f"\n{symbol}:")
    return text[start : text.index(".size", start)]


NARROW = re.compile(r"^\s(?:orb|btsl|movb|orl|movw|orw|movl)\s[^\n]*\)(?:\s|$)", re.MULTILINE)
"""An instruction that writes a part of a word of 8 bytes."""


@pytest.mark.slow
def test_a_word_is_written_whole(unit: Unit) -> None:
    assert not NARROW.search(machine_code(unit, "main.whole"))
    assert NARROW.search(machine_code(unit, "main.wholeWrong"))


@pytest.mark.slow
def test_with_plain_accesses_llvm_would_write_a_part_of_a_word(unit: Unit) -> None:
    plain = re.sub(r"\b(load|store) atomic ([^\n]*?) unordered,", r"\1 \2,", unit.text)
    assert plain != unit.text
    assert NARROW.search(machine_code(replace(unit, text=plain), "main.whole"))
