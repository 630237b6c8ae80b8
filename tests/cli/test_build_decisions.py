"""``tricolor build -gcflags=-m`` against ``go build -gcflags=-m``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tools.escapecheck.reference import go_build
from tricolor.base.errors import UsageError
from tricolor.cli.decisions import shorten
from tricolor.cli.gcflags import CompilerFlags, parse_gcflags

FILES = {
    "go.mod": "module example.com/m\n\ngo 1.27\n",
    "main.go": """package main

import "example.com/m/keep"

type node struct {
	next  *node
	value any
}

func push(list *node, value any) *node { return &node{list, value} }

func main() {
	var list *node
	for i := range 3 {
		list = push(list, i)
	}
	keep.All(list.next, keep.Map([]int{1, 2}, func(x int) *int { return &x }))
	text := "x"
	defer func() { println(text) }()
	text += keep.Name(1)
}
""",
    "keep/keep.go": """package keep

var kept []any

func All(values ...any) { kept = append(kept, values...) }

func Map[T, U any](from []T, f func(T) U) []U {
	to := make([]U, 0, len(from))
	for _, x := range from {
		to = append(to, f(x))
	}
	return to
}

func Name(n int) string {
	b := []byte("name ")
	return string(append(b, byte('0'+n)))
}
""",
    "keep/tagged.go": "//go:build extra\n\npackage keep\n\nfunc Extra(p *int) *int { return p }\n",
}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def by_package(text: str) -> dict[str, Counter[str]]:
    """Lines under each ``# package`` line."""
    found: dict[str, Counter[str]] = {}
    package = ""
    for line in text.splitlines():
        if line.startswith("# "):
            package = line
        found.setdefault(package, Counter())[line] += 1
    return found


@pytest.mark.parametrize(
    "words",
    [
        ["-gcflags=-m -l", "./..."],
        ["-gcflags=-m=1 -l", "./keep", "."],
        ["-tags=extra", "-gcflags=-l -m", "./keep"],
        ["-gcflags=-m -l -d=escapemutationscalls=1", "./keep"],
        ["-gcflags=-m '-l'", "keep/keep.go", "keep/tagged.go"],
    ],
)
def test_decisions_agree_with_go_build(tricolor: Run, module: Path, words: list[str]) -> None:
    done = tricolor("build", *words)
    assert (done.status, done.out) == (0, "")
    _, real = go_build(module, *words)
    assert by_package(done.err) == by_package(real)


def test_a_package_with_only_tests_is_a_fault_only_if_it_is_named(tricolor: Run, module: Path) -> None:
    (module / "tests").mkdir()
    (module / "tests/a_test.go").write_text("package tests\n")
    for patterns in (["./tests"], ["./tests", "./keep"], ["./..."], ["./tests/..."]):
        status, real = go_build(module, "-gcflags=-m -l", *patterns)
        done = tricolor("build", "-gcflags=-m -l", *patterns)
        assert done.status == status, patterns
        assert Counter(done.err.splitlines()) == Counter(real.splitlines()), patterns


_COMMAND = """package main

import "slices"

type pair struct{ a, b int }

func main() {
	slices.SortFunc([]pair{{2, 1}, {1, 2}}, func(x, y pair) int { return x.a - y.a })
	println(len(slices.Collect(slices.Values([]struct{ a, b *pair }{{}, {}}))))
}
"""


def test_each_of_several_commands_is_the_package_main(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n\ngo 1.27\n")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.go").write_text(_COMMAND)
    done = tricolor("build", "-gcflags=-m -l", "./...")
    _, real = go_build(tmp_path, "-gcflags=-m -l", "./...")
    assert "main.a" in real
    assert by_package(done.err) == by_package(real)


def test_a_note_says_that_go_inlines_without_l(tricolor: Run, module: Path) -> None:
    done = tricolor("build", "-gcflags=-m", "./keep")
    _, real = go_build(module, "-gcflags=-m -l", "./keep")
    *lines, note = done.err.splitlines()
    assert Counter(lines) == Counter(real.splitlines())
    assert "without -l Go inlines calls" in note


def test_run_prints_decisions_before_the_program_runs(tricolor: Run, module: Path) -> None:
    (module / "p.go").write_text("package main\n\nfunc main() { println(*new(7)) }\n")
    done = tricolor("run", "-gcflags=-m -l", "p.go")
    assert (done.status, done.err) == (0, "7\n")
    (module / "p.go").write_text("package main\n\nvar g *int\n\nfunc main() { g = new(int); println(*g) }\n")
    done = tricolor("run", "-gcflags=-m -l", "p.go")
    assert done.err == "# command-line-arguments\n./p.go:5:22: new(int) escapes to heap\n0\n"


def test_faults_are_gos_own(tricolor: Run, module: Path) -> None:
    (module / "keep/bad.go").write_text("package keep\n\nfunc bad() { undefined() }\n")
    done = tricolor("build", "-gcflags=-m -l", "./...")
    status, real = go_build(module, "./...")
    assert (done.status, done.out, done.err) == (status, "", real)


