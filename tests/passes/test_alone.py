"""The passes that Go's compiler runs before escape analysis leave well-formed IR, and the verifier between them finds what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tricolor.base.errors import CompilerBug
from tricolor.decide.decisions import request_for
from tricolor.frontend.load import load
from tricolor.gotypes.types import STRING
from tricolor.ir import nodes as n
from tricolor.ir.build.program import build_packages
from tricolor.ir.verify import verify_program
from tricolor.passes import alone
from tricolor.passes.alone import as_compiled

PROGRAM = """package p

import "fmt"

type list[T any] struct {
	head  T
	next *list[T]
}

func (l *list[T]) push(v T) *list[T] { return &list[T]{v, l} }

type celsius float64

func (c celsius) String() string { return fmt.Sprint(float64(c)) }

var table = map[string]*list[celsius]{"a": nil}

func each[S ~[]E, E any](s S, do func(int, E)) {
	for i, e := range s {
		do(i, e)
	}
}

func Use(temperatures []celsius) string {
	var l *list[celsius]
	each(temperatures, func(_ int, c celsius) { l = l.push(c) })
	table["b"] = l
	unused := 1
	_ = unused
	var s fmt.Stringer = l.head
	return s.String()
}
"""


def build(folder: Path) -> n.Program:
    (folder / "go.mod").write_text("module p\n\ngo 1.27\n")
    (folder / "p.go").write_text(PROGRAM)
    typed = load(request_for(["."], folder)).program
    assert typed is not None
    return build_packages(typed, ["p"], separate=True)


def test_every_pass_leaves_well_formed_functions(tmp_path: Path) -> None:
    program = build(tmp_path)
    verify_program(program)
    as_compiled(program, check=True)
    verify_program(program)


def spoil(func: n.Func) -> None:
    """A pass with a bug: every function returns a string."""
    if func.body is not None and func.results:
        func.body.stmts.append(n.Return(0, [n.Const(0, STRING, b"")] * (len(func.results) + 1)))


@pytest.mark.parametrize("name", ["name_temporaries", "in_source_order", "remove_dead_locals"])
def test_the_verifier_finds_what_a_pass_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program = build(tmp_path)
    monkeypatch.setattr(alone, name, spoil)
    with pytest.raises(CompilerBug, match="IR is ill-formed: Return: number of values"):
        as_compiled(program, check=True)


def test_nothing_is_verified_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build(tmp_path)
    monkeypatch.setattr(alone, "remove_dead_locals", spoil)
    as_compiled(program)
