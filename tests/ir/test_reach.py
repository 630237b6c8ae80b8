"""Reachability: which methods and initialisers are part of a program, and the order of packages."""

from __future__ import annotations

import pytest

from tests.ir.conftest import Build
from tricolor.ir import nodes as n
from tricolor.ir.text import func_text

_SOURCE = """package main

import (
	"errors"
	"unicode"
)

type Shape interface{ Area() int }
type Named interface{ Name() string }

type Square struct{ side int }

func (s Square) Area() int    { return s.side * s.side }
func (s Square) Name() string { return "square" }
func (s *Square) Grow()       { s.side++ }

type Unused struct{}

func (Unused) Area() int { return 0 }

type Wrapped struct{ *Square }

var (
	used   = effect("used")
	unused = effect("unused")
	err    = errors.New("dropped: nobody notices")
	_      = Shape(Unused{})
	_      = effect("blank")
)

func effect(s string) string { println(s); return s }

func init() { println(used) }
func init() { println(unicode.IsUpper('x')) }

func main() {
	var s Shape = Square{2}
	println(s.Area())
	var w any = Wrapped{&Square{3}}
	println(w.(Shape).Area())
}
"""


@pytest.fixture(scope="module")
def program(build: Build) -> n.Program:
    return build(_SOURCE)


def symbols(program: n.Program) -> set[str]:
    return {f.symbol for f in program.funcs}


def test_only_methods_that_are_called_through_an_interface_are_needed(program: n.Program) -> None:
    assert "main.Square.Area" in symbols(program)
    assert "main.Square.Name" not in symbols(program)
    assert "main.(*Square).Grow" not in symbols(program)


def test_methods_of_types_that_never_become_interfaces_are_left_out(program: n.Program) -> None:
    assert "main.Unused.Area" not in symbols(program)


def test_the_entry_of_a_value_method_takes_a_pointer(program: n.Program) -> None:
    (area,) = (r for t, refs in program.methods.items() if str(t) == "main.Square" for r in refs)
    assert (area.func.symbol, area.entry.symbol) == ("main.Square.Area", "main.(*Square).Area")


def test_the_entry_of_a_pointer_shaped_struct_takes_the_value(program: n.Program) -> None:
    (area,) = (r for t, refs in program.methods.items() if str(t) == "main.Wrapped" for r in refs)
    assert area.func is area.entry


def test_initialisers_with_effects_run_even_if_unused(program: n.Program) -> None:
    text = func_text(next(f for f in program.init_tasks if f.symbol == "main.init"))
    order = [text.index(word) for word in ('effect("used")', 'effect("unused")', 'effect("blank")')]
    assert order == sorted(order)


def test_functions_named_init_run_after_the_initialisers_of_their_package(program: n.Program) -> None:
    assert [f.symbol for f in program.init_tasks if f.pkg == "main"] == ["main.init", "main.init.0", "main.init.1"]


def test_initialisers_without_effects_are_left_out_if_unused(program: n.Program) -> None:
    assert "main.err" not in {v.symbol for v in program.globals}


def test_tables_of_the_standard_library_that_nobody_uses_are_left_out(program: n.Program) -> None:
    used = {v.symbol for v in program.globals}
    assert "unicode.Upper" in used
    assert "unicode.Categories" not in used


def test_the_runtime_is_initialised_first_and_main_last(program: n.Program) -> None:
    order = [f.symbol for f in program.init_tasks]
    assert order[-1] == "main.init.1"
    before = order[: next(i for i, symbol in enumerate(order) if symbol.startswith("runtime.init"))]
    assert all(symbol.startswith("internal/") for symbol in before)


def test_every_conversion_to_an_interface_with_methods_has_an_itab(program: n.Program) -> None:
    assert ("main.Square", "main.Shape") in {(str(t), str(i)) for t, i in program.itabs}
