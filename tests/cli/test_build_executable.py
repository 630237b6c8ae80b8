"""``tricolor build`` writes executables that behave as under ``tricolor run`` and need neither Python nor Go nor LLVM."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done, Run

TRICOLOR = Path(sys.executable).parent / "tricolor"
PROGRAM = r"""package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"time"
)

type node struct {
	next  *node
	value int
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

func fall(n *node) int { return n.value }

func pipeline(count int) int {
	values, sums := make(chan int), make(chan int, 3)
	var wait sync.WaitGroup
	for range 10 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for v := range values {
				sums <- v * v
			}
		}()
	}
	go func() {
		for i := range count {
			values <- i
		}
		close(values)
		wait.Wait()
		close(sums)
	}()
	total := 0
	for s := range sums {
		total += s
	}
	return total
}

func main() {
	mode := "hello"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "hello":
		fmt.Println("hello, world")
	case "arguments":
		fmt.Printf("%q %q %q\n", os.Args[1:], os.Getenv("GREETING"), os.Environ())
		fmt.Fprintln(os.Stderr, "error")
		os.Exit(7)
	case "panic":
		defer fmt.Println("deferred")
		fall(nil)
	case "custom":
		panic(errors.New("custom"))
	case "where":
		_, file, line, ok := runtime.Caller(0)
		pc, _, _, _ := runtime.Caller(0)
		fmt.Println(file[strings.LastIndex(file, "/")+1:], line, ok, runtime.FuncForPC(pc).Name())
	case "deadlock":
		<-make(chan int)
	case "goroutines":
		fmt.Println(pipeline(1000))
		time.Sleep(20 * time.Millisecond)
	case "stdin":
		for scanner := bufio.NewScanner(os.Stdin); scanner.Scan(); {
			fmt.Println(strings.ToUpper(scanner.Text()))
		}
	case "deep":
		fmt.Println(deep(1_000_000))
	case "overflow":
		fmt.Println(deep(1 << 40))
	case "garbage":
		var list *node
		for i := range 2_000_000 {
			list = &node{list, i}
			if i%1000 == 0 {
				list = nil
			}
		}
		fmt.Println(list.value)
	case "maps":
		maps, err := os.ReadFile("/proc/self/maps")
		path, err2 := os.Executable()
		fmt.Print(string(maps), path, err, err2, "\n")
	case "wait":
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "notify":
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		fmt.Println("ready")
		fmt.Println(<-c)
	case "yes":
		for {
			if _, err := fmt.Println("yes"); err != nil {
				os.Exit(9)
			}
		}
	}
}
"""
HELLO = 'package main\n\nfunc main() { println("hello") }\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, in a folder with its source."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "program.go").write_text(PROGRAM)
    subprocess.run([TRICOLOR, "build", "program.go"], cwd=folder, check=True, timeout=400)
    return folder / "program"


def run(path: Path, *arguments: str, stdin: str = "", **environment: str) -> Done:
    """Run an executable where no command can be found and nothing is set."""
    done = subprocess.run(
        [path, *arguments], cwd="/", input=stdin, capture_output=True, text=True, check=False, timeout=100, env=environment
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run_source(path: Path, *arguments: str, **environment: str) -> Done:
    """Run the source beside the executable with ``tricolor run``."""
    command = [TRICOLOR, "run", f"{path}.go", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400, env=os.environ | environment)
    return Done(done.returncode, done.stdout, done.stderr)


def test_hello_needs_no_other_files_than_libcs(built: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copy(built, alone)
    assert run(alone) == Done(0, "hello, world\n", "")
    lines = run(alone, "maps").out.splitlines()
    files = {Path(name).name for name in re.findall(r" (/\S+)$", "\n".join(lines[:-1]), re.MULTILINE)}
    assert files == {"alone", "libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"}
    assert lines[-1] == f"{alone}<nil> <nil>"


def test_arguments_environment_output_and_status_are_the_programs(built: Path) -> None:
    done = run(built, "arguments", "a b", "-c", GREETING="good day")
    assert done == Done(7, '["arguments" "a b" "-c"] "good day" ["GREETING=good day"]\n', "error\n")


def test_standard_input_is_read(built: Path) -> None:
    assert run(built, "stdin", stdin="one\ntwo\n").out == "ONE\nTWO\n"


@pytest.mark.parametrize("mode", ["panic", "custom", "deadlock", "overflow"])
def test_a_program_dies_with_the_words_that_run_prints(built: Path, mode: str) -> None:
    ours, theirs = run(built, mode), run_source(built, mode)
    assert (ours.status, ours.out) == (theirs.status, theirs.out) == (2, "deferred\n" if mode == "panic" else "")
    addresses = re.compile(
        r" sp=0x[0-9a-f]+ stack=\[0x[0-9a-f]+, 0x[0-9a-f]+\]| ([gmfs]p=0x[0-9a-f]+|pc=0x[0-9a-f]+|m=\d+|\+0x[0-9a-f]+)|0x[0-9a-f]+(?=\(\.\.\.\))"
    )
    assert addresses.sub("", ours.err) == addresses.sub("", theirs.err)
    assert re.search(r"main\.\w+\(.*\)\n\t\S*/program\.go:\d+", ours.err)


def test_functions_know_where_they_are(built: Path) -> None:
    assert run(built, "where").out == f"program.go {line_of('_, file, line, ok')} true main.main\n"


def line_of(text: str) -> int:
    return PROGRAM[: PROGRAM.index(text)].count("\n") + 1


def test_goroutines_channels_and_timers_work(built: Path) -> None:
    assert run(built, "goroutines").out == "332833500\n"


def test_a_stack_grows_to_a_million_frames(built: Path) -> None:
    assert run(built, "deep").out == "1000000\n"


def test_godebug_gogc_and_gomemlimit_are_honoured(built: Path) -> None:
    traced = run(built, "garbage", GODEBUG="gctrace=1")
    assert traced.out == "1999999\n"
    cycles = len(re.findall(r"^gc \d+ @", traced.err, re.MULTILINE))
    assert cycles > 3
    assert "gc " not in run(built, "garbage", GODEBUG="gctrace=1", GOGC="off").err
    limited = run(built, "garbage", GODEBUG="gctrace=1", GOGC="off", GOMEMLIMIT="20MiB").err
    assert "gc 1 @" in limited
    assert run(built, "garbage", GOMEMLIMIT="much").status == 2
    assert run(built, "goroutines", GODEBUG="gcstress=1,clobberfree=1,gccheckmark=1").out == "332833500\n"


@pytest.mark.parametrize(
    ("ignored", "sent", "status"),
    [
        (None, signal.SIGINT, -signal.SIGINT),
        (None, signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGTERM, signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGINT, signal.SIGINT, None),
        (signal.SIGHUP, signal.SIGHUP, None),
    ],
)
def test_signals_end_the_program_as_they_end_gos(built: Path, ignored: int | None, sent: int, status: int | None) -> None:
    """As Go, it respects that SIGINT and SIGHUP were ignored when it started, as under nohup and in the background."""

    def ignore() -> None:
        if ignored is not None:
            signal.signal(ignored, signal.SIG_IGN)

    with subprocess.Popen([built, "wait"], stdout=subprocess.PIPE, env={}, preexec_fn=ignore) as process:  # noqa: PLW1509
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(sent)
        if status is None:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.kill()
        else:
            assert process.wait(20) == status


def test_a_program_that_asked_for_ctrl_c_gets_it(built: Path) -> None:
    with subprocess.Popen([built, "notify"], stdout=subprocess.PIPE, env={}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b"interrupt\n"
        assert process.wait(20) == 0


def test_writing_to_a_closed_pipe_ends_the_program_by_a_signal(built: Path) -> None:
    with subprocess.Popen([built, "yes"], stdout=subprocess.PIPE, env={}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == -signal.SIGPIPE


def test_the_time_to_start_is_recorded(built: Path, record_property: Callable[[str, object], None]) -> None:
    """The aim is 5 ms; the limit only tells that nothing like an interpreter starts."""
    times: list[float] = []
    for _ in range(20):
        start = time.perf_counter()
        assert run(built).status == 0
        times.append(time.perf_counter() - start)
    record_property("start_ms", round(min(times) * 1000, 2))
    assert min(times) < 0.1


# --- What is written where ------------------------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Commands one and two/v2, and a library."""
    for folder, text in {"cmd/one": HELLO, "cmd/two/v2": HELLO.replace("hello", "two"), "lib": "package lib\n\nfunc F() {}\n"}.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.go").write_text(text)
    (tmp_path / "go.mod").write_text("module example.com/tools\n\ngo 1.27\n")
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix not in (".go", ".mod")}


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (["./cmd/one"], {"one"}),
        (["./cmd/two/v2"], {"two"}),
        (["cmd/one/x.go"], {"x"}),
        (["-o", "new/name", "./cmd/one"], {"new/name"}),
        (["-o", "bin/", "./..."], {"bin/one", "bin/two"}),
        (["-o", "lib", "./cmd/one"], {"lib/one"}),
        (["-o", "/dev/null", "./cmd/one"], set[str]()),
        (["./cmd/one", "./lib"], set[str]()),
        (["./lib"], set[str]()),
        (["-gcflags=-m", "./cmd/one"], set[str]()),
        (["-gcflags=-m", "-o", "x", "./cmd/one"], {"x"}),
    ],
)
def test_executables_are_named_and_placed_as_go_does(tricolor: Run, module: Path, words: list[str], written: set[str]) -> None:
    done = tricolor("build", *words)
    assert (done.status, done.out) == (0, "")
    assert files(module) == written
    for name in written:
        assert run(module / name) == Done(0, "", "two\n" if name.endswith("two") else "hello\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "all", "./..."], "cannot write multiple packages to non-directory all"),
        (["-o", "a", "./lib"], "a is not written: example.com/tools/lib is not a main package"),
        (["-o", "bin/", "./lib"], "no main packages to build"),
        (["-o", "go.mod", "./cmd/one"], "build output go.mod already exists and is not an object file"),
        (["./cmd/one"], "build output one already exists and is a directory"),
        (["-o", "go.mod/one", "./cmd/one"], "go.mod/one cannot be written: "),
        (["-o", "/proc/one", "./cmd/one"], "/proc/one cannot be written: "),
    ],
)
def test_an_executable_that_cannot_be_written_is_refused(tricolor: Run, module: Path, words: list[str], message: str) -> None:
    (module / "one").mkdir()
    done = tricolor("build", *words)
    assert (done.status, done.out) == (1, "")
    assert f"tricolor: {message}" in done.err
    assert files(module) == set()
    assert (module / "go.mod").read_text().startswith("module")
