"""What only Go's compiler and linker find is refused with their messages: misused directives, and what is too large."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tools.escapecheck.reference import go_build

REFUSED = {
    "channel of large elements": "package main\n\ntype B [1 << 17]byte\n\nfunc main() { c := make(chan B, 1); println(len(c)) }\n",
    "channel in a type": "package main\n\ntype T struct{ c chan [70000]byte }\n\nfunc main() { println(T{}.c == nil) }\n",
    "map of large elements": "package main\n\nfunc main() { var m map[int][1 << 31]byte; println(len(m)) }\n",
    "large type": "package main\n\ntype T [1 << 50][1 << 20]byte\n\nvar t *T\n\nfunc main() { println(len(t)) }\n",
    "large frame": "package main\n\n//go:noinline\nfunc g(p [1 << 31]byte) byte { return p[5] }\n\n"
    "func main() { var a [1 << 31]byte; println(g(a)) }\n",
    "large variable": "package main\n\nvar t [1 << 40]byte\n\nfunc main() { println(len(t), t[1<<39]) }\n",
    "directive on a variable": "package main\n\n//go:nosplit\nvar x int\n\nfunc main() { println(x) }\n",
    "directive after code": "package main\n\nfunc f() {} //go:noinline\n\nfunc main() { f() }\n",
    "directive in a function": "package main\n\nfunc main() {\n\t//go:noinline\n\tprintln(1)\n}\n",
    "directive at the end": "package main\n\nfunc main() {}\n\n//go:noinline\n",
    "noescape with a body": 'package main\n\nimport _ "unsafe"\n\n//go:noescape\nfunc f(p *int) {}\n\nfunc main() { f(nil) }\n',
    "directive of the runtime": "package main\n\n//go:systemstack\nfunc f() {}\n\nfunc main() { f() }\n",
    "directive of cgo": 'package main\n\n//go:cgo_ldflag "-lm"\n\nfunc main() {}\n',
    "linkname without unsafe": "package main\n\n//go:linkname foo runtime.foo\nfunc foo()\n\nfunc main() { foo() }\n",
    "linkname with four words": 'package main\n\nimport _ "unsafe"\n\n//go:linkname a b c d\nfunc a() {}\n\nfunc main() { a() }\n',
    "linkname of nothing": 'package main\n\nimport _ "unsafe"\n\n//go:linkname nosuch runtime.nosuch\n\nfunc main() {}\n',
    "linkname twice": 'package main\n\nimport _ "unsafe"\n\n//go:linkname f x.y\n//go:linkname f x.z\nfunc f() {}\n\nfunc main() { f() }\n',
    "embed without import": "package main\n\n//go:embed x.txt\nvar s string\n\nfunc main() { println(s) }\n",
    "embed in wrong places": 'package main\n\nimport _ "embed"\n\n//go:embed x.txt\nvar a, b string\n\n//go:embed x.txt\nvar c string = "x"\n\n'
    "//go:embed x.txt\nvar d int\n\n//go:embed x.txt\nconst e = 1\n\n//go:embed x.txt\nfunc f() {}\n\n"
    "func main() {\n\t//go:embed x.txt\n\tvar g string\n\tprintln(g, d, a, b, c, e)\n\tf()\n}\n",
    "embed of two files": 'package main\n\nimport _ "embed"\n\n//go:embed x.txt y.txt\nvar a string\n\nfunc main() { println(a) }\n',
    "embed above a group": 'package main\n\nimport _ "embed"\n\n//go:embed x.txt\nvar (\n\ta string\n)\n\nfunc main() { println(a) }\n',
    "unknown setting": "//go:debug nosuch=1\n\npackage main\n\nfunc main() {}\n",
    "setting without a value": "//go:debug panicnil\n\npackage main\n\nfunc main() {}\n",
    "setting twice": "//go:debug panicnil=1\n//go:debug panicnil=1\n\npackage main\n\nfunc main() {}\n",
}

ACCEPTED = """//go:build linux

//go:debug panicnil=1
//go:debug default=go1.24

// Directives in their places, and large types that nothing forbids.
package main

import (
	"embed"
	_ "unsafe"
)

//go:generate true

//go:embed x.txt
var text string

var (
	//go:embed x.txt
	bytes []byte

	//go:embed *.txt
	files embed.FS
)

//go:linkname nanotime runtime.nanotime
func nanotime() int64

//go:noinline
//go:nosplit
func f(c chan [1 << 15]byte) int { return cap(c) }

// unknown directives are ignored
//
//go:nosuch
type T struct{ p *[1 << 40]int }

type generic[E any] struct{ c chan E }

func main() {
	println(text, string(bytes), nanotime() > 0, f(nil), T{}.p == nil, generic[int]{}.c == nil)
	entries, _ := files.ReadDir(".")
	println(len(entries))
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", REFUSED)
def test_a_program_that_go_refuses_is_refused_with_its_words(tricolor: Run, tmp_path: Path, kind: str) -> None:
    for name in ("x.txt", "y.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "p.go").write_text(REFUSED[kind])
    status, real = go_build(tmp_path, "-o", "/dev/null", "p.go")
    done = tricolor("run", "p.go")
    assert status == 1
    assert (done.status, done.out, done.err) == (1, "", real)


@pytest.mark.slow
def test_directives_in_their_places_are_accepted(tricolor: Run, tmp_path: Path) -> None:
    for name in ("x.txt", "y.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "p.go").write_text(ACCEPTED)
    assert tricolor("run", "p.go").err == "x.txt x.txt true 0 true true\n2\n"


@pytest.mark.slow
def test_a_refused_package_costs_no_other(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.27\n")
    for name, text in {
        "good": "package good\n\nfunc F() *int { return new(int) }\n",
        "bad": "package bad\n\n//go:nosplit\nvar X int\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.go").write_text(text)
    _, real = go_build(tmp_path, "./...")
    done = tricolor("escape", "./...")
    assert done.status == 1
    assert done.err == real
    assert "new(int): heap" in done.out
