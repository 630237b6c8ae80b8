"""Parameters: effects agree with Go's compiler, reasons name the way to the heap, and tried changes keep parameters from leaking."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.escapecheck.reference import go_build
from tricolor.decide.decisions import Alone, analyse_alone, request_for
from tricolor.explain.model import Effect, Explained, Parameter, from_json, to_json
from tricolor.explain.sites import sites_of
from tricolor.explain.why import Answer, answers

_SOURCE = """\
package p

import "fmt"

var sink any
var ps []*int

type T struct {
	p    *int
	next *T
}

func Leak(x *int, y **int, z *int, s []*int, q *int) (*int, error) {
	ps = append(ps, x)
	sink = *y
	ps = append(ps, s...)
	_ = *z
	return q, nil
}

func Both(t *T) (r *int) {
	sink = t.next.p
	return t.p
}

func (t *T) Link(o *T) { t.next = o }

func Moved(x []int) *[]int { return &x }

func Print(x fmt.Stringer, n int) { fmt.Println(x, n) }

func Each[V any](xs []V, f func(V)) {
	for _, x := range xs {
		f(x)
	}
}

func Go(c chan int, f func()) {
	func(g func()) { go g() }(f)
	go func() { c <- 1 }()
}

func Use() {
	Each([]int{1}, func(int) {})
	Each([]string{"1"}, func(string) {})
}
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parameters")
    (folder / "go.mod").write_text("module example/p\n\ngo 1.27\n")
    (folder / "p.go").write_text(_SOURCE)
    return folder


@pytest.fixture(scope="module")
def alone(module: Path) -> Alone:
    found = analyse_alone(request_for(["."], module), check=True)
    assert isinstance(found, Alone), found.text
    return found


@pytest.fixture(scope="module")
def explained(alone: Alone) -> Explained:
    return sites_of(alone)


def _as_go_says(one: Parameter) -> list[str]:
    texts = {
        Effect.STAYS: [f"{one.name} does not escape"],
        Effect.CONTENT: [f"leaking param content: {one.name}"],
        Effect.LEAKS: [f"leaking param: {one.name}"],
    }
    return [*texts.get(one.effect, []), *(f"leaking param: {one.name} to result {flow.name} level={flow.derefs}" for flow in one.returned)]


def test_effects_are_those_that_the_compiler_prints(module: Path, explained: Explained) -> None:
    status, text = go_build(module, "-gcflags=-m -l", ".")
    assert status == 0, text
    lines = re.findall(r"p\.go:([0-9]+:[0-9]+): (leaking param.*|\w+ does not escape)$", text, re.MULTILINE)
    expected = sorted({(place, words) for place, words in lines if "argument" not in words})
    # The compiler prints nothing about parameters that are themselves on the heap, nor about instances of generic functions.
    printed = [one for one in explained.parameters["example/p"] if one.function != "example/p.Moved" and not one.shapes]
    found = sorted((f"{one.position.line}:{one.position.column}", words) for one in printed for words in _as_go_says(one))
    assert found == expected
    assert len(found) > 12


def _parameter(explained: Explained, function: str, name: str) -> Parameter:
    (found,) = (one for one in explained.parameters["example/p"] if one.function == f"example/p.{function}" and one.name == name)
    return found


@pytest.mark.parametrize(
    ("function", "name", "why"),
    [
        ("Leak", "x", "x is appended to ps (line 14), whose array may be on the heap"),
        ("Leak", "z", ""),
        ("Moved", "x", "x is itself on the heap: the address of x is returned (line 28), which outlives the call"),
        ("Print", "x", "x is passed to fmt.Println (line 30), whose parameter a goes to the heap"),
        ("(*T).Link", "o", "o is stored through the pointer t (line 26), and whatever a pointer points to counts as the heap"),
        ("Go.func1", "g", "g is run by a new goroutine (line 39), which may outlive the function"),
    ],
)
def test_the_reason_names_the_way_to_the_heap(explained: Explained, function: str, name: str, why: str) -> None:
    assert _parameter(explained, function, name).why == why


def test_the_subject_is_what_the_pointer_points_to(explained: Explained) -> None:
    assert _parameter(explained, "Both", "t").why.startswith("what t points to is stored in")


def test_instances_of_a_generic_function_merge_and_the_worst_counts(explained: Explained) -> None:
    xs = _parameter(explained, "Each[...]", "xs")
    assert (xs.shapes, xs.effect, xs.type) == (2, Effect.CONTENT, "[]V")


def test_parameters_of_func_literals_are_marked(explained: Explained) -> None:
    assert [one.function for one in explained.parameters["example/p"] if one.literal] == ["example/p.Go.func1"]


def test_parameters_survive_json(explained: Explained) -> None:
    assert from_json(json.loads(json.dumps(to_json(explained)))) == explained


def _why(alone: Alone, module: Path, line: int, name: str) -> Answer:
    (found,) = (one for one in answers(alone, module / "p.go", line) if isinstance(one.about, Parameter) and one.about.name == name)
    return found


@pytest.mark.parametrize(
    ("line", "name", "outcomes"),
    [
        (13, "x", ["it does not escape if x were not appended to ps (line 14)"]),
        (13, "q", ["it does not escape if q were not returned (line 18)"]),
        (21, "t", ["it is only returned if t were not stored in the package variable sink (line 22)"]),
        (
            32,
            "xs",
            [
                "it does not escape if the value were not iterated over by a range (line 33)",
                "it does not escape if x were not passed to f (line 34)",
            ],
        ),
    ],
)
def test_changes_that_keep_a_parameter_from_leaking(alone: Alone, module: Path, line: int, name: str, outcomes: list[str]) -> None:
    changes = _why(alone, module, line, name).changes
    assert [f"{change.outcome} if {change.text}" for change in changes if change.helps] == outcomes


def test_an_answer_has_all_ways_in_which_a_parameter_leaks(alone: Alone, module: Path) -> None:
    assert [way.text.partition(" (")[0] for way in _why(alone, module, 21, "t").ways] == ["returned as r", "stored in an interface"]
