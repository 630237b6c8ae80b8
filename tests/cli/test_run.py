"""``tricolor run`` behaves as ``go run`` does."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

PROGRAM = """package main

import (
	"bufio"
	"fmt"
	"os"
)

type point struct{ x, y int }

func make1(n int) *point { return &point{n, n} }

func main() {
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		fmt.Println("line:", scanner.Text())
	}
	fmt.Println(os.Args[1:])
	sum := 0
	for i := range 1000 {
		sum += make1(i).x
	}
	fmt.Println(sum)
	if len(os.Args) > 1 && os.Args[1] == "panic" {
		var p *point
		fmt.Println(p.x)
	}
	os.Exit(len(os.Args) - 1)
}
"""


def test_output_arguments_stdin_and_status_are_the_programs(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "p.go", "a", "-b", stdin="one\ntwo\n")
    assert done.out == "line: one\nline: two\n[a -b]\n499500\n"
    assert done.status == 2
    assert done.err == ""


def test_a_panic_prints_gos_text_and_a_trace_and_exits_2(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "p.go", "panic")
    assert done.status == 2
    assert done.err.startswith(
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation"
    )
    assert "goroutine 1 [running]:\nmain.main()\n" in done.err
    assert "p.go:26 +0x" in done.err


def test_the_report_charges_bytes_to_sites(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "--report", "--format=json", "p.go")
    assert done.status == 0
    report = json.loads(done.out[done.out.index("{") :])
    site = next(row for row in report["sites"] if row["place"] == "p.go:11:35")
    assert (site["objects"], site["bytes"], site["verdict"]) == (1000, 16000, "heap")
    assert site["type"] == "main.point"
    assert "returned" in site["why"]
    assert report["statistics"]["objects_allocated"] >= 1000


RACING = """package main

import "sync"

type node struct{ next *node }

//go:noinline
func grow(n int) (kept *node) {
	for range n {
		kept = &node{kept}
	}
	return kept
}

//go:noinline
func fill(n int) (kept [][]byte) {
	for range n {
		kept = append(kept[:0], make([]byte, 40+n&1))
	}
	return kept
}

func main() {
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() { println(grow(20000) != nil) })
		done.Go(func() { println(len(fill(20000))) })
	}
	done.Wait()
}
"""


def test_bytes_are_charged_to_the_right_site_while_goroutines_take_turns(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(RACING)
    done = tricolor("run", "--report", "--format=json", "p.go", environment={"GODEBUG": "gcpreempt=20,processors=4", "GOMAXPROCS": "4"})
    assert done.status == 0
    rows = {row["place"]: row for row in json.loads(done.out[done.out.index("{") :])["sites"]}
    assert (rows["p.go:10:10"]["objects"], rows["p.go:10:10"]["bytes"]) == (80000, 640000)
    assert (rows["p.go:18:31"]["objects"], rows["p.go:18:31"]["bytes"]) == (80000, 80000 * 48)


def test_decisions_are_printed_in_gos_words(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("build", "-gcflags=-m", "p.go")
    assert done.status == 0
    assert "./p.go:11:35: &point{...} escapes to heap\n" in done.err
    assert done.err.startswith("# command-line-arguments\n")


def test_every_stage_can_be_dumped(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text("package main\n\nfunc add(a, b int) int { return a + b }\n\nfunc main() { println(add(1, 2)) }\n")
    for stage, text in {
        "typed": "BinaryExpr",
        "ir": "return (a + b)",
        "escape": "main.add",
        "llvm": "add i64",
        "llvm-opt": "define",
        "asm": "retq",
    }.items():
        done = tricolor("run", f"--dump={stage}", "p.go")
        assert done.status == 0, done.err
        assert text in done.out, (stage, done.out[:500])


def test_gctrace_prints_gos_line(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text('package main\n\nimport "runtime"\n\nfunc main() { runtime.GC() }\n')
    done = tricolor("run", "p.go", environment={"GODEBUG": "gctrace=1"})
    assert done.status == 0
    line = done.err.splitlines()[0]
    assert line.startswith("gc 1 @")
    assert line.endswith("P (forced)")
    assert " ms clock, " in line
    assert " MB goal, " in line
