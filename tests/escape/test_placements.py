"""Questions of the code generator: may an allocation live in the frame, and how does a closure hold a variable?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tricolor.escape.analyse import analyse
from tricolor.escape.result import EscapeResult
from tricolor.frontend.load import LoadRequest, load
from tricolor.ir import nodes as n
from tricolor.ir.build.program import build_packages
from tricolor.ir.walk import walk

Analysed: TypeAlias = tuple[dict[str, n.Func], EscapeResult]

SOURCE = """
package p

type t struct{ n int }

func (x *t) get() int { return x.n }

func use(f func() int) int { return f() }
func look(x any)           {}

var keepFunc func()
var initial = func() *int { y := 1; return &y }

func sizes(k int) int {
	a := make([]int, 4)
	b := make([]int, k)
	c := []int{1, 2, 3}
	d := [][1000]int{99: {}}
	var e []int
	e = append(e, 1)
	f := new(int)
	g := &t{}
	look(k)
	return len(a) + len(b) + len(c) + len(d) + len(e) + *f + g.n
}

func large() int {
	var x [200000]byte
	var y [2000]byte
	p, q := &x, &y
	return int(p[0]) + int(q[0])
}

func param(x [200000]byte) int {
	p := &x
	return int(p[0])
}

func loop(k int) {
	for i := 0; i < k; i++ {
		x := i
		defer func() { x++ }()
	}
}

func once(k int) {
	x := k
	defer func() { x++ }()
}

func start(k int) {
	x := k
	go func() { x++ }()
}

func jump(k int) int {
	var p *int
again:
	x := k
	p = &x
	k--
	if k > 0 {
		goto again
	}
	return *p
}

func bound(k int) int {
	x := t{k}
	return use(x.get)
}

func (x *t) address() *int { return &x.n }

func exposed(k int, call func(func() *int)) {
	x := t{k}
	call(x.address)
}

func initially() *int { return initial() }

func shared(k int) func() int {
	changed, same := k, k
	f := func() int { changed++; return changed + same }
	g := func() int { return same }
	return func() int { return f() + g() }
}

func received(c chan t) *int {
	select {
	case x := <-c:
		return &x.n
	}
}

func typed(x any) *int {
	switch y := x.(type) {
	case int:
		return &y
	}
	return nil
}

