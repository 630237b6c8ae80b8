"""A program in the layouts that users choose: with a vendored dependency, a replaced one, a workspace; and a server that serves its profile."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_DEPENDENCY: Final = """\
package dep

import "strings"

type Item struct {
	Name   string
	Values []int
}

var kept []*Item

func Make(n int) *Item {
	it := &Item{Name: strings.Repeat("x", n)}
	kept = append(kept, it)
	return it
}

type Set[K comparable] struct{ m map[K]struct{} }

func NewSet[K comparable]() *Set[K] { return &Set[K]{m: make(map[K]struct{})} }

func (s *Set[K]) Add(k K) { s.m[k] = struct{}{} }

func Map[A, B any](xs []A, f func(A) B) []B {
	out := make([]B, 0, len(xs))
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}
"""

PROGRAM: Final = """\
package app

import (
	"strconv"

	"example.com/dep"
)

var Sink any
var Bytes []byte

type pair struct{ a, b int }

func Work(n int) {
	for i := range n {
		Sink = dep.Make(i%50 + 1)
	}
	s := dep.NewSet[string]()
	for i := range n {
		s.Add(strconv.Itoa(1000 + i))
	}
	Sink = dep.Map(make([]int, 500), func(i int) *pair { return &pair{i, i} })
}

//line grammar.y:100
func Parse(n int) {
	for range n {
		Bytes = make([]byte, 100+n)
	}
}
"""

_TEST: Final = """\
package app_test

import (
	"testing"

	"example.com/app"
)

func TestWork(t *testing.T) {
	app.Work(500)
	app.Parse(20)
}
"""

_SERVER: Final = """\
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"

	"example.com/server/store"
)

func main() {
	runtime.MemProfileRate = 1
	for i := range 1000 {
		store.Put(i)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, listener.Addr())
	runtime.GC()
	panic(http.Serve(listener, nil))
}
"""

_STORE: Final = """\
package store

var kept = map[int]*[256]byte{}

func Put(key int) {
	kept[key] = new([256]byte)
}
"""

_REQUIRE: Final = "\nrequire example.com/dep v1.0.0\n"

LAYOUTS: Final = ("vendor", "replace", "workspace")


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lay_out(base: Path, layout: str) -> Path:
    """Write the program's module, with its dependency where the layout wants it, and return the module's folder."""
    app = base / "app"
    dependency = app / "vendor" / "example.com" / "dep" if layout == "vendor" else base / "dep"
    require = {"vendor": _REQUIRE, "replace": f"{_REQUIRE}\nreplace example.com/dep => ../dep\n", "workspace": ""}[layout]
    _write(
        {
            app / "go.mod": f"module example.com/app\n\ngo 1.27\n{require}",
            app / "app.go": PROGRAM,
            app / "app_test.go": _TEST,
            dependency / "dep.go": _DEPENDENCY,
        }
    )
    match layout:
        case "vendor":
            _write({app / "vendor" / "modules.txt": "# example.com/dep v1.0.0\n## explicit; go 1.27\nexample.com/dep\n"})
        case "workspace":
            _write(
                {base / "go.work": "go 1.27\n\nuse (\n\t./app\n\t./dep\n)\n", dependency / "go.mod": "module example.com/dep\n\ngo 1.27\n"}
            )
        case _:
            _write({dependency / "go.mod": "module example.com/dep\n\ngo 1.27\n"})
    return app


def server(base: Path) -> Path:
    """Write a module with a command that serves its profile and prints the server's address."""
    _write(
        {
            base / "go.mod": "module example.com/server\n\ngo 1.27\n",
            base / "cmd" / "server" / "main.go": _SERVER,
            base / "store" / "store.go": _STORE,
        }
    )
    return base