GOOD = "package good\n\nfunc Good() *int { x := 1; return &x }\n"
BAD = "package bad\n\nfunc Bad() *int { x := 1; undefined(); return &x }\n"
FAULTY_MODULES = {
    "a faulty leaf": {"bad/a.go": BAD},
    "a faulty package that others import": {
        "bad/a.go": BAD,
        "user/a.go": 'package user\n\nimport "example.com/m/bad"\n\nfunc U() *int { return bad.Bad() }\n',
        "cmd/a.go": 'package main\n\nimport "example.com/m/user"\n\nfunc main() { println(user.U()) }\n',
    },
    "two faulty packages": {"bad/a.go": BAD, "worse/a.go": 'package worse\n\nfunc Bad() int { return "" }\n'},
    "a package of the module that is missing": {"bad/a.go": 'package bad\n\nimport _ "example.com/m/none"\n'},
    "a module that is missing": {"bad/a.go": 'package bad\n\nimport _ "example.org/none"\n'},
    "a standard package that is missing": {"bad/a.go": 'package bad\n\nimport _ "nostd"\n'},
    "an internal package": {"bad/a.go": 'package bad\n\nimport _ "internal/abi"\n'},
    "an import cycle": {
        "p/a.go": 'package p\n\nimport _ "example.com/m/q"\n',
        "q/a.go": 'package q\n\nimport _ "example.com/m/p"\n',
    },
    "a folder without Go files": {"nothing/README": "none\n"},
    "only tests": {"t/a_test.go": "package t\n"},
    "only files that a build tag excludes": {"t/a.go": "//go:build never\n\npackage t\n"},
    "two package clauses": {"t/a.go": "package t\n", "t/b.go": "package u\n"},
    "no package clause": {"bad/a.go": "func Bad() {}\n"},
    "a syntax error": {"bad/a.go": "package bad\n\nfunc Bad( { }\n"},
    "a syntax error among the imports": {"bad/a.go": 'package bad\n\nimport "fmt\n'},
    "a function without a body": {"bad/a.go": "package bad\n\nfunc Bad()\n"},
    "a command without main": {"cmd/a.go": "package main\n\nfunc f() *int { return new(int) }\n"},
    "a file to embed that is missing": {"bad/a.go": 'package bad\n\nimport _ "embed"\n\n//go:embed none\nvar s string\n'},
    "an import that is not used": {"bad/a.go": 'package bad\n\nimport "fmt"\n\nfunc B() *int { return new(int) }\n'},
}


@pytest.mark.parametrize("files", FAULTY_MODULES.values(), ids=FAULTY_MODULES)
def test_packages_without_faults_are_printed_as_by_go(tricolor: Run, tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in {"go.mod": FILES["go.mod"], "good/a.go": GOOD, "zz/a.go": GOOD.replace("good", "zz"), **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = tricolor("build", "-gcflags=-m -l", "./...")
    status, real = go_build(tmp_path, "-gcflags=-m -l", "./...")
    assert (done.status, done.out) == (status, "")
    assert by_package(done.err) == by_package(real)


def test_the_log_has_the_packages_without_faults(tricolor: Run, module: Path) -> None:
    (module / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    done = tricolor("build", f"-gcflags=-json=0,{module}/log", "./...")
    assert done.status == 1
    assert [path.name for path in (module / "log").iterdir()] == ["example.com%2Fm%2Fkeep"]


def test_file_names_are_relative_where_that_is_shorter() -> None:
    text = "/a/b/c/x.go:1:2: f\n/a/b/d/y.go:1:2:   from x at /a/b/c/x.go:3\n"
    assert shorten(text, "/a/b/c", "/a/b") == "c/x.go:1:2: f\n./d/y.go:1:2:   from x at c/x.go:3\n"
    assert shorten(text, "/a/b/c", "/a/b/c") == "./x.go:1:2: f\n../d/y.go:1:2:   from x at ./x.go:3\n"
    assert shorten(text, "/a/b/c", "/somewhere/else") == text


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("-m -l", CompilerFlags(detail=1, inlining=False)),
        ("-m=2", CompilerFlags(detail=2)),
        ("-m -m", CompilerFlags(detail=2)),
        ("-m=0 -l=4", CompilerFlags()),
        ("-d=escapemutationscalls=1", CompilerFlags(effects=True)),
        ("-N '-json=0,/a b'", CompilerFlags(log=Path("/a b"), optimise=False)),
        ("-json=0,file:///x", CompilerFlags(log=Path("/x"))),
    ],
)
def test_flags_are_parsed_as_by_gos_compiler(text: str, flags: CompilerFlags) -> None:
    assert parse_gcflags(text) == flags


@pytest.mark.parametrize("text", ["-m=x", "-m=3", "-S", "-json=1,/x", "-json=0,x", "-json", "-d=ssa/check", "m"])
def test_an_unsupported_flag_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=text.partition("=")[0]):
        parse_gcflags(text)
