"""The description of sites: verdict, cost class, sentence and hint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tricolor.decide.decisions import Alone, analyse_alone, request_for
from tricolor.explain.model import Explained, Site, from_json, to_json
from tricolor.explain.sites import sites_of

_SOURCE = """\
package main

import (
	"fmt"
	"os"
)

type T struct{ p *int }

var sink []any

func ret() *int { x := 3; return &x }

func keep(m map[string]*T) {
	y := 4
	m["a"] = &T{&y}
}

func costs(n int, b []byte, m map[string]int, s string) int {
	fmt.Println("text", n, true, struct{}{})
	large := make([]byte, n)
	small := make([]byte, 10)
	text := s + os.Args[0]
	look := m[string(b)]
	view := []byte(s)
	grown := append(small, large...)
	f := func() {}
	g := func() { n++ }
	f()
	g()
	c := make(chan int)
	h := map[int]int{1: 2}
	both := [2]int{7, 8}
	fmt.Println(both)
	signs := []rune(s)
	signs[0] = 'x'
	title := string(signs)
	return len(title) + len(text) + look + len(view) + len(grown) + len(c) + h[1]
}

func Map[A, B any](xs []A, f func(A) B) []B {
	out := make([]B, len(xs))
	for i, x := range xs {
		out[i] = f(x)
	}
	return out
}

type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func fail(names []string, c chan []byte) (string, error) {
	all := "names:"
	for _, name := range names {
		all = all + " " + name
	}
	c <- make([]byte, 8)
	return "a" + all, &failure{all}
}

func main() {
	keep(map[string]*T{})
	sink = append(sink, Map([]int{1}, func(i int) string { return fmt.Sprint(i) }), Map([]string{"a"}, func(s string) int { return len(s) }))
	fmt.Println(*ret(), costs(3, nil, nil, ""))
}
"""


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    folder = tmp_path_factory.mktemp("sites")
    (folder / "go.mod").write_text("module example\n\ngo 1.27\n")
    (folder / "main.go").write_text(_SOURCE)
    alone = analyse_alone(request_for(["."], folder), check=True)
    assert isinstance(alone, Alone)
    return sites_of(alone)


def _site(explained: Explained, expression: str, function: str = "main.costs") -> Site:
    (found,) = (s for s in explained.sites if s.expression == expression and s.function == function and not s.foreign)
    return found


@pytest.mark.parametrize(
    ("expression", "verdict", "cost"),
    [
        ('"text"', "heap", "none"),
        ("true", "heap", "none"),
        ("struct {}{}", "heap", "none"),
        ("n", "heap", "heap"),
        ("make([]byte, n)", "stack", "heap when larger than 32 bytes"),
        ("make([]byte, 10)", "stack", "stack"),
        ("s + os.Args[0]", "stack", "heap when larger than 32 bytes"),
        ("string(b)", "stack", "none"),
        ("([]byte)(s)", "stack", "none"),
        ("append", "stack", "heap when larger than 32 bytes"),
        ("make(chan int)", "heap", "heap"),
        ("map[int]int{...}", "stack", "heap when larger than 8 entries"),
        ("... argument", "stack", "stack"),
        ("both", "heap", "none"),
        ("([]rune)(s)", "stack", "heap when larger than 128 bytes"),
        ("string(signs)", "stack", "heap when larger than 29 bytes"),
    ],
)
def test_cost_classes(explained: Explained, expression: str, verdict: str, cost: str) -> None:
    sites = [s for s in explained.sites if s.expression == expression and s.function == "main.costs"]
    assert (verdict, cost) in [(site.verdict.value, str(site.cost)) for site in sites]


def test_a_closure_without_captures_costs_nothing(explained: Explained) -> None:
    costs = [str(s.cost) for s in explained.sites if s.kind == "closure" and s.function == "main.costs"]
    assert costs == ["none", "stack"]


def test_the_chain_names_each_step(explained: Explained) -> None:
    site = _site(explained, "y", "main.keep")
    assert site.why == (
        "the address of y is stored in T{...} (line 16), which is stored in the map m (line 16), and map entries are on the heap"
    )
    assert [step.position.line for step in site.chain if step.text] == [16, 16]


def test_the_sentence_about_an_interface(explained: Explained) -> None:
    sites = [s for s in explained.sites if s.expression == "n" and s.kind == "boxing"]
    assert sites[0].why == "n is stored in the interface passed to fmt.Println (line 20), whose parameter a goes to the heap"


def test_a_returned_address_has_a_hint(explained: Explained) -> None:
    assert "return the value" in _site(explained, "x", "main.ret").hint


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ('all + " " + name', "in the loop, build the text in one strings.Builder or in a []byte that you reuse"),
        ('"a" + all', ""),
        ("&failure{...}", ""),
        ("make([]byte, 8)", ""),
    ],
)
def test_a_hint_appears_only_where_it_helps(explained: Explained, expression: str, hint: str) -> None:
    site = _site(explained, expression, "main.fail")
    assert (site.verdict.value, site.hint) == ("heap", hint)


def test_instances_of_a_generic_function_are_one_site(explained: Explained) -> None:
    (site,) = (s for s in explained.sites if s.function == "main.Map[...]" and s.kind == "make")
    assert site.shapes == 2
    assert str(site.cost) == "heap"


def test_sites_survive_json(explained: Explained) -> None:
    assert from_json(json.loads(json.dumps(to_json(explained)))) == explained


def test_keys_do_not_depend_on_lines(explained: Explained, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example\n\ngo 1.27\n")
    (tmp_path / "main.go").write_text(_SOURCE.replace("func ret", "// moved\n\nfunc ret"))
    alone = analyse_alone(request_for(["."], tmp_path), check=True)
    assert isinstance(alone, Alone)
    moved = sites_of(alone)
    assert [s.key for s in moved.sites if not s.foreign] == [s.key for s in explained.sites if not s.foreign]


def test_a_method_of_a_generic_type_has_its_name_behind_the_type_arguments(tmp_path: Path) -> None:
    source = """\
package main

type Event struct{ n int }

type List[T any] struct{ all []*T }

func (l *List[T]) Add(x *T) { l.all = append(l.all, x) }

func (l List[T]) Last() *T { return l.all[len(l.all)-1] }

func main() {
	var l List[Event]
	l.Add(&Event{1})
	add := (*List[Event]).Add
	add(&l, &Event{2})
}
"""
    (tmp_path / "p.go").write_text(source)
    found = analyse_alone(request_for([str(tmp_path / "p.go")], tmp_path), check=True)
    assert isinstance(found, Alone)
    (site,) = [each for each in sites_of(found).sites if each.position.line == 13]
    assert site.why.startswith("&Event{...} is passed to (*List[main.Event]).Add (line 13)")
