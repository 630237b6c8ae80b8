"""Sites without a line in Go's -m: each is found once, and code that does not allocate has none."""

from __future__ import annotations

import pytest

from tools.runtimecalls import derive
from tricolor.decide.decisions import Alone, analyse_alone, request_for
from tricolor.explain.model import Explained, Site
from tricolor.explain.runtime_calls import GIVES, RUNTIME_CALL
from tricolor.explain.sites import sites_of

_SOURCE = """\
package main

import (
	"maps"
	"runtime"
	"strings"
	"time"
)

func calls() *runtime.Frames {
	time.Sleep(1)
	return runtime.CallersFrames(nil) // heap: runtime.CallersFrames(...)
}

func stores(m map[string]int) {
	m["a"] = 1 // heap: m["a"]
	m["b"]++ // heap: m["b"]
	m["c"], m["d"] = 1, 2 // heap: m["c"], m["d"]
	for m["e"] = range 3 { // heap: m["e"]
	}
	delete(m, "a")
}

func starts(n int) chan int {
	go starts(n) // heap: go
	go main()
	go func() {}()
	return make(chan int) // heap: make(chan int)
}

func defers() {
	defer main()
	for range 3 {
		defer main() // heap: defer
		defer func() { // heap: defer
		}()
		n := 0
		defer func() { n++ }() // heap: func literal
	}
}

func free(s []byte) []byte {
	return append(s, make([]byte, len(s))...) // heap: append
}

func main() {
	strings.Repeat("a", 3)
	maps.Clone(map[string]int{})
}
"""


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    folder = tmp_path_factory.mktemp("silent")
    (folder / "go.mod").write_text("module example\n\ngo 1.27\n")
    (folder / "main.go").write_text(_SOURCE)
    alone = analyse_alone(request_for([".", "strings", "reflect"], folder), check=True)
    assert isinstance(alone, Alone), alone.text
    return sites_of(alone)


def test_each_line_has_its_expected_sites(explained: Explained) -> None:
    expected = {
        number: sorted(line.partition("// heap: ")[2].split(", "))
        for number, line in enumerate(_SOURCE.splitlines(), 1)
        if "// heap: " in line
    }
    found: dict[int, list[str]] = {}
    last = _SOURCE[: _SOURCE.index("func main")].count("\n")
    for site in explained.packages["example"]:
        if site.cost.may_allocate and site.kind != "variable" and site.position.line <= last and not site.foreign:
            found.setdefault(site.position.line, []).append(site.expression)
    assert {line: sorted(texts) for line, texts in found.items()} == expected


def _runtime_calls(explained: Explained, package: str) -> list[Site]:
    return [site for site in explained.packages[package] if site.kind == RUNTIME_CALL]


def test_a_call_of_a_function_that_the_runtime_defines_is_a_site(explained: Explained) -> None:
    (call,) = (site for site in _runtime_calls(explained, "strings") if site.function == "strings.(*Builder).grow")
    assert (call.expression, call.verdict.value, str(call.cost), call.listed) == ("bytealg.MakeNoZero(...)", "heap", "heap", False)
    assert call.why == "bytealg.MakeNoZero is part of the runtime, and allocates what it returns on the heap"
    grown = [site for site in _runtime_calls(explained, "reflect") if site.expression.startswith("reflect.mapassign")]
    assert {site.cost.note for site in grown} == {"when it grows"}


@pytest.mark.slow
def test_the_table_agrees_with_the_source_of_the_runtime() -> None:
    assert derive() == GIVES