func rangefunc(seq func(func(*int) bool)) *int {
	for p := range seq {
		x := *p
		return &x
	}
	return nil
}
"""


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    folder: Path = tmp_path_factory.mktemp("go")
    (folder / "go.mod").write_text("module p\n\ngo 1.27\n")
    (folder / "p.go").write_text(SOURCE)
    typed = load(LoadRequest((".",), folder)).program
    assert typed is not None
    program = build_packages(typed, ["p"])
    functions = {f.symbol.removeprefix("p."): f for f in program.funcs if f.pkg == "p"}
    return functions, analyse(program.funcs)


def nodes(func: n.Func, wanted: Callable[[object], bool]) -> list[n.Expr]:
    return [node for node in walk(func) if wanted(node)]


def of_kind(func: n.Func, kind: type) -> n.Expr:
    (found,) = nodes(func, lambda node: isinstance(node, kind))
    return found


def variable(func: n.Func, name: str) -> n.Var:
    (found,) = [var for var in (*func.params, *func.locals) if var.name == name]
    return found


def test_a_constant_size_is_needed_for_the_frame(analysed: Analysed) -> None:
    functions, escape = analysed
    made = nodes(functions["sizes"], lambda node: isinstance(node, n.MakeSlice))
    assert [escape.on_stack(node) for node in made] == [True, False]


def test_a_literal_may_be_as_large_as_it_likes(analysed: Analysed) -> None:
    functions, escape = analysed
    literals = nodes(functions["sizes"], lambda node: isinstance(node, n.SliceLit))
    assert [escape.on_stack(node) for node in literals] == [True, True]


def test_the_array_of_append_is_not_in_the_frame(analysed: Analysed) -> None:
    functions, escape = analysed
    assert not escape.on_stack(of_kind(functions["sizes"], n.Append))


@pytest.mark.parametrize("kind", [n.New, n.AddrOf])
def test_an_allocation_that_does_not_escape_is_in_the_frame(analysed: Analysed, kind: type) -> None:
    functions, escape = analysed
    assert escape.on_stack(of_kind(functions["sizes"], kind))


def test_a_box_that_does_not_escape_is_in_the_frame(analysed: Analysed) -> None:
    functions, escape = analysed
    boxes = nodes(functions["sizes"], lambda node: isinstance(node, n.Convert) and node.kind is n.Conversion.TO_INTERFACE)
    assert boxes
    assert all(map(escape.on_stack, boxes))


def test_large_variables_are_on_the_heap(analysed: Analysed) -> None:
    functions, escape = analysed
    assert not escape.on_stack(variable(functions["large"], "x"))
    assert escape.on_stack(variable(functions["large"], "y"))


def test_large_parameters_stay_in_the_callers_frame(analysed: Analysed) -> None:
    functions, escape = analysed
    assert escape.on_stack(variable(functions["param"], "x"))


@pytest.mark.parametrize(("name", "expected"), [("once", True), ("loop", False)])
def test_a_deferred_closure_is_in_the_frame_unless_it_runs_more_than_once(analysed: Analysed, name: str, expected: bool) -> None:
    functions, escape = analysed
    (statement,) = [node for node in walk(functions[name]) if isinstance(node, n.Defer)]
    assert escape.on_stack(statement) is expected
    assert escape.on_stack(variable(functions[name], "x")) is expected


def test_variables_of_a_new_goroutine_are_on_the_heap(analysed: Analysed) -> None:
    functions, escape = analysed
    (statement,) = [node for node in walk(functions["start"]) if isinstance(node, n.Go)]
    assert not escape.on_stack(statement)
    assert not escape.on_stack(variable(functions["start"], "x"))


def test_a_goto_back_makes_a_loop(analysed: Analysed) -> None:
    functions, escape = analysed
    assert not escape.on_stack(variable(functions["jump"], "x"))


def test_the_receiver_of_a_method_value_flows_to_the_methods_results(analysed: Analysed) -> None:
    functions, escape = analysed
    assert not escape.on_stack(variable(functions["exposed"], "x"))


def test_a_method_value_holds_the_address_of_its_receiver(analysed: Analysed) -> None:
    functions, escape = analysed
    assert escape.on_stack(variable(functions["bound"], "x"))
    assert escape.on_stack(of_kind(functions["bound"], n.MethodValue))


def test_closures_copy_variables_that_never_change_and_refer_to_the_others(analysed: Analysed) -> None:
    functions, escape = analysed
    closures = functions["shared"].closures
    held = {c.outer.name: escape.by_value(c) for closure in closures[:2] for c in closure.captures}
    assert held == {"changed": False, "same": True}
    assert not escape.on_stack(variable(functions["shared"], "changed"))
    assert escape.on_stack(variable(functions["shared"], "same"))


@pytest.mark.parametrize(("name", "var"), [("received", "x"), ("typed", "y")])
def test_variables_of_clauses_escape_like_other_variables(analysed: Analysed, name: str, var: str) -> None:
    functions, escape = analysed
    assert not escape.on_stack(variable(functions[name], var))


def test_the_body_of_a_loop_over_a_function_is_a_closure(analysed: Analysed) -> None:
    functions, escape = analysed
    (body,) = functions["rangefunc"].closures
    assert not escape.on_stack(variable(body, "x"))


def test_closures_in_initial_values_are_analysed(analysed: Analysed) -> None:
    functions, escape = analysed
    (func,) = [f for f in functions.values() if f.symbol.startswith("p.init.func")]
    assert not escape.on_stack(variable(func, "y"))
