"""GODEBUG=allocfreetrace=1 prints each allocation, free and collection: type, size, address, stack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Done, Run

PROGRAM = """package main

import "runtime"

type node struct {
	value int
	next  *node
}

var (
	list  *node
	box   any
	table map[string]int
	text  string
)

//go:noinline
func grow(v int) { list = &node{v, list} }

func main() {
	grow(1)
	box = make([]int32, 100)
	table = make(map[string]int, 100)
	for i := range 3 {
		text += string(rune('a' + i))
	}
	list, box = nil, 1000
	done := make(chan bool)
	go func() {
		box = new([3]*int)
		done <- true
	}()
	<-done
	runtime.GC()
}
"""


@pytest.fixture
def traced(tricolor: Run, tmp_path: Path) -> Done:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "p.go", environment={"GODEBUG": "allocfreetrace=1"})
    assert done.status == 0
    return done


def test_each_event_has_type_size_address_and_stack(traced: Done) -> None:
    allocated = re.search(r"tracealloc\((0xc[0-9a-f]+), 0x10, main\.node\)\n(.*?)\n\n", traced.err, re.DOTALL)
    assert allocated is not None
    assert re.fullmatch(
        r"goroutine 1 \[running\]:\n"
        r"main\.grow\(.*\)\n\t/.*/p\.go:18 \+0x[0-9a-f]+\n"
        r"main\.main\(\)\n\t/.*/p\.go:21 \+0x[0-9a-f]+",
        allocated[2],
    )
    freed = re.search(rf"tracefree\({allocated[1]}, 0x10, main\.node\)\n(.*?)\n\n", traced.err, re.DOTALL)
    assert freed is not None
    assert freed[1].startswith("goroutine 1 [running]:\nruntime.GC(")
    assert allocated.end() < traced.err.index("tracegc()\ngoroutine 1 [running]:\n") < freed.start()


def test_arrays_boxes_maps_and_other_goroutines_are_traced(traced: Done) -> None:
    assert re.search(r"tracealloc\(0x[0-9a-f]+, 0x1a0, int32\)\ngoroutine 1 ", traced.err)
    assert re.search(r"tracealloc\(0x[0-9a-f]+, 0x18, \[\]int32\)\n|tracealloc\(0x[0-9a-f]+, 0x18, \[\]uint8\)\n", traced.err)
    assert re.search(r"tracealloc\(0x[0-9a-f]+, 0x18, \[3\]\*int\)\ngoroutine \d+ \[running\]:\nmain\.main\.func1\(\)\n", traced.err)
    assert re.search(r"tracealloc\(0x[0-9a-f]+, 0x[0-9a-f]+, map group\)\n", traced.err)
    assert re.search(r"tracefree\(0x[0-9a-f]+, 0x1a0, int32\)\n", traced.err)


def test_strings_have_no_type(traced: Done) -> None:
    assert re.search(r"tracealloc\(0x[0-9a-f]+, 0x10\)\ngoroutine 1 \[running\]:\nmain\.main\(\)\n", traced.err)
