"""The heads of our modules are true: what they name exists, checks check, and phases stand in the body as in the head."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import pytest

SOURCE: Final = Path(__file__).parents[1] / "src" / "tricolor"
CALL: Final = re.compile(r"(?<![\w.])_?[a-z_]\w*(?:\.\w+)*\(\)")
CHECKED: Final = re.compile(r"[Cc]hecked by\s+((?:[\w.]+\(\)(?:,| and)?\s*)+)")
NUMBERED: Final = re.compile(r"^    (\d+)\. (.*(?:\n {5,}.*)*)", re.MULTILINE)
NAMED_PHASE: Final = re.compile(r"^    (\d+)\. (\w+)", re.MULTILINE)
BODY_PHASE: Final = re.compile(r"^ *# (\d+)\. (\w+)", re.MULTILINE)
LITERAL: Final = re.compile(r"``[^`]*``")


@final
@dataclass(frozen=True, slots=True)
class Head:
    """A module with its docstring. ``sections`` are the paragraphs after a title line, by title."""

    path: Path
    text: str
    head: str

    def section(self, title: str) -> str:
        """The indented lines after ``TITLE...:``; empty if there is no such section."""
        found = re.search(rf"^{title}[^\n]*:\n((?:\n| +[^\n]*(?:\n|$))*)", self.head, re.MULTILINE)
        return found.group(1) if found else ""


def read(path: Path) -> Head:
    text = path.read_text(encoding="utf-8")
    return Head(path, text, ast.get_docstring(ast.parse(text)) or "")


HEADS: Final = [read(path) for path in sorted(SOURCE.rglob("*.py"))]
RUNTIME: Final = [each for each in HEADS if SOURCE / "runtime" in each.path.parents]


def functions() -> dict[str, list[ast.FunctionDef]]:
    """All functions of the package by name, methods as NAME and as CLASS.NAME."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for each in HEADS:
        for node in ast.walk(ast.parse(each.text)):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        found.setdefault(f"{node.name}.{method.name}", []).append(method)
    return found


FUNCTIONS: Final = functions()


def name_of(head: Head) -> str:
    return head.path.relative_to(SOURCE).as_posix()


def named_checks(text: str) -> list[str]:
    return [call.removesuffix("()") for found in CHECKED.finditer(text) for call in CALL.findall(found.group(1))]


def refuses(function: ast.FunctionDef) -> bool:
    """Whether the kernel function calls ``check`` or ``fatal``, or a function named check... that does."""
    called = {node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    inner = [each for name in called - {function.name} if name.startswith("check_") for each in FUNCTIONS.get(name, [])]
    return bool(called & {"check", "fatal"}) or any(refuses(each) for each in inner)


@pytest.mark.parametrize("head", HEADS, ids=name_of)
def test_a_check_that_a_head_names_exists_and_in_the_runtime_can_refuse(head: Head) -> None:
    for check in named_checks(head.head):
        assert check in FUNCTIONS, f"no function {check}"
        if head in RUNTIME:
            assert any(refuses(each) for each in FUNCTIONS[check]), f"{check} checks nothing"


@pytest.mark.parametrize("head", RUNTIME, ids=name_of)
def test_a_function_that_a_head_of_the_runtime_names_exists(head: Head) -> None:
    prose = LITERAL.sub("", "\n".join(line for line in head.head.splitlines() if not line.startswith("    tracegc")))
    for call in CALL.findall(prose):
        assert call.removesuffix("()") in FUNCTIONS, f"no function {call}"


@pytest.mark.parametrize("head", RUNTIME, ids=name_of)
def test_an_invariant_of_the_runtime_says_what_must_be_what_else_and_who_holds_it(head: Head) -> None:
    for found in NUMBERED.finditer(head.section("Invariants")):
        invariant = found.group(2)
        assert "MUST" in invariant, invariant
        assert "Otherwise" in invariant, invariant
        assert re.search(r"Checked\s+by|Held\s+by|No\s+check\s+sees", invariant), invariant


@pytest.mark.parametrize("head", HEADS, ids=name_of)
def test_phases_that_a_head_numbers_stand_in_the_body(head: Head) -> None:
    named = [(number, word.lower()) for number, word in NAMED_PHASE.findall(head.section("Phases"))]
    body = head.text[head.text.index(head.head.splitlines()[-1]) :] if head.head else head.text
    assert [(number, word.lower()) for number, word in BODY_PHASE.findall(body)] == named


@pytest.mark.parametrize(
    ("head", "checks"),
    [
        ("1. X MUST. Otherwise Y. Checked by check_span().", ["check_span"]),
        ("Checked by\n       _Linker._write() and check_b().", ["_Linker._write", "check_b"]),
        ("Invariants 1 to 3 are checked by flush().", ["flush"]),
        ("Checked by tests/runtime/test_x.py.", []),
    ],
)
def test_checks_are_found_in_prose(head: str, checks: list[str]) -> None:
    assert named_checks(head) == checks


def test_the_body_of_a_phase_is_compared_with_its_head() -> None:
    cycle = next(each for each in RUNTIME if each.path.name == "cycle.py")
    assert [word for _, word in NAMED_PHASE.findall(cycle.section("Phases"))][:3] == ["stop", "mark", "terminate"]
