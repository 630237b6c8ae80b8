"""``tricolor test`` prints what ``go test`` prints about the same packages, and has its exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Done
from tricolor.frontend.toolchain import find_toolchain, go_environment

pytestmark = pytest.mark.slow

MODULE = {
    "go.mod": "module example.com/m\n\ngo 1.27\n",
    "good/good.go": """package good

import "strings"

func Up(s string) string { return strings.ToUpper(s) }
""",
    "good/good_test.go": """package good

import (
	"os"
	"testing"
)

var (
	data = make([]byte, 0)
	kept [3]*[4000]int
)

func TestUp(t *testing.T) {
	if Up("x") != "X" {
		t.Fatal("bad")
	}
	if !testing.Testing() {
		t.Fatal("this is a test")
	}
}

func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	t.Run("a", func(t *testing.T) { t.Parallel(); t.Log("in a") })
	t.Run("b", func(t *testing.T) { t.Log("in b") })
}

func TestData(t *testing.T) {
	text, err := os.ReadFile("testdata/value")
	t.Logf("%q %v %q", text, err, os.Getenv("GOOD_VALUE"))
}

func TestExact(t *testing.T) {
	for i := range 3 {
		kept[i] = new([4000]int)
	}
}

func FuzzUp(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, s string) { Up(s) })
}

func BenchmarkGrow(b *testing.B) {
	for range b.N {
		data = make([]byte, 100)
	}
}
""",
    "good/outside_test.go": """package good_test

import (
	"fmt"
	"testing"

	"example.com/m/good"
	"example.com/m/user"
)

func TestCopy(t *testing.T) { t.Log(user.Twice("q")) }

func ExampleUp() {
	fmt.Println(good.Up("hey"))
	// Output: HEY
}
""",
    "good/testdata/value": "first",
    "user/user.go": """package user

import "example.com/m/good"

func Twice(s string) string { return good.Up(s + s) }
""",
    "bad/bad_test.go": """package bad

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	fmt.Println("begin")
	os.Exit(m.Run())
}

func TestFail(t *testing.T) {
	t.Run("sub", func(t *testing.T) { t.Error("wrong") })
	t.Log("after")
}

func TestLong(t *testing.T) {
	if f := flag.Lookup("test.timeout"); f.Value.String() == "100ms" {
		time.Sleep(time.Hour)
	}
}

func Example_wrong() {
	fmt.Println("one")
	// Output: two
}
""",
    "broken/broken_test.go": 'package broken\n\nimport "testing"\n\nfunc TestX(t *testing.T) { undefined() }\n',
    "absent/absent_test.go": 'package absent\n\nimport (\n\t_ "example.com/m/nope"\n\t"testing"\n)\n\nfunc TestX(t *testing.T) {}\n',
    "vetted/vetted_test.go": 'package vetted\n\nimport "testing"\n\nfunc TestX(t *testing.T) { t.Errorf("%d", "x") }\n',
    "command/main.go": "package main\n\nfunc main() { println(value()) }\n\nfunc value() int { return 1 }\n",
    "command/main_test.go": """package main

import "testing"

func TestMainFunction(t *testing.T) {
	main()
	if value() != 1 {
		t.Fatal()
	}
}
""",
}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the packages. A test that changes a file writes it back, so that each binary is compiled once."""
    folder = tmp_path_factory.mktemp("module")
    for name, text in MODULE.items():
        _write(folder / name, text)
    return folder


