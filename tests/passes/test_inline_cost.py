"""Inlining costs of functions, compared with the costs that Go's compiler prints with -m=2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.escapecheck.reference import go_build
from tricolor.decide.decisions import request_for
from tricolor.frontend.load import load
from tricolor.ir.build.program import build_packages
from tricolor.passes.alone import as_compiled
from tricolor.passes.inline_cost import InlineCosts

PROGRAM = """package p

import (
	"errors"
	"io"
	"strconv"
)

type point struct{ x, y int }
type shape interface{ area() int }

var table = map[string]int{}

func constant() int              { return 1 }
func add(a, b int) int           { return a + b }
func field(p *point) int         { return p.x + p.y }
func address(p *point) *int      { return &p.x }
func second(p *point) *int       { return &p.y }
func method(s shape) int         { return s.area() }
func calls(a int) int            { return add(a, constant()) + outside(a) }
func text(n int) string          { return "n=" + strconv.Itoa(n) + ";" }
func parameter(f func(int) int) int { return f(1) + f(2) }
func literal(n int) *point       { return &point{n, 2 * n} }
func slice(b []byte) []byte      { return b[0:len(b)] }
func wide(n int) int64           { return int64(n) + int64(int32(n)) }
func closure(n int) func() int   { return func() int { return n } }
func fails(n int) error {
	if n < 0 {
		return errors.New("negative")
	}
	return nil
}
func local(n int) (m int) {
	var k int
	l := n * 2
	k, m = l, n
	return k + m
}
func lookup(s string) int {
	if n, ok := table[s]; ok {
		return n
	}
	return -1
}
func loop(xs []int) (sum int) {
	for _, x := range xs {
		sum += x
	}
	for i := 0; i < 3; i++ {
		sum -= i
	}
	return
}
func kind(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case shape:
		return 2
	}
	return 0
}
func choose(n int) int {
	switch n {
	case 1, 2:
		return 3
	default:
		panic("no")
	}
}
func write(w io.Writer, b []byte) (int, error) { return w.Write(b) }
func forever(n int) int { return forever(n) }
func defers(f func()) { defer f() }
func recovers() any { return recover() }

//go:noinline
func outside(n int) int { return n }

//go:noinline
func marked() {}

func large(n int) int { return outside(outside(n)) }
"""


def test_costs_equal_the_compilers(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module p\n\ngo 1.27\n")
    (tmp_path / "p.go").write_text(PROGRAM)
    status, text = go_build(tmp_path, "-gcflags=-m=2", ".")
    assert status == 0, text
    real = {m[1]: int(m[2]) for m in re.finditer(r"can inline (\w+) with cost (\d+)", text)}
    typed = load(request_for(["."], tmp_path)).program
    assert typed is not None
    program = build_packages(typed, ["p"], separate=True)
    as_compiled(program, check=True)
    costs = InlineCosts(frozenset())
    found = {func.name.removeprefix("p."): costs.cost(func) for func in program.funcs if func.pkg == "p" and func.outer is None}
    assert {name: cost for name, cost in found.items() if cost is not None and name != "init"} == real


@pytest.mark.parametrize(("called", "replaced"), [("p", False), ("q", True)])
def test_calls_in_named_packages_are_not_inlined(tmp_path: Path, called: str, replaced: bool) -> None:
    (tmp_path / "go.mod").write_text("module p\n\ngo 1.27\n")
    (tmp_path / "p.go").write_text("package p\n\nfunc f() int { return g() }\nfunc g() int { return 1 }\n")
    typed = load(request_for(["."], tmp_path)).program
    assert typed is not None
    program = build_packages(typed, ["p"], separate=True)
    funcs = {func.name: func for func in program.funcs}
    assert InlineCosts(frozenset((called,))).replaces(funcs["p.f"], funcs["p.g"]) is replaced
