"""Errors that end the whole program: Go's words, traces, exit status 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PROGRAM = """package main

import (
	"os"
	"runtime"
	"sync"
)

var (
	table = map[string]int{}
	keep  [][]byte
	mutex sync.Mutex
)

func deep(n int) int { return deep(n+1) + n }

type thing struct{ outer }

type outer struct{}

//go:noinline
func (outer) fail() { none() }

//go:noinline
func none() { one(1) }

//go:noinline
func one(int) { panic("here") }

func write(key string) {
	for {
		table[key]++
		runtime.Gosched()
	}
}

func main() {
	switch os.Args[1] {
	case "deadlock":
		<-make(chan int)
	case "waiting":
		mutex.Lock()
		go func() { select {} }()
		mutex.Lock()
	case "maps":
		go func() {
			for {
				table["a"]++
			}
		}()
		write("b")
	case "overflow":
		println(deep(0))
	case "memory":
		for {
			keep = append(keep, make([]byte, 1<<46))
		}
	case "frames":
		var x interface{ fail() } = &thing{}
		x.fail()
	case "unlock":
		mutex.Unlock()
	case "goexit":
		runtime.Goexit()
	case "nested":
		defer func() { panic("second") }()
		panic("first")
	}
}
"""


@pytest.mark.parametrize(
    ("what", "begins", "trace"),
    [
        (
            "deadlock",
            "fatal error: all goroutines are asleep - deadlock!\n\n",
            r"goroutine 1 \[chan receive\]:\nmain\.main\(\)\n\t/.*p\.go:40 \+0x[0-9a-f]+\n",
        ),
        (
            "waiting",
            "fatal error: all goroutines are asleep - deadlock!\n\n",
            (
                r"goroutine 1 \[sync\.Mutex\.Lock\]:\n(.*\n)*main\.main\(\)\n\t.*p\.go:44 .*\n\n"
                r"goroutine \d+ \[select \(no cases\)\]:\nmain\.main\.func1\(\)\n\t.*p\.go:43 .*\n"
                r"created by main\.main in goroutine 1\n\t.*p\.go:43 \+0x[0-9a-f]+\n"
            ),
        ),
        ("maps", "fatal error: concurrent map writes\n\n", r"goroutine \d+ \[running\]:\n"),
        (
            "overflow",
            "runtime: goroutine stack exceeds 1000000000-byte limit\n",
            r"fatal error: stack overflow\n\ngoroutine 1 gp=\S+ m=\d+ mp=\S+ \[running\]:\nmain\.deep\(.*\)\n(.*\n)*\.\.\.\d+ frames elided\.\.\.\n",
        ),
        (
            "memory",
            "runtime: out of memory: cannot allocate 70368744177664-byte block (",
            r" in use\)\nfatal error: out of memory\n\ngoroutine 1 gp=\S+ m=\d+ mp=\S+ \[running\]:\n(.*\n)*main\.main\(\)\n",
        ),
        (
            "frames",
            "panic: here\n\n",
            r"goroutine 1 \[running\]:\nmain\.one\(.+\)\n.*\nmain\.none\(\)\n.*\nmain\.outer\.fail\(.*\)\n.*\nmain\.main\(\)\n",
        ),
        ("unlock", "fatal error: sync: unlock of unlocked mutex\n\n", r"goroutine 1 \[running\]:\n(.*\n)*main\.main\(\)\n"),
        ("goexit", "fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n", ""),
        ("nested", "panic: first\n\tpanic: second\n\n", r"goroutine 1 \[running\]:\nmain\.main\.func\d+\(\)\n"),
    ],
)
def test_a_fatal_error_has_gos_words_and_status_2(tricolor: Run, tmp_path: Path, what: str, begins: str, trace: str) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "p.go", what)
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith(begins)
    assert re.search(trace, done.err), done.err