def _write(path: Path, text: str) -> None:
    """Write a file of a past time: one that has just been written is too new for results to be kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def _ours(folder: Path, *words: str, **environment: str) -> Done:
    command = [str(Path(sys.executable).parent / "tricolor"), "test", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=600)
    return Done(done.returncode, done.stdout, done.stderr)


def _real(folder: Path, words: Sequence[str], **environment: str) -> Done:
    toolchain = find_toolchain()
    done = subprocess.run(
        [str(toolchain.go), "test", *words],
        cwd=folder, env=go_environment(toolchain) | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def _tricolor(folder: Path, words: Sequence[str]) -> Done:
    return _ours(folder, *words)


def _plain(text: str) -> str:
    """The text without times."""
    return re.sub(r"\b\d+\.\d+s", "TIME", text)


def _same(ours: Done, real: Done) -> None:
    assert (ours.status, _plain(ours.out), _plain(ours.err)) == (real.status, _plain(real.out), _plain(real.err))


@pytest.mark.parametrize(
    "words",
    [
        ["-count=1", "./..."],
        ["-v", "-count=1", "./good", "./bad"],
        ["-short", "-run=Slow|Up", "-v", "./good", "-count=2"],
        ["-run=None", "./good", "./command"],
        ["-list=.", "./good", "./bad"],
        ["-run=TestFail/sub", "-failfast", "-v", "./bad"],
        ["./vetted", "-vet=off"],
    ],
)
def test_texts_and_status_are_those_of_go_test(module: Path, words: list[str]) -> None:
    _same(_ours(module, *words), _real(module, words))


def test_without_packages_the_folder_is_tested_and_output_is_shown(module: Path) -> None:
    _same(_ours(module / "bad"), _real(module / "bad", []))


def test_a_changed_input_runs_the_tests_again(module: Path) -> None:
    value = module / "good/testdata/value"

    def result(**environment: str) -> str:
        done = _ours(module, "./good", **environment)
        assert done.status == 0
        return "cached" if "(cached)" in done.out else "run"

    assert [result(), result(), result(GOOD_VALUE="1"), result()] == ["run", "cached", "run", "cached"]
    value.write_text("second")
    assert result() == "run"
    assert result() == "run", "the file is too new"
    os.utime(value, (1_700_000_001, 1_700_000_001))
    assert [result(), result()] == ["run", "cached"]
    _write(value, MODULE["good/testdata/value"])
    assert "(cached)" not in _ours(module, "-count=1", "./good").out


def test_events_are_those_of_go_test(module: Path) -> None:
    def events(done: Done) -> list[tuple[object, ...]]:
        found = [json.loads(line) for line in done.out.splitlines()]
        keys = ("Action", "Package", "Test", "FailedBuild")
        return [(*(event.get(key) for key in keys), _plain(event.get("Output", ""))) for event in found]

    words = ["-json", "-count=1", "-run=TestUp|Fail|Example|TestX", "-p=1", "./good", "./bad", "./broken", "./user"]
    ours, real = _ours(module, *words), _real(module, words)
    assert events(ours) == events(real)
    assert ours.status == real.status


def test_a_benchmark_counts_allocations_exactly(module: Path) -> None:
    done = _ours(module, "-run=None", "-bench=Grow", "-benchmem", "-benchtime=100x", "./good")
    assert done.status == 0
    assert re.search(r"^BenchmarkGrow\S*\s+100\s+\S+ ns/op\s+112 B/op\s+1 allocs/op$", done.out, re.MULTILINE)
    assert "goos: linux\ngoarch: amd64\npkg: example.com/m/good\n" in done.out


def test_covered_statements_are_those_of_go_test(module: Path, tmp_path: Path) -> None:
    def profile(run: Callable[[Path, Sequence[str]], Done], name: str, *words: str) -> tuple[Done, list[str]]:
        file = tmp_path / name
        done = run(module, ["-short", f"-coverprofile={file}", *words])
        return Done(done.status, re.sub(r"\(cached\)", "TIME", _plain(done.out)), done.err), sorted(file.read_text().splitlines())

    ours = profile(_tricolor, "ours", "-covermode=count", "./good", "./user")
    assert ours == profile(_real, "real", "-covermode=count", "./good", "./user")
    assert "coverage: 100.0% of statements" in ours[0].out
    again = profile(_tricolor, "again", "-covermode=count", "./good", "./user")
    assert again == ours
    words = ["-coverpkg=./good,./user", "./good"]
    assert profile(_tricolor, "wide", *words) == profile(_real, "wide", *words)


@pytest.mark.long
def test_allocations_are_exact_and_compared_with_a_budget(module: Path, tmp_path: Path) -> None:
    budget = tmp_path / "budget"
    words = ["-run=TestExact", "-bench=Grow", f"--allocs={budget}", "./good"]
    done = _ours(module, *words)
    assert (done.status, done.err) == (0, f"tricolor: wrote the allocations of 2 tests to {budget}\n")
    assert budget.read_text().splitlines()[1:] == ["example.com/m/good BenchmarkGrow 1 112", "example.com/m/good TestExact 3 98304"]
    assert (_ours(module, *words).status, _ours(module, *words).err) == (0, "")
    budget.write_text("example.com/m/good BenchmarkGrow 0 0\nexample.com/m/good TestExact 3 98304\n")
    done = _ours(module, *words)
    assert done.status == 1
    assert "  example.com/m/good BenchmarkGrow: 1 object, 112 B; the budget is 0 objects, 0 B (+1 objects)\n" in done.err
    assert done.out.endswith("FAIL\n")


@pytest.mark.long
def test_the_report_shows_where_tests_allocate(module: Path) -> None:
    done = _ours(module, "-run=TestExact", "--report", "./good")
    assert done.status == 0
    assert re.search(r"3 +good/good_test.go:\d+:\d+ +new\(\[4000\]int\) +\[4000\]int +heap", done.out)


def test_a_binary_can_be_kept(module: Path) -> None:
    assert _ours(module, "-c", "-o", "bin/", "./good", "./command") == Done(0, "", "")
    assert sorted(path.name for path in (module / "bin").iterdir()) == ["command.test", "good.test"]
    done = subprocess.run([str(module / "bin/good.test"), "-test.run=TestUp"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "PASS\n")
    assert _ours(module, "-run=TestUp", "-exec=env EXTRA=1", "./good").status == 0


def test_a_binary_that_does_not_end_is_ended(module: Path) -> None:
    done = _ours(module, "-timeout=100ms", "-run=Long", "./bad")
    assert done.status == 1
    assert done.out.startswith("begin\npanic: test timed out after 100ms\n\trunning tests:\n\t\tTestLong (0s)\n")
    assert re.search(r"^FAIL\texample.com/m/bad\t0\.\d+s\nFAIL\n\Z", done.out, re.MULTILINE)


def test_wrong_combinations_of_flags_are_refused(module: Path) -> None:
    assert "cannot use -cpuprofile flag with multiple packages" in _ours(module, "-cpuprofile=p", "./good", "./bad").err
    assert "-o must refer to a directory" in _ours(module, "-c", "-o", "file", "./good", "./bad").err
    done = _ours(module, "-race", "./good")
    assert (done.status, "-race is not supported" in done.err) == (2, True)
